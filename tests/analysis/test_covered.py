"""Which days of a manager were read."""

from datetime import date, timedelta

from calsync.analysis.days_read import CalendarDaysRead, determine_day_coverage

FIRST = date(2026, 11, 2)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]


def coverage(*calendars: CalendarDaysRead) -> list[str]:
    return [str(day) for day in determine_day_coverage(calendars, DAYS)]


def days_of_calendar(first: int, last: int, listed: bool = True) -> CalendarDaysRead:
    return CalendarDaysRead(FIRST + timedelta(days=first), FIRST + timedelta(days=last), listed)


NEVER = CalendarDaysRead(None, None)


def test_a_day_is_covered_if_every_calendar_was_read_after_it():
    assert coverage(days_of_calendar(0, 3)) == ["all", "all", "all", "none"]
    assert coverage(days_of_calendar(1, 4), days_of_calendar(-9, 2)) == ["part", "all", "part", "part"]


def test_nothing_is_covered_of_a_manager_who_was_never_read():
    assert coverage() == coverage(NEVER) == ["none"] * 4
    assert coverage(days_of_calendar(-9, 9), NEVER) == ["part"] * 4


def test_a_former_calendar_covers_the_days_before_the_new_one_began():
    assert coverage(days_of_calendar(2, 4), days_of_calendar(-9, 2, listed=False)) == ["all"] * 4
    assert coverage(days_of_calendar(2, 4), days_of_calendar(-9, 1, listed=False)) == [
        "all",
        "none",
        "all",
        "all",
    ]
    assert coverage(NEVER, days_of_calendar(-9, 2, listed=False)) == ["part", "part", "none", "none"]
