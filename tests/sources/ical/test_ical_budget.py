"""The budget of rules: steps are counted, and long lists of starts are not made."""

import tracemalloc
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_text import NEIGHBOUR, calendar, event, faults, read, uids_of
from support.reader_comparison import read_with_both

from calsync.sources.ical import budget
from calsync.sources.ical.budget import MAX_STEPS, SeriesBudget, SharedReserve
from calsync.sources.ical.recurrence import rule_starts
from calsync.sources.ical.recurrence_rule import RecurrenceRuleError, parse_recurrence_rule
from calsync.sources.ical.yearly_rule import FIRST_ZONE_YEAR, LAST_ZONE_YEAR, to_seconds, yearly_starts


def naive_time(*numbers: int) -> datetime:
    """A naive time."""
    return datetime(*numbers)


HOURS, SIXTY = ",".join(map(str, range(24))), ",".join(map(str, range(60)))
ALL_TIMES = f"BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}"
FIRST, LAST = naive_time(2026, 10, 1), naive_time(2026, 11, 1)


BEGIN = naive_time(1900, 1, 31, 23, 59, 59)


def steps_of(text: str, begin: datetime = BEGIN) -> tuple[list[datetime], int]:
    budget = SeriesBudget()
    return rule_starts(parse_recurrence_rule(text), begin, FIRST, LAST, budget=budget), budget.steps


def test_the_last_second_of_a_month_is_found_without_making_all() -> None:
    month_days = ",".join(map(str, range(1, 32)))
    text = f"FREQ=MONTHLY;COUNT=1000000;BYMONTHDAY={month_days};{ALL_TIMES};BYSETPOS=-1"
    found, steps = steps_of(text)
    assert found == [naive_time(2026, 10, 31, 23, 59, 59)]
    assert steps < 500_000


def test_the_last_second_of_a_year_costs_only_the_years_near_the_window() -> None:
    days = ",".join(map(str, range(1, 367)))
    found, steps = steps_of(f"FREQ=YEARLY;BYYEARDAY={days};{ALL_TIMES};BYSETPOS=-1")
    assert found == []
    assert steps < 100_000


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY;COUNT=5000000000;INTERVAL=3600",
        "FREQ=MINUTELY;COUNT=100000000;INTERVAL=7",
        f"FREQ=HOURLY;COUNT=1000000000;INTERVAL=24;BYMINUTE={SIXTY}",
        f"FREQ=DAILY;COUNT=100000000;BYHOUR={HOURS}",
        "FREQ=WEEKLY;COUNT=100000;BYDAY=MO,TU,WE,TH,FR",
        "FREQ=MONTHLY;COUNT=100000;BYDAY=1MO,3TU",
        "FREQ=MONTHLY;COUNT=100000;BYMONTHDAY=-1",
        "FREQ=YEARLY;COUNT=100000;BYMONTH=10;BYDAY=-1SU",
        f"FREQ=DAILY;COUNT=100000;{ALL_TIMES};BYSETPOS=1,-1",
    ],
)
def test_a_count_of_even_periods_is_counted_by_arithmetic(text: str) -> None:
    begin = (
        naive_time(1900, 1, 1) if "SECOND" not in text and "MINUTELY" not in text else naive_time(2026, 1, 1)
    )
    found, steps = steps_of(text, begin)
    assert found
    assert steps < 50_000


@pytest.mark.parametrize("freq", ["YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12", "MONTHLY", "WEEKLY", "DAILY"])
@pytest.mark.parametrize("count", ["", "COUNT=1000000;"])
def test_a_dense_set_takes_no_memory(freq: str, count: str) -> None:
    days = "" if freq in ("WEEKLY", "DAILY") else f"BYMONTHDAY={','.join(map(str, range(1, 29)))};"
    tracemalloc.start()
    try:
        rule_starts(
            parse_recurrence_rule(f"FREQ={freq};{count}{days}{ALL_TIMES};BYSETPOS=-1"), BEGIN, FIRST, LAST
        )
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5",
        f"FREQ=HOURLY;COUNT=1000000000;BYMONTHDAY=1;BYMINUTE={SIXTY}",
        "FREQ=DAILY;COUNT=1000000000;BYMONTHDAY=31;BYDAY=" + ",".join(["MO", "TU", "WE", "TH", "FR", "SA"]),
    ],
)
@pytest.mark.slow
def test_no_rule_takes_more_than_the_maximum_of_steps(text: str) -> None:
    budget = SeriesBudget()
    try:
        rule_starts(parse_recurrence_rule(text), naive_time(1, 1, 1), FIRST, LAST, budget=budget)
    except RecurrenceRuleError as error:
        assert f"more than {MAX_STEPS} steps" in str(error)
    assert budget.steps <= MAX_STEPS + 10_000


@pytest.mark.slow
def test_a_rule_that_needs_too_many_steps_is_left_out_and_named() -> None:
    rule = "RRULE:FREQ=DAILY;COUNT=999999999;BYMONTHDAY=1,31;BYDAY=MO,TU,WE,TH,FR"
    dense = event("SUMMARY:Bad", rule, start=":00010101T000000Z")
    occurrences, problems = read_with_both(calendar(dense, NEIGHBOUR))
    assert uids_of(occurrences) == ["neighbour"]
    (problem,) = faults(problems)
    assert "this rule would need more than" in problem.what
    assert "line 3" in problem.where


@pytest.mark.slow
def test_many_dense_rules_share_one_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[SeriesBudget] = []

    class RecordedBudget(SeriesBudget):
        def __post_init__(self) -> None:
            spent.append(self)

    monkeypatch.setattr(budget, "SeriesBudget", RecordedBudget)
    dense = [
        event(
            "SUMMARY:Bad",
            f"RRULE:FREQ=DAILY;BYMONTHDAY=1,2;BYDAY=MO;COUNT={10**9 + n}",
            start=":19000101T090000Z",
            uid=f"d{n}",
        )
        for n in range(300)
    ]
    occurrences, problems = read(calendar(*dense, NEIGHBOUR))
    assert "neighbour" in uids_of(occurrences)
    assert faults(problems)
    assert sum(budget.steps for budget in spent) < 4_000_000


def test_ordinary_series_need_no_reserve() -> None:
    ordinary = [
        event(f"RRULE:{text}", start=":20100104T090000Z", end="DURATION:PT1H", uid=f"o{n}")
        for n, text in enumerate(
            [
                "FREQ=DAILY",
                "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=5000",
                "FREQ=MONTHLY;BYDAY=2TU",
                "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=400",
                "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
                "FREQ=YEARLY",
            ]
        )
    ]
    empty = SharedReserve(0, 0)
    for series in ordinary:
        text = series.partition("RRULE:")[2].partition("\r\n")[0]
        budget = SeriesBudget(200 + 2 * 36, 100 + 2 * 36, empty)
        rule_starts(
            parse_recurrence_rule(text),
            naive_time(2010, 1, 4, 9),
            FIRST - timedelta(days=2),
            LAST,
            budget=budget,
        )
    occurrences, problems = read_with_both(calendar(*ordinary, NEIGHBOUR))
    assert not problems
    assert {f"o{n}" for n in range(5)} <= set(uids_of(occurrences))


_RULES = st.builds(
    lambda *parts: ";".join(("FREQ=YEARLY", *filter(None, parts))),
    st.sampled_from(["", "BYMONTH=3", "BYMONTH=2,10"]),
    st.sampled_from(["", "BYDAY=-1SU", "BYDAY=2MO", "BYDAY=SU", "BYDAY=5MO,-5TU"]),
    st.sampled_from(["", "BYMONTHDAY=8,9,10,11,12,13,14", "BYMONTHDAY=-1", "BYMONTHDAY=29"]),
    st.sampled_from(["", "INTERVAL=2", "INTERVAL=999999999999999999"]),
    st.sampled_from(["", "COUNT=1", "COUNT=2", "COUNT=40"]),
)


@examples(100)
@given(text=_RULES, begin=st.datetimes(naive_time(1600, 1, 1), naive_time(2050, 1, 1)))
def test_yearly_starts_are_those_of_rule_starts(text: str, begin: datetime) -> None:
    rule, begin = parse_recurrence_rule(text), begin.replace(microsecond=0)
    last = naive_time(LAST_ZONE_YEAR, 12, 31)
    found = yearly_starts(rule, begin, last)
    if found is not None:
        expected = rule_starts(rule, begin, naive_time(FIRST_ZONE_YEAR, 1, 1), last)
        assert found.tolist() == [to_seconds(start) for start in expected]
