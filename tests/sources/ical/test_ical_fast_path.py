"""The fast path gives what the exact path gives: the same occurrences, field for field, and problems."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from support.ical_strategies import calendars
from support.ical_text import LONDON, OCTOBER, calendar, days, event
from support.reader_comparison import WINDOWS, assert_readers_agree, read_result

from calsync.model.span import Span
from calsync.sources.ical.fast.reader import read_with_fast_path
from calsync.sources.ical.full_parser import read_with_full_parser
from calsync.sources.ical.read import read_calendar

# CALSYNC_SOAK=20000 for a long run.
EXAMPLES = int(os.environ.get("CALSYNC_SOAK", "250"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(calendars(), WINDOWS)
def test_the_fast_path_gives_what_the_exact_path_gives(content: bytes, window: Span) -> None:
    assert_readers_agree(content, window)


TESTS = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CALSYNC_CALENDARS", TESTS.parents[1] / "shared" / "data" / "calendars"))
FILES = sorted([*TESTS.rglob("*.ics"), *(SHARED.glob("*.ics") if SHARED.is_dir() else [])])


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_on_real_and_written_files_too(path: Path) -> None:
    content = path.read_bytes()
    for window in (days("2019-01-01", "2024-01-01"), days("2025-01-01", "2026-01-01")):
        assert_readers_agree(content, window)


def test_a_calendar_as_most_are_needs_no_exact_path() -> None:
    """Else equality would say nothing: it is the fast path that reads it."""
    single = event("SUMMARY:One", uid="one", end="DTEND:20251006T100000Z")
    weekly = event("RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE:20251013T090000Z", uid="w")
    moved = event("RECURRENCE-ID:20251020T090000Z", uid="w", start=":20251021T090000Z", end="DURATION:PT1H")
    quick = read_with_fast_path(
        calendar(single, weekly, moved), OCTOBER, zone=LONDON, owners=frozenset(), where="a.ics"
    )
    assert quick is not None
    assert (len(quick.occurrences), quick.remaining.events) == (4, ())


def test_a_begin_that_is_folded_hides_no_event() -> None:
    folded = event(uid="b").replace("BEGIN", "BE\r\n GIN")
    content = calendar(event(uid="a"), folded)
    assert_readers_agree(content)
    assert len(read_result(read_calendar, content, OCTOBER)[0]) == 2  # type: ignore[index]


def test_another_encoding_in_an_alarm_alone_is_told_of() -> None:
    alarm = "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Caf@\r\nEND:VALARM"
    content = calendar(event("SUMMARY:M\u00fcller", alarm, uid="a")).replace(b"Caf@", b"Caf\xe9")
    occurrences, problems = read_result(read_calendar, content, OCTOBER)  # type: ignore[misc]
    assert (occurrences, problems) == read_result(read_with_full_parser, content, OCTOBER)
    assert len(problems) == 1
