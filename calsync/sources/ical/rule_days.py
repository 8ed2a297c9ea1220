"""The days of a rule in a year, a month, a week (RFC 5545, 3.3.10, the table of BYxxx parts).

A part that "expands" and one that "limits" need no distinction here: of all days of the period, those remain
that match every part of the rule. Where no part is about days, the day is taken from DTSTART.
"""

from calendar import isleap
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, MINYEAR, date

from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule

_LAST_ORDINAL = date.max.toordinal()
_MONTH_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_in_year(rule: RecurrenceRule, year: int, dtstart: date) -> Iterator[date]:
    """Yield the days of a year; with BYWEEKNO of a year of whole weeks, which may cross 1 January."""
    if rule.by_week_no:
        yield from _days_in_numbered_weeks(rule, year, dtstart)
        return
    for month in months_of_rule(rule, dtstart):
        yield from _days_in_one_month(rule, year, month, dtstart)


def months_of_rule(rule: RecurrenceRule, dtstart: date) -> Sequence[int]:
    """Return the months of a yearly rule.

    Without BYMONTH, BYYEARDAY and BYDAY apply to the whole year; BYMONTHDAY applies to what FREQ evaluated
    to, a day in DTSTART's month ("applied to the current set of evaluated occurrences"), as in libical.
    """
    if rule.by_month:
        return rule.by_month
    is_of_whole_year = rule.by_year_day or (rule.by_day and not rule.by_month_day)
    return range(1, 13) if is_of_whole_year else (dtstart.month,)


def days_in_month(rule: RecurrenceRule, year: int, month: int, dtstart: date) -> Iterator[date]:
    """Yield the days of a month, none if BYMONTH leaves it out."""
    if not rule.by_month or month in rule.by_month:
        yield from _days_in_one_month(rule, year, month, dtstart)


def _days_in_one_month(rule: RecurrenceRule, year: int, month: int, dtstart: date) -> Iterator[date]:
    length = _month_length(year, month)
    if rule.selects_days:
        days = (date(year, month, number) for number in range(1, length + 1))
        yield from (day for day in days if matches_day(rule, day))
    elif dtstart.day <= length:
        # "Invalid dates (e.g., February 30) MUST be ignored".
        yield date(year, month, dtstart.day)


def _days_in_numbered_weeks(rule: RecurrenceRule, year: int, dtstart: date) -> Iterator[date]:
    # Without a part for its days, the day of a week is that of DTSTART: "Information, not contained in the
    # rule, … [is] derived from the Start Time (DTSTART)" (3.3.10).
    is_on_dtstart_weekday = not (rule.by_day or rule.by_month_day or rule.by_year_day)
    weeks = weeks_in_year(year, rule.wkst)
    for week in sorted({week if week > 0 else weeks + 1 + week for week in rule.by_week_no}):
        if not 1 <= week <= weeks:
            continue
        for day in _days_of_week(first_week_ordinal(year, rule.wkst) + 7 * (week - 1)):
            if (not is_on_dtstart_weekday or day.weekday() == dtstart.weekday()) and matches_day(rule, day):
                yield day


def _days_of_week(first: int) -> Iterator[date]:
    """The days of the week that starts on an ordinal, as far as Python can represent them."""
    return (date.fromordinal(day) for day in range(max(first, 1), min(first + 6, _LAST_ORDINAL) + 1))


def days_in_week(rule: RecurrenceRule, first: int, dtstart: date) -> Iterator[date]:
    """Yield the days of the week that starts on the ordinal `first`."""
    weekdays = {weekday for _, weekday in rule.by_day} or {dtstart.weekday()}
    for day in _days_of_week(first):
        if day.weekday() in weekdays and matches_day(rule, day):
            yield day


def matches_day(rule: RecurrenceRule, day: date) -> bool:
    """Whether a day matches every part of the rule that is about days."""
    return (
        (not rule.by_month or day.month in rule.by_month)
        and (
            not rule.by_month_day
            or _matches_number(day.day, _month_length(day.year, day.month), rule.by_month_day)
        )
        and (
            not rule.by_year_day
            or _matches_number(_day_of_year(day), _year_length(day.year), rule.by_year_day)
        )
        and (not rule.by_day or _matches_by_day(rule, day))
        and (not rule.by_week_no or _matches_by_week_no(rule, day))
    )


def _matches_number(number: int, length: int, wanted: tuple[int, ...]) -> bool:
    """Whether a number, counted from the start or from the end, is one of `wanted`."""
    return number in wanted or number - length - 1 in wanted


def _matches_by_day(rule: RecurrenceRule, day: date) -> bool:
    which = [which for which, weekday in rule.by_day if weekday == day.weekday()]
    if not which or 0 in which or rule.by_week_no:
        return bool(which)
    if rule.freq is Freq.MONTHLY or rule.by_month:
        number, length = day.day, _month_length(day.year, day.month)
    else:
        number, length = _day_of_year(day), _year_length(day.year)
    return (number - 1) // 7 + 1 in which or -((length - number) // 7 + 1) in which


def _matches_by_week_no(rule: RecurrenceRule, day: date) -> bool:
    year = week_year(day, rule.wkst)
    week = (day.toordinal() - first_week_ordinal(year, rule.wkst)) // 7 + 1
    return _matches_number(week, weeks_in_year(year, rule.wkst), rule.by_week_no)


def _month_length(year: int, month: int) -> int:
    # Takes a third of the time of `calendar.monthrange`, which computes a weekday as well.
    return _MONTH_LENGTHS[month] + (month == 2 and isleap(year))


def _day_of_year(day: date) -> int:
    return day.timetuple().tm_yday


def _year_length(year: int) -> int:
    return 366 if isleap(year) else 365


def first_week_ordinal(year: int, wkst: int) -> int:
    """Return the first day of week 1: "the first week that contains at least four days" of the year.

    As an ordinal, since in the year 1 it may lie before Python's first date.
    """
    january_4 = date(year, 1, 4)
    return january_4.toordinal() - (january_4.weekday() - wkst) % 7


def weeks_in_year(year: int, wkst: int) -> int:
    """Return how many whole weeks a year has: 52 or 53."""
    if not MINYEAR < year < MAXYEAR:
        return 52
    return (first_week_ordinal(year + 1, wkst) - first_week_ordinal(year, wkst)) // 7


def week_year(day: date, wkst: int) -> int:
    """Return the year that the week of a day belongs to."""
    if not MINYEAR + 1 < day.year < MAXYEAR - 1:
        return day.year
    if day.toordinal() < first_week_ordinal(day.year, wkst):
        return day.year - 1
    return day.year + (day.toordinal() >= first_week_ordinal(day.year + 1, wkst))
