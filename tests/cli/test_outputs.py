"""D18: formats by name, progress only where somebody watches, what is not installed, counted nouns."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from support.night_council import NIGHT, csv_rows, run_test_night, vcalendar, vevent, write_council
from support.terminals import run_in_terminal, run_piped

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
GOOD = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB"))
WEEK = ("--from", "2026-11-09", "--to", "2026-11-16")
TITLES = "title,note\nPSB: terms of reference,x\nDentist,1\n"
ADDED = ["scope", "partnership", "activity", "rule", "evidence"]
READERS = {
    ".csv": lambda path: pd.read_csv(path, dtype=str, keep_default_na=False),
    ".xlsx": lambda path: pd.read_excel(path, dtype=str, keep_default_na=False),
    ".parquet": pd.read_parquet,
    ".json": lambda path: pd.DataFrame(json.loads(path.read_text(encoding="utf-8"))),
}


@pytest.fixture
def titles(tmp_path):
    (tmp_path / "in.csv").write_text(TITLES, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("suffix", READERS)
def test_classify_writes_the_format_of_the_suffix(titles, suffix):
    given = run_piped("classify", "in.csv", f"out{suffix}", "--pack", "wales", folder=titles)
    assert given.returncode == 0, given.stderr
    assert "2 meetings labelled" in given.stderr
    table = READERS[suffix](titles / f"out{suffix}")
    assert list(table.columns) == ["title", "note", *ADDED]
    assert list(table["partnership"]) == ["psb", ""] and list(table["note"]) == ["x", "1"]
    assert {path.name for path in titles.iterdir()} == {"in.csv", f"out{suffix}"}


@pytest.mark.parametrize("name", ["out.doc", "out", "out.xls"])
def test_an_unknown_suffix_ends_with_2_and_lists_the_known_ones(titles, name):
    given = run_piped("classify", "in.csv", name, "--pack", "wales", folder=titles)
    assert given.returncode == 2
    for suffix in READERS:
        assert suffix in given.stderr
    assert not (titles / name).exists()


def test_export_rejects_an_unknown_suffix_before_it_reads_anything(tmp_path):
    given = run_piped("export", "--table", "split", *WEEK, "--to", "out.doc", folder=tmp_path)
    assert given.returncode == 2 and ".xlsx" in given.stderr and "no such settings" not in given.stderr


def test_a_dash_prints_csv(titles):
    given = run_piped("classify", "in.csv", "-", "--pack", "wales", folder=titles)
    assert [row["partnership"] for row in csv_rows(given.stdout)] == ["psb", ""]
    assert "2 meetings labelled, 0 of them unclear" in given.stderr


def test_explain_without_attendees_prints_how_to_add_them(tmp_path):
    alone = run_piped("explain", "PSB: terms of reference", folder=tmp_path).stdout
    assert "Classified without attendees" in alone and "--invited" in alone and "--organiser" in alone
    with_people = run_piped("explain", "PSB", "--invited", "a.gov.uk;b.police.uk", folder=tmp_path).stdout
    assert "Classified without attendees" not in with_people


def test_progress_is_shown_only_on_a_terminal(tmp_path):
    write_council(tmp_path, {"ana": GOOD})
    run = ("run", "--night", NIGHT)
    _, watched = run_in_terminal(*run, folder=tmp_path)
    assert "━" in watched
    for environment in ({"TERM": "dumb"}, {"CI": "true"}):
        _, unwatched = run_in_terminal(*run, folder=tmp_path, **environment)
        assert "━" not in unwatched and "1 calendar read" in unwatched
    given = run_piped(*run, folder=tmp_path)
    assert given.stderr == "" and "━" not in given.stdout


def without(folder: Path, *words: object, modules: tuple[str, ...] = ("xlsxwriter", "openpyxl", "pyarrow")):
    """calsync where optional packages are not installed: importing them fails as it does there."""
    block = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from calsync.cli import main
main({[str(word) for word in words]!r})
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, cwd=folder, env=environment
    )


def test_an_installation_without_extras_runs_the_demo_and_prints_what_it_leaves_out(tmp_path):
    given = without(tmp_path, "demo", "--to", "demo")
    assert given.returncode == 0, given.stderr
    assert "Left out: split.xlsx" in given.stdout and "pip install XlsxWriter" in given.stdout
    assert str(Path("demo") / "split.csv") in given.stdout
    assert "partnership" in (tmp_path / "demo" / "split.csv").read_text(encoding="utf-8")
    assert "Traceback" not in given.stderr


@pytest.mark.parametrize(("suffix", "package"), [("xlsx", "XlsxWriter"), ("parquet", "pyarrow")])
def test_a_missing_package_is_an_error_with_a_hint(tmp_path, suffix, package):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    given = without(tmp_path, "export", "--table", "allocations", *WEEK, "--to", f"out.{suffix}")
    assert given.returncode == 3
    assert f"pip install {package}" in given.stderr and "Traceback" not in given.stderr
    (tmp_path / "in.csv").write_text(TITLES, encoding="utf-8")
    given = without(tmp_path, "classify", "in.csv", f"out.{suffix}")
    assert given.returncode == 3 and f"pip install {package}" in given.stderr


def test_a_list_of_managers_in_a_workbook_without_openpyxl_is_named_with_the_way_out(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD}, more='[managers]\nfile = "managers.xlsx"\n')
    pd.DataFrame({"id": ["ana"], "email": ["ana@a.gov.uk"]}).to_excel(tmp_path / "managers.xlsx", index=False)
    given = without(tmp_path, "run", "--night", NIGHT, "--config", config)
    assert given.returncode == 2
    assert "pip install openpyxl" in given.stderr and "Traceback" not in given.stderr


def test_counts_of_one_are_in_the_singular(tmp_path):
    write_council(tmp_path, {"ana": GOOD})
    shown = "".join(
        given.stdout + given.stderr
        for given in (
            run_piped("run", "--night", NIGHT, folder=tmp_path),
            run_piped("status", folder=tmp_path),
            run_piped("check", folder=tmp_path),
            run_piped("occurrences", "ana", *WEEK, folder=tmp_path),
            run_piped("correct", "--uid", "psb", "--activity", "process", "--by", "ana", folder=tmp_path),
            run_piped("export", "--table", "allocations", *WEEK, "--to", "out.csv", folder=tmp_path),
        )
    )
    assert re.findall(r"(?<![\d.])1 (?:\w+ )?\w+s\b(?! of)", shown.replace("1 unchanged", "")) == []
    for one in ("1 calendar read", "1 meeting new", "1 mail sent", "1 manager\n", "1 occurrence\n", "1 row:"):
        assert one in shown


COUNTED = "meetings|managers|calendars|rows|rules|mails|occurrences|partnerships|titles|events|days|seconds"
ALWAYS_MANY = {"rows are more than a sheet can hold"}


def test_messages_use_format_count_for_counts():
    wrong = []
    for path in sorted((ROOT / "calsync").rglob("*.py")):
        if "demo" in path.parts:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.search(rf"f\".*\{{[^}}]*[^}}A-Z_]\}} (?:\w+ )?(?:{COUNTED})\b", line)
            if found and not any(words in line for words in ALWAYS_MANY):
                wrong.append(f"{path.name}: {line.strip()}")
    assert wrong == []
