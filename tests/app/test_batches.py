"""Calendars go to workers in batches: each once, and no worker is left with a long last one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.app.fetch import split_into_batches

pytestmark = pytest.mark.slow

PLACES, SIZES = st.integers(1, 64), st.integers(1, 40)


@given(st.integers(0, 2000), SIZES, PLACES)
def test_every_job_is_in_one_batch_in_the_order_given(count: int, size: int, places: int) -> None:
    batches = list(split_into_batches(range(count), size, places))
    assert [job for batch in batches for job in batch] == list(range(count))
    assert all(0 < len(batch) <= size for batch in batches)


@given(st.integers(1, 2000), SIZES, PLACES)
def test_no_batch_takes_more_than_its_share_of_what_is_left(count: int, size: int, places: int) -> None:
    left = count
    for batch in split_into_batches(range(count), size, places):
        assert len(batch) <= max(left / places, size / 8, 1)
        left -= len(batch)


def test_few_calendars_are_distributed_and_many_are_in_full_batches() -> None:
    sizes = [len(batch) for batch in split_into_batches(range(40), 16, 4)]
    assert sizes == [10, 7, 5, 4, 3, 2, 2, 2, 2, 2, 1]
    assert [len(batch) for batch in split_into_batches(range(200), 16, 4)][:8] == [16] * 8
