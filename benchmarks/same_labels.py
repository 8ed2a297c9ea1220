"""Compares the labels that two versions of calsync give to every coded row.

    python -m benchmarks.same_labels CALSYNC [OTHER_CALSYNC] [--all]

Prints one digest per file of coded rows for each executable, over scope, partnership, activity, rule and
evidence. With two executables it also prints the rows that differ and exits with status 1 if there are any.
Ids of rules that were renamed or merged since are replaced by their new ones (`renamed_rules.csv`: old, new)
before anything is compared, also in the evidence, which contains the ids of cues.

The shipped rules label every file but those in `tests/rules/dutch`, which have a pack of their own.
"""

import argparse
import csv
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
RENAMED = Path(__file__).with_name("renamed_rules.csv")
COMPARED = ("scope", "partnership", "activity", "rule", "evidence")
_DUTCH_SETTINGS = """\
[organisation]
name = "Provincie"
domains = ["provincie.example"]
[store]
url = "sqlite:///not-used.db"
[sources.files]
type = "ics"
[rules]
packs = []
folder = "rules"
"""
_RULE_ID = re.compile(r"[a-z][a-z-]*/[a-z-]+")


def coded_files() -> list[Path]:
    """Every file of coded rows: those of the tests, and those that are not ours to ship, if they are here."""
    shared = [SHARED / "titles.csv", SHARED / "titles_2.csv", SHARED / "real" / "diaries.csv"]
    return [*sorted((ROOT / "tests" / "rules").rglob("*.csv")), *(path for path in shared if path.exists())]


def renamed_rules() -> dict[str, str]:
    """The new id of every rule that was renamed or merged, by its old one."""
    with RENAMED.open(encoding="utf-8", newline="") as file:
        return {row["old"]: row["new"] for row in csv.DictReader(file)}


def label(calsync: Path, file: Path, renamed: dict[str, str]) -> list[tuple[str, ...]]:
    """The title and the compared columns of every row, as this executable labels the file."""
    with tempfile.TemporaryDirectory() as folder:
        # A folder of its own, so that no calsync.toml of the working directory is read by accident.
        if file.parent.name == "dutch":
            (Path(folder) / "calsync.toml").write_text(_DUTCH_SETTINGS, encoding="utf-8")
            (Path(folder) / "rules").symlink_to(file.parent)
        out = Path(folder) / "labelled.csv"
        command = [str(calsync), "classify", str(file), str(out)]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        with out.open(encoding="utf-8-sig", newline="") as labelled:
            return [
                (row["title"], *(_with_new_ids(row[name], renamed) for name in COMPARED))
                for row in csv.DictReader(labelled)
            ]


def _with_new_ids(text: str, renamed: dict[str, str]) -> str:
    return _RULE_ID.sub(lambda found: renamed.get(found[0], found[0]), text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("calsync", type=Path, nargs="+", help="the executable of a version, or of two")
    parser.add_argument("--all", action="store_true", help="print every row that differs, not the first ten")
    options = parser.parse_args()
    renamed = renamed_rules()
    differing: list[str] = []
    for file in coded_files():
        labels = [label(calsync.resolve(), file, renamed) for calsync in options.calsync]
        digests = [hashlib.blake2b(repr(rows).encode(), digest_size=8).hexdigest() for rows in labels]
        print(
            f"{file.parent.name}/{file.name:<16} {len(labels[0]):5d} rows  {'  '.join(digests)}", flush=True
        )
        for rows in labels[1:]:
            differing += [
                f"{file.name}: {before}\n    now {now}"
                for before, now in zip(labels[0], rows, strict=True)
                if before != now
            ]
    if len(options.calsync) > 1:
        print(f"{len(differing)} rows differ")
        print("\n".join(differing if options.all else differing[:10]))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
