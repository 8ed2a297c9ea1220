"""Our rules compared with dateutil's, for the rules that dateutil expands as RFC 5545 defines."""

from datetime import datetime, timedelta

from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples

from calsync.sources.ical.recurrence import rule_starts
from calsync.sources.ical.recurrence_rule import parse_recurrence_rule

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def comma_lists(values: list[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(",".join)


def numbers(low: int, high: int) -> list[str]:
    return [str(number) for number in range(low, high + 1) if number]


def parts(**strategies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Any of these parts, as `;NAME=VALUE`."""
    chosen = st.sets(st.sampled_from(sorted(strategies)))
    return chosen.flatmap(
        lambda names: st.tuples(
            *(strategies[name].map(f";{name}={{}}".format) for name in sorted(names))
        ).map("".join)
    )


NTH = [f"{nth}{day}" for nth in (-2, -1, 1, 2, 5) for day in DAYS]
MONTHS, MONTH_DAYS = comma_lists(numbers(1, 12)), comma_lists(numbers(-31, 31))
TIMES = {"BYHOUR": comma_lists(numbers(1, 23)), "BYMINUTE": comma_lists(["0", "15", "59"])}
RULES = st.one_of(
    parts(BYMONTH=MONTHS, BYMONTHDAY=MONTH_DAYS, BYDAY=comma_lists(list(DAYS)), **TIMES).map(
        "FREQ=DAILY{}".format
    ),
    parts(BYMONTH=MONTHS, BYDAY=comma_lists(list(DAYS), 7), WKST=st.sampled_from(DAYS), **TIMES).map(
        "FREQ=WEEKLY{}".format
    ),
    parts(BYMONTH=MONTHS, BYMONTHDAY=MONTH_DAYS, **TIMES).map("FREQ=MONTHLY{}".format),
    parts(BYMONTH=MONTHS, BYDAY=comma_lists(NTH), **TIMES).map("FREQ=MONTHLY{}".format),
    parts(BYMONTH=MONTHS, BYDAY=comma_lists(list(DAYS)), **TIMES).map("FREQ=YEARLY{}".format),
    parts(BYYEARDAY=comma_lists(numbers(-366, 366)), **TIMES).map("FREQ=YEARLY{}".format),
    parts(BYDAY=comma_lists(NTH), **TIMES).map("FREQ=YEARLY{}".format),
    st.tuples(comma_lists(numbers(-51, -2) + numbers(2, 51)), comma_lists(list(DAYS))).map(
        "FREQ=YEARLY;BYWEEKNO={0[0]};BYDAY={0[1]}".format
    ),
    parts(BYMONTH=MONTHS, BYDAY=comma_lists(list(DAYS)), BYMINUTE=comma_lists(["0", "15", "59"])).map(
        "FREQ=HOURLY;BYHOUR=3,9,15{}".format
    ),
)
BEGINS = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(microsecond=0))


@examples(200)
@given(RULES, st.integers(1, 5), BEGINS, st.integers(0, 2000), st.none() | st.integers(1, 40))
def test_rule_starts_are_those_of_dateutil(
    rule: str, interval: int, begin: datetime, later: int, count: int | None
) -> None:
    # With BYWEEKNO, dateutil cuts weeks at 1 January, which shows where years are skipped.
    # By the hour, it refuses hours that the interval never meets.
    skips = "BYWEEKNO" not in rule and "HOURLY" not in rule
    text = rule + (f";INTERVAL={interval}" if skips else "")
    first = begin + timedelta(days=later)
    last = first + timedelta(days=500)
    # UNTIL, since dateutil looks for a rule that never matches until the year 9999.
    by_dateutil = list(rrulestr(f"{text};UNTIL={last:%Y%m%dT%H%M%S}", dtstart=begin))[:count]
    rule_with_count = parse_recurrence_rule(text + (f";COUNT={count}" if count else ""))
    assert rule_starts(rule_with_count, begin, first, last, is_only_rule=False) == [
        start for start in by_dateutil if start >= first
    ]
