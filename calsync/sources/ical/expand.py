"""Series to the occurrences in a window, by recurring-ical-events: overrides, RDATE, EXDATE, RANGE.

It is given the wall-clock times of the series' own zone, naive: given zones, it takes 9:00 in UTC and
9:00 in London for one name. Its rules are ours (`recur`, by its own door for that:
`Series.RecurrenceRules`), and lengths and clock changes are put right afterwards as RFC 5545 has them.
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

# Wider than any clock change or zone: what is too much is cut off exactly in the end.
_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Instance:
    """One event at one time. original: the start before it was moved, None for what does not recur."""

    event: Event
    recurrence_id: DateOrTime | None
    start: DateOrTime
    end: DateOrTime


def expand_series(
    series: Series, window: Span, zone: ZoneInfo, budget: SeriesBudget | None = None
) -> list[Instance]:
    """Give the instances that may touch the window (and some near it); raises RuleError.

    zone: where all-day events have their midnight. budget: what its rules may cost.
    """
    widened_window = _widen_window(window, zone)
    master = series.master
    if master is None or not master.recurs:
        events = (*(() if master is None else (master,)), *series.overrides)
        return [_single_instance(event) for event in events if _touches_window(event, widened_window, zone)]
    if not _may_touch_window(series, master, widened_window, zone):
        return []
    first, last = (
        _to_local_time(widened_window.start, master.zone),
        _to_local_time(widened_window.end, master.zone),
    )
    budget, longest = budget or SeriesBudget(), (MAX_LOCAL_TIME - last) // 4
    excluded = frozenset(_local_recurrence_id(moment, master.zone) for moment in master.exdates)
    if len(master.rules) == 1 and not master.rdates and not series.overrides:
        return [
            instance
            for instance in _expand_one_rule(master, first, last, budget, longest)
            if not _is_excluded(instance, excluded, master.zone)
        ]
    adapters = [_LibraryEvent(event, master.zone, budget, longest) for event in (master, *series.overrides)]
    found = _LibrarySeries(adapters).between(first, last)
    instances = (_build_instance(occurrence, master.zone) for occurrence in found)
    return [instance for instance in instances if not _is_excluded(instance, excluded, master.zone)]


def _expand_one_rule(
    master: Event, first: datetime, last: datetime, budget: SeriesBudget, longest: timedelta
) -> Iterator[Instance]:
    """The instances of a series of one rule and nothing else, which need no merging; raises RuleError.

    The same as by the library, in a third of the time: ten thousand series may share one UID.
    """
    begin, end = (
        to_datetime(_local_recurrence_id(moment, master.zone), None) for moment in (master.start, master.end)
    )
    rule = read_zoned_rule(master.rules[0], begin, master.zone, all_day=master.all_day, budget=budget)
    earliest = add_clamped(first, -min(end - begin, longest))
    walls = rule.between(earliest, last, inc=True)
    if rule.until is not None:
        return
    if earliest <= begin <= last and begin not in walls[:1]:
        walls = [begin, *walls]
    if master.all_day:
        days = to_date(master.end) - to_date(master.start)
        for wall in walls:
            yield Instance(master, wall.date(), wall.date(), add_duration(wall.date(), days))
        return
    length = elapsed_time(to_datetime(master.start, master.zone), to_datetime(master.end, master.zone))
    for wall in walls:
        start = shift_out_of_gap(wall.replace(tzinfo=master.zone))
        yield Instance(master, start, start, _end_by_duration(master, start, length))


def rule_ends_before_dtstart(series: Series) -> bool:
    """Whether its only rule ends before it begins.

    So Google leaves a series whose first meeting was edited with "this and following".
    """
    master = series.master
    if master is None or len(master.rules) != 1:
        return False
    begin = to_datetime(master.start, master.zone).replace(tzinfo=None)
    return read_zoned_rule(master.rules[0], begin, master.zone, all_day=master.all_day).until is not None


def _widen_window(window: Span, zone: ZoneInfo) -> Span:
    def moved(moment: datetime, margin: timedelta) -> datetime:
        try:
            return moment.astimezone(zone) + margin
        except OverflowError:
            return moment

    return Span(moved(window.start, -_MARGIN), moved(window.end, _MARGIN))


def _may_touch_window(series: Series, master: Event, asked: Span, zone: ZoneInfo) -> bool:
    """Whether anything can come of it in the window; cheap, and True in doubt."""
    if master.rdates or to_datetime(master.start, zone) < asked.end:
        return True
    return any(_touches_window(override, asked, zone) for override in series.overrides)


def _touches_window(event: Event, asked: Span, zone: ZoneInfo) -> bool:
    return to_datetime(event.start, zone) <= asked.end and asked.start <= to_datetime(event.end, zone)


def _single_instance(event: Event) -> Instance:
    return Instance(event, event.recurrence_id, _shift_out_of_gap(event.start), _shift_out_of_gap(event.end))


def _shift_out_of_gap(moment: DateOrTime) -> DateOrTime:
    return shift_out_of_gap(moment) if isinstance(moment, datetime) else moment


def _to_local_time(moment: datetime, zone: tzinfo) -> datetime:
    return convert_to_zone(moment, zone).replace(tzinfo=None, fold=0)


def _local_recurrence_id(moment: DateOrTime, zone: tzinfo) -> DateOrTime:
    """An original start as the series' clock has it, or a whole day."""
    return _to_local_time(moment, zone) if isinstance(moment, datetime) else moment


def _is_excluded(instance: Instance, excluded: frozenset[DateOrTime], zone: tzinfo) -> bool:
    """By EXDATE: a time takes out that time, a date the whole day."""
    if instance.recurrence_id is None or not excluded:
        return False
    name = _local_recurrence_id(instance.recurrence_id, zone)
    return name in excluded or to_date(name) in excluded


def _build_instance(occurrence: "_LibraryOccurrence", zone: tzinfo) -> Instance:
    event = occurrence.adapter.event
    if not occurrence.is_from_rule:
        return _single_instance(event)
    original, begin = _recurrence_id_and_start(occurrence, zone)
    if event.all_day:
        day = to_date(begin)
        return Instance(event, original, day, add_duration(day, to_date(event.end) - to_date(event.start)))
    start = convert_to_zone(shift_out_of_gap(begin.replace(tzinfo=zone)), event.zone)
    period = occurrence.adapter.periods.get(to_datetime(original, event.zone))
    return Instance(event, original, start, _instance_end(event, period, start))


def _recurrence_id_and_start(occurrence: "_LibraryOccurrence", zone: tzinfo) -> tuple[DateOrTime, datetime]:
    """The original start, and the start by the series' clock.

    From "this and following" on a series of days may have a time, and one of times whole days.
    """
    moved: timedelta = occurrence.adapter.move_recurrences_by
    if isinstance(occurrence.start, datetime):
        return shift_out_of_gap((occurrence.start - moved).replace(tzinfo=zone)), occurrence.start
    # Python adds to a day whole days only, rounded down.
    day: date = occurrence.start - timedelta(days=moved.days)
    return day, to_datetime(day, None) + moved


def _instance_end(event: Event, period: timedelta | None, start: datetime) -> datetime:
    """Where an instance that the series made ends (RFC 5545, 3.8.5.3). period: the length that RDATE gives.

    "If the duration … is specified with the DTEND property, the same exact duration will apply to all
    the members …; else, [with] DURATION, the same nominal duration": a night shift by DTEND is as long
    on the night the clocks change as on any other.
    """
    if period is not None:
        return add_elapsed_time(start, period)
    return _end_by_duration(
        event, start, elapsed_time(to_datetime(event.start, event.zone), to_datetime(event.end, event.zone))
    )


def _end_by_duration(event: Event, start: datetime, length: timedelta) -> datetime:
    """Where an event that begins at `start` ends. length: its exact one, where it has no nominal one."""
    if event.duration is not None:
        return to_datetime(add_duration(start, event.duration), event.zone)
    return add_elapsed_time(start, length)


class _LibraryEvent(EventAdapter):  # type: ignore[misc]
    """An Event in the shape that recurring-ical-events works on; it never sees icalendar's classes."""

    # Plain attributes where the library has properties that read icalendar's components.
    uid: Any = None
    span: Any = None
    sequence: Any = None
    this_and_future: Any = None
    recurrence_ids: Any = None
    rrules: Any = None
    rdates: Any = None
    # Excluded dates are taken out afterwards, of overrides as well.
    exdates: Any = ()
    duration: Any = None
    move_recurrences_by: Any = None
    extend_query_span_by: Any = None

    def __init__(self, event: Event, zone: tzinfo, budget: SeriesBudget, longest: timedelta) -> None:
        """longest: how far the library may add to a time; what is longer lies beyond the window."""
        self.event = event
        self.zone = zone
        self.budget = budget
        self.periods = {rdate[0]: rdate[1] for rdate in reversed(event.rdates) if isinstance(rdate, tuple)}
        self.uid = event.uid
        self.span = (_local_recurrence_id(event.start, zone), _local_recurrence_id(event.end, zone))
        self.sequence = event.sequence
        self.this_and_future = event.this_and_future
        self.rrules = event.rules
        self.rdates = [_rdate_start(rdate, zone) for rdate in event.rdates]
        self.duration = min(self.span[1] - self.span[0], longest)
        original = event.recurrence_id
        self.recurrence_ids = (
            () if original is None else (to_datetime(_local_recurrence_id(original, zone), None),)
        )
        moved = (
            to_datetime(self.span[0], None) - self.recurrence_ids[0] if self.recurrence_ids else timedelta(0)
        )
        moved = max(-longest, min(moved, longest))
        self.move_recurrences_by = moved if event.this_and_future else timedelta(0)
        self.extend_query_span_by = (self.duration + max(moved, timedelta(0)), max(-moved, timedelta(0)))

    def has_recurrence_rules(self) -> bool:
        """Whether the event says of itself that it recurs."""
        return bool(self.event.recurs or self.event.exdates)


def _rdate_start(rdate: DateOrTime | tuple[datetime, timedelta], zone: tzinfo) -> DateOrTime:
    return _local_recurrence_id(rdate[0] if isinstance(rdate, tuple) else rdate, zone)


class _LibraryOccurrence(Occurrence):  # type: ignore[misc]
    """An occurrence that tells where it comes from; made: by the series, and no override as it stands."""

    def __init__(self, adapter: _LibraryEvent, start: Any, end: Any, sequence: int) -> None:
        super().__init__(adapter, start, end, sequence)
        self.adapter = adapter
        self.is_from_rule = start is not None


class _LibrarySeries(RecurringSeries):  # type: ignore[misc]
    """A series of recurring-ical-events with our rules and our occurrences."""

    class RecurrenceRules(RecurringSeries.RecurrenceRules):  # type: ignore[misc]
        """Its master, expanded by our rules."""

        def create_rule_with_start(self, rule_string: str) -> ZonedRule:
            """One of its rules, to be asked for what lies between two times."""
            event, zone = self.core.event, self.core.zone
            alone = len(event.rules) == 1
            budget = self.core.budget
            return read_zoned_rule(
                rule_string, self.start, zone, all_day=event.all_day, is_only_rule=alone, budget=budget
            )

    def rrule_between(self, span_start: datetime, span_stop: datetime) -> Iterator[datetime]:
        """The starts of which something may reach the span; it goes no further than Python's calendar."""
        first = add_clamped(span_start, -self._subtract_from_start)
        yield from self.recurrence.rrule_between(first, add_clamped(span_stop, self._add_to_stop))

    def has_recurrence_id_in_rrule(self, modification: _LibraryEvent) -> bool:
        """Whether the original start of an override is none of the series' (the library's name is reversed).

        The library makes all starts around it each time, which for many overrides costs their square.
        """
        (original,) = modification.recurrence_ids
        rules = self.recurrence.rrules[1:]
        if original in self.recurrence.rdates:
            return False
        if original == self.recurrence.start and all(rule.until is None for rule in rules):
            return False
        return not any(rule.between(original, original, inc=True) for rule in rules)

    def occurrence(self, adapter: _LibraryEvent, start: Any = None, end: Any = None) -> _LibraryOccurrence:
        """The door through which the library makes occurrences."""
        return _LibraryOccurrence(adapter, start, end, self.sequence)
