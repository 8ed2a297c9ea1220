"""The fast reader returns what the full parser returns for broken and rare calendars, too."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_strategies import broken_calendars
from support.ical_text import LONDON, OCTOBER, calendar, days, event
from support.reader_comparison import WINDOWS, assert_readers_agree

from calsync.model.span import Span
from calsync.sources.ical.fast.reader import read_with_fast_path

ALARM = "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\n{}END:VALARM"
WEEKLY = event("RRULE:FREQ=WEEKLY", "SUMMARY:Team", uid="w", start=":20210104T090000Z", end="DURATION:PT1H")


@examples(250, suppress_health_check=list(HealthCheck))
@given(broken_calendars(), WINDOWS)
def test_both_readers_return_the_same_for_a_broken_calendar(content: bytes, window: Span) -> None:
    assert_readers_agree(content, window)


MONDAYS = st.integers(0, 330).map(lambda week: datetime(2021, 1, 4, 9) + timedelta(weeks=week))


@st.composite
def moved_overrides(draw: st.DrawFn) -> str:
    """An override of a weekly series: from any week to any time, in one of two zones."""
    original = draw(MONDAYS)
    start = draw(MONDAYS) + timedelta(hours=draw(st.integers(-9, 100)))
    length = timedelta(hours=draw(st.sampled_from([1, 2, 30, 24 * 40])))
    zone = draw(st.sampled_from(["Z", "Z", ";TZID=Europe/London"]))
    written = [
        f"{name}{'' if zone == 'Z' else zone}:{at:%Y%m%dT%H%M%S}{'Z' if zone == 'Z' else ''}"
        for name, at in (("RECURRENCE-ID", original), ("DTSTART", start), ("DTEND", start + length))
    ]
    sequence = f"SEQUENCE:{draw(st.integers(0, 3))}"
    return "\r\n".join(("BEGIN:VEVENT", "UID:w", *written, sequence, "SUMMARY:Moved", "END:VEVENT", ""))


@examples(250, suppress_health_check=list(HealthCheck))
@given(st.lists(moved_overrides(), max_size=8), st.booleans(), st.sampled_from(["PT1H", "P40D"]), WINDOWS)
def test_both_readers_return_the_same_for_far_overrides(
    overrides: list[str], has_master: bool, length: str, window: Span
) -> None:
    master = [WEEKLY.replace("PT1H", length)] if has_master else []
    assert_readers_agree(calendar(*master, *overrides, event(uid="other")), window)


FOUND_CASES = {
    "an end of another part": calendar(event(uid="a")).replace(
        b"VERSION:2.0\r\n", b"BEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VCALENDAR\r\n"
    ),
    "a folded line behind an empty one": calendar(event(uid="a") + "\r\n BEGIN:VTIMEZONE\r\nTZID:X\r\n"),
    "times in an alarm": calendar(
        event(ALARM.format("EXDATE:20251006T090000Z\r\nDESCRIPTION:Ring\r\n"), "X-ALT-DESC:Agenda")
    ),
    "doubles, one with an alarm": calendar(
        event("RRULE:FREQ=DAILY;BYMONTHDAY=99", uid="c").replace("DTEND", ALARM.format("") + "\r\nDTEND"),
        event("RRULE:FREQ=DAILY;BYMONTHDAY=99", uid="c"),
    ),
    "an alarm in an alarm": calendar(event(ALARM.format("BEGIN:VALARM\r\nUID:x\r\nEND:VALARM\r\n"))),
    "an alarm that does not end": calendar(event("BEGIN:VALARM", uid="a"), event(uid="b")),
    "an event in an event": calendar(event("BEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT", uid="a")),
    "another line end": calendar(event("SUMMARY:One\rLOCATION:Two")),
    "a letter cut in two by a fold": calendar(event("SUMMARY:M@ller")).replace(b"@", b"\xc3\r\n \xbc"),
    "half a letter at the very end": calendar(event(uid="a")) + b"X\xc3",
    "a begin with something behind": calendar(event(uid="a").replace("VEVENT\r\nDT", "VEVENT \r\nDT")),
    "a day that is none": calendar(event(start=":20250230T090000Z", end="DTEND:20250230T100000Z")),
    "the last of February": calendar(event(start=":20240229T090000Z", end="DTEND:20240229T100000Z")),
    "an end before its start, years ago": calendar(
        event(start=":20200106T090000Z", end="DTEND:20200105T100000Z")
    ),
    "one UID twice, years ago": calendar(*[event(start=":20200106T090000Z", end="DURATION:PT1H")] * 2),
    "nothing but its begin": b"BEGIN:VCALENDAR\r\n",
    "nothing but line ends": b"BEGIN:VCALENDAR\n" + b"\n" * 400_000,
}


@pytest.mark.parametrize("name", FOUND_CASES)
def test_both_readers_return_the_same_for_cases_that_long_runs_found(name: str) -> None:
    for window in (OCTOBER, days("2019-01-01", "2026-01-01")):
        assert_readers_agree(FOUND_CASES[name], window)


ORDINARY = {
    "with alarms": calendar(event(ALARM.format("UID:x\r\nDURATION:PT5M\r\nREPEAT:2\r\n"), uid="a")),
    "folded with tabs": calendar(event("SUMMARY:A long\r\n\t title", "LOCATION:A\r\n  room", uid="a")),
    "with line feeds only": calendar(event("SUMMARY:A long\r\n title", uid="a")).replace(b"\r", b""),
    "with a byte order mark": b"\xef\xbb\xbf" + calendar(event(uid="a")),
    "shown in a zone": calendar(event(uid="a"), head="X-WR-TIMEZONE:Europe/London"),
    "with tasks between": calendar("BEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\n", event(uid="a"), "X-A:1\r\n"),
    "larger than a piece": calendar(
        event("DESCRIPTION:" + "\u00e9t\u00e9 " * 60_000, uid="b"), event(uid="a")
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_what_many_programs_write_is_read_by_the_fast_reader_only(name: str) -> None:
    fast_reading = read_with_fast_path(
        ORDINARY[name], OCTOBER, zone=LONDON, owners=frozenset(), where="a.ics"
    )
    assert fast_reading is not None
    assert fast_reading.occurrences
    assert fast_reading.remaining.events == ()
    assert_readers_agree(ORDINARY[name])
