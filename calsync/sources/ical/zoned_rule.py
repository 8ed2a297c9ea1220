"""A rule on its series' own clock: what recurring-ical-events asks of a rule, answered by `recur`."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from calsync.sources.ical.recur import starts
from calsync.sources.ical.rule import Freq, Rule, RuleError, read_rule

_MARGIN = timedelta(days=1)
_FIRST, _LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ZonedRule:
    """The starts of one rule. begin: DTSTART, naive for all-day. until: in begin's zone, inclusive.

    alone: whether it is the event's only rule.
    """

    rule: Rule
    begin: datetime
    until: datetime | None
    alone: bool = True

    def between(self, first: datetime, last: datetime, inc: bool) -> list[datetime]:
        """Every start from `first` to `last`, and perhaps some within a day of them."""
        assert inc, "recurring-ical-events asks for both ends"
        zone = self.begin.tzinfo
        latest = _wall(last, zone) + _MARGIN
        if self.until is not None:
            latest = min(latest, self.until.replace(tzinfo=None))
        begin, earliest = self.begin.replace(tzinfo=None), _wall(first, zone) - _MARGIN
        walls = starts(self.rule, begin, earliest, latest, alone=self.alone)
        return [wall.replace(tzinfo=zone) for wall in walls]


def zoned_rule(text: str, begin: datetime, *, all_day: bool, alone: bool = True) -> ZonedRule:
    """Read a rule for a series that begins at `begin`; raises RuleError."""
    rule = read_rule(text)
    if all_day:
        rule = _of_days(rule)
    return ZonedRule(rule, begin, _until(rule.until, begin.tzinfo), alone)


def _of_days(rule: Rule) -> Rule:
    """BYHOUR and the like "MUST be ignored" where DTSTART is a date (3.3.10)."""
    if rule.freq >= Freq.HOURLY:
        raise RuleError(f"it is all-day, but its rule goes by the clock ({rule.freq.name})")
    until = rule.until.date() if isinstance(rule.until, datetime) else rule.until
    return replace(rule, by_hour=(), by_minute=(), by_second=(), until=until)


def _until(until: date | None, zone: tzinfo | None) -> datetime | None:
    """The last moment that UNTIL allows, of DTSTART's kind whatever its own; a date is its whole day."""
    if until is None:
        return None
    if not isinstance(until, datetime):
        return datetime.combine(until, time() if zone is None else time.max, zone)
    return until.astimezone(zone) if until.tzinfo else until.replace(tzinfo=zone)


def _wall(moment: datetime, zone: tzinfo | None) -> datetime:
    if zone is None or moment.tzinfo is None:
        return moment.replace(tzinfo=None)
    return min(max(moment, _FIRST), _LAST).astimezone(zone).replace(tzinfo=None)
