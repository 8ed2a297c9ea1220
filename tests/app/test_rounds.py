"""Calendars go to workers in rounds: each once, and no worker is left with a long last one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.app.fetch import split_into_batches

pytestmark = pytest.mark.slow

PLACES, MOST = st.integers(1, 64), st.integers(1, 40)


@given(st.integers(0, 2000), MOST, PLACES)
def test_every_visit_is_in_one_round_in_the_order_given(count: int, most: int, places: int) -> None:
    rounds = list(split_into_batches(range(count), most, places))
    assert [visit for one in rounds for visit in one] == list(range(count))
    assert all(0 < len(one) <= most for one in rounds)


@given(st.integers(1, 2000), MOST, PLACES)
def test_no_round_takes_more_than_its_share_of_what_is_left(count: int, most: int, places: int) -> None:
    left = count
    for one in split_into_batches(range(count), most, places):
        assert len(one) <= max(left / places, most / 8, 1)
        left -= len(one)


def test_few_calendars_are_shared_out_and_many_go_in_full_rounds() -> None:
    assert [len(one) for one in split_into_batches(range(40), 16, 4)] == [10, 7, 5, 4, 3, 2, 2, 2, 2, 2, 1]
    assert [len(one) for one in split_into_batches(range(200), 16, 4)][:8] == [16] * 8
