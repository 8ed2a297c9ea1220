"""Compares the output of two versions of calsync: `python -m benchmarks.same_nights BEFORE AFTER`.

BEFORE and AFTER are `calsync` executables. Each runs the same nights from the command line: the demo, the
real exports of `../shared/data/calendars` (skipped when absent) and 200 generated managers. It compares
by digest the tables `allocations` and `split`, the calendars' occurrences as CSV, and every mail. It prints
the first lines that differ; then the exit code is 1.
"""

import argparse
import csv
import difflib
import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from pathlib import Path

from benchmarks.diaries import write_managers

CALENDARS = Path(__file__).parents[2] / "shared" / "data" / "calendars"
NEW_COLUMNS = {"label"}
"""Columns of tables that the older version lacks: left out of the comparison."""
MAX_DIFF_LINES = 40
"""The most lines of a difference that are printed for each file."""

SETTINGS = """\
[organisation]
name = "Cyngor Brynfelin Council"
domains = ["brynfelin.gov.wales.example"]
nation = "wales"
[sources.exported]
type = "ics"
[window]
weeks_back = 52
weeks_ahead = 4
[mail]
transport = "folder"
folder = "outbox"
"""


def main() -> None:
    """Run both versions and compare their output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="the calsync executable of the version to compare with")
    parser.add_argument("after", type=Path, help="the calsync executable of the new version")
    parser.add_argument("--managers", type=int, default=200, help="how many managers to generate")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / "before", Path(temporary) / "after"]
        with ThreadPoolExecutor() as pool:
            jobs = zip((options.before, options.after), folders, strict=True)
            before, after = pool.map(lambda job: dict(collect_outputs(*job, options.managers)), jobs)
    names = sorted(before.keys() | after.keys())
    different = [name for name in names if before.get(name) != after.get(name)]
    for name in names:
        print(f"{'DIFFERS' if name in different else 'same':8}{_digest(after.get(name, '')):14}{name}")
    for name in different:
        lines = difflib.unified_diff(
            before.get(name, "").splitlines(),
            after.get(name, "").splitlines(),
            "before",
            "after",
            n=0,
            lineterm="",
        )
        print(f"--- {name}", *list(lines)[:MAX_DIFF_LINES], sep="\n")
    sys.exit(1 if different else 0)


def collect_outputs(calsync: Path, folder: Path, managers: int) -> Iterator[tuple[str, str]]:
    """Yield the name and text of every output of one version of calsync."""
    calsync = calsync.absolute()
    folder.mkdir()
    _run(calsync, "demo", "--to", folder / "demo")
    yield from _read_outputs(calsync, folder / "demo", "demo")

    if CALENDARS.is_dir():
        nights = {"2024-01-01": "real calendars 2023", "2026-02-02": "real calendars 2025"}
        for night, label in nights.items():
            config = _write_real_council(folder / night)
            _run(calsync, "run", "--config", config, "--night", night)
            yield from _read_outputs(calsync, folder / night, label)
        for file in sorted(CALENDARS.glob("*.ics")):
            output = _run(
                calsync, "occurrences", file, "--from", "2015-01-01", "--to", "2027-01-01", "--format", "csv"
            )
            yield f"occurrences of {file.name}", output

    generated = folder / "generated"
    generated.mkdir()
    write_managers(generated, managers)
    _run(calsync, "run", "--config", generated / "calsync.toml", "--night", "2026-11-23")
    yield from _read_outputs(calsync, generated, f"{managers} managers")


def _write_real_council(folder: Path) -> Path:
    folder.mkdir()
    (folder / "calsync.toml").write_text(SETTINGS, encoding="utf-8")
    lines = ["id,email,name,department,calendar,summary"]
    for number, file in enumerate(sorted(CALENDARS.glob("*.ics"))):
        lines.append(f"m{number},m{number}@brynfelin.gov.wales.example,M{number},Social care,{file},weekly")
    (folder / "managers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "calsync.toml"


def _read_outputs(calsync: Path, folder: Path, label: str) -> Iterator[tuple[str, str]]:
    for table, options in (
        ("allocations", ()),
        ("split", ("--by", "department,grade")),
        ("split", ("--every", "month")),
    ):
        period = "2023-01-02..2026-12-01"
        arguments = ("export", table, "--period", period, *options, "--config", folder / "calsync.toml")
        yield f"{label}: {' '.join((table, *options))}", _without_new_columns(_run(calsync, *arguments))
    mails = sorted((folder / "outbox").glob("*.eml"))
    yield f"{label}: {len(mails)} mails", "\n".join(_mail_text(mail) for mail in mails)


def _without_new_columns(table: str) -> str:
    """The table without the columns that one version has and another has not."""
    rows = list(csv.reader(io.StringIO(table)))
    columns = [index for index, name in enumerate(rows[0]) if name not in NEW_COLUMNS]
    return "\n".join(",".join(row[index] for index in columns) for row in rows)


def _mail_text(file: Path) -> str:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    parts = (part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
    return "\n".join([file.name, str(message["Subject"]), str(message["To"]), *map(str, parts)])


def _run(calsync: Path, *arguments: object) -> str:
    """Return standard output of a command; exit code 1 (problems) is accepted, other codes are an error."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    completed = subprocess.run(
        [calsync, *map(str, arguments)], capture_output=True, text=True, env=environment, check=False
    )
    if completed.returncode not in (0, 1):
        raise SystemExit(f"{calsync} {arguments[0]} ended with {completed.returncode}: {completed.stderr}")
    # Times of day of the run itself, as in "read 09:12:31".
    return re.sub(r"\b\d\d:\d\d:\d\d\b", "hh:mm:ss", completed.stdout)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


if __name__ == "__main__":
    main()
