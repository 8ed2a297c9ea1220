"""Spans are compared by real time, also in the hour that is repeated in autumn."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import LONDON, at, span

from calsync.model.span import Span, count_covered_minutes, merge_spans

AUTUMN = date(2026, 10, 25)
SPRING = date(2026, 3, 29)


def second_0130():
    return at("01:30", AUTUMN).replace(fold=1)


def test_a_span_may_contain_the_repeated_hour():
    assert Span(at("01:30", AUTUMN), second_0130()).duration == timedelta(hours=1)


def test_a_span_may_end_at_an_earlier_local_time_than_it_starts():
    second_0115 = at("01:15", AUTUMN).replace(fold=1)
    assert Span(at("01:45", AUTUMN), second_0115).duration == timedelta(minutes=30)


def test_a_span_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="cannot end before"):
        Span(second_0130(), at("01:45", AUTUMN))


def test_naive_bounds_raise():
    with pytest.raises(ValueError, match="aware"):
        Span(datetime(2026, 11, 2, 9), at("10:00"))


def test_the_day_on_which_summer_time_begins_has_23_hours():
    assert count_covered_minutes([span("00:00-24:00", SPRING)]) == 23 * 60


def test_spans_on_either_side_of_the_repeated_hour_do_not_touch():
    spans = [
        Span(at("00:30", AUTUMN), at("01:30", AUTUMN)),
        Span(second_0130(), at("02:00", AUTUMN)),
    ]
    assert len(list(merge_spans(spans))) == 2
    assert count_covered_minutes(spans) == 90
    assert spans[0].intersection(spans[1]) is None
    assert not spans[0].overlaps(spans[1])


def test_an_empty_span_overlaps_the_span_that_contains_its_start():
    empty, morning = Span(at("09:00"), at("09:00")), span("09:00-10:00")
    assert empty.overlaps(morning)
    assert morning.overlaps(empty)
    assert not empty.overlaps(span("08:00-09:00"))


minutes = st.integers(0, 36 * 60)
START = datetime(2026, 10, 24, 12, tzinfo=UTC)


@given(st.lists(st.tuples(minutes, minutes), max_size=8))
def test_covered_minutes_equal_a_count_minute_by_minute(pairs):
    bounds = [(min(pair), max(pair)) for pair in pairs]
    london = [Span(*((START + timedelta(minutes=m)).astimezone(LONDON) for m in pair)) for pair in bounds]
    assert count_covered_minutes(london) == len({m for start, end in bounds for m in range(start, end)})
