"""All that a way of reading tells of a calendar, for tests that compare the fast path with the exact one."""

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
_NAMES = Occurrence._fields


def read_result(reader, content: bytes, window: Span) -> object:  # type: ignore[no-untyped-def]
    """All that a reader gives, in a form in which no difference can hide."""
    try:
        occurrences, problems = reader(content, window, zone=LONDON, owners=OWNERS, where="a.ics")
    except SourceContentError as error:
        return str(error), error.hint
    return [[_comparable_value(getattr(one, name)) for name in _NAMES] for one in occurrences], problems


def _comparable_value(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    # A time by a zone of the calendar's own may carry that zone or, on the fast path, its offset.
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else ""
    return value.isoformat(), value.fold, zone


def assert_readers_agree(content: bytes, window: Span = OCTOBER) -> None:
    """The fast path gives what the exact path gives, whether it reads times one by one or all at once."""
    exactly = read_result(read_with_full_parser, content, window)
    assert read_result(read_calendar, content, window) == exactly
    with patch.object(time_arrays, "_MIN_EVENTS", 1):
        assert read_result(read_calendar, content, window) == exactly


def read_with_both(content: bytes, window: Span = OCTOBER):  # type: ignore[no-untyped-def]
    """What reading gives, checked to be the same by the fast path and by the exact one."""
    assert read_result(read_calendar, content, window) == read_result(read_with_full_parser, content, window)
    return read(content, window)
