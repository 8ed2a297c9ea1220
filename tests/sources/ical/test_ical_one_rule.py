"""A series of one rule is expanded without recurring-ical-events, to the same result."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_text import LONDON, OCTOBER, calendar, event
from support.reader_comparison import WINDOWS

from calsync.model.span import Span
from calsync.sources.ical import expand
from calsync.sources.ical.full_parser import read_with_full_parser

RULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;COUNT=3",
        "FREQ=WEEKLY;BYDAY=MO,WE,SU",
        "FREQ=WEEKLY;BYDAY=TU;COUNT=40",
        "FREQ=MONTHLY;BYDAY=-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=10;BYDAY=1MO",
        "FREQ=DAILY;UNTIL=20251026T003000Z",
        "FREQ=DAILY;UNTIL=20251026",
        "FREQ=DAILY;UNTIL=20200101",
        "FREQ=HOURLY;INTERVAL=7;COUNT=900",
        "FREQ=DAILY;BYHOUR=1,2;BYMINUTE=30",
    ]
)
STARTS = st.sampled_from(
    [
        ":20251006T090000Z",
        ";TZID=Europe/London:20250303T013000",
        ";TZID=America/New_York:20241006T013000",
        ":20250101T233000",
        ";VALUE=DATE:20250928",
        ";VALUE=DATE:20251026",
    ]
)
ENDS = st.sampled_from(
    ["DURATION:PT0S", "DURATION:PT90M", "DURATION:P1D", "DURATION:P40D", "DURATION:P1DT2H", ""]
)
# An override in no window: its only effect is that the library expands the series.
FAR = event("RECURRENCE-ID;VALUE=DATE:20400101", start=";VALUE=DATE:20400101", end="")
FAR_TIME = event("RECURRENCE-ID:20400101T000000Z", start=":20400101T000000Z", end="DURATION:PT1H")


@examples(150, deadline=timedelta(seconds=5))
@given(
    RULES,
    STARTS,
    ENDS,
    st.sampled_from([(), ("EXDATE:20251008T090000Z",), ("EXDATE;VALUE=DATE:20251026",)]),
    WINDOWS,
)
def test_a_series_of_one_rule_is_expanded_as_by_the_library(
    rule: str, start: str, end: str, more: tuple[str, ...], window: Span
) -> None:
    if "DATE" in start and end.startswith("DURATION:P") and "T" in end:
        end = "DURATION:P2D"
    series = event(f"RRULE:{rule}", *more, start=start, end=end)

    def read(content: bytes) -> object:
        occurrences, problems = read_with_full_parser(content, window, zone=LONDON, where="a.ics")
        return occurrences, [problem.what for problem in problems]

    assert read(calendar(series)) == read(calendar(series, FAR if "DATE" in start else FAR_TIME))


def test_many_series_of_one_uid_are_expanded_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the library was called")

    monkeypatch.setattr(expand, "_LibrarySeries", fail)
    parts = [
        event("RRULE:FREQ=DAILY", start=f":20251006T{hour:02}0000Z", end="DURATION:PT5M")
        for hour in range(5, 15)
    ]
    occurrences, problems = read_with_full_parser(calendar(*parts), OCTOBER, zone=LONDON, where="a.ics")
    assert (len(occurrences), problems) == (260, ())
