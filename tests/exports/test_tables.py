"""Exported tables have their columns in order, and figures rounded so that nothing is lost."""

import sys
from dataclasses import replace
from datetime import date
from importlib.metadata import EntryPoint

import pandas as pd
import pytest
from support.builders import MONDAY, at, make_classification, meeting

from calsync.analysis.allocate import allocate, allocations_frame
from calsync.analysis.split import SPLIT_COLUMNS
from calsync.analysis.worktime import WorkingTime, contracted_minutes
from calsync.disclosure.release import (
    Column,
    DisclosureClass,
    GroupRows,
    PersonalRows,
    release_for_audit,
    release_to_hr,
)
from calsync.errors import ConfigError, PluginError
from calsync.exports.tables import allocations, split
from calsync.exports.tables.base import TableDefinition, TableRequest
from calsync.exports.tables.registry import (
    BUILT_IN_TABLES,
    TABLE_ENTRY_POINTS,
    all_tables,
    build_table,
    find_table,
    table_names,
)
from calsync.exports.writing import write_table
from calsync.model.people import Manager
from calsync.model.span import Span

NAMES = [f"m{number}" for number in range(1, 7)]
MANAGERS = [
    Manager(name, f"{name}@brynfelin.gov.wales.example", name, department="Care", grade="head")
    for name in NAMES
]
DAY = Span(at("00:00"), at("24:00"))
MEETINGS = [meeting("10:00-11:00", uid=str(n)) for n in range(7)] + [meeting("09:00-10:30", uid="late")]
REQUEST = TableRequest(MONDAY, date(2026, 11, 3))


class Data:
    """The same meetings in the calendars of some managers."""

    def __init__(self, *meetings, managers=MANAGERS[:1]) -> None:
        self.managers = managers
        self.frame = allocations_frame(
            line for one in managers for line in allocate(one, meetings, WorkingTime(), DAY)
        ).assign(planned=False)

    def minutes(self, manager_ids=None) -> pd.DataFrame:
        return self.frame

    def people(self) -> pd.DataFrame:
        rows = [(one.id, one.department, one.grade) for one in self.managers]
        return pd.DataFrame(rows, columns=["manager_id", "department", "grade"])

    def contracted(self) -> pd.DataFrame:
        return pd.concat(
            [contracted_minutes(one, [], WorkingTime(), MONDAY, date(2026, 11, 3)) for one in self.managers]
        )

    def costs(self) -> pd.DataFrame:
        return pd.DataFrame({"grade": ["head"], "contract": [55.5], "productive": [70.0]})


def audit(*meetings) -> pd.DataFrame:
    return release_for_audit(allocations.build(Data(*meetings), REQUEST)).frame


def names(columns) -> list[str]:
    return [column.name for column in columns]


def test_allocations_have_their_columns_with_and_without_rows():
    assert list(audit(*MEETINGS).columns) == names(allocations.COLUMNS)
    assert list(audit().columns) == names(allocations.COLUMNS)


def test_a_row_is_one_managers_share_of_one_meeting():
    found = audit(*MEETINGS)
    assert len(found) == len(MEETINGS)
    assert abs(found["minutes"].sum() - 120) < 1e-5


def test_rows_come_in_the_same_order_however_the_store_gave_them():
    data = Data(*MEETINGS)
    before = release_for_audit(allocations.build(data, REQUEST)).frame
    data.frame = data.frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(before, release_for_audit(allocations.build(data, REQUEST)).frame)


def test_allocations_reach_a_csv_that_adds_up(tmp_path):
    table = release_for_audit(allocations.build(Data(*MEETINGS), REQUEST))
    path, _ = write_table(table, tmp_path / "allocations.csv")
    text = path.read_text(encoding="utf-8").splitlines()
    assert text[1].startswith("m1,2026-11-02,psb,process,,meeting,true,true,")
    assert abs(pd.read_csv(path)["minutes"].sum() - 120) < 1e-5


def test_the_split_has_its_groups_first_and_reaches_every_format(tmp_path):
    data = Data(
        meeting(classification=make_classification("mixed")),
        meeting("14:00-15:00", classification=make_classification("unclear")),
        managers=MANAGERS,
    )
    raw = split.build(data, replace(REQUEST, by=("department", "grade")))
    table = release_to_hr(raw, least=5).table
    assert tuple(table.frame.columns) == ("department", "grade", *SPLIT_COLUMNS)
    assert table.frame["cost_contract"].tolist() == [166.5, 166.5, 333.0]
    for suffix in ("csv", "xlsx", "parquet", "json"):
        assert write_table(table, tmp_path / f"split.{suffix}")[0].stat().st_size > 0


def test_the_split_explains_every_column_that_is_computed():
    assert tuple(names(split.COLUMNS)) == SPLIT_COLUMNS


@pytest.mark.parametrize("table", BUILT_IN_TABLES.values(), ids=BUILT_IN_TABLES)
def test_every_column_of_every_table_has_a_meaning(table):
    assert all(column.meaning for column in table.columns)


def test_by_columns_come_first_and_are_explained():
    raw = split.build(Data(*MEETINGS), replace(REQUEST, by=("department", "town")))
    assert names(raw.columns)[:3] == ["department", "town", "period_start"]
    assert all(column.meaning for column in raw.columns)


VISITS = TableDefinition(
    "visits",
    "A row is a visit.",
    (Column("manager_id", "Who"), Column("minutes", "How long", "minutes", "number")),
    DisclosureClass.PERSONAL,
    lambda data, request: PersonalRows("visits", VISITS.columns, data.minutes()[["manager_id", "minutes"]]),
)
HOURS = TableDefinition(
    "hours",
    "A row is a partnership.",
    (Column("partnership", "Which"), Column("hours", "How many", "hours", "number")),
    DisclosureClass.GROUPS,
    lambda data, request: GroupRows(
        "hours", HOURS.columns, (), request.periods, data.minutes(), data.people(), data.contracted()
    ),
)


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """pytest's importlib mode gives this file a name that cannot be imported; let plug-ins find it."""
    module = sys.modules.get(__name__) or type(sys)(__name__)
    monkeypatch.setitem(sys.modules, __name__, module)
    for name, thing in {"VISITS": VISITS, "HOURS": HOURS, "REQUEST": REQUEST}.items():
        monkeypatch.setattr(module, name, thing, raising=False)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{value}", TABLE_ENTRY_POINTS)


def test_another_package_may_add_a_table():
    points = [point("visits", "VISITS"), point("hours", "HOURS")]
    assert table_names(points) == ("allocations", "split", "hours", "visits")
    assert all_tables(points) == [allocations.TABLE, split.TABLE, HOURS, VISITS]


def test_a_table_of_groups_that_another_package_adds_is_protected():
    raw = build_table(find_table("hours", [point("hours", "HOURS")]), Data(*MEETINGS), REQUEST)
    assert isinstance(raw, GroupRows)
    assert release_to_hr(raw, least=5).table.frame.empty
    raw = build_table(HOURS, Data(*MEETINGS, managers=MANAGERS), REQUEST)
    assert isinstance(raw, GroupRows)
    assert release_to_hr(raw, least=5).table.frame.to_dict("records") == [{"partnership": "psb", "hours": 12}]


@pytest.mark.parametrize("names", [("split",), ("visits", "visits")])
def test_one_name_claimed_twice_is_refused(names):
    with pytest.raises(ConfigError, match="is registered by"):
        find_table("visits", [point(name, "VISITS") for name in names])


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("visits", "gone", "cannot be loaded"),
        ("visits", "REQUEST", "is no TableDefinition"),
        ("other", "VISITS", "has another name: 'visits'"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_named(name, value, what):
    with pytest.raises(PluginError, match=what):
        find_table(name, [point(name, value)])


def test_an_unknown_table_is_named_with_those_that_are_known():
    with pytest.raises(ConfigError, match=r"table spilt: there is no such table.*split"):
        find_table("spilt", [])


def test_a_table_that_is_not_of_its_own_class_is_refused():
    with pytest.raises(ConfigError, match="is of class groups, and its builder returns PersonalRows"):
        build_table(replace(VISITS, disclosure=DisclosureClass.GROUPS), Data(*MEETINGS), REQUEST)


def test_a_table_with_columns_that_its_definition_does_not_list_is_refused():
    with pytest.raises(ConfigError, match="has other columns"):
        build_table(replace(VISITS, columns=VISITS.columns[:1]), Data(*MEETINGS), REQUEST)
