"""The outlines of one UID to what takes place in the window: `series` and `expand` for the usual case.

One event, or one series with its overrides, each original start once. On a calm day times are sums;
near a change of the clock the exact path's own functions are asked.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from calsync.model.localtime import localize
from calsync.model.span import Span
from calsync.sources.ical.budget import CalendarBudget
from calsync.sources.ical.event import to_date
from calsync.sources.ical.fast.clocks import Clock, ClockTime
from calsync.sources.ical.fast.event_times import EventTimes, is_in_safe_years
from calsync.sources.ical.fast.rule_arithmetic import starts_by_arithmetic
from calsync.sources.ical.fast.scan_lines import EventNeedsFullParser
from calsync.sources.ical.recurrence_rule import Freq, RuleError
from calsync.sources.ical.time_values import (
    add_duration,
    add_elapsed_time,
    convert_to_zone,
    shift_out_of_gap,
    to_datetime,
    to_naive_utc,
)
from calsync.sources.ical.zoned_rule import ZonedRule, read_zoned_rule

# Wider than any zone and any change of its clock together.
_MARGIN = timedelta(days=2)
# In a longer time even a daily series comes near to what `recur` gives up.
_MAX_WINDOW = timedelta(days=15_000)
_ZERO = timedelta(0)


class OccurrenceTimes(NamedTuple):
    """An event at one time. place: which of the events; utc: its start in UTC, naive."""

    event_index: int
    recurrence_id: str
    start: datetime
    end: datetime
    start_utc: datetime
    all_day: bool = False


def is_supported_window(window: Span) -> bool:
    """Whether a window is neither empty nor so long that a series may be refused for it."""
    ours = is_in_safe_years(window.start) and is_in_safe_years(window.end)
    return ours and timedelta(0) < window.duration < _MAX_WINDOW


class WindowExpander:
    """Finds what takes place in a window. home: the clock of days; floating: that of floating times."""

    def __init__(self, window: Span, all_day_clock: Clock, floating: Clock) -> None:
        self._first, self._last = to_naive_utc(window.start), to_naive_utc(window.end)
        self._from, self._to = self._first - _MARGIN, self._last + _MARGIN
        self._all_day_clock = all_day_clock
        self._floating = floating
        self._budget = CalendarBudget(window)

    def may_touch_window(self, outline: EventTimes) -> bool:
        """Whether it may touch the window as it stands, in whatever zones it is."""
        return outline.start.local_time <= self._to and self._from <= outline.end.local_time

    def expand_group(self, group: list[EventTimes]) -> list[OccurrenceTimes]:
        """Give what one UID's events have in the window; raises EventNeedsFullParser."""
        if len(group) == 1 and not group[0].rule:
            return self._expand_single(group[0])
        masters = [outline for outline in group if outline.recurrence_id is None]
        overrides = [outline for outline in group if outline.recurrence_id is not None]
        if not masters:
            return self._expand_orphans(overrides)
        if len(masters) > 1 or not masters[0].rule:
            raise EventNeedsFullParser
        try:
            return self._expand_series(masters[0], overrides)
        except (RuleError, OverflowError) as error:
            raise EventNeedsFullParser from error

    def _expand_orphans(self, overrides: list[EventTimes]) -> list[OccurrenceTimes]:
        """Overrides of a series that is not in the file."""
        self._check_recurrence_ids_differ(overrides)
        return [found for outline in overrides for found in self._expand_single(outline)]

    def _check_recurrence_ids_differ(self, overrides: list[EventTimes]) -> None:
        """Of two versions of one override the exact path takes the newer."""
        originals = [outline.recurrence_id for outline in overrides if outline.recurrence_id]
        if len({(at.clock is None, self._resolve_time(at)[1]) for at in originals}) < len(overrides):
            raise EventNeedsFullParser

    def _expand_single(self, outline: EventTimes, recurrence_id: str | None = None) -> list[OccurrenceTimes]:
        """An event or an override at the times it has itself."""
        if not self.may_touch_window(outline):
            return []
        (start, utc), (end, last) = self._resolve_time(outline.start), self._resolve_time(outline.end)
        if recurrence_id is None:
            recurrence_id = outline.recurrence_id.date_or_time.isoformat() if outline.recurrence_id else ""
        if not self._overlaps_window(utc, last):
            return []
        return [
            OccurrenceTimes(outline.event_index, recurrence_id, start, end, utc, outline.start.clock is None)
        ]

    def _resolve_time(self, at: ClockTime) -> tuple[datetime, datetime]:
        """A time as it exists, aware, and the same in UTC."""
        clock = at.clock or self._all_day_clock
        offset = clock.offset_without_transition(at.local_time)
        if offset is not None:
            return localize(at.local_time, clock.zone_and_suffix(offset)[0]), at.local_time - offset
        moment = shift_out_of_gap(localize(at.local_time, clock.zone))
        return moment, to_naive_utc(moment)

    def _overlaps_window(self, start: datetime, end: datetime) -> bool:
        """As `Span.overlaps`: what takes no time lies where its start does."""
        return start < self._last and (self._first < end or (start == end and self._first <= start))

    def _expand_series(self, master: EventTimes, overrides: list[EventTimes]) -> list[OccurrenceTimes]:
        clock = master.start.clock or self._floating
        rule = _read_series_rule(master, clock)
        if not self._series_may_touch_window(master, rule, overrides):
            return []
        if any((outline.start.clock is None) != (master.start.clock is None) for outline in overrides):
            raise EventNeedsFullParser
        self._check_recurrence_ids_differ(overrides)
        named = {
            _local_recurrence_id(outline.recurrence_id, clock): outline
            for outline in overrides
            if outline.recurrence_id
        }
        if len(named) < len(overrides):
            raise EventNeedsFullParser
        excluded = {_local_recurrence_id(at, clock) for at in master.exdates}
        found = []
        for name, override in named.items():
            if (
                override.recurrence_id
                and self.may_touch_window(override)
                and not _is_excluded(name, excluded)
            ):
                found += self._expand_single(override, _recurrence_id_text(override.recurrence_id, clock))
        walls = self._series_starts(master, rule, clock)
        if named:
            walls = [wall for wall in walls if _to_dtstart_kind(wall, master) not in named]
        made = (
            self._all_day_occurrences(master, walls)
            if master.start.clock is None
            else self._timed_occurrences(master, clock, walls)
        )
        return [*found, *(one for name, one in made if not (excluded and _is_excluded(name, excluded)))]

    def _series_may_touch_window(
        self, master: EventTimes, rule: ZonedRule, overrides: list[EventTimes]
    ) -> bool:
        if any(map(self.may_touch_window, overrides)):
            return True
        length = master.end.local_time - master.start.local_time
        ended = rule.until_utc is not None and rule.until_utc + length + _MARGIN < self._from
        return master.start.local_time <= self._to and not ended

    def _series_starts(self, master: EventTimes, rule: ZonedRule, clock: Clock) -> list[datetime]:
        """Every start that may touch the window; DTSTART is one, whether the rule meets it or not."""
        # Wider than the exact path looks, so that what it gives up as too much is given up here.
        first, last = (
            self._from - (master.end.local_time - master.start.local_time) - _MARGIN,
            self._to + _MARGIN,
        )
        if last - first > _MAX_WINDOW:
            raise EventNeedsFullParser
        latest = last if rule.until_utc is None else min(last, rule.until_utc + _MARGIN)
        # Without the reserve: a rule that needs it is expanded by the exact path, in the same order as there.
        walls = starts_by_arithmetic(
            rule.rule, rule.begin, first, latest, self._budget.for_series_without_reserve()
        )
        if rule.until_utc is not None:
            until, sure = rule.until_utc, rule.until_utc - _MARGIN
            walls = [
                wall for wall in walls if wall < sure or to_naive_utc(localize(wall, clock.zone)) <= until
            ]
        if first <= rule.begin <= last and rule.begin not in walls[:1]:
            walls = [rule.begin, *(wall for wall in walls if wall != rule.begin)]
        return walls

    def _timed_occurrences(
        self, master: EventTimes, clock: Clock, walls: list[datetime]
    ) -> Iterator[tuple[datetime, OccurrenceTimes]]:
        """What the series makes of each start, with the original start by the clock."""
        zone, place = clock.zone, master.event_index
        length = (
            to_naive_utc(master.end.aware) - to_naive_utc(master.start.aware)
            if master.duration is None
            else master.duration
        )
        for wall in walls:
            offset, end = clock.offset_without_transition(wall), wall + length
            if offset is not None and (
                end.date() == wall.date() or clock.offset_without_transition(end) == offset
            ):
                utc = wall - offset
                if self._overlaps_window(utc, utc + length):
                    shown, suffix = clock.zone_and_suffix(offset)
                    name = wall.isoformat() + suffix
                    yield wall, OccurrenceTimes(place, name, localize(wall, shown), localize(end, shown), utc)
                continue
            start = shift_out_of_gap(localize(wall, zone))
            last = _add_length(start, length, nominal=master.duration is not None)
            if self._overlaps_window(to_naive_utc(start), to_naive_utc(last)):
                yield (
                    start.replace(tzinfo=None, fold=0),
                    OccurrenceTimes(place, start.isoformat(), start, last, to_naive_utc(start)),
                )

    def _all_day_occurrences(
        self, master: EventTimes, walls: list[datetime]
    ) -> Iterator[tuple[date, OccurrenceTimes]]:
        length = master.end.local_time - master.start.local_time
        for wall in walls:
            (start, utc), (end, last) = (
                self._resolve_time(ClockTime(wall, None)),
                self._resolve_time(ClockTime(wall + length, None)),
            )
            if self._overlaps_window(utc, last):
                day = wall.date()
                yield day, OccurrenceTimes(master.event_index, day.isoformat(), start, end, utc, all_day=True)


def _read_series_rule(master: EventTimes, clock: Clock) -> ZonedRule:
    """The rule; raises EventNeedsFullParser for one that never takes place or goes by the hour, and RuleError."""
    rule = read_zoned_rule(
        master.rule, master.start.local_time, clock.zone, all_day=master.start.clock is None
    )
    if rule.until is not None or rule.rule.freq >= Freq.HOURLY:
        raise EventNeedsFullParser
    return rule


def _to_dtstart_kind(local_time: datetime, master: EventTimes) -> date:
    return local_time if master.start.clock else local_time.date()


def _local_recurrence_id(at: ClockTime, clock: Clock) -> date:
    """An original start by the series' clock, or its day."""
    if at.clock is None:
        return at.local_time.date()
    if at.clock is clock:
        return at.local_time
    return convert_to_zone(at.aware, clock.zone).replace(tzinfo=None, fold=0)


def _is_excluded(name: date, excluded: set[date]) -> bool:
    """By EXDATE: a time takes out that time, a date the whole day."""
    return name in excluded or to_date(name) in excluded


def _recurrence_id_text(original: ClockTime, clock: Clock) -> str:
    """An override's recurrence id."""
    offset = clock.offset_without_transition(original.local_time) if original.clock is clock else None
    if offset is not None:
        return original.local_time.isoformat() + clock.zone_and_suffix(offset)[1]
    if original.clock is None:
        return original.local_time.date().isoformat()
    return convert_to_zone(original.aware, clock.zone).isoformat()


def _add_length(start: datetime, length: timedelta, *, nominal: bool) -> datetime:
    return (
        to_datetime(add_duration(start, length), start.tzinfo) if nominal else add_elapsed_time(start, length)
    )
