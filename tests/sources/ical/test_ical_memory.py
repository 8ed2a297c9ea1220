"""A calendar read with a memory of last night gives what it gives without one."""

import random
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ical_strategies import calendars
from ical_text import LONDON, NEIGHBOUR, OCTOBER, calendar, days, event

from calsync.errors import SourceContentError
from calsync.sources.ical.digests import digest_of
from calsync.sources.ical.memory import Memory
from calsync.sources.ical.read import read_calendar

WEEKLY = event("RRULE:FREQ=WEEKLY", "SUMMARY:Team", uid="w", start=":20250901T090000Z", end="DURATION:PT1H")
MOVED = event("RECURRENCE-ID:20251006T090000Z", uid="w", start=":20251007T090000Z", end="DURATION:PT1H")


def read(
    content: bytes, memory: Memory | None, window: object = OCTOBER, owner: str = "ana@a.example"
) -> object:
    try:
        return read_calendar(
            content,
            window,
            zone=LONDON,
            owners=frozenset({owner}),
            where="a.ics",
            memory=memory,  # type: ignore[arg-type]
        )
    except SourceContentError as error:
        return str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(calendars(), min_size=2, max_size=3), st.integers())
def test_a_memory_changes_nothing(nights: list[bytes], seed: int) -> None:
    memory = Memory()
    chance = random.Random(seed)
    for content in nights:
        changed = re.sub(rb"(?<=\nSUMMARY:)", b"New " if chance.random() < 0.5 else b"", content, count=1)
        for night in (content, changed, content):
            assert read(night, memory) == read(night, None)


def test_an_override_that_comes_goes_and_moves_is_seen() -> None:
    memory = Memory()
    for parts in ((WEEKLY,), (WEEKLY, MOVED), (WEEKLY, MOVED.replace("1007T", "1008T")), (MOVED,), (WEEKLY,)):
        assert read(calendar(*parts, NEIGHBOUR), memory) == read(calendar(*parts, NEIGHBOUR), None)


def test_an_override_of_what_was_far_away_is_seen() -> None:
    far = event(uid="w", start=":20200901T090000Z", end="DTEND:20200901T100000Z")
    memory = Memory()
    for parts in ((far,), (far, MOVED), (far,)):
        assert read(calendar(*parts), memory) == read(calendar(*parts), None)


def test_another_window_owner_zone_or_method_is_another_question() -> None:
    memory = Memory()
    asked = event("ATTENDEE;PARTSTAT=DECLINED:mailto:bo@b.example", start=";TZID=Odd:20251006T090000", end="")
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Odd\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n"
        "TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    for head in ("", "METHOD:CANCEL", "X-WR-TIMEZONE:Asia/Tokyo"):
        for own in (zone, zone.replace("+0100", "+0200")):
            for window in (OCTOBER, days("2025-09-01", "2025-10-01")):
                for owner in ("ana@a.example", "bo@b.example"):
                    content = calendar(own, asked, WEEKLY, head=head)
                    assert read(content, memory, window, owner) == read(content, None, window, owner)


def test_what_a_problem_is_told_of_is_told_every_night() -> None:
    memory = Memory()
    content = calendar(
        event(start=";TZID=Nowhere:20251006T090000", end=""), event("RRULE:FREQ", uid="bad"), NEIGHBOUR
    )
    first = read(content, memory)
    assert len(first[1]) == 2  # type: ignore[index]
    assert read(content, memory) == first
    assert len(memory) == 1


def test_a_digest_does_not_see_time_stamps_and_sees_everything_else() -> None:
    content = calendar(WEEKLY, MOVED)
    stamped = content.replace(b"DTSTAMP:20250101T000000Z", b"DTSTAMP:20251231T235959Z")
    folded = content.replace(b"DTSTAMP:20250101T000000Z", b"DTSTAMP:2025\r\n 1231T235959Z", 1)
    assert digest_of(content) == digest_of(stamped) == digest_of(folded)
    assert digest_of(content) != digest_of(content.replace(b"Team", b"Tema"))
    assert digest_of(content) != digest_of(content.replace(b"20250901T09", b"20250901T08"))
    assert digest_of(content) != digest_of(content.replace(b"DTSTAMP:", b"DTSTAMPED:"))


def test_a_memory_holds_what_takes_place_outside_the_window_too() -> None:
    memory = Memory()
    read(
        calendar(WEEKLY, MOVED, event(uid="old", start=":20200101T090000Z", end="DTEND:20200101T100000Z")),
        memory,
    )
    assert len(memory) == 2
