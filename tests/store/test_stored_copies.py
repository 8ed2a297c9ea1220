"""A meeting in several calendars of a manager is read once, and CANCEL messages apply to it."""

from datetime import date, timedelta

from support.builders import MONDAY, at, meeting, span

from calsync.model.copies import Cancellation
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Status
from calsync.model.span import Span
from calsync.store.database import Store
from calsync.store.records import CalendarReplacement, CalendarState
from calsync.store.rows import meeting_rows

TODAY = span("00:00-24:00")
ALL = Span(at("00:00", MONDAY - timedelta(days=60)), at("00:00", MONDAY + timedelta(days=60)))
TUESDAY = MONDAY + timedelta(days=1)


def store_meetings(
    store: Store, name: str, *meetings: Meeting, cancelled: tuple[Cancellation, ...] = ()
) -> None:
    state = CalendarState(f"m1/ics/{name}", "m1", "ics", name)
    rows = meeting_rows(state.calendar_id, meetings)
    store.meetings.replace_all([CalendarReplacement(state, ALL, rows, cancellations=cancelled)])


def meeting_in(name: str, day: date = MONDAY, uid: str = "psb", **changes: object) -> Meeting:
    return meeting("09:00-10:00", day, calendar_id=f"m1/ics/{name}", uid=uid, **changes)


def test_a_copy_is_returned_once_and_both_stay_stored(store: Store) -> None:
    store_meetings(store, "a", meeting_in("a"))
    store_meetings(store, "b", meeting_in("b"))
    assert len(store.meetings.of_manager("m1", TODAY)) == 1
    assert len(store.meetings.find_by_uid("psb")) == 1
    assert len(store.meetings.find_uncorrected("psb")) == 2


def test_a_newer_copy_outside_the_window_replaces_an_outdated_one(store: Store) -> None:
    original = at("09:00").isoformat()
    for uid, name in (("single", ""), ("series", original)):
        store_meetings(store, "a", meeting_in("a", uid=uid, recurrence_id=name, sequence=0))
        store_meetings(store, "b", meeting_in("b", TUESDAY, uid=uid, recurrence_id=name, sequence=1))
        assert store.meetings.of_manager("m1", TODAY) == []
        assert [m.start.day for m in store.meetings.of_manager("m1", ALL)] == [TUESDAY.day]


def test_a_message_in_another_calendar_cancels_until_it_is_gone(store: Store) -> None:
    store_meetings(store, "a", meeting_in("a", sequence=1))
    for cancelled, status in (
        ((Cancellation("psb", sequence=1),), Status.CANCELLED),
        ((Cancellation("psb", sequence=0), Cancellation("rpb", sequence=10**17)), Status.CONFIRMED),
        ((Cancellation("psb", sequence=2), Cancellation("psb", "2026-11-03", sequence=2)), Status.CANCELLED),
        ((), Status.CONFIRMED),
    ):
        store_meetings(store, "b", cancelled=cancelled)
        (found,) = store.meetings.of_manager("m1", TODAY)
        assert found.status is status
        assert [m.status for m in store.meetings.find_by_uid("psb")] == [status]


def test_cancellations_are_deleted_with_their_calendar(store: Store) -> None:
    store_meetings(store, "a", meeting_in("a"))
    store_meetings(store, "b", cancelled=(Cancellation("psb"),))
    store.meetings.delete_calendar("m1/ics/b")
    store_meetings(store, "b")
    assert [m.status for m in store.meetings.of_manager("m1", TODAY)] == [Status.CONFIRMED]
