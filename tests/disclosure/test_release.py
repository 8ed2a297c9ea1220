"""Only tables that disclosure control has released can be written."""

import ast
import copy
import io
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from calsync.disclosure.release import (
    Column,
    DisclosureClass,
    PersonalRows,
    PublishedTable,
    SuppliedRows,
    release_for_audit,
    release_supplied,
)
from calsync.exports.registry import BUILT_IN_EXPORTERS
from calsync.exports.to_csv import format_csv
from calsync.exports.writing import write_table, write_table_only

ROOT = Path(__file__).parents[2]
COLUMNS = (Column("manager_id", "Who"), Column("hours", "How long", "hours", "number"))
FRAME = pd.DataFrame({"manager_id": ["m1"], "hours": [1.23456789]})
RAW = PersonalRows("allocations", COLUMNS, FRAME)


def forged() -> PublishedTable:
    """An instance that no release function created."""
    table = object.__new__(PublishedTable)
    for name, value in {"name": "x", "columns": COLUMNS, "disclosure": None, "_frame": FRAME}.items():
        object.__setattr__(table, name, value)
    return table


NOT_RELEASED = {
    "raw rows": RAW,
    "supplied rows": SuppliedRows("x", COLUMNS, FRAME),
    "a frame": FRAME,
    "an object of the same shape": SimpleNamespace(name="x", columns=COLUMNS, frame=FRAME),
    "a forged instance": forged(),
}


@pytest.mark.parametrize("table", NOT_RELEASED.values(), ids=NOT_RELEASED)
@pytest.mark.parametrize("suffix", sorted(BUILT_IN_EXPORTERS))
def test_no_exporter_takes_what_was_not_released(tmp_path, table, suffix):
    with pytest.raises(TypeError, match="has not been released"):
        write_table(table, tmp_path / f"x.{suffix}")
    with pytest.raises(TypeError, match="has not been released"):
        write_table_only(table, tmp_path / f"x.{suffix}")
    with pytest.raises(TypeError, match="has not been released"):
        BUILT_IN_EXPORTERS[suffix]().write(table, io.BytesIO())
    with pytest.raises(TypeError, match="has not been released"):
        format_csv(table)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: PublishedTable("x", COLUMNS, DisclosureClass.GROUPS, FRAME),
        lambda: PublishedTable("x", COLUMNS, DisclosureClass.GROUPS, FRAME, object()),
        lambda: replace(release_for_audit(RAW), name="split"),
        lambda: replace(release_for_audit(RAW), _frame=FRAME, key=object()),
        lambda: copy.copy(release_for_audit(RAW)),
        lambda: copy.deepcopy(release_for_audit(RAW)),
        lambda: pickle.dumps(release_for_audit(RAW)),
        lambda: type("Mine", (PublishedTable,), {}),
    ],
)
def test_no_other_code_can_create_a_published_table(make):
    with pytest.raises((TypeError, ValueError)):
        make()


def test_a_published_table_cannot_be_changed():
    table = release_for_audit(RAW)
    with pytest.raises(AttributeError):
        table.disclosure = DisclosureClass.GROUPS
    changed = table.frame
    changed.loc[0, "manager_id"] = "somebody else"
    changed["hours"] = 0.0
    assert table.frame["manager_id"].tolist() == ["m1"]
    assert table.frame["hours"].tolist() == [1.234568]


def test_an_audit_table_names_its_class():
    assert release_for_audit(RAW).disclosure is DisclosureClass.PERSONAL


def test_a_table_with_an_undescribed_column_cannot_be_released():
    with pytest.raises(ValueError, match="described"):
        release_supplied(SuppliedRows("x", COLUMNS[:1], FRAME))


@pytest.mark.skipif(not (ROOT / "calsync").is_dir(), reason="no checkout")
def test_no_module_outside_disclosure_uses_its_private_names():
    private = []
    for path in (ROOT / "calsync").rglob("*.py"):
        if path.parent.name == "disclosure":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("calsync.disclosure"):
                private += [f"{path.name}: {one.name}" for one in node.names if one.name.startswith("_")]
            if isinstance(node, ast.Attribute) and node.attr in ("_KEY", "_ReleaseKey", "_RELEASED"):
                private.append(f"{path.name}: {node.attr}")
    assert private == []


AROUND = """
from pathlib import Path
import pandas as pd
from calsync.disclosure.release import DisclosureClass, GroupRows, PersonalRows, PublishedTable, RawTable
from calsync.disclosure.release import release_for_audit, release_to_hr
from calsync.exports.tables.base import TableData, TableRequest
from calsync.exports.tables.split import build
from calsync.exports.to_csv import CsvExporter, format_csv
from calsync.exports.writing import write_table

def around(data: TableData, request: TableRequest, frame: pd.DataFrame, raw: RawTable) -> None:
    write_table(raw, Path("x.csv"))
    write_table(build(data, request), Path("x.csv"))
    write_table(frame, Path("x.csv"))
    format_csv(frame)
    release_for_audit(build(data, request))
    release_to_hr(raw, least=5)
    PublishedTable("split", (), DisclosureClass.GROUPS, frame)
    PublishedTable("split", (), DisclosureClass.GROUPS, frame, object())

class Mine(PublishedTable):
    pass
"""


@pytest.mark.skipif(not (ROOT / "calsync").is_dir(), reason="no checkout")
def test_the_type_checker_reports_every_way_around(tmp_path):
    (tmp_path / "around.py").write_text(AROUND, encoding="utf-8")
    lines = AROUND.splitlines()
    expected = {
        number
        for number, line in enumerate(lines, start=1)
        if (line.startswith("    ") and line.strip() != "pass") or line.startswith("class ")
    }
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(tmp_path / "around.py")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    reported = {
        int(line.split(":")[1])
        for line in ran.stdout.splitlines()
        if "around.py:" in line and ": error:" in line
    }
    assert reported == expected, ran.stdout + ran.stderr
