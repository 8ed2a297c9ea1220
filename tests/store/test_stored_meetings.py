"""Meetings and calendar states: a window of a calendar is replaced whole, or nothing changes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from support.builders import LONDON, MONDAY, at, make_classification, meeting, span

from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Response, ShowAs, Status
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.unread_parts import UnreadParts
from calsync.store.database import Store
from calsync.store.records import (
    AllocationState,
    CalendarReplacement,
    CalendarState,
    Recalculation,
    RowCounts,
)
from calsync.store.rows import meeting_rows

CALENDAR = "m1/test/1"
DAY = span("00:00-24:00")


def state(calendar_id: str = CALENDAR, **changes: object) -> CalendarState:
    return CalendarState(calendar_id, "m1", "test", "m1 (a.ics)", **changes)


def replace_meetings(store: Store, *meetings: Meeting, window: Span = DAY, **changes: object) -> RowCounts:
    return store.meetings.replace(state(**changes), window, meetings)


def test_a_meeting_is_read_as_it_was_stored(store: Store) -> None:
    board = meeting_without_default_values()
    replace_meetings(store, board)
    assert store.meetings.of_manager("m1", DAY) == [board]


def test_no_field_of_a_meeting_is_left_at_its_default_above() -> None:
    # A field that is added to the model fails here until the store has it.
    board, plain = meeting_without_default_values(), Classification(Scope.OTHER, (), Activity.NONE)
    classified = board.classification
    assert [f.name for f in fields(classified) if getattr(classified, f.name) == getattr(plain, f.name)] == []
    assert [name for name in board._fields if getattr(board, name) in ("", (), False, 0)] == []


def test_a_meeting_may_change_in_every_field(store: Store) -> None:
    board, plain = meeting_without_default_values(), meeting("11:00-12:00", calendar_id=CALENDAR)
    plain = plain._replace(id=board.id)
    for one in (board, plain, board):
        replace_meetings(store, one)
        assert store.meetings.of_manager("m1", DAY) == [one]
        assert replace_meetings(store, one) == RowCounts()


@pytest.mark.parametrize(
    ("unread", "left"),
    [
        (UnreadParts(), ["read"]),
        (UnreadParts(frozenset({"unread"})), ["read", "unread"]),
        (UnreadParts(removable=frozenset({"read", "gone"})), ["read", "unread"]),
        (UnreadParts(frozenset({"gone"}), frozenset({"read", "gone"})), ["gone", "read", "unread"]),
    ],
)
def test_what_could_not_be_read_stays_and_what_was_read_is_replaced(
    store: Store, unread: UnreadParts, left: list[str]
) -> None:
    names = ("read", "unread", "gone")
    replace_meetings(store, *(meeting("10:00-11:00", uid=uid, calendar_id=CALENDAR) for uid in names))
    moved = meeting("12:00-13:00", uid="read", calendar_id=CALENDAR)
    store.meetings.replace_all(
        [CalendarReplacement(state(), DAY, meeting_rows(CALENDAR, [moved]), unread=unread)]
    )
    found = store.meetings.of_manager("m1", DAY)
    assert sorted(m.uid for m in found) == left
    assert [m.start for m in found if m.uid == "read"] == [moved.start]


def meeting_without_default_values() -> Meeting:
    classified = make_classification(
        Activity.MIXED,
        partnerships=("psb", "rpb"),
        kind=MeetingKind.PREPARATION,
        process_share=Fraction(1, 3),
        agencies=("council", "health-board"),
        label="governance",
        evidence="subject says 'Bwrdd Gwasanaethau Cyhoeddus – tŷ'",
    )
    return meeting("09:00-10:00", classification=classified, title="PSB", invited=("a@x.example",))._replace(
        recurrence_id="2026-11-02T09:00:00+00:00",
        all_day=True,
        private=True,
        status=Status.TENTATIVE,
        response=Response.DECLINED,
        show_as=ShowAs.OUT_OF_OFFICE,
        organizer_domain="y.example",
        categories=("Red", "calsync: mixed"),
        sequence=3,
        stamp="20261101T090000Z",
    )


@pytest.mark.parametrize(
    "start",
    [
        at("09:00"),
        datetime(2026, 10, 25, 1, 30, tzinfo=LONDON),
        datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=1),
        datetime(2026, 3, 29, 1, 30, tzinfo=LONDON),
        datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("Australia/Lord_Howe")),
        datetime(2026, 7, 1, 9, tzinfo=UTC),
        datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("UTC")),
        datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
        datetime(1890, 7, 1, 9, tzinfo=timezone(timedelta(minutes=19, seconds=32))),
        datetime(2026, 7, 1, 9, 0, 0, 123456, tzinfo=LONDON),
    ],
    ids=str,
)
def test_instant_and_offset_are_restored_even_where_clocks_change(store: Store, start: datetime) -> None:
    moved = meeting()._replace(
        start=start, end=(start.astimezone(UTC) + timedelta(hours=1)).astimezone(start.tzinfo)
    )
    window = Span(start - timedelta(days=2), start + timedelta(days=2))
    replace_meetings(store, moved, window=window)
    (found,) = store.meetings.of_manager("m1", window)
    assert (found.start.isoformat(), found.end.isoformat()) == (
        moved.start.isoformat(),
        moved.end.isoformat(),
    )


def test_a_zone_with_a_name_is_restored_by_its_name(store: Store) -> None:
    replace_meetings(store, meeting())
    (found,) = store.meetings.of_manager("m1", DAY)
    assert found.start.tzinfo is LONDON


def test_a_zone_with_a_wrong_name_is_stored_by_its_offset(store: Store) -> None:
    class Invented(ZoneInfo):
        key = "Europe/London"

        def utcoffset(self, moment: datetime | None) -> timedelta:
            return timedelta(hours=5)

    start = datetime(2026, 11, 2, 12, tzinfo=Invented.no_cache("Europe/London"))
    replace_meetings(store, meeting()._replace(start=start, end=start + timedelta(hours=1)))
    (found,) = store.meetings.of_manager("m1", DAY)
    assert found.start.isoformat() == "2026-11-02T12:00:00+05:00"


def test_the_second_time_changes_nothing(store: Store) -> None:
    both = (meeting("09:00-10:00"), meeting("11:00-12:00"))
    assert replace_meetings(store, *both) == RowCounts(added=2)
    assert replace_meetings(store, *reversed(both)) == RowCounts()


def test_only_what_differs_is_written(store: Store) -> None:
    old, new = meeting("09:00-10:00"), meeting("11:00-12:00")
    replace_meetings(store, old, meeting("14:00-15:00"))
    renamed = old._replace(title="Renamed")
    assert replace_meetings(store, renamed, new) == RowCounts(added=1, changed=1, removed=1)
    assert store.meetings.of_manager("m1", DAY) == [renamed, new]


def test_a_new_classification_alone_is_a_change(store: Store) -> None:
    replace_meetings(store, meeting())
    assert replace_meetings(store, meeting(classification=make_classification("unclear"))) == RowCounts(
        changed=1
    )


def test_meetings_outside_the_window_stay(store: Store) -> None:
    before, after = meeting("07:00-08:00"), meeting("18:00-19:00")
    replace_meetings(store, before, meeting("12:00-13:00"), after)
    assert replace_meetings(store, window=span("08:00-18:00")) == RowCounts(removed=1)
    assert store.meetings.of_manager("m1", DAY) == [before, after]


def test_a_meeting_across_the_edge_belongs_to_the_window(store: Store) -> None:
    across = meeting("07:30-08:30")
    replace_meetings(store, across)
    assert replace_meetings(store, window=span("08:00-18:00")) == RowCounts(removed=1)


def test_a_meeting_that_became_longer_and_reaches_the_window_is_changed_not_added(store: Store) -> None:
    early = meeting("06:00-07:00")
    replace_meetings(store, early)
    longer = early._replace(end=at("09:00"))
    assert replace_meetings(store, longer, window=span("08:00-18:00")) == RowCounts(changed=1)
    assert store.meetings.of_manager("m1", DAY) == [longer]


def test_another_calendar_is_not_touched(store: Store) -> None:
    other = meeting("09:00-10:00", calendar_id="m1/test/2")
    replace_meetings(store, other, calendar_id="m1/test/2")
    replace_meetings(store, meeting("11:00-12:00"))
    replace_meetings(store)
    assert store.meetings.of_manager("m1", DAY) == [other]


def test_simultaneous_writers_wait_for_each_other(store: Store) -> None:
    def write(calendar_id: str) -> RowCounts:
        changes = [
            replace_meetings(store, meeting(calendar_id=calendar_id, uid=f"{n}"), calendar_id=calendar_id)
            for n in range(20)
        ]
        return changes[-1]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, "abcd")) == [RowCounts(added=1, removed=1)] * 4


def test_a_meeting_given_twice_is_stored_once_and_counted(store: Store) -> None:
    assert replace_meetings(store, meeting(), meeting()) == RowCounts(added=1, repeated=1)


def test_characters_that_no_database_accepts_are_replaced_in_meetings(store: Store) -> None:
    special = meeting(uid="nul\0\ud800", title="half \udfff", categories=("\0",), organizer="a@\0.example")
    replace_meetings(store, special)
    (found,) = store.meetings.find_by_uid("nul\0\ud800")
    assert (found.uid, found.title, found.categories) == ("nul\ufffd\ufffd", "half \ufffd", ("\ufffd",))
    assert replace_meetings(store, special) == RowCounts()


def test_a_uid_of_any_length_is_stored_and_found(store: Store) -> None:
    # Not compressible: PostgreSQL packs repeated text before it measures an index row.
    endless = "".join(f"{n * 7919:x}" for n in range(20_000))
    replace_meetings(store, meeting(uid=endless))
    assert [m.uid for m in store.meetings.find_by_uid(endless)] == [endless]


def test_meetings_are_read_by_start_then_uid(store: Store) -> None:
    given = [meeting("10:00-11:00"), *(meeting("09:00-10:00", uid=uid) for uid in ("Z", "a", "É", "B"))]
    replace_meetings(store, *given)
    assert [m.uid for m in store.meetings.of_manager("m1", DAY)] == ["B", "Z", "a", "É", given[0].uid]


def test_the_count_is_that_of_the_window(store: Store) -> None:
    morning, evening = (
        meeting("09:00-10:00"),
        meeting("18:00-19:00", classification=make_classification("none")),
    )
    replace_meetings(store, morning, evening)
    window = span("17:00-24:00")
    assert store.meetings.count(CALENDAR, window) == 1
    assert store.meetings.count("m1/test/2", window) == 0


def test_the_calendar_state_is_read_as_it_was_stored(store: Store) -> None:
    problems = (Problem("event 3", "no start \0", "mend it"), Problem("b", "c", severity=Severity.NOTE))
    given = state(token="etag", window=DAY, versions="3/2", problems=problems, last_good=MONDAY)
    store.meetings.replace(given, DAY, [])
    expected = replace(given, problems=(replace(problems[0], what="no start \ufffd"), problems[1]))
    assert store.meetings.calendar_state(CALENDAR) == expected
    assert store.meetings.calendar_states() == store.meetings.calendar_states("m1") == [expected]
    assert store.meetings.calendar_states("m2") == []
    assert store.meetings.calendar_state("unknown") is None


def test_a_failure_keeps_the_meetings_and_the_first_failing_night(store: Store) -> None:
    replace_meetings(store, meeting(), token="t", last_good=date(2026, 11, 1))
    for night in (date(2026, 11, 2), date(2026, 11, 3)):
        store.meetings.note_failure(
            CALENDAR, "m1", "test", "m1 (a.ics)", night, f"no answer {night.day}", "wait"
        )
    assert store.meetings.calendar_state(CALENDAR) == state(
        token="t",
        last_good=date(2026, 11, 1),
        failing_since=date(2026, 11, 2),
        what="no answer 3",
        hint="wait",
    )
    assert store.meetings.of_manager("m1", DAY) == [meeting()]


def test_a_calendar_that_was_never_read_is_listed_with_its_failure(store: Store) -> None:
    store.meetings.note_failure(CALENDAR, "m1", "test", "m1 (a.ics)", MONDAY, "not there", "look")
    assert store.meetings.calendar_states() == [state(failing_since=MONDAY, what="not there", hint="look")]


def test_an_unchanged_calendar_fails_no_longer(store: Store) -> None:
    replace_meetings(store, meeting(), token="t")
    store.meetings.note_failure(CALENDAR, "m1", "test", "m1 (a.ics)", MONDAY, "no answer", "wait")
    store.meetings.mark_unchanged([CALENDAR], MONDAY)
    assert store.meetings.calendar_state(CALENDAR) == state(token="t", last_good=MONDAY)


def test_a_retired_calendar_is_not_listed_but_its_meetings_stay(store: Store) -> None:
    replace_meetings(store, meeting(), token="t")
    store.meetings.retire_calendar(CALENDAR)
    assert (store.meetings.calendar_states(), store.meetings.calendar_state(CALENDAR)) == ([], None)
    assert store.meetings.calendar_ids("m1") == [CALENDAR]
    assert store.meetings.of_manager("m1", DAY) == [meeting()]
    replace_meetings(store, meeting())
    assert store.meetings.calendar_states() == [state()]


def test_a_retired_calendar_that_fails_is_listed_again(store: Store) -> None:
    replace_meetings(store, meeting())
    store.meetings.retire_calendar(CALENDAR)
    store.meetings.note_failure(CALENDAR, "m1", "test", "m1 (a.ics)", MONDAY, "gone", "look")
    assert store.meetings.calendar_states() == [state(failing_since=MONDAY, what="gone", hint="look")]


def test_deleting_a_calendar_deletes_no_other(store: Store) -> None:
    other = meeting("09:00-10:00", calendar_id="m1/test/2")
    replace_meetings(store, meeting())
    replace_meetings(store, other, calendar_id="m1/test/2")
    store.meetings.delete_calendar(CALENDAR)
    assert store.meetings.calendar_ids("m1") == ["m1/test/2"]
    assert store.meetings.of_manager("m1", DAY) == [other]


def test_a_uid_is_found_in_every_calendar(store: Store) -> None:
    here = meeting("11:00-12:00", uid="shared")
    there = meeting("09:00-10:00", uid="shared", manager_id="m2", calendar_id="m2/test/1")
    replace_meetings(store, here)
    replace_meetings(store, there, calendar_id="m2/test/1")
    assert store.meetings.find_by_uid("shared") == [there, here]
    assert store.meetings.find_by_uid("other") == []


def test_meetings_of_unchanged_uids_stay_and_the_others_are_replaced(store: Store) -> None:
    unchanged, removed, new = (
        meeting("09:00-10:00", uid=uid, calendar_id=CALENDAR) for uid in ("a", "b", "c")
    )
    replace_meetings(store, unchanged, removed)
    rows = meeting_rows(CALENDAR, [new])
    (change,) = store.meetings.replace_all([CalendarReplacement(state(), DAY, rows, frozenset({"a"}))])
    assert change == RowCounts(added=1, removed=1)
    assert {m.uid for m in store.meetings.of_manager("m1", DAY)} == {"a", "c"}


def test_a_change_makes_minutes_of_its_manager_due_and_no_others(store: Store) -> None:
    recalculations = [
        Recalculation(
            MONDAY, MONDAY, (), AllocationState(manager_id, "basis", MONDAY, MONDAY + timedelta(days=7))
        )
        for manager_id in ("m1", "m2")
    ]
    store.allocations.replace_all(recalculations)
    early, late = (meeting(when, uid=when, calendar_id=CALENDAR) for when in ("09:00-10:00", "15:00-16:00"))
    replace_meetings(store, early)
    replace_meetings(store, early, late)
    replace_meetings(store, early, late)
    noted = store.allocations.allocation_states()
    assert noted["m1"].changed == Span(early.start, late.end)
    assert noted["m2"].changed is None
    store.allocations.replace_all(recalculations)
    assert store.allocations.allocation_states()["m1"].changed is None


def test_a_change_that_affects_no_minutes_makes_none_due(store: Store) -> None:
    board = meeting("09:00-10:00", uid="a", calendar_id=CALENDAR, title="PSB")
    replace_meetings(store, board)
    after = AllocationState("m1", "basis", MONDAY, MONDAY + timedelta(days=7))
    store.allocations.replace_all([Recalculation(MONDAY, MONDAY, (), after)])
    assert replace_meetings(store, board._replace(title="PSB (new room)")).changed == 1
    assert store.allocations.allocation_states()["m1"].changed is None
    assert replace_meetings(store, board._replace(title="PSB (new room)", show_as=ShowAs.FREE)).changed == 1
    assert store.allocations.allocation_states()["m1"].changed == board.span


def test_a_deleted_calendar_makes_its_managers_minutes_due(store: Store) -> None:
    replace_meetings(store, meeting("09:00-10:00", calendar_id=CALENDAR))
    after = AllocationState("m1", "basis", MONDAY, MONDAY)
    store.allocations.replace_all([Recalculation(MONDAY, MONDAY, (), after)])
    store.meetings.delete_calendar(CALENDAR)
    assert store.allocations.allocation_states() == {}
