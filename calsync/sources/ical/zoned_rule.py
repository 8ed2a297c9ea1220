"""A rule on its series' own clock: what recurring-ical-events asks of a rule, answered by `recur`."""

from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, datetime, time, timedelta, tzinfo

from calsync.model.localtime import add_clamped, localize
from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.recurrence import rule_starts
from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule, RuleError, parse_rule
from calsync.sources.ical.time_values import to_naive_utc

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ZonedRule:
    """The starts of one rule by the clock of `zone`; all its times are naive.

    begin: DTSTART. last: the last moment that UNTIL allows, in UTC, None for no UNTIL. alone: whether
    it is the event's only rule. until: what recurring-ical-events looks at to see whether DTSTART itself
    takes place; None, or a time before DTSTART.
    """

    rule: RecurrenceRule
    begin: datetime
    zone: tzinfo
    until_utc: datetime | None
    until: datetime | None
    alone: bool
    budget: SeriesBudget | None

    def between(self, first: datetime, last: datetime, inc: bool) -> list[datetime]:  # noqa: ARG002 - asked so
        """Every start from `first` to `last`, both included."""
        if self.until_utc is None:
            return rule_starts(
                self.rule, self.begin, first, last, is_only_rule=self.alone, budget=self.budget
            )
        # A day more by the clock, since what counts is real time.
        latest = min(last, self.until_utc + _DAY)
        found = rule_starts(self.rule, self.begin, first, latest, is_only_rule=self.alone, budget=self.budget)
        return [wall for wall in found if to_naive_utc(localize(wall, self.zone)) <= self.until_utc]


def read_zoned_rule(
    text: str,
    dtstart: datetime,
    zone: tzinfo,
    *,
    all_day: bool,
    is_only_rule: bool = True,
    budget: SeriesBudget | None = None,
) -> ZonedRule:
    """Read a rule for a series that begins at `begin` by the clock of `zone`; raises RuleError."""
    rule = _to_all_day_rule(parse_rule(text)) if all_day else parse_rule(text)
    last = _until_in_utc(rule.until, zone)
    never = last is not None and last < to_naive_utc(localize(dtstart, zone))
    until = add_clamped(dtstart, -_DAY) if never else None
    return ZonedRule(rule, dtstart, zone, last, until, is_only_rule, budget)


def _to_all_day_rule(rule: RecurrenceRule) -> RecurrenceRule:
    """BYHOUR and the like "MUST be ignored" where DTSTART is a date (3.3.10)."""
    if rule.freq >= Freq.HOURLY:
        raise RuleError(f"it is all-day, but its rule goes by the clock ({rule.freq.name})")
    until = rule.until.date() if isinstance(rule.until, datetime) else rule.until
    return replace(rule, by_hour=(), by_minute=(), by_second=(), until=until)


def _until_in_utc(until: date | None, zone: tzinfo) -> datetime | None:
    """The last moment that UNTIL allows, in UTC: of DTSTART's kind, whatever its own; a date is its day."""
    if until is None or until.year == MAXYEAR:
        # UNTIL=99991231T235959Z is how some servers write "no end"; no other zone can show that moment.
        return None
    if not isinstance(until, datetime):
        until = datetime.combine(until, time.max)
    return to_naive_utc(until if until.tzinfo else localize(until, zone))
