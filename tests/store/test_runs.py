"""The table of nights."""

from datetime import UTC, date, timedelta

import pytest
from support.builders import MONDAY, at

from calsync.errors import StoreError
from calsync.model.problem import Problem, Severity
from calsync.store.database import Store
from calsync.store.lock import night_lock
from calsync.store.records import NightRecord, RunAttempt, RunState

TUESDAY = MONDAY + timedelta(days=1)
NOW, LATER = at("04:15"), at("04:20")
FAULT = Problem("m1 (a.ics)", "not a calendar \0", "look at it")
NOTE = Problem("m2 (b.ics)", "one event had no start", severity=Severity.NOTE)


def run_to_end(store: Store, night: date, state: str = "good", *problems: Problem) -> None:
    store.runs.begin(night, NOW)
    store.runs.finish(night, state, LATER, {"calendars": 12}, problems)


def test_a_night_is_stored_with_its_counts_and_faults(store: Store) -> None:
    run_to_end(store, MONDAY, "problems", FAULT, NOTE)
    assert store.runs.nights(7) == [
        NightRecord(
            MONDAY,
            RunState.PROBLEMS,
            1,
            NOW.astimezone(UTC),
            LATER.astimezone(UTC),
            {"calendars": 12},
            problems=1,
        )
    ]


def test_problems_are_listed_in_order(store: Store) -> None:
    run_to_end(store, MONDAY, "problems", FAULT, NOTE)
    stored = Problem(FAULT.where, "not a calendar \ufffd", FAULT.hint)
    assert store.runs.problems(MONDAY) == [stored, NOTE]
    assert store.runs.problems(TUESDAY) == []


def test_another_try_replaces_the_first(store: Store) -> None:
    assert store.runs.begin(MONDAY, NOW) == RunAttempt(MONDAY, 1, None)
    store.runs.finish(MONDAY, "failed", LATER, {}, [FAULT])
    assert store.runs.begin(MONDAY, NOW) == RunAttempt(MONDAY, 2, RunState.FAILED)
    store.runs.finish(MONDAY, "good", LATER, {}, [])
    (night,) = store.runs.nights(7)
    assert (night.attempt, night.state, night.problems) == (2, "good", 0)
    assert store.runs.problems(MONDAY) == []


@pytest.mark.parametrize(
    ("state", "counts"), [("good", True), ("problems", True), ("failed", False), ("interrupted", False)]
)
def test_a_night_is_done_when_it_ran_to_its_end(store: Store, state: str, counts: bool) -> None:
    assert store.runs.last_good() is None
    run_to_end(store, MONDAY)
    run_to_end(store, TUESDAY, state)
    assert store.runs.last_good() == (TUESDAY if counts else MONDAY)


def test_nights_come_newest_first(store: Store) -> None:
    nights = [MONDAY + timedelta(days=n) for n in (2, 0, 1)]
    for night in nights:
        run_to_end(store, night)
    assert [n.night for n in store.runs.nights(2)] == sorted(nights, reverse=True)[:2]


def test_a_night_whose_lock_is_free_was_interrupted(store: Store, url: str) -> None:
    with night_lock(url):
        store.runs.begin(MONDAY, NOW)
        assert store.runs.nights(1)[0].state is RunState.RUNNING
    assert store.runs.nights(1)[0].state is RunState.INTERRUPTED


def test_the_next_night_stores_a_killed_one_as_interrupted(store: Store, url: str) -> None:
    store.runs.begin(MONDAY, NOW)
    with night_lock(url):
        store.runs.begin(TUESDAY, NOW)
        states = [(n.night, n.state) for n in store.runs.nights(7)]
    assert states == [(TUESDAY, "running"), (MONDAY, "interrupted")]
    assert store.runs.last_good() is None


def test_a_night_that_never_began_cannot_end(store: Store) -> None:
    with pytest.raises(StoreError, match="2026-11-02 was never begun"):
        store.runs.finish(MONDAY, "good", LATER, {}, [])


def test_a_time_without_a_zone_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="a moment needs a zone"):
        store.runs.begin(MONDAY, NOW.replace(tzinfo=None))
    assert store.runs.nights(1) == []
