"""A rule by the clock of its series, with the methods that recurring-ical-events calls of a rule."""

from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, datetime, time, timedelta, tzinfo

from calsync.model.localtime import add_clamped, localize
from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.recurrence import rule_starts
from calsync.sources.ical.recurrence_rule import (
    Freq,
    RecurrenceRule,
    RecurrenceRuleError,
    parse_recurrence_rule,
)
from calsync.sources.ical.time_values import to_naive_utc

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ZonedRule:
    """The starts of one rule by the clock of `zone`; all times are naive.

    Attributes:
        until_utc: The last moment that UNTIL allows, in UTC; None for no UNTIL.
        until: A time before DTSTART if the rule ends before DTSTART, else None. recurring-ical-events reads
            it to find out whether DTSTART itself takes place.
        is_only_rule: Whether the event has no other rule.
    """

    rule: RecurrenceRule
    dtstart: datetime
    zone: tzinfo
    until_utc: datetime | None
    until: datetime | None
    is_only_rule: bool
    budget: SeriesBudget | None

    def between(self, first: datetime, last: datetime, inc: bool) -> list[datetime]:  # noqa: ARG002 - the library's
        """Return the starts from `first` to `last`, both included; raises RecurrenceRuleError."""
        latest = last
        if self.until_utc is not None:
            # A day more by the clock, since UNTIL is compared in UTC below.
            latest = min(last, self.until_utc + _DAY)
        starts = rule_starts(
            self.rule, self.dtstart, first, latest, is_only_rule=self.is_only_rule, budget=self.budget
        )
        if self.until_utc is None:
            return starts
        return [start for start in starts if to_naive_utc(localize(start, self.zone)) <= self.until_utc]


def read_zoned_rule(
    text: str,
    dtstart: datetime,
    zone: tzinfo,
    *,
    all_day: bool,
    is_only_rule: bool = True,
    budget: SeriesBudget | None = None,
) -> ZonedRule:
    """Read a rule for a series.

    Args:
        text: The value of RRULE.
        dtstart: The first start by the clock of `zone`, naive; of an all-day series its midnight.
        all_day: Whether the series is of days.
        is_only_rule: Whether the event has no other rule.
        budget: What the rule may cost.

    Raises:
        RecurrenceRuleError: The rule cannot be followed.
    """
    rule = _to_all_day_rule(parse_recurrence_rule(text)) if all_day else parse_recurrence_rule(text)
    until_utc = _until_in_utc(rule.until, zone)
    ends_before_dtstart = until_utc is not None and until_utc < to_naive_utc(localize(dtstart, zone))
    until = add_clamped(dtstart, -_DAY) if ends_before_dtstart else None
    return ZonedRule(rule, dtstart, zone, until_utc, until, is_only_rule, budget)


def _to_all_day_rule(rule: RecurrenceRule) -> RecurrenceRule:
    """The rule without BYHOUR, BYMINUTE and BYSECOND, which "MUST be ignored" for a date (3.3.10)."""
    if rule.freq >= Freq.HOURLY:
        raise RecurrenceRuleError(f"it is all-day, but its rule goes by the clock ({rule.freq.name})")
    until = rule.until.date() if isinstance(rule.until, datetime) else rule.until
    return replace(rule, by_hour=(), by_minute=(), by_second=(), until=until)


def _until_in_utc(until: date | None, zone: tzinfo) -> datetime | None:
    """The last moment that UNTIL allows, in UTC.

    A date is its whole day, a local time is by the clock of DTSTART: servers write every form with any
    DTSTART.
    """
    if until is None or until.year == MAXYEAR:
        # UNTIL=99991231T235959Z is how some servers write "no end"; no other zone can show that moment.
        return None
    if not isinstance(until, datetime):
        until = datetime.combine(until, time.max)
    return to_naive_utc(until if until.tzinfo else localize(until, zone))
