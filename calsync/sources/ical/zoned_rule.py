"""A rule on its series' own clock: what recurring-ical-events asks of a rule, answered by `recur`."""

from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, datetime, time, timedelta, tzinfo

from calsync.model.wall import placed, shifted
from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.moments import real
from calsync.sources.ical.recur import starts
from calsync.sources.ical.rule import Freq, Rule, RuleError, read_rule

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ZonedRule:
    """The starts of one rule by the clock of `zone`; all its times are naive.

    begin: DTSTART. last: the last moment that UNTIL allows, in UTC, None for no UNTIL. alone: whether
    it is the event's only rule. until: what recurring-ical-events looks at to see whether DTSTART itself
    takes place; None, or a time before DTSTART.
    """

    rule: Rule
    begin: datetime
    zone: tzinfo
    last: datetime | None
    until: datetime | None
    alone: bool
    budget: SeriesBudget | None

    def between(self, first: datetime, last: datetime, inc: bool) -> list[datetime]:  # noqa: ARG002 - asked so
        """Every start from `first` to `last`, both included."""
        if self.last is None:
            return starts(self.rule, self.begin, first, last, alone=self.alone, budget=self.budget)
        # A day more by the clock, since what counts is real time.
        latest = min(last, self.last + _DAY)
        found = starts(self.rule, self.begin, first, latest, alone=self.alone, budget=self.budget)
        return [wall for wall in found if real(placed(wall, self.zone)) <= self.last]


def zoned_rule(
    text: str,
    begin: datetime,
    zone: tzinfo,
    *,
    all_day: bool,
    alone: bool = True,
    budget: SeriesBudget | None = None,
) -> ZonedRule:
    """Read a rule for a series that begins at `begin` by the clock of `zone`; raises RuleError."""
    rule = _of_days(read_rule(text)) if all_day else read_rule(text)
    last = _last(rule.until, zone)
    never = last is not None and last < real(placed(begin, zone))
    until = shifted(begin, -_DAY) if never else None
    return ZonedRule(rule, begin, zone, last, until, alone, budget)


def _of_days(rule: Rule) -> Rule:
    """BYHOUR and the like "MUST be ignored" where DTSTART is a date (3.3.10)."""
    if rule.freq >= Freq.HOURLY:
        raise RuleError(f"it is all-day, but its rule goes by the clock ({rule.freq.name})")
    until = rule.until.date() if isinstance(rule.until, datetime) else rule.until
    return replace(rule, by_hour=(), by_minute=(), by_second=(), until=until)


def _last(until: date | None, zone: tzinfo) -> datetime | None:
    """The last moment that UNTIL allows, in UTC: of DTSTART's kind, whatever its own; a date is its day."""
    if until is None or until.year == MAXYEAR:
        # UNTIL=99991231T235959Z is how some servers write "no end"; no other zone can show that moment.
        return None
    if not isinstance(until, datetime):
        until = datetime.combine(until, time.max)
    return real(until if until.tzinfo else placed(until, zone))
