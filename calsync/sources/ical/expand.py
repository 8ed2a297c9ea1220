"""Series to the occurrences in a window, by recurring-ical-events: overrides, RDATE, EXDATE, RANGE.

Its rules are ours (`recur`, by its own door for that: `Series.RecurrenceRules`), and what it makes of
lengths and of clock changes is mended to RFC 5545 afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from recurring_ical_events.adapters.event import EventAdapter
from recurring_ical_events.occurrence import Occurrence
from recurring_ical_events.series import Series as RecurringSeries

from calsync.model.span import Span
from calsync.sources.ical.event import Event, Moment
from calsync.sources.ical.moments import after, as_time, existing, lasting, real, shown_in
from calsync.sources.ical.series import Series
from calsync.sources.ical.zoned_rule import ZonedRule, zoned_rule

# Wider than any clock change or zone: what is too much is cut off exactly in the end.
_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Instance:
    """One event at one time. original: the start before it was moved, None for what does not recur."""

    event: Event
    original: Moment | None
    start: Moment
    end: Moment


def expand(series: Series, window: Span, zone: ZoneInfo) -> list[Instance]:
    """Give the instances that may touch the window (and some near it); raises RuleError.

    zone: where all-day events have their midnight.
    """
    asked = _widened(window, zone)
    master = series.master
    if master is not None and not master.recurs:
        alone = [_as_it_is(master)] if _near(master, asked, zone) else []
        return alone + [_as_it_is(override) for override in series.overrides if _near(override, asked, zone)]
    if not _may_touch(series, asked, zone):
        return []
    adapters = [_Adapter(event) for event in (master, *series.overrides) if event is not None]
    found = _Recurring(adapters).between(asked.start, asked.end)
    return [_instance(occurrence) for occurrence in found]


def never_happens(series: Series) -> bool:
    """Whether its only rule ends before it begins.

    So Google leaves a series whose first meeting was edited with "this and following".
    """
    master = series.master
    if master is None or len(master.rules) != 1:
        return False
    begin = as_time(master.start, master.zone)
    until = zoned_rule(master.rules[0], begin, all_day=master.all_day).until
    return until is not None and until < begin


def _widened(window: Span, zone: ZoneInfo) -> Span:
    def moved(moment: datetime, margin: timedelta) -> datetime:
        try:
            return moment.astimezone(zone) + margin
        except OverflowError:
            return moment.replace(tzinfo=zone)

    return Span(moved(window.start, -_MARGIN), moved(window.end, _MARGIN))


def _may_touch(series: Series, asked: Span, zone: ZoneInfo) -> bool:
    """Whether anything can come of it in the window; cheap, and True in doubt."""
    master = series.master
    if master is not None and (master.rdates or as_time(master.start, zone) < asked.end):
        return True
    return any(_near(override, asked, zone) for override in series.overrides)


def _near(event: Event, asked: Span, zone: ZoneInfo) -> bool:
    start, end = as_time(event.start, zone), as_time(event.end, zone)
    return start <= asked.end and asked.start <= end


def _as_it_is(event: Event) -> Instance:
    return Instance(event, event.recurrence_id, _mended(event.start), _mended(event.end))


def _mended(moment: Moment) -> Moment:
    return existing(moment) if isinstance(moment, datetime) else moment


def _instance(occurrence: "_Found") -> Instance:
    event = occurrence.adapter.event
    if not occurrence.made:
        return _as_it_is(event)
    start = _mended(occurrence.start)
    original = _mended(occurrence.start - occurrence.adapter.move_recurrences_by)
    return Instance(event, original, start, _end(event, original, start, occurrence.end - occurrence.start))


def _end(event: Event, original: Moment, start: Moment, length: timedelta) -> Moment:
    """Where an instance that the series made ends (RFC 5545, 3.8.5.3).

    "If the duration … is specified with the DTEND property, the same exact duration will apply to all
    the members …; else, [with] DURATION, the same nominal duration": a night shift by DTEND is as long
    on the night the clocks change as on any other.
    """
    if not isinstance(start, datetime):
        return start + length
    period = _periods(event).get(original)
    if period is not None:
        return after(start, period)
    if event.nominal is not None:
        return lasting(start, event.nominal)
    first, last = as_time(event.start, event.zone), as_time(event.end, event.zone)
    return after(start, real(last) - real(first))


def _periods(event: Event) -> dict[date, timedelta]:
    return {shown_in(rdate[0], event.zone): rdate[1] for rdate in event.rdates if isinstance(rdate, tuple)}


class _Adapter(EventAdapter):  # type: ignore[misc]
    """An Event in the shape that recurring-ical-events works on; it never sees icalendar's classes."""

    # Plain attributes where the library has properties that read icalendar's components.
    uid: Any = None
    span: Any = None
    sequence: Any = None
    this_and_future: Any = None
    recurrence_ids: Any = None
    rrules: Any = None
    rdates: Any = None
    exdates: Any = None
    duration: Any = None
    move_recurrences_by: Any = None

    def __init__(self, event: Event) -> None:
        self.event = event
        self.uid = event.uid
        self.span = (event.start, event.end)
        self.sequence = event.sequence
        self.this_and_future = event.this_and_future
        self.recurrence_ids = _names_of(event.recurrence_id)
        self.rrules = event.rules
        self.rdates = list(event.rdates)
        self.exdates = [_on_clock_of(event, moment) for moment in event.exdates]
        self.duration = event.end - event.start
        self.move_recurrences_by = self._moved_by() if event.this_and_future else timedelta(0)

    def _moved_by(self) -> timedelta:
        original = self.event.recurrence_id or self.event.start
        return as_time(self.event.start, self.event.zone) - as_time(original, self.event.zone)

    @property
    def extend_query_span_by(self) -> tuple[timedelta, timedelta]:
        """How far before and after the window the original starts may lie."""
        original = self.event.recurrence_id
        if original is None:
            return self.duration, timedelta(0)
        moved = self._moved_by()
        return self.duration + max(moved, timedelta(0)), max(-moved, timedelta(0))

    def has_recurrence_rules(self) -> bool:
        """Whether the event says of itself that it recurs."""
        return bool(self.event.recurs or self.event.exdates)


def _names_of(original: Moment | None) -> tuple[datetime, ...]:
    """A recurrence id in UTC and by its own clock, naive both: as the library compares them."""
    if original is None:
        return ()
    if not isinstance(original, datetime):
        return (datetime(original.year, original.month, original.day),)  # noqa: DTZ001 - a date
    return real(original), original.replace(tzinfo=None, fold=0)


def _on_clock_of(event: Event, moment: Moment) -> Moment:
    """An EXDATE by the series' own clock: the library compares wall times across zones."""
    return shown_in(moment, event.zone) if isinstance(moment, datetime) else moment


class _Found(Occurrence):  # type: ignore[misc]
    """An occurrence that tells where it comes from; made: by a rule, and not an override as it stands."""

    def __init__(self, adapter: _Adapter, start: Any, end: Any, sequence: int) -> None:
        super().__init__(adapter, start, end, sequence)
        self.adapter = adapter
        self.made = start is not None


class _Recurring(RecurringSeries):  # type: ignore[misc]
    """A series of recurring-ical-events with our rules and our occurrences."""

    class RecurrenceRules(RecurringSeries.RecurrenceRules):  # type: ignore[misc]
        """Its master, expanded by our rules."""

        def create_rule_with_start(self, rule_string: str) -> ZonedRule:
            event = self.core.event
            return zoned_rule(rule_string, self.start, all_day=event.all_day, alone=len(event.rules) == 1)

    def occurrence(self, adapter: _Adapter, start: Any = None, end: Any = None) -> _Found:
        return _Found(adapter, start, end, self.sequence)

    def between(self, span_start: datetime, span_stop: datetime) -> Iterator[_Found]:
        """Its instances in the span."""
        yield from super().between(span_start, span_stop)
