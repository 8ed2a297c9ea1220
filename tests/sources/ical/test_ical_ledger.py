"""What a ledger says stands is what was kept last night, and the rest is given: together, the calendar."""

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


class Keeping:
    """Keeps, night after night, what a store would: what stands, and what is given."""

    def __init__(self) -> None:
        self.text = ""
        self.kept: list[Occurrence] = []
        self.given = 0
        self.standing: frozenset[str] = frozenset()

    def night(self, content: bytes, window: object = OCTOBER, owner: str = OWNER) -> object:
        ledger = UidDigests(self.text)
        try:
            found, problems = read(content, ledger, window, owner)
        except SourceContentError as error:
            return str(error)
        self.given, self.standing = len(found), ledger.unchanged
        standing = [one for one in self.kept if one.uid in ledger.unchanged]
        assert not ledger.unchanged & {one.uid for one in found}
        self.kept = [*standing, *found]
        self.text = ledger.text
        return by_name(self.kept), problems


def read(content: bytes, ledger: UidDigests | None, window: object = OCTOBER, owner: str = OWNER):
    return read_calendar(
        content, window, zone=LONDON, owners=frozenset({owner}), where="a.ics", uid_digests=ledger
    )


def afresh(content: bytes, window: object = OCTOBER, owner: str = OWNER) -> object:
    try:
        found, problems = read(content, None, window, owner)
    except SourceContentError as error:
        return str(error)
    return by_name(found), problems


def by_name(found) -> list[Occurrence]:
    return sorted(found, key=lambda o: (o.uid, o.recurrence_id, o.start.isoformat()))


@examples(150, suppress_health_check=list(HealthCheck))
@given(st.lists(calendars(), min_size=2, max_size=3), st.integers())
def test_what_stands_and_what_is_given_are_the_calendar(nights: list[bytes], seed: int) -> None:
    keeping, chance = Keeping(), random.Random(seed)
    for content in nights:
        changed = re.sub(rb"(?<=\nSUMMARY:)", b"New " if chance.random() < 0.5 else b"", content, count=1)
        # Times are read all at once where they are many, else one by one.
        with patch.object(time_arrays, "_MIN_EVENTS", chance.choice((1, 100))):
            for night in (content, changed, content):
                assert keeping.night(night) == afresh(night)


def test_an_unchanged_uid_stands_whatever_its_time_stamp_and_a_changed_one_is_given() -> None:
    keeping = Keeping()
    keeping.night(calendar(WEEKLY, NEIGHBOUR))
    stamped = calendar(
        WEEKLY.replace("DTSTAMP:2025", "DTSTAMP:2026"), NEIGHBOUR.replace("SUMMARY:", "SUMMARY:New ")
    )
    assert keeping.night(stamped) == afresh(stamped)
    assert keeping.given == 1


def test_an_alarm_with_a_uid_of_its_own_does_not_pass_for_its_event() -> None:
    alarmed = NEIGHBOUR.replace("UID:", "BEGIN:VALARM\r\nUID:alarm\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nUID:", 1)
    keeping = Keeping()
    for _ in range(3):
        assert keeping.night(calendar(WEEKLY, alarmed)) == afresh(calendar(WEEKLY, alarmed))


def test_what_gives_nothing_stands_too_and_is_not_looked_at_again() -> None:
    far = event(uid="far", start=":20200901T090000Z", end="DTEND:20200901T100000Z")
    keeping = Keeping()
    keeping.night(calendar(far, WEEKLY))
    assert keeping.night(calendar(far, WEEKLY)) == afresh(calendar(far, WEEKLY))
    assert "far" in keeping.standing


def test_an_override_that_comes_goes_and_moves_is_seen() -> None:
    keeping = Keeping()
    for parts in ((WEEKLY,), (WEEKLY, MOVED), (WEEKLY, MOVED.replace("1007T", "1008T")), (MOVED,), (WEEKLY,)):
        assert keeping.night(calendar(*parts, NEIGHBOUR)) == afresh(calendar(*parts, NEIGHBOUR))


def test_what_is_wrong_is_told_every_night() -> None:
    unknown = event(uid="u", start=";TZID=Nowhere/At All:20251006T090000", end="DURATION:PT1H")
    broken = event("RRULE:FREQ=SOMETIMES", uid="b", start=":20251006T090000Z", end="DURATION:PT1H")
    content, keeping = calendar(unknown, broken, NEIGHBOUR), Keeping()
    told = afresh(content)
    assert len(told[1]) == 2
    for _ in range(3):
        assert keeping.night(content) == told


def test_a_ledger_that_was_cut_or_is_of_another_kind_is_worth_nothing() -> None:
    keeping = Keeping()
    content = calendar(WEEKLY, NEIGHBOUR)
    keeping.night(content)
    for text in ("", "x", "x:~", keeping.text[:-7], "\u00e9:\u00e9"):
        keeping.text = text
        assert keeping.night(content) == afresh(content)


def test_an_override_of_what_was_far_away_is_seen() -> None:
    far = event(uid="w", start=":20200901T090000Z", end="DTEND:20200901T100000Z")
    keeping = Keeping()
    for parts in ((far,), (far, MOVED), (far,)):
        assert keeping.night(calendar(*parts)) == afresh(calendar(*parts))


def test_another_window_owner_zone_or_method_is_another_question() -> None:
    keeping = Keeping()
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
                    assert keeping.night(content, window, owner) == afresh(content, window, owner)


def test_what_a_problem_is_told_of_is_told_every_night() -> None:
    keeping = Keeping()
    content = calendar(
        event(start=";TZID=Nowhere:20251006T090000", end="DURATION:PT1H"),
        event("RRULE:FREQ", uid="bad"),
        NEIGHBOUR,
    )
    first = keeping.night(content)
    assert len(first[1]) == 2  # type: ignore[index]
    assert keeping.night(content) == first
    assert len(keeping.standing) == 1


def test_after_a_night_read_as_a_whole_nothing_stands() -> None:
    keeping = Keeping()
    other = calendar(WEEKLY.replace("SUMMARY:", "SUMMARY:New "), NEIGHBOUR)
    whole = other.replace(b"END:VEVENT\r\n", b"END:VEVENT\r\n\r", 1)
    for content in (calendar(WEEKLY, NEIGHBOUR), whole, calendar(WEEKLY, NEIGHBOUR)):
        assert keeping.night(content) == afresh(content)
    assert not keeping.standing


def test_a_uid_in_another_encoding_is_no_fault_of_ours() -> None:
    keeping = Keeping()
    keeping.night(calendar(WEEKLY, NEIGHBOUR))
    content = calendar(WEEKLY.replace("UID:w", "UID:caf\u00e9"), NEIGHBOUR).decode().encode("latin-1")
    assert keeping.night(content) == afresh(content)


def test_a_digest_does_not_see_time_stamps_and_sees_everything_else() -> None:
    content = calendar(WEEKLY, MOVED)
    stamped = content.replace(b"DTSTAMP:20250101T000000Z", b"DTSTAMP:20251231T235959Z")
    folded = content.replace(b"DTSTAMP:20250101T000000Z", b"DTSTAMP:2025\r\n 1231T235959Z", 1)
    assert calendar_digest(content) == calendar_digest(stamped) == calendar_digest(folded)
    assert calendar_digest(content) != calendar_digest(content.replace(b"Team", b"Tema"))
    assert calendar_digest(content) != calendar_digest(content.replace(b"20250901T09", b"20250901T08"))
    assert calendar_digest(content) != calendar_digest(content.replace(b"DTSTAMP:", b"DTSTAMPED:"))
