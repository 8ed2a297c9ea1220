"""The fast path gives what the exact path gives: the same occurrences, field for field, and problems."""

import os
from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ical_strategies import calendars
from ical_text import LONDON, OCTOBER, days

from calsync.errors import SourceContentError
from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.sources.ical.exact import read_exactly
from calsync.sources.ical.read import read_calendar

# CALSYNC_SOAK=20000 for a long run.
EXAMPLES = int(os.environ.get("CALSYNC_SOAK", "250"))
OWNERS = frozenset({"ana@a.example", "eve@e.example"})
WINDOWS = st.sampled_from(
    [
        OCTOBER,
        days("2025-01-01", "2026-01-01"),
        days("2025-10-26", "2025-10-27"),
        Span(datetime(2025, 3, 30, 1, tzinfo=LONDON), datetime(2025, 4, 6, tzinfo=LONDON)),
    ]
)
NAMES = [field.name for field in fields(Occurrence)]


def told(reader, content: bytes, window: Span) -> object:  # type: ignore[no-untyped-def]
    """All that a reader gives, in a form in which no difference can hide."""
    try:
        occurrences, problems = reader(content, window, zone=LONDON, owners=OWNERS, where="a.ics")
    except SourceContentError as error:
        return str(error), error.hint
    return [[_plain(getattr(one, name)) for name in NAMES] for one in occurrences], problems


def _plain(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    # A time by a zone of the calendar's own may carry that zone or, on the fast path, its offset.
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else ""
    return value.isoformat(), value.fold, zone


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(calendars(), WINDOWS)
def test_the_fast_path_gives_what_the_exact_path_gives(content: bytes, window: Span) -> None:
    assert told(read_calendar, content, window) == told(read_exactly, content, window)
