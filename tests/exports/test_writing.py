"""Files are complete or absent; the suffix selects the format; every column is described."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pandas as pd
import pytest
from contracts.exporter_contract import table
from typer.testing import CliRunner

from calsync.cli import app
from calsync.errors import ConfigError, ExportError, PluginError
from calsync.exports.registry import BUILT_IN_EXPORTERS, EXPORTER_ENTRY_POINTS, find_exporter
from calsync.exports.writing import write_table

PAGE = Path(__file__).parents[2] / "docs" / "hr" / "data-dictionary.md"


class Shouting:
    """A plug-in."""

    carries_columns = True

    def write(self, table, file):
        file.write(f"{table.name}!".encode())


def refused():
    raise ExportError("no key for this format", "set one")


def broken():
    raise RuntimeError("no luck")


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{value}", EXPORTER_ENTRY_POINTS)


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """pytest's importlib mode gives this file a name that cannot be imported; let plug-ins find it."""
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or type(sys)(__name__))
    for name, thing in {
        "Shouting": Shouting,
        "broken": broken,
        "refused": refused,
        "nothing": object,
    }.items():
        monkeypatch.setattr(sys.modules[__name__], name, thing, raising=False)


@pytest.mark.parametrize("suffix", sorted(BUILT_IN_EXPORTERS))
def test_the_suffix_chooses_the_format_in_capitals_too(suffix):
    assert type(find_exporter(Path(f"x.{suffix.upper()}"), [])) is BUILT_IN_EXPORTERS[suffix]


def test_an_unknown_suffix_is_named_with_those_that_are_known():
    with pytest.raises(ExportError, match=r"'\.doc'.*known: \.csv, \.xlsx, \.parquet, \.json"):
        find_exporter(Path("hours.doc"), [])


def test_another_package_may_bring_a_format():
    assert isinstance(find_exporter(Path("x.loud"), [point("loud", "Shouting")]), Shouting)


@pytest.mark.parametrize("names", [("csv",), ("loud", "loud")])
def test_one_suffix_claimed_twice_is_refused(names):
    with pytest.raises(ConfigError, match="is registered by"):
        find_exporter(Path("x.csv"), [point(name, "Shouting") for name in names])


@pytest.mark.parametrize(
    ("value", "what"), [("broken", "no luck"), ("nothing", "is no exporter"), ("gone", "gone")]
)
def test_a_plug_in_that_breaks_is_named(value, what):
    with pytest.raises(PluginError, match=what):
        find_exporter(Path("x.loud"), [point("loud", value)])


def test_a_plug_in_that_says_what_is_wrong_is_heard():
    with pytest.raises(ExportError, match="no key"):
        find_exporter(Path("x.loud"), [point("loud", "refused")])


def test_a_table_comes_with_the_meaning_of_its_columns(tmp_path):
    files = write_table(table(), tmp_path / "new" / "split.csv")
    assert [file.name for file in files] == ["split.csv", "split.columns.csv"]
    assert pd.read_csv(files[1])["column"].tolist() == list(table().frame.columns)


def test_a_workbook_needs_no_second_file(tmp_path):
    assert write_table(table(), tmp_path / "split.xlsx") == (tmp_path / "split.xlsx",)


def test_a_file_is_replaced_and_no_part_is_left(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("old")
    write_table(table(), path)
    assert path.read_text(encoding="utf-8").startswith("department,")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["split.columns.csv", "split.csv"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "split.xlsx"
    path.write_text("old")
    long = table([("x" * 40_000, *table().frame.iloc[0, 1:])])
    with pytest.raises(ExportError):
        write_table(long, path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("split.xlsx", "old")]


def test_a_place_that_cannot_be_written_is_named_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"cannot be written.*choose another"):
        write_table(table(), tmp_path / "file" / "split.csv")


@pytest.mark.skipif(not PAGE.exists(), reason="no checkout")
def test_the_page_of_the_dictionary_is_what_the_command_prints(golden):
    golden(PAGE, CliRunner().invoke(app, ["export", "--dictionary"]).stdout)
