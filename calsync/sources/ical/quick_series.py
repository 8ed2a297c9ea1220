"""The outlines of one UID to what takes place in the window: `series` and `expand` for the usual case.

One event, or one series with its overrides, each original start once. On a calm day times are sums;
near a change of the clock the exact path's own functions are asked.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from calsync.model.span import Span
from calsync.model.wall import placed
from calsync.sources.ical.budget import StepBudget
from calsync.sources.ical.clocks import At, Clock
from calsync.sources.ical.event import as_day
from calsync.sources.ical.moments import after, as_time, existing, lasting, real, shown_in
from calsync.sources.ical.outlines import Outline, is_near_our_time
from calsync.sources.ical.plain_rule import plain_starts
from calsync.sources.ical.rule import Freq, RuleError
from calsync.sources.ical.skim import OddError
from calsync.sources.ical.zoned_rule import ZonedRule, zoned_rule

# Wider than any zone and any change of its clock together.
_MARGIN = timedelta(days=2)
# In a longer time even a daily series comes near to what `recur` gives up.
_LONGEST = timedelta(days=15_000)
_ZERO = timedelta(0)


class Found(NamedTuple):
    """An event at one time. place: which of the events; utc: its start in UTC, naive."""

    place: int
    recurrence_id: str
    start: datetime
    end: datetime
    utc: datetime
    all_day: bool = False


def is_usual(window: Span) -> bool:
    """Whether a window is neither empty nor so long that a series may be refused for it."""
    ours = is_near_our_time(window.start) and is_near_our_time(window.end)
    return ours and timedelta(0) < window.duration < _LONGEST


class Finder:
    """Finds what takes place in a window. home: the clock of days; floating: that of floating times."""

    def __init__(self, window: Span, home: Clock, floating: Clock) -> None:
        self._first, self._last = real(window.start), real(window.end)
        self._from, self._to = self._first - _MARGIN, self._last + _MARGIN
        self._home = home
        self._floating = floating
        self._budget = StepBudget(window)

    def near(self, outline: Outline) -> bool:
        """Whether it may touch the window as it stands, in whatever zones it is."""
        return outline.start.wall <= self._to and self._from <= outline.end.wall

    def found(self, group: list[Outline]) -> list[Found]:
        """Give what one UID's events have in the window; raises OddError."""
        if len(group) == 1 and not group[0].rule:
            return self._standing(group[0])
        masters = [outline for outline in group if outline.original is None]
        overrides = [outline for outline in group if outline.original is not None]
        if not masters:
            return self._orphans(overrides)
        if len(masters) > 1 or not masters[0].rule:
            raise OddError
        try:
            return self._series(masters[0], overrides)
        except (RuleError, OverflowError) as error:
            raise OddError from error

    def _orphans(self, overrides: list[Outline]) -> list[Found]:
        """Overrides of a series that is not in the file."""
        self._check_distinct(overrides)
        return [found for outline in overrides for found in self._standing(outline)]

    def _check_distinct(self, overrides: list[Outline]) -> None:
        """Of two versions of one override the exact path takes the newer."""
        originals = [outline.original for outline in overrides if outline.original]
        if len({(at.clock is None, self._resolved(at)[1]) for at in originals}) < len(overrides):
            raise OddError

    def _standing(self, outline: Outline, recurrence_id: str | None = None) -> list[Found]:
        """An event or an override at the times it has itself."""
        if not self.near(outline):
            return []
        (start, utc), (end, last) = self._resolved(outline.start), self._resolved(outline.end)
        if recurrence_id is None:
            recurrence_id = outline.original.moment.isoformat() if outline.original else ""
        if not self._inside(utc, last):
            return []
        return [Found(outline.place, recurrence_id, start, end, utc, outline.start.clock is None)]

    def _resolved(self, at: At) -> tuple[datetime, datetime]:
        """A time as it exists, aware, and the same in UTC."""
        clock = at.clock or self._home
        offset = clock.offset(at.wall)
        if offset is not None:
            return placed(at.wall, clock.written(offset)[0]), at.wall - offset
        moment = existing(placed(at.wall, clock.zone))
        return moment, real(moment)

    def _inside(self, start: datetime, end: datetime) -> bool:
        """As `Span.overlaps`: what takes no time lies where its start does."""
        return start < self._last and (self._first < end or (start == end and self._first <= start))

    def _series(self, master: Outline, overrides: list[Outline]) -> list[Found]:
        clock = master.start.clock or self._floating
        rule = _rule(master, clock)
        if not self._may_touch(master, rule, overrides):
            return []
        if any((outline.start.clock is None) != (master.start.clock is None) for outline in overrides):
            raise OddError
        self._check_distinct(overrides)
        named = {_name(outline.original, clock): outline for outline in overrides if outline.original}
        if len(named) < len(overrides):
            raise OddError
        excluded = {_name(at, clock) for at in master.exdates}
        found = []
        for name, override in named.items():
            if override.original and self.near(override) and not _is_excluded(name, excluded):
                found += self._standing(override, _written(override.original, clock))
        walls = self._walls(master, rule, clock)
        if named:
            walls = [wall for wall in walls if _like(wall, master) not in named]
        made = (
            self._days_made(master, walls)
            if master.start.clock is None
            else self._times_made(master, clock, walls)
        )
        return [*found, *(one for name, one in made if not (excluded and _is_excluded(name, excluded)))]

    def _may_touch(self, master: Outline, rule: ZonedRule, overrides: list[Outline]) -> bool:
        if any(map(self.near, overrides)):
            return True
        length = master.end.wall - master.start.wall
        ended = rule.last is not None and rule.last + length + _MARGIN < self._from
        return master.start.wall <= self._to and not ended

    def _walls(self, master: Outline, rule: ZonedRule, clock: Clock) -> list[datetime]:
        """Every start that may touch the window; DTSTART is one, whether the rule meets it or not."""
        # Wider than the exact path looks, so that what it gives up as too much is given up here.
        first, last = self._from - (master.end.wall - master.start.wall) - _MARGIN, self._to + _MARGIN
        if last - first > _LONGEST:
            raise OddError
        latest = last if rule.last is None else min(last, rule.last + _MARGIN)
        # Without the reserve: a rule that needs it is expanded by the exact path, in the same order as there.
        walls = plain_starts(rule.rule, rule.begin, first, latest, self._budget.for_series_alone())
        if rule.last is not None:
            until, sure = rule.last, rule.last - _MARGIN
            walls = [wall for wall in walls if wall < sure or real(placed(wall, clock.zone)) <= until]
        if first <= rule.begin <= last and rule.begin not in walls[:1]:
            walls = [rule.begin, *(wall for wall in walls if wall != rule.begin)]
        return walls

    def _times_made(
        self, master: Outline, clock: Clock, walls: list[datetime]
    ) -> Iterator[tuple[datetime, Found]]:
        """What the series makes of each start, with the original start by the clock."""
        zone, place = clock.zone, master.place
        length = (
            real(master.end.aware) - real(master.start.aware) if master.nominal is None else master.nominal
        )
        for wall in walls:
            offset, end = clock.offset(wall), wall + length
            if offset is not None and (end.date() == wall.date() or clock.offset(end) == offset):
                utc = wall - offset
                if self._inside(utc, utc + length):
                    shown, suffix = clock.written(offset)
                    name = wall.isoformat() + suffix
                    yield wall, Found(place, name, placed(wall, shown), placed(end, shown), utc)
                continue
            start = existing(placed(wall, zone))
            last = _end(start, length, nominal=master.nominal is not None)
            if self._inside(real(start), real(last)):
                yield (
                    start.replace(tzinfo=None, fold=0),
                    Found(place, start.isoformat(), start, last, real(start)),
                )

    def _days_made(self, master: Outline, walls: list[datetime]) -> Iterator[tuple[date, Found]]:
        length = master.end.wall - master.start.wall
        for wall in walls:
            (start, utc), (end, last) = (
                self._resolved(At(wall, None)),
                self._resolved(At(wall + length, None)),
            )
            if self._inside(utc, last):
                day = wall.date()
                yield day, Found(master.place, day.isoformat(), start, end, utc, all_day=True)


def _rule(master: Outline, clock: Clock) -> ZonedRule:
    """The rule; raises OddError for one that never takes place or goes by the hour, and RuleError."""
    rule = zoned_rule(master.rule, master.start.wall, clock.zone, all_day=master.start.clock is None)
    if rule.until is not None or rule.rule.freq >= Freq.HOURLY:
        raise OddError
    return rule


def _like(wall: datetime, master: Outline) -> date:
    return wall if master.start.clock else wall.date()


def _name(at: At, clock: Clock) -> date:
    """An original start by the series' clock, or its day."""
    if at.clock is None:
        return at.wall.date()
    if at.clock is clock:
        return at.wall
    return shown_in(at.aware, clock.zone).replace(tzinfo=None, fold=0)


def _is_excluded(name: date, excluded: set[date]) -> bool:
    """By EXDATE: a time takes out that time, a date the whole day."""
    return name in excluded or as_day(name) in excluded


def _written(original: At, clock: Clock) -> str:
    """An override's recurrence id."""
    offset = clock.offset(original.wall) if original.clock is clock else None
    if offset is not None:
        return original.wall.isoformat() + clock.written(offset)[1]
    if original.clock is None:
        return original.wall.date().isoformat()
    return shown_in(original.aware, clock.zone).isoformat()


def _end(start: datetime, length: timedelta, *, nominal: bool) -> datetime:
    return as_time(lasting(start, length), start.tzinfo) if nominal else after(start, length)
