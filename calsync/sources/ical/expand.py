"""Expands a series to its instances near a window, by recurring-ical-events: overrides, RDATE, RANGE.

The library is given naive local times by the clock of the series: given times with zones, it takes 9:00 in
UTC and 9:00 in London for the same recurrence id. Its rules are replaced by ours (`recurrence`), through the
class that it has for that (`Series.RecurrenceRules`). EXDATE, lengths and clock changes are applied
afterwards as RFC 5545 defines them. `calendar_expansion` calls this.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from recurring_ical_events.adapters.event import EventAdapter
from recurring_ical_events.occurrence import Occurrence
from recurring_ical_events.series import Series as RecurringSeries

from calsync.model.localtime import MAX_LOCAL_TIME, add_clamped
from calsync.model.span import Span
from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.event import DateOrTime, Event, to_date
from calsync.sources.ical.series import Series
from calsync.sources.ical.time_values import (
    add_duration,
    add_elapsed_time,
    convert_to_zone,
    elapsed_time,
    shift_out_of_gap,
    to_datetime,
)
from calsync.sources.ical.zoned_rule import ZonedRule, read_zoned_rule

# Wider than any clock change or zone; what lies outside the window is removed later (`calendar_expansion`).
_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Instance:
    """One event at one time.

    Attributes:
        recurrence_id: The start by the rule, before the instance was moved; None for an event that does not
            recur.
        start: A date for an all-day event, else an aware datetime; `end` likewise.
    """

    event: Event
    recurrence_id: DateOrTime | None
    start: DateOrTime
    end: DateOrTime


def expand_series(
    series: Series, window: Span, zone: ZoneInfo, budget: SeriesBudget | None = None
) -> list[Instance]:
    """Return the instances that may overlap the window, and some near it.

    Args:
        zone: The zone in which all-day events begin at midnight.
        budget: What the rules of the series may cost.

    Raises:
        RecurrenceRuleError: A rule cannot be followed, or costs too much.
    """
    widened = Span(_add_margin(window.start, -_MARGIN, zone), _add_margin(window.end, _MARGIN, zone))
    master = series.master
    if master is None or not master.recurs:
        events = (*(() if master is None else (master,)), *series.overrides)
        return [_single_instance(event) for event in events if _touches_window(event, widened, zone)]
    begins_later = not master.rdates and to_datetime(master.start, zone) >= widened.end
    if begins_later and not any(_touches_window(override, widened, zone) for override in series.overrides):
        return []
    first, last = _to_local_time(widened.start, master.zone), _to_local_time(widened.end, master.zone)
    budget = budget or SeriesBudget()
    # How far the library may add to a time without leaving the years that Python can represent.
    longest = (MAX_LOCAL_TIME - last) // 4
    if len(master.rules) == 1 and not master.rdates and not series.overrides:
        instances = _expand_one_rule(master, first, last, budget, longest)
    else:
        adapters = [
            _LibraryEvent(event, master.zone, budget, longest) for event in (master, *series.overrides)
        ]
        occurrences = _LibrarySeries(adapters).between(first, last)
        instances = (_build_instance(occurrence, master.zone) for occurrence in occurrences)
    exdates = frozenset(_local_recurrence_id(exdate, master.zone) for exdate in master.exdates)
    return [instance for instance in instances if not _is_excluded(instance, exdates, master.zone)]


def _add_margin(moment: datetime, margin: timedelta, zone: ZoneInfo) -> datetime:
    try:
        return moment.astimezone(zone) + margin
    except OverflowError:
        return moment


def rule_ends_before_dtstart(series: Series) -> bool:
    """Whether the only rule of a series ends before the series begins.

    Google leaves such a series in the calendar where its first meeting was edited with "this and following".
    """
    master = series.master
    if master is None or len(master.rules) != 1:
        return False
    dtstart = to_datetime(master.start, master.zone).replace(tzinfo=None)
    return read_zoned_rule(master.rules[0], dtstart, master.zone, all_day=master.all_day).until is not None


def _touches_window(event: Event, window: Span, zone: ZoneInfo) -> bool:
    return to_datetime(event.start, zone) <= window.end and window.start <= to_datetime(event.end, zone)


def _single_instance(event: Event) -> Instance:
    """An event at the times that are written in it."""
    start, end = (
        shift_out_of_gap(moment) if isinstance(moment, datetime) else moment
        for moment in (event.start, event.end)
    )
    return Instance(event, event.recurrence_id, start, end)


def _expand_one_rule(
    master: Event, first: datetime, last: datetime, budget: SeriesBudget, longest: timedelta
) -> Iterator[Instance]:
    """Yield the instances of a series that has one rule and nothing else; raises RecurrenceRuleError.

    The same as the library yields, in a third of the time: ten thousand series may share one UID.
    """
    dtstart, dtend = (
        to_datetime(_local_recurrence_id(moment, master.zone), None) for moment in (master.start, master.end)
    )
    rule = read_zoned_rule(master.rules[0], dtstart, master.zone, all_day=master.all_day, budget=budget)
    earliest = add_clamped(first, -min(dtend - dtstart, longest))
    starts = rule.between(earliest, last, inc=True)
    if rule.until is not None:
        return
    if earliest <= dtstart <= last and dtstart not in starts[:1]:
        starts = [dtstart, *starts]
    if master.all_day:
        days = to_date(master.end) - to_date(master.start)
        for start in starts:
            yield Instance(master, start.date(), start.date(), add_duration(start.date(), days))
        return
    length = elapsed_time(to_datetime(master.start, master.zone), to_datetime(master.end, master.zone))
    for start in starts:
        begin = shift_out_of_gap(start.replace(tzinfo=master.zone))
        yield Instance(master, begin, begin, _instance_end(master, begin, length))


def _to_local_time(moment: datetime, zone: tzinfo) -> datetime:
    return convert_to_zone(moment, zone).replace(tzinfo=None, fold=0)


def _local_recurrence_id(moment: DateOrTime, zone: tzinfo) -> DateOrTime:
    """An original start by the clock of the series (naive), or a date as it is."""
    return _to_local_time(moment, zone) if isinstance(moment, datetime) else moment


def _is_excluded(instance: Instance, exdates: frozenset[DateOrTime], zone: tzinfo) -> bool:
    """Whether EXDATE excludes it: a time excludes that time, a date the whole day."""
    if instance.recurrence_id is None or not exdates:
        return False
    recurrence_id = _local_recurrence_id(instance.recurrence_id, zone)
    return recurrence_id in exdates or to_date(recurrence_id) in exdates


def _build_instance(occurrence: "_LibraryOccurrence", zone: tzinfo) -> Instance:
    event = occurrence.adapter.event
    if not occurrence.is_from_rule:
        return _single_instance(event)
    recurrence_id, local_start = _recurrence_id_and_start(occurrence, zone)
    if event.all_day:
        day = to_date(local_start)
        days = to_date(event.end) - to_date(event.start)
        return Instance(event, recurrence_id, day, add_duration(day, days))
    start = convert_to_zone(shift_out_of_gap(local_start.replace(tzinfo=zone)), event.zone)
    period_length = occurrence.adapter.periods.get(to_datetime(recurrence_id, event.zone))
    if period_length is not None:
        return Instance(event, recurrence_id, start, add_elapsed_time(start, period_length))
    length = elapsed_time(to_datetime(event.start, event.zone), to_datetime(event.end, event.zone))
    return Instance(event, recurrence_id, start, _instance_end(event, start, length))


def _recurrence_id_and_start(occurrence: "_LibraryOccurrence", zone: tzinfo) -> tuple[DateOrTime, datetime]:
    """The original start, and the start by the clock of the series (naive).

    From a RANGE=THISANDFUTURE on, a series of days may have times, and one of times whole days.
    """
    shift: timedelta = occurrence.adapter.move_recurrences_by
    if isinstance(occurrence.start, datetime):
        return shift_out_of_gap((occurrence.start - shift).replace(tzinfo=zone)), occurrence.start
    # Python adds whole days only to a date, rounded down.
    day: date = occurrence.start - timedelta(days=shift.days)
    return day, to_datetime(day, None) + shift


def _instance_end(event: Event, start: datetime, length: timedelta) -> datetime:
    """Return the end of an instance that begins at `start`. length: from DTSTART to DTEND, in elapsed time.

    RFC 5545, 3.8.5.3: "If the duration … is specified with the DTEND property, the same exact duration will
    apply to all the members …; else, [with] DURATION, the same nominal duration". So a night shift by DTEND
    is as long on the night when clocks change as on any other.
    """
    if event.duration is not None:
        return to_datetime(add_duration(start, event.duration), event.zone)
    return add_elapsed_time(start, length)


class _LibraryEvent(EventAdapter):  # type: ignore[misc]
    """An Event as recurring-ical-events needs it. Its attributes have the names that the library reads."""

    # Plain attributes where the library has properties that read components of icalendar.
    uid: Any = None
    span: Any = None
    sequence: Any = None
    this_and_future: Any = None
    recurrence_ids: Any = None
    rrules: Any = None
    rdates: Any = None
    # `expand_series` applies EXDATE, since it excludes overrides as well.
    exdates: Any = ()
    duration: Any = None
    move_recurrences_by: Any = None
    extend_query_span_by: Any = None

    def __init__(self, event: Event, zone: tzinfo, budget: SeriesBudget, longest: timedelta) -> None:
        """longest: the largest length that the library may add to a time."""
        self.event = event
        self.zone = zone
        self.budget = budget
        self.periods = {rdate[0]: rdate[1] for rdate in reversed(event.rdates) if isinstance(rdate, tuple)}
        self.uid = event.uid
        self.span = (_local_recurrence_id(event.start, zone), _local_recurrence_id(event.end, zone))
        self.sequence = event.sequence
        self.this_and_future = event.this_and_future
        self.rrules = event.rules
        self.rdates = [
            _local_recurrence_id(rdate[0] if isinstance(rdate, tuple) else rdate, zone)
            for rdate in event.rdates
        ]
        self.duration = min(self.span[1] - self.span[0], longest)
        if event.recurrence_id is None:
            self.recurrence_ids = ()
            shift = timedelta(0)
        else:
            self.recurrence_ids = (to_datetime(_local_recurrence_id(event.recurrence_id, zone), None),)
            shift = to_datetime(self.span[0], None) - self.recurrence_ids[0]
        shift = max(-longest, min(shift, longest))
        self.move_recurrences_by = shift if event.this_and_future else timedelta(0)
        self.extend_query_span_by = (self.duration + max(shift, timedelta(0)), max(-shift, timedelta(0)))

    def has_recurrence_rules(self) -> bool:
        """Whether the event itself recurs."""
        return bool(self.event.recurs or self.event.exdates)


class _LibraryOccurrence(Occurrence):  # type: ignore[misc]
    """An occurrence that records whether a rule or an RDATE made it, or whether it is an event as written."""

    def __init__(self, adapter: _LibraryEvent, start: Any, end: Any, sequence: int) -> None:
        super().__init__(adapter, start, end, sequence)
        self.adapter = adapter
        self.is_from_rule = start is not None


class _LibrarySeries(RecurringSeries):  # type: ignore[misc]
    """A series of recurring-ical-events with our rules and our occurrences."""

    class RecurrenceRules(RecurringSeries.RecurrenceRules):  # type: ignore[misc]
        """The rules of the master, expanded by ours."""

        def create_rule_with_start(self, rule_string: str) -> ZonedRule:
            """Read one of the rules; the library calls `between` of it."""
            event, zone = self.core.event, self.core.zone
            return read_zoned_rule(
                rule_string,
                self.start,
                zone,
                all_day=event.all_day,
                is_only_rule=len(event.rules) == 1,
                budget=self.core.budget,
            )

    def rrule_between(self, span_start: datetime, span_stop: datetime) -> Iterator[datetime]:
        """The starts of instances that may reach the span, within the years that Python can represent."""
        first = add_clamped(span_start, -self._subtract_from_start)
        yield from self.recurrence.rrule_between(first, add_clamped(span_stop, self._add_to_stop))

    def has_recurrence_id_in_rrule(self, modification: _LibraryEvent) -> bool:
        """Whether the original start of an override is *not* a start of the series.

        The name is the library's, and is reversed there. The library makes all starts around the override
        each time, which for many overrides grows with their square.
        """
        (original,) = modification.recurrence_ids
        rules = self.recurrence.rrules[1:]
        if original in self.recurrence.rdates:
            return False
        if original == self.recurrence.start and all(rule.until is None for rule in rules):
            return False
        return not any(rule.between(original, original, inc=True) for rule in rules)

    def occurrence(self, adapter: _LibraryEvent, start: Any = None, end: Any = None) -> _LibraryOccurrence:
        """Make an occurrence; the library calls this for each."""
        return _LibraryOccurrence(adapter, start, end, self.sequence)
