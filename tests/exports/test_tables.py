"""Exported tables have the design's columns, in its order, rounded so that nothing is lost."""

from datetime import date

import pandas as pd
from support.builders import MONDAY, at, classification, meeting

from calsync.analysis.allocate import allocate, allocations_frame
from calsync.analysis.split import SPLIT_COLUMNS, split_hours
from calsync.analysis.worktime import WorkingTime, contracted_minutes
from calsync.exports.tables import (
    ALLOCATION_COLUMNS,
    arrange_allocations,
    build_allocations_table,
    build_split_table,
)
from calsync.exports.writing import write_table
from calsync.model.people import Manager
from calsync.model.span import Span

ANN = Manager("m1", "ann@brynfelin.gov.wales.example", "Ann", department="Care", grade="head")
DAY = Span(at("00:00"), at("24:00"))
MEETINGS = [meeting("10:00-11:00", uid=str(n)) for n in range(7)] + [meeting("09:00-10:30", uid="late")]


def allocated(*meetings) -> pd.DataFrame:
    return allocations_frame(allocate(ANN, meetings, WorkingTime(), DAY))


def test_allocations_have_the_columns_of_the_design():
    assert tuple(arrange_allocations(allocated(*MEETINGS)).columns) == ALLOCATION_COLUMNS
    assert tuple(arrange_allocations(allocated()).columns) == ALLOCATION_COLUMNS


def test_a_row_is_one_managers_share_of_one_meeting():
    found = arrange_allocations(allocated(*MEETINGS))
    assert len(found) == len(MEETINGS)
    assert abs(found["minutes"].sum() - 120) < 1e-5


def test_rows_come_in_the_same_order_however_the_store_gave_them():
    frame = allocated(*MEETINGS)
    shuffled = frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(arrange_allocations(frame), arrange_allocations(shuffled))


def test_allocations_reach_a_csv_that_adds_up(tmp_path):
    path, _ = write_table(build_allocations_table(allocated(*MEETINGS)), tmp_path / "allocations.csv")
    text = path.read_text(encoding="utf-8").splitlines()
    assert text[1].startswith("m1,2026-11-02,psb,process,meeting,true,true,")
    assert abs(pd.read_csv(path)["minutes"].sum() - 120) < 1e-5


def test_the_split_has_its_groups_first_and_reaches_every_format(tmp_path):
    frame = allocated(
        meeting(classification=classification("mixed")),
        meeting("14:00-15:00", classification=classification("unclear")),
    )
    people = pd.DataFrame({"manager_id": ["m1"], "department": ["Care"], "grade": ["head"]})
    due = contracted_minutes(ANN, [], WorkingTime(), MONDAY, date(2026, 11, 3))
    costs = pd.DataFrame({"grade": ["head"], "contract": [55.5], "productive": [70.0]})
    days = [(MONDAY, date(2026, 11, 3))]
    rows = split_hours(frame, people, due, by=["department", "grade"], periods=days, costs=costs)
    table = build_split_table(rows, ["department", "grade"])
    assert tuple(table.frame.columns) == ("department", "grade", *SPLIT_COLUMNS)
    assert table.frame["cost_contract"].tolist() == [27.75, 27.75, 55.5]
    for suffix in ("csv", "xlsx", "parquet", "json"):
        assert write_table(table, tmp_path / f"split.{suffix}")[0].stat().st_size > 0
