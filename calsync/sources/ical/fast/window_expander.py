"""Expands the events of one UID to what takes place in the window: `series` and `expand` for the usual case.

That is one event, or one series with its overrides, each recurrence id once. Where no transition is near,
times are computed by adding and subtracting; near a transition the functions of the full parser compute them.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from calsync.model.localtime import localize
from calsync.model.span import Span
from calsync.sources.ical.budget import CalendarBudget
from calsync.sources.ical.event import to_date
from calsync.sources.ical.fast.clocks import Clock, ClockTime
from calsync.sources.ical.fast.errors import EventNeedsFullParser
from calsync.sources.ical.fast.event_times import EventTimes, is_in_safe_years
from calsync.sources.ical.fast.rule_arithmetic import starts_by_arithmetic
from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRuleError
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
# In a longer one even a daily series comes near to MAX_STARTS, beyond which the full parser leaves it out.
_MAX_WINDOW = timedelta(days=15_000)
_ZERO = timedelta(0)


class OccurrenceTimes(NamedTuple):
    """One occurrence of an event.

    Attributes:
        event_index: Which of the events of the file it is, from 0.
        recurrence_id: As in `Occurrence`.
        start_utc: The start in UTC, naive.
    """

    event_index: int
    recurrence_id: str
    start: datetime
    end: datetime
    start_utc: datetime
    all_day: bool = False


def is_supported_window(window: Span) -> bool:
    """Whether a window is neither empty nor so long that a series may be left out because of it."""
    is_safe = is_in_safe_years(window.start) and is_in_safe_years(window.end)
    return is_safe and timedelta(0) < window.duration < _MAX_WINDOW


class WindowExpander:
    """Finds what takes place in a window."""

    def __init__(self, window: Span, all_day_clock: Clock, floating: Clock) -> None:
        """Set the window.

        Args:
            window: Not empty, and not too long (`is_supported_window`).
            all_day_clock: The clock at whose midnights all-day events begin.
            floating: The clock of times without a zone, which the rules of all-day series follow.
        """
        self._window_start, self._window_end = to_naive_utc(window.start), to_naive_utc(window.end)
        # What overlaps the window lies between these by the clock of any zone.
        self._local_start, self._local_end = self._window_start - _MARGIN, self._window_end + _MARGIN
        self._all_day_clock = all_day_clock
        self._floating = floating
        self._budget = CalendarBudget(window)

    def may_touch_window(self, event: EventTimes) -> bool:
        """Whether an event at its own times may overlap the window, in whatever zones they are."""
        return event.start.local_time <= self._local_end and self._local_start <= event.end.local_time

    def expand_group(self, group: list[EventTimes]) -> list[OccurrenceTimes]:
        """Return what the events of one UID have in the window; raises EventNeedsFullParser."""
        if len(group) == 1 and not group[0].rule:
            return self._expand_single(group[0])
        masters = [event for event in group if event.recurrence_id is None]
        overrides = [event for event in group if event.recurrence_id is not None]
        if not masters:
            # The series of these overrides is not in the file.
            self._check_recurrence_ids_differ(overrides)
            return [occurrence for event in overrides for occurrence in self._expand_single(event)]
        if len(masters) > 1 or not masters[0].rule:
            raise EventNeedsFullParser
        try:
            return self._expand_series(masters[0], overrides)
        except (RecurrenceRuleError, OverflowError) as error:
            raise EventNeedsFullParser from error

    def _check_recurrence_ids_differ(self, overrides: list[EventTimes]) -> None:
        """Raise EventNeedsFullParser for two versions of one override; the full parser takes the newer."""
        recurrence_ids = [event.recurrence_id for event in overrides if event.recurrence_id]
        if len({(at.clock is None, self._resolve_time(at)[1]) for at in recurrence_ids}) < len(overrides):
            raise EventNeedsFullParser

    def _expand_single(self, event: EventTimes, recurrence_id: str | None = None) -> list[OccurrenceTimes]:
        """An event or an override at the times that are written in it; none outside the window."""
        if not self.may_touch_window(event):
            return []
        (start, start_utc), (end, end_utc) = self._resolve_time(event.start), self._resolve_time(event.end)
        if not self._overlaps_window(start_utc, end_utc):
            return []
        if recurrence_id is None:
            recurrence_id = event.recurrence_id.date_or_time.isoformat() if event.recurrence_id else ""
        all_day = event.start.clock is None
        return [OccurrenceTimes(event.event_index, recurrence_id, start, end, start_utc, all_day)]

    def _resolve_time(self, at: ClockTime) -> tuple[datetime, datetime]:
        """A time that exists, aware; and the same in UTC, naive."""
        clock = at.clock or self._all_day_clock
        offset = clock.offset_without_transition(at.local_time)
        if offset is not None:
            return localize(at.local_time, clock.zone_and_suffix(offset)[0]), at.local_time - offset
        moment = shift_out_of_gap(localize(at.local_time, clock.zone))
        return moment, to_naive_utc(moment)

    def _overlaps_window(self, start: datetime, end: datetime) -> bool:
        """As `Span.overlaps`, for times in UTC: what takes no time is in the window where its start is."""
        return start < self._window_end and (
            self._window_start < end or (start == end and self._window_start <= start)
        )

    def _expand_series(self, master: EventTimes, overrides: list[EventTimes]) -> list[OccurrenceTimes]:
        clock = master.start.clock or self._floating
        is_all_day = master.start.clock is None
        rule = read_zoned_rule(master.rule, master.start.local_time, clock.zone, all_day=is_all_day)
        if rule.until is not None or rule.rule.freq >= Freq.HOURLY:
            # It ends before DTSTART, or recurs within a day.
            raise EventNeedsFullParser
        if not self._series_may_touch_window(master, rule, overrides):
            return []
        if any((override.start.clock is None) != is_all_day for override in overrides):
            raise EventNeedsFullParser
        self._check_recurrence_ids_differ(overrides)
        override_by_id = {
            _local_recurrence_id(override.recurrence_id, clock): override
            for override in overrides
            if override.recurrence_id
        }
        if len(override_by_id) < len(overrides):
            raise EventNeedsFullParser
        exdates = {_local_recurrence_id(exdate, clock) for exdate in master.exdates}
        occurrences = []
        for local_id, override in override_by_id.items():
            if (
                override.recurrence_id
                and self.may_touch_window(override)
                and not _is_excluded(local_id, exdates)
            ):
                occurrences += self._expand_single(
                    override, _recurrence_id_text(override.recurrence_id, clock)
                )
        starts = self._series_starts(master, rule, clock)
        if override_by_id:
            starts = [
                start for start in starts if (start.date() if is_all_day else start) not in override_by_id
            ]
        from_rule = (
            self._all_day_occurrences(master, starts)
            if is_all_day
            else self._timed_occurrences(master, clock, starts)
        )
        occurrences += (
            occurrence
            for local_id, occurrence in from_rule
            if not (exdates and _is_excluded(local_id, exdates))
        )
        return occurrences

    def _series_may_touch_window(
        self, master: EventTimes, rule: ZonedRule, overrides: list[EventTimes]
    ) -> bool:
        if any(map(self.may_touch_window, overrides)):
            return True
        length = master.end.local_time - master.start.local_time
        has_ended = rule.until_utc is not None and rule.until_utc + length + _MARGIN < self._local_start
        return master.start.local_time <= self._local_end and not has_ended

    def _series_starts(self, master: EventTimes, rule: ZonedRule, clock: Clock) -> list[datetime]:
        """The starts of occurrences that may overlap the window; DTSTART is one, even against the rule."""
        length = master.end.local_time - master.start.local_time
        # Wider than the full parser looks, so that what costs too much there costs too much here.
        first, last = self._local_start - length - _MARGIN, self._local_end + _MARGIN
        if last - first > _MAX_WINDOW:
            raise EventNeedsFullParser
        latest = last if rule.until_utc is None else min(last, rule.until_utc + _MARGIN)
        # Without the reserve: rules that need it are all expanded by the full parser, so that both readers
        # draw on it in the same order.
        starts = starts_by_arithmetic(
            rule.rule, rule.dtstart, first, latest, self._budget.for_series_without_reserve()
        )
        if rule.until_utc is not None:
            until, certain = rule.until_utc, rule.until_utc - _MARGIN
            starts = [
                start
                for start in starts
                if start < certain or to_naive_utc(localize(start, clock.zone)) <= until
            ]
        if first <= rule.dtstart <= last and rule.dtstart not in starts[:1]:
            starts = [rule.dtstart, *(start for start in starts if start != rule.dtstart)]
        return starts

    def _timed_occurrences(
        self, master: EventTimes, clock: Clock, local_starts: list[datetime]
    ) -> Iterator[tuple[datetime, OccurrenceTimes]]:
        """Yield the local recurrence id and the occurrence of each start that overlaps the window."""
        event_index = master.event_index
        length = (
            to_naive_utc(master.end.aware) - to_naive_utc(master.start.aware)
            if master.duration is None
            else master.duration
        )
        for local_start in local_starts:
            offset, local_end = clock.offset_without_transition(local_start), local_start + length
            if offset is not None and (
                local_end.date() == local_start.date() or clock.offset_without_transition(local_end) == offset
            ):
                start_utc = local_start - offset
                if self._overlaps_window(start_utc, start_utc + length):
                    zone, suffix = clock.zone_and_suffix(offset)
                    start, end = localize(local_start, zone), localize(local_end, zone)
                    recurrence_id = local_start.isoformat() + suffix
                    yield local_start, OccurrenceTimes(event_index, recurrence_id, start, end, start_utc)
                continue
            start = shift_out_of_gap(localize(local_start, clock.zone))
            end = (
                add_elapsed_time(start, length)
                if master.duration is None
                else to_datetime(add_duration(start, length), start.tzinfo)
            )
            start_utc = to_naive_utc(start)
            if self._overlaps_window(start_utc, to_naive_utc(end)):
                occurrence = OccurrenceTimes(event_index, start.isoformat(), start, end, start_utc)
                yield start.replace(tzinfo=None, fold=0), occurrence

    def _all_day_occurrences(
        self, master: EventTimes, midnights: list[datetime]
    ) -> Iterator[tuple[date, OccurrenceTimes]]:
        """The same for an all-day series."""
        length = master.end.local_time - master.start.local_time
        for midnight in midnights:
            start, start_utc = self._resolve_time(ClockTime(midnight, None))
            end, end_utc = self._resolve_time(ClockTime(midnight + length, None))
            if self._overlaps_window(start_utc, end_utc):
                day = midnight.date()
                yield (
                    day,
                    OccurrenceTimes(master.event_index, day.isoformat(), start, end, start_utc, all_day=True),
                )


def _local_recurrence_id(at: ClockTime, clock: Clock) -> date:
    """An original start by the clock of the series (naive), or a date."""
    if at.clock is None:
        return at.local_time.date()
    if at.clock is clock:
        return at.local_time
    return convert_to_zone(at.aware, clock.zone).replace(tzinfo=None, fold=0)


def _is_excluded(local_id: date, exdates: set[date]) -> bool:
    """Whether EXDATE excludes it: a time excludes that time, a date the whole day."""
    return local_id in exdates or to_date(local_id) in exdates


def _recurrence_id_text(recurrence_id: ClockTime, clock: Clock) -> str:
    """The recurrence id of an override, as `Occurrence` has it."""
    if recurrence_id.clock is None:
        return recurrence_id.local_time.date().isoformat()
    offset = (
        clock.offset_without_transition(recurrence_id.local_time) if recurrence_id.clock is clock else None
    )
    if offset is not None:
        return recurrence_id.local_time.isoformat() + clock.zone_and_suffix(offset)[1]
    return convert_to_zone(recurrence_id.aware, clock.zone).isoformat()
