"""Compares the fast reader with the full parser: occurrences field for field, and problems."""

from datetime import datetime
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from calsync.errors import SourceContentError
from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.sources.ical.fast import time_arrays
from calsync.sources.ical.full_parser import read_with_full_parser
from calsync.sources.ical.read import read_calendar
from support.ical_text import LONDON, OCTOBER, days, read

OWNERS = frozenset({"ana@a.example", "eve@e.example"})
WINDOWS = st.sampled_from(
    [
        OCTOBER,
        days("2025-01-01", "2026-01-01"),
        days("2025-10-26", "2025-10-27"),
        Span(datetime(2025, 3, 30, 1, tzinfo=LONDON), datetime(2025, 4, 6, tzinfo=LONDON)),
    ]
)
_FIELDS = Occurrence._fields


def read_result(reader, content: bytes, window: Span) -> object:  # type: ignore[no-untyped-def]
    """All that a reader returns, with times as text, so that every difference in them counts."""
    try:
        occurrences, problems = reader(content, window, zone=LONDON, owners=OWNERS, where="a.ics")
    except SourceContentError as error:
        return str(error), error.hint
    return [
        [_comparable_value(getattr(occurrence, field)) for field in _FIELDS] for occurrence in occurrences
    ], problems


def _comparable_value(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    # A time in a calendar's own zone has that zone from the full parser, and its offset from the fast reader.
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else ""
    return value.isoformat(), value.fold, zone


def assert_readers_agree(content: bytes, window: Span = OCTOBER) -> None:
    """Assert that both readers agree, with times read one by one and all at once by the fast reader."""
    expected = read_result(read_with_full_parser, content, window)
    assert read_result(read_calendar, content, window) == expected
    with patch.object(time_arrays, "_MIN_EVENTS", 1):
        assert read_result(read_calendar, content, window) == expected


def read_with_both(content: bytes, window: Span = OCTOBER):  # type: ignore[no-untyped-def]
    """What `read` returns, after asserting that both readers agree."""
    assert read_result(read_calendar, content, window) == read_result(read_with_full_parser, content, window)
    return read(content, window)
