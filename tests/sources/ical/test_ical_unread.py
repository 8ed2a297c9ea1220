"""The uids of events that cannot be read are returned, by both readers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_text import LONDON, NEIGHBOUR, OCTOBER, calendar, event, read

from calsync.sources.ical.full_parser import read_with_full_parser
from calsync.sources.ical.read import read_calendar, unread_parts_of_events

SOUND = event(uid="b")
FAULTS: dict[str, Callable[[str], str]] = {
    "a start that is no time": lambda uid: event(uid=uid, start=":20251399T990000Z"),
    "no start": lambda uid: event(uid=uid, start=""),
    "an end that is no time": lambda uid: event(uid=uid, end="DTEND:later"),
    "a start twice": lambda uid: event("DTSTART:20251006T110000Z", uid=uid),
    "an original start that is no time": lambda uid: event("RECURRENCE-ID:yesterday", uid=uid),
    "a rule that is none": lambda uid: event("RRULE:FREQ=OFTEN", uid=uid),
    "a rule too dense": lambda uid: event("RRULE:FREQ=SECONDLY", uid=uid),
    "an added date that is none": lambda uid: event("RDATE:soon", uid=uid),
    "no END": lambda uid: event(uid=uid).replace("END:VEVENT\r\n", ""),
    "no BEGIN": lambda uid: event(uid=uid).replace("BEGIN:VEVENT\r\n", ""),
    "neither": lambda uid: event(uid=uid).replace("BEGIN:VEVENT\r\n", "").replace("END:VEVENT\r\n", ""),
    "outside the calendar": lambda uid: f"END:VCALENDAR\r\n{event(uid=uid)}BEGIN:VCALENDAR\r\n",
}


def unread_uids(content: bytes, *, by_full_parser: bool = False) -> set[str]:
    uids: set[str] = set()
    reader = read_with_full_parser if by_full_parser else read_calendar
    reader(content, OCTOBER, zone=LONDON, owners=frozenset(), where="a.ics", unread=uids)
    return uids


@pytest.mark.parametrize("by_full_parser", [False, True], ids=["fast", "full"])
@pytest.mark.parametrize("fault", FAULTS)
def test_only_the_uid_of_the_event_that_cannot_be_read_is_returned(fault: str, by_full_parser: bool) -> None:
    content = calendar(event(uid="a"), FAULTS[fault]("b"), NEIGHBOUR)
    unread = unread_parts_of_events(unread_uids(content, by_full_parser=by_full_parser))
    assert [unread.must_keep(uid) for uid in ("a", "b", "neighbour", "other")] == [False, True, False, False]


def test_both_uids_of_two_events_that_run_into_each_other_are_returned() -> None:
    assert unread_uids(calendar(event("UID:c", uid="b"), NEIGHBOUR)) == {"b", "c"}


def test_an_override_that_cannot_be_read_keeps_its_series_stored() -> None:
    broken = FAULTS["no END"]("b")
    assert "b" in unread_uids(calendar(event("RRULE:FREQ=DAILY", uid="b"), broken, NEIGHBOUR))


def test_an_excluded_date_that_cannot_be_read_keeps_nothing_stored() -> None:
    assert not unread_uids(calendar(event("RRULE:FREQ=DAILY", "EXDATE:soon", uid="b")))


def test_an_event_without_uid_that_cannot_be_read_keeps_all_events_without_uid_stored() -> None:
    (sound,), _ = read(calendar(event("SUMMARY:Panel", uid="")))
    broken = event("SUMMARY:Panel", uid="", start=":20251399T990000Z")
    unread = unread_parts_of_events(unread_uids(calendar(broken, NEIGHBOUR)))
    assert (unread.must_keep(sound.uid), unread.must_keep("neighbour")) == (True, False)


@examples(60, deadline=timedelta(seconds=5))
@given(st.lists(st.sampled_from(["sound", *FAULTS]), min_size=1, max_size=8))
def test_every_event_is_read_or_its_uid_is_returned(kinds: list[str]) -> None:
    parts = [
        event(uid=f"u{number}") if kind == "sound" else FAULTS[kind](f"u{number}")
        for number, kind in enumerate(kinds)
    ]
    # An event that lost its BEGIN or END may make the next one unreadable, whose uid must then be returned.
    content = calendar(*parts, NEIGHBOUR)
    read_uids = {occurrence.uid for occurrence in read(content)[0]}
    unread = unread_parts_of_events(unread_uids(content))
    for number in range(len(kinds)):
        assert f"u{number}" in read_uids or unread.must_keep(f"u{number}")


def test_many_lines_of_one_event_that_cannot_be_read_are_one_problem() -> None:
    lines = [f"EXDATE:never{number}" for number in range(300)]
    _, problems = read(calendar(event("RRULE:FREQ=DAILY", *lines)))
    assert [problem.what[:22] for problem in problems] == ["300 of its EXDATE line"]
