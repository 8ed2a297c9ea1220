"""A summary covers whole weeks or months that are over."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.model.people import Frequency
from calsync.reports.period import SummaryPeriod, last_period


@pytest.mark.parametrize(
    ("night", "first", "last"),
    [
        (date(2026, 11, 9), date(2026, 11, 2), date(2026, 11, 9)),
        (date(2026, 11, 15), date(2026, 11, 2), date(2026, 11, 9)),
        (date(2027, 1, 1), date(2026, 12, 21), date(2026, 12, 28)),
    ],
)
def test_a_week_runs_from_monday_to_sunday_and_is_over(night: date, first: date, last: date) -> None:
    assert last_period(Frequency.WEEKLY, night) == SummaryPeriod(first, last, Frequency.WEEKLY)


@pytest.mark.parametrize(
    ("night", "first"),
    [
        (date(2026, 12, 1), date(2026, 11, 1)),
        (date(2028, 3, 31), date(2028, 2, 1)),
        (date(2027, 1, 1), date(2026, 12, 1)),
    ],
)
def test_a_month_is_the_last_one_that_is_over(night: date, first: date) -> None:
    assert last_period(Frequency.MONTHLY, night) == SummaryPeriod(
        first, night.replace(day=1), Frequency.MONTHLY
    )


def test_who_asked_for_no_summary_has_no_period() -> None:
    assert last_period(Frequency.NONE, date(2026, 11, 9)) is None


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from([Frequency.WEEKLY, Frequency.MONTHLY]))
def test_periods_follow_one_another_without_gap_or_overlap(night: date, frequency: Frequency) -> None:
    period = last_period(frequency, night)
    assert period is not None
    assert period.last <= night
    assert night not in period
    assert last_period(frequency, period.first + (period.last - period.first)) == period
    before = last_period(frequency, period.last - timedelta(days=1))
    assert before is not None
    assert before.last == period.first
