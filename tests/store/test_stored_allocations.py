"""Allocations are replaced by whole days."""

from datetime import date, timedelta

import pandas as pd
import pytest
from support.builders import MONDAY, meeting, span

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, MeetingKind
from calsync.store.allocations import ALLOCATION_COLUMNS
from calsync.store.database import Store
from calsync.store.records import CalendarState, RowCounts

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


def allocation(day: date = MONDAY, minutes: float = 60.0, **changes: object) -> Allocation:
    plain = Allocation("m1", day, "a", "psb", Activity.PROCESS, MeetingKind.MEETING, True, True, minutes)
    return plain._replace(**changes)


def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(frame.itertuples(index=False, name=None))


def test_the_second_time_changes_nothing(store: Store) -> None:
    given = [allocation(), allocation(TUESDAY, 1 / 3), allocation(TUESDAY, 20.1, confirmed=False)]
    assert store.allocations.replace("m1", MONDAY, WEDNESDAY, given) == RowCounts(added=3)
    assert store.allocations.replace("m1", MONDAY, WEDNESDAY, given[::-1]) == RowCounts()


def test_only_what_differs_is_written(store: Store) -> None:
    store.allocations.replace("m1", MONDAY, WEDNESDAY, [allocation(), allocation(meeting_id="b")])
    given = [allocation(minutes=30.0), allocation(meeting_id="c")]
    assert store.allocations.replace("m1", MONDAY, WEDNESDAY, given) == RowCounts(1, 1, 1)


def test_other_days_and_other_managers_stay(store: Store) -> None:
    store.allocations.replace("m1", MONDAY, WEDNESDAY, [allocation(), allocation(TUESDAY)])
    store.allocations.replace("m2", MONDAY, WEDNESDAY, [allocation(manager_id="m2")])
    assert store.allocations.replace("m1", TUESDAY, WEDNESDAY, []) == RowCounts(removed=1)
    frame = store.allocations.frame(MONDAY, WEDNESDAY)
    assert list(zip(frame["manager_id"], frame["day"], strict=True)) == [("m1", MONDAY), ("m2", MONDAY)]


def test_allocations_outside_the_days_are_ignored(store: Store) -> None:
    given = [allocation(), allocation(WEDNESDAY), allocation(MONDAY - timedelta(days=1))]
    assert store.allocations.replace("m1", MONDAY, WEDNESDAY, given) == RowCounts(added=1)


def test_shares_that_differ_only_in_minutes_are_added_up(store: Store) -> None:
    given = [allocation(minutes=m) for m in (0.1, 0.2, 0.3)]
    store.allocations.replace("m1", MONDAY, TUESDAY, given)
    assert store.allocations.replace("m1", MONDAY, TUESDAY, given[::-1]) == RowCounts()
    assert list(store.allocations.frame(MONDAY, TUESDAY)["minutes"]) == [0.6]


def test_an_allocation_of_another_manager_is_an_error(store: Store) -> None:
    with pytest.raises(ValueError, match="m2 among those of m1"):
        store.allocations.replace("m1", MONDAY, TUESDAY, [allocation(manager_id="m2")])


def test_the_frame_has_the_stored_allocations(store: Store) -> None:
    store.allocations.replace(
        "m1", MONDAY, WEDNESDAY, [allocation(TUESDAY, 1 / 3, confirmed=False), allocation()]
    )
    assert rows(store.allocations.frame(MONDAY, WEDNESDAY)) == [
        ("m1", MONDAY, "a", "psb", "process", "meeting", True, True, 60.0, ""),
        ("m1", TUESDAY, "a", "psb", "process", "meeting", False, True, 1 / 3, ""),
    ]


def test_a_new_label_changes_a_row_and_its_minutes_stay(store: Store) -> None:
    store.allocations.replace("m1", MONDAY, TUESDAY, [allocation(label="werkbezoek")])
    assert store.allocations.replace("m1", MONDAY, TUESDAY, [allocation(label="bezoek")]) == RowCounts(
        changed=1
    )
    (row,) = store.allocations.frame(MONDAY, TUESDAY).to_dict("records")
    assert (row["activity"], row["label"], row["minutes"]) == ("process", "bezoek", 60.0)


def test_the_frame_has_the_requested_days_and_managers(store: Store) -> None:
    for name in ("m1", "m2", "m3"):
        given = [allocation(manager_id=name), allocation(TUESDAY, manager_id=name)]
        store.allocations.replace(name, MONDAY, WEDNESDAY, given)
    manager_ids = [
        store.allocations.frame(MONDAY, TUESDAY, ids)["manager_id"]
        for ids in (None, ["m3", "m1"], ["m2"], [])
    ]
    assert [list(names) for names in manager_ids] == [["m1", "m2", "m3"], ["m1", "m3"], ["m2"], []]


def test_an_empty_frame_has_the_same_columns_and_types(store: Store) -> None:
    empty = store.allocations.frame(MONDAY, TUESDAY)
    store.allocations.replace("m1", MONDAY, TUESDAY, [allocation()])
    full = store.allocations.frame(MONDAY, TUESDAY)
    assert list(empty.columns) == list(full.columns) == list(ALLOCATION_COLUMNS)
    assert list(empty.dtypes) == list(full.dtypes)


def test_the_minutes_of_a_deleted_calendar_are_deleted(store: Store) -> None:
    board = meeting()
    state = CalendarState("m1/test/1", "m1", "test", "m1 (a.ics)")
    store.meetings.replace(state, span("00:00-24:00"), [board])
    store.allocations.replace(
        "m1", MONDAY, TUESDAY, [allocation(meeting_id=board.id), allocation(meeting_id="elsewhere")]
    )
    store.meetings.delete_calendar("m1/test/1")
    assert list(store.allocations.frame(MONDAY, TUESDAY)["meeting_id"]) == ["elsewhere"]
