"""With UidDigests: unchanged UIDs stay stored, the others are returned; together they are the calendar."""

import random
import re
from unittest.mock import patch

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_strategies import calendars
from support.ical_text import LONDON, NEIGHBOUR, OCTOBER, calendar, days, event

from calsync.errors import SourceContentError
from calsync.model.occurrence import Occurrence
from calsync.sources.ical.digests import calendar_digest
from calsync.sources.ical.fast import time_arrays
from calsync.sources.ical.read import read_calendar
from calsync.sources.ical.uid_digests import UidDigests

WEEKLY = event("RRULE:FREQ=WEEKLY", "SUMMARY:Team", uid="w", start=":20250901T090000Z", end="DURATION:PT1H")
MOVED = event("RECURRENCE-ID:20251006T090000Z", uid="w", start=":20251007T090000Z", end="DURATION:PT1H")
OWNER = "ana@a.example"


class Nights:
    """Stores what a store would, night after night: the occurrences of unchanged UIDs, and those returned."""

    def __init__(self) -> None:
        self.text = ""
        self.stored: list[Occurrence] = []
        self.returned = 0
        self.unchanged: frozenset[str] = frozenset()

    def read_night(self, content: bytes, window: object = OCTOBER, owner: str = OWNER) -> object:
        uid_digests = UidDigests(self.text)
        try:
            occurrences, problems = read(content, uid_digests, window, owner)
        except SourceContentError as error:
            return str(error)
        self.returned, self.unchanged = len(occurrences), uid_digests.unchanged
        assert not self.unchanged & {occurrence.uid for occurrence in occurrences}
        unchanged = [occurrence for occurrence in self.stored if occurrence.uid in self.unchanged]
        self.stored = [*unchanged, *occurrences]
        self.text = uid_digests.text
        return sort_by_key(self.stored), problems


def read(content: bytes, uid_digests: UidDigests | None, window: object = OCTOBER, owner: str = OWNER):
    return read_calendar(
        content, window, zone=LONDON, owners=frozenset({owner}), where="a.ics", uid_digests=uid_digests
    )


def read_all(content: bytes, window: object = OCTOBER, owner: str = OWNER) -> object:
    """What reading without digests returns."""
    try:
        occurrences, problems = read(content, None, window, owner)
    except SourceContentError as error:
        return str(error)
    return sort_by_key(occurrences), problems


def sort_by_key(occurrences) -> list[Occurrence]:
    return sorted(occurrences, key=lambda o: (o.uid, o.recurrence_id, o.start.isoformat()))


@examples(150, suppress_health_check=list(HealthCheck))
@given(st.lists(calendars(), min_size=2, max_size=3), st.integers())
def test_unchanged_and_returned_occurrences_are_the_calendar(contents: list[bytes], seed: int) -> None:
    nights, chance = Nights(), random.Random(seed)
    for content in contents:
        changed = re.sub(rb"(?<=\nSUMMARY:)", b"New " if chance.random() < 0.5 else b"", content, count=1)
        # So that times are read all at once or one by one.
        with patch.object(time_arrays, "_MIN_EVENTS", chance.choice((1, 100))):
            for version in (content, changed, content):
                assert nights.read_night(version) == read_all(version)


def test_an_unchanged_uid_is_not_returned_whatever_its_dtstamp_and_a_changed_one_is() -> None:
    nights = Nights()
    nights.read_night(calendar(WEEKLY, NEIGHBOUR))
    stamped = calendar(
        WEEKLY.replace("DTSTAMP:2025", "DTSTAMP:2026"), NEIGHBOUR.replace("SUMMARY:", "SUMMARY:New ")
    )
    assert nights.read_night(stamped) == read_all(stamped)
    assert nights.returned == 1


def test_the_uid_of_an_alarm_is_not_taken_for_that_of_its_event() -> None:
    alarmed = NEIGHBOUR.replace("UID:", "BEGIN:VALARM\r\nUID:alarm\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nUID:", 1)
    nights = Nights()
    for _ in range(3):
        assert nights.read_night(calendar(WEEKLY, alarmed)) == read_all(calendar(WEEKLY, alarmed))


def test_a_uid_without_occurrences_is_unchanged_too() -> None:
    far = event(uid="far", start=":20200901T090000Z", end="DTEND:20200901T100000Z")
    nights = Nights()
    nights.read_night(calendar(far, WEEKLY))
    assert nights.read_night(calendar(far, WEEKLY)) == read_all(calendar(far, WEEKLY))
    assert "far" in nights.unchanged


def test_an_override_that_is_added_moved_and_removed_changes_its_uid() -> None:
    nights = Nights()
    for parts in ((WEEKLY,), (WEEKLY, MOVED), (WEEKLY, MOVED.replace("1007T", "1008T")), (MOVED,), (WEEKLY,)):
        assert nights.read_night(calendar(*parts, NEIGHBOUR)) == read_all(calendar(*parts, NEIGHBOUR))


def test_problems_are_reported_every_night() -> None:
    unknown = event(uid="u", start=";TZID=Nowhere/At All:20251006T090000", end="DURATION:PT1H")
    broken = event("RRULE:FREQ=SOMETIMES", uid="b", start=":20251006T090000Z", end="DURATION:PT1H")
    content, nights = calendar(unknown, broken, NEIGHBOUR), Nights()
    expected = read_all(content)
    assert len(expected[1]) == 2
    for _ in range(3):
        assert nights.read_night(content) == expected


def test_digests_that_cannot_be_read_are_not_used() -> None:
    nights = Nights()
    content = calendar(WEEKLY, NEIGHBOUR)
    nights.read_night(content)
    for text in ("", "x", "x:~", nights.text[:-7], "\u00e9:\u00e9"):
        nights.text = text
        assert nights.read_night(content) == read_all(content)


def test_an_override_of_an_event_outside_the_window_changes_its_uid() -> None:
    far = event(uid="w", start=":20200901T090000Z", end="DTEND:20200901T100000Z")
    nights = Nights()
    for parts in ((far,), (far, MOVED), (far,)):
        assert nights.read_night(calendar(*parts)) == read_all(calendar(*parts))


def test_digests_are_not_used_for_another_window_owner_zone_or_method() -> None:
    nights = Nights()
    invited = event(
        "ATTENDEE;PARTSTAT=DECLINED:mailto:bo@b.example", start=";TZID=Odd:20251006T090000", end=""
    )
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Odd\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n"
        "TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    for head in ("", "METHOD:CANCEL", "X-WR-TIMEZONE:Asia/Tokyo"):
        for own in (zone, zone.replace("+0100", "+0200")):
            for window in (OCTOBER, days("2025-09-01", "2025-10-01")):
                for owner in ("ana@a.example", "bo@b.example"):
                    content = calendar(own, invited, WEEKLY, head=head)
                    assert nights.read_night(content, window, owner) == read_all(content, window, owner)


def test_uids_with_problems_are_never_unchanged() -> None:
    nights = Nights()
    content = calendar(
        event(start=";TZID=Nowhere:20251006T090000", end="DURATION:PT1H"),
        event("RRULE:FREQ", uid="bad"),
        NEIGHBOUR,
    )
    first = nights.read_night(content)
    assert len(first[1]) == 2  # type: ignore[index]
    assert nights.read_night(content) == first
    assert len(nights.unchanged) == 1


def test_after_a_night_read_by_the_full_parser_no_uid_is_unchanged() -> None:
    nights = Nights()
    other = calendar(WEEKLY.replace("SUMMARY:", "SUMMARY:New "), NEIGHBOUR)
    for_full_parser = other.replace(b"END:VEVENT\r\n", b"END:VEVENT\r\n\r", 1)
    for content in (calendar(WEEKLY, NEIGHBOUR), for_full_parser, calendar(WEEKLY, NEIGHBOUR)):
        assert nights.read_night(content) == read_all(content)
    assert not nights.unchanged


def test_a_uid_in_another_encoding_is_read() -> None:
    nights = Nights()
    nights.read_night(calendar(WEEKLY, NEIGHBOUR))
    content = calendar(WEEKLY.replace("UID:w", "UID:caf\u00e9"), NEIGHBOUR).decode().encode("latin-1")
    assert nights.read_night(content) == read_all(content)


def test_a_calendar_digest_depends_on_everything_but_dtstamp() -> None:
    content = calendar(WEEKLY, MOVED)
    stamped = content.replace(b"DTSTAMP:20250101T000000Z", b"DTSTAMP:20251231T235959Z")
    folded = content.replace(b"DTSTAMP:20250101T000000Z", b"DTSTAMP:2025\r\n 1231T235959Z", 1)
    assert calendar_digest(content) == calendar_digest(stamped) == calendar_digest(folded)
    assert calendar_digest(content) != calendar_digest(content.replace(b"Team", b"Tema"))
    assert calendar_digest(content) != calendar_digest(content.replace(b"20250901T09", b"20250901T08"))
    assert calendar_digest(content) != calendar_digest(content.replace(b"DTSTAMP:", b"DTSTAMPED:"))
