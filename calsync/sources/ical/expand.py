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

from calsync.model.span import Span
from calsync.model.wall import LAST, shifted
from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.event import Event, Moment, as_day
from calsync.sources.ical.moments import after, as_time, elapsed, existing, lasting, shown_in
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


def expand(
    series: Series, window: Span, zone: ZoneInfo, budget: SeriesBudget | None = None
) -> list[Instance]:
    """Give the instances that may touch the window (and some near it); raises RuleError.

    zone: where all-day events have their midnight. budget: what its rules may cost.
    """
    asked = _widened(window, zone)
    master = series.master
    if master is None or not master.recurs:
        events = (*(() if master is None else (master,)), *series.overrides)
        return [_as_it_is(event) for event in events if _near(event, asked, zone)]
    if not _may_touch(series, master, asked, zone):
        return []
    first, last = _wall(asked.start, master.zone), _wall(asked.end, master.zone)
    budget, longest = budget or SeriesBudget(), (LAST - last) // 4
    excluded = frozenset(_name(moment, master.zone) for moment in master.exdates)
    if len(master.rules) == 1 and not master.rdates and not series.overrides:
        return [
            instance
            for instance in _of_one_rule(master, first, last, budget, longest)
            if not _is_excluded(instance, excluded, master.zone)
        ]
    adapters = [_Adapter(event, master.zone, budget, longest) for event in (master, *series.overrides)]
    found = _Recurring(adapters).between(first, last)
    instances = (_instance(occurrence, master.zone) for occurrence in found)
    return [instance for instance in instances if not _is_excluded(instance, excluded, master.zone)]


def _of_one_rule(
    master: Event, first: datetime, last: datetime, budget: SeriesBudget, longest: timedelta
) -> Iterator[Instance]:
    """The instances of a series of one rule and nothing else, which need no merging; raises RuleError.

    The same as by the library, in a third of the time: ten thousand series may share one UID.
    """
    begin, end = (as_time(_name(moment, master.zone), None) for moment in (master.start, master.end))
    rule = zoned_rule(master.rules[0], begin, master.zone, all_day=master.all_day, budget=budget)
    earliest = shifted(first, -min(end - begin, longest))
    walls = rule.between(earliest, last, inc=True)
    if rule.until is not None:
        return
    if earliest <= begin <= last and begin not in walls[:1]:
        walls = [begin, *walls]
    if master.all_day:
        days = as_day(master.end) - as_day(master.start)
        for wall in walls:
            yield Instance(master, wall.date(), wall.date(), lasting(wall.date(), days))
        return
    length = elapsed(as_time(master.start, master.zone), as_time(master.end, master.zone))
    for wall in walls:
        start = existing(wall.replace(tzinfo=master.zone))
        yield Instance(master, start, start, _lasting(master, start, length))


def never_happens(series: Series) -> bool:
    """Whether its only rule ends before it begins.

    So Google leaves a series whose first meeting was edited with "this and following".
    """
    master = series.master
    if master is None or len(master.rules) != 1:
        return False
    begin = as_time(master.start, master.zone).replace(tzinfo=None)
    return zoned_rule(master.rules[0], begin, master.zone, all_day=master.all_day).until is not None


def _widened(window: Span, zone: ZoneInfo) -> Span:
    def moved(moment: datetime, margin: timedelta) -> datetime:
        try:
            return moment.astimezone(zone) + margin
        except OverflowError:
            return moment

    return Span(moved(window.start, -_MARGIN), moved(window.end, _MARGIN))


def _may_touch(series: Series, master: Event, asked: Span, zone: ZoneInfo) -> bool:
    """Whether anything can come of it in the window; cheap, and True in doubt."""
    if master.rdates or as_time(master.start, zone) < asked.end:
        return True
    return any(_near(override, asked, zone) for override in series.overrides)


def _near(event: Event, asked: Span, zone: ZoneInfo) -> bool:
    return as_time(event.start, zone) <= asked.end and asked.start <= as_time(event.end, zone)


def _as_it_is(event: Event) -> Instance:
    return Instance(event, event.recurrence_id, _mended(event.start), _mended(event.end))


def _mended(moment: Moment) -> Moment:
    return existing(moment) if isinstance(moment, datetime) else moment


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return shown_in(moment, zone).replace(tzinfo=None, fold=0)


def _name(moment: Moment, zone: tzinfo) -> Moment:
    """An original start as the series' clock has it, or a whole day."""
    return _wall(moment, zone) if isinstance(moment, datetime) else moment


def _is_excluded(instance: Instance, excluded: frozenset[Moment], zone: tzinfo) -> bool:
    """By EXDATE: a time takes out that time, a date the whole day."""
    if instance.original is None or not excluded:
        return False
    name = _name(instance.original, zone)
    return name in excluded or as_day(name) in excluded


def _instance(occurrence: "_Found", zone: tzinfo) -> Instance:
    event = occurrence.adapter.event
    if not occurrence.made:
        return _as_it_is(event)
    original, begin = _begins(occurrence, zone)
    if event.all_day:
        day = as_day(begin)
        return Instance(event, original, day, lasting(day, as_day(event.end) - as_day(event.start)))
    start = shown_in(existing(begin.replace(tzinfo=zone)), event.zone)
    period = occurrence.adapter.periods.get(as_time(original, event.zone))
    return Instance(event, original, start, _end(event, period, start))


def _begins(occurrence: "_Found", zone: tzinfo) -> tuple[Moment, datetime]:
    """The original start, and the start by the series' clock.

    From "this and following" on a series of days may have a time, and one of times whole days.
    """
    moved: timedelta = occurrence.adapter.move_recurrences_by
    if isinstance(occurrence.start, datetime):
        return existing((occurrence.start - moved).replace(tzinfo=zone)), occurrence.start
    # Python adds to a day whole days only, rounded down.
    day: date = occurrence.start - timedelta(days=moved.days)
    return day, as_time(day, None) + moved


def _end(event: Event, period: timedelta | None, start: datetime) -> datetime:
    """Where an instance that the series made ends (RFC 5545, 3.8.5.3). period: the length that RDATE gives.

    "If the duration … is specified with the DTEND property, the same exact duration will apply to all
    the members …; else, [with] DURATION, the same nominal duration": a night shift by DTEND is as long
    on the night the clocks change as on any other.
    """
    if period is not None:
        return after(start, period)
    return _lasting(event, start, elapsed(as_time(event.start, event.zone), as_time(event.end, event.zone)))


def _lasting(event: Event, start: datetime, length: timedelta) -> datetime:
    """Where an event that begins at `start` ends. length: its exact one, where it has no nominal one."""
    if event.nominal is not None:
        return as_time(lasting(start, event.nominal), event.zone)
    return after(start, length)


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
        self.span = (_name(event.start, zone), _name(event.end, zone))
        self.sequence = event.sequence
        self.this_and_future = event.this_and_future
        self.rrules = event.rules
        self.rdates = [_rdate(rdate, zone) for rdate in event.rdates]
        self.duration = min(self.span[1] - self.span[0], longest)
        original = event.recurrence_id
        self.recurrence_ids = () if original is None else (as_time(_name(original, zone), None),)
        moved = as_time(self.span[0], None) - self.recurrence_ids[0] if self.recurrence_ids else timedelta(0)
        moved = max(-longest, min(moved, longest))
        self.move_recurrences_by = moved if event.this_and_future else timedelta(0)
        self.extend_query_span_by = (self.duration + max(moved, timedelta(0)), max(-moved, timedelta(0)))

    def has_recurrence_rules(self) -> bool:
        """Whether the event says of itself that it recurs."""
        return bool(self.event.recurs or self.event.exdates)


def _rdate(rdate: Moment | tuple[datetime, timedelta], zone: tzinfo) -> Moment:
    return _name(rdate[0] if isinstance(rdate, tuple) else rdate, zone)


class _Found(Occurrence):  # type: ignore[misc]
    """An occurrence that tells where it comes from; made: by the series, and no override as it stands."""

    def __init__(self, adapter: _Adapter, start: Any, end: Any, sequence: int) -> None:
        super().__init__(adapter, start, end, sequence)
        self.adapter = adapter
        self.made = start is not None


class _Recurring(RecurringSeries):  # type: ignore[misc]
    """A series of recurring-ical-events with our rules and our occurrences."""

    class RecurrenceRules(RecurringSeries.RecurrenceRules):  # type: ignore[misc]
        """Its master, expanded by our rules."""

        def create_rule_with_start(self, rule_string: str) -> ZonedRule:
            """One of its rules, to be asked for what lies between two times."""
            event, zone = self.core.event, self.core.zone
            alone = len(event.rules) == 1
            budget = self.core.budget
            return zoned_rule(
                rule_string, self.start, zone, all_day=event.all_day, alone=alone, budget=budget
            )

    def rrule_between(self, span_start: datetime, span_stop: datetime) -> Iterator[datetime]:
        """The starts of which something may reach the span; it goes no further than Python's calendar."""
        first = shifted(span_start, -self._subtract_from_start)
        yield from self.recurrence.rrule_between(first, shifted(span_stop, self._add_to_stop))

    def has_recurrence_id_in_rrule(self, modification: _Adapter) -> bool:
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

    def occurrence(self, adapter: _Adapter, start: Any = None, end: Any = None) -> _Found:
        """The door through which the library makes occurrences."""
        return _Found(adapter, start, end, self.sequence)
