"""The fast reader returns what the full parser returns: the same occurrences and problems."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from support.hypothesis_profiles import examples
from support.ical_strategies import calendars
from support.ical_text import LONDON, OCTOBER, calendar, days, event
from support.reader_comparison import WINDOWS, assert_readers_agree, read_result

from calsync.model.span import Span
from calsync.sources.ical.fast.reader import read_with_fast_path
from calsync.sources.ical.full_parser import read_with_full_parser
from calsync.sources.ical.read import read_calendar


@examples(250, suppress_health_check=list(HealthCheck))
@given(calendars(), WINDOWS)
def test_both_readers_return_the_same(content: bytes, window: Span) -> None:
    assert_readers_agree(content, window)


TESTS = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CALSYNC_CALENDARS", TESTS.parents[1] / "shared" / "data" / "calendars"))
FILES = sorted([*TESTS.rglob("*.ics"), *(SHARED.glob("*.ics") if SHARED.is_dir() else [])])


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_both_readers_return_the_same_for_files(path: Path) -> None:
    content = path.read_bytes()
    for window in (days("2019-01-01", "2024-01-01"), days("2025-01-01", "2026-01-01")):
        assert_readers_agree(content, window)


def test_an_ordinary_calendar_is_read_by_the_fast_reader_only() -> None:
    # Or the comparisons above would compare the full parser with itself.
    single = event("SUMMARY:One", uid="one", end="DTEND:20251006T100000Z")
    weekly = event("RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE:20251013T090000Z", uid="w")
    moved = event("RECURRENCE-ID:20251020T090000Z", uid="w", start=":20251021T090000Z", end="DURATION:PT1H")
    fast_reading = read_with_fast_path(
        calendar(single, weekly, moved), OCTOBER, zone=LONDON, owners=frozenset(), where="a.ics"
    )
    assert fast_reading is not None
    assert (len(fast_reading.occurrences), fast_reading.remaining.events) == (4, ())


def test_an_event_whose_begin_is_folded_is_read() -> None:
    folded = event(uid="b").replace("BEGIN", "BE\r\n GIN")
    content = calendar(event(uid="a"), folded)
    assert_readers_agree(content)
    assert len(read_result(read_calendar, content, OCTOBER)[0]) == 2  # type: ignore[index]


def test_another_encoding_only_in_an_alarm_is_reported() -> None:
    alarm = "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Caf@\r\nEND:VALARM"
    content = calendar(event("SUMMARY:M\u00fcller", alarm, uid="a")).replace(b"Caf@", b"Caf\xe9")
    occurrences, problems = read_result(read_calendar, content, OCTOBER)  # type: ignore[misc]
    assert (occurrences, problems) == read_result(read_with_full_parser, content, OCTOBER)
    assert len(problems) == 1
