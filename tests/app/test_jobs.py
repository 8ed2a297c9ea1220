"""Jobs abreast: bounded, limited, and none lost."""

import threading
from collections import deque
from concurrent.futures import BrokenExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.crashing_jobs import crash_or_double

from calsync.app import abreast as room
from calsync.app.engines import ProcessEngine, ThreadEngine


def abreast(jobs, work, *, places, seconds, **options):
    """In threads of this process."""
    engine = ThreadEngine(places)
    try:
        yield from room.run_jobs(deque(jobs), work, engine, time_limit=lambda _: seconds, **options)
    finally:
        engine.close()


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_every_job_is_given_once_with_its_own_result(jobs, places):
    given_back = list(abreast(jobs, lambda n: n * 2, places=places, seconds=60))
    assert sorted(job for job, _ in given_back) == sorted(jobs)
    assert all(result == job * 2 for job, result in given_back)


def test_never_more_than_the_places_at_once():
    at_once, most, lock = 0, 0, threading.Lock()
    gate = threading.Semaphore(0)

    def work(_):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        gate.acquire(timeout=0.02)
        with lock:
            at_once -= 1

    assert len(list(abreast(range(20), work, places=3, seconds=60))) == 20
    assert most == 3


def test_a_job_that_hangs_is_left_behind_and_the_others_end():
    forever = threading.Event()
    ended = dict(abreast([0, 1, 2, 3], lambda n: forever.wait(30) if n == 1 else n, places=2, seconds=0.5))
    forever.set()
    assert isinstance(ended.pop(1), TimeoutError)
    assert ended == {0: 0, 2: 2, 3: 3}


def test_what_a_job_raises_is_given_as_a_value():
    def work(n):
        raise KeyError(n)

    ((_, error),) = abreast([7], work, places=1, seconds=60)
    assert isinstance(error, KeyError)


def test_asked_to_stop_no_job_is_begun_and_those_in_hand_are_given():
    begun = []

    def work(n):
        begun.append(n)
        return n

    given_back = list(abreast(range(100), work, places=1, seconds=60, stop=lambda: len(begun) >= 3))
    assert [job for job, _ in given_back] == begun == [0, 1, 2]


def test_the_first_to_end_is_given_first():
    slow = threading.Event()
    jobs = {"slow": lambda: slow.wait(10), "quick": lambda: True}
    ended = []
    for job, _ in abreast(jobs, lambda name: jobs[name](), places=2, seconds=60):
        ended.append(job)
        slow.set()
    assert ended == ["quick", "slow"]


def test_a_thread_does_one_job_after_another():
    names = [
        name
        for _, name in abreast(range(50), lambda _: threading.current_thread().name, places=3, seconds=60)
    ]
    assert len(set(names)) <= 3


def test_when_all_is_done_the_threads_go_home():
    before = set(threading.enumerate())
    list(abreast(range(10), lambda n: n, places=4, seconds=60))
    new = set(threading.enumerate()) - before
    for thread in new:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in new)


def test_whoever_iterates_may_append_jobs():
    engine, jobs, ended = ThreadEngine(2), deque([3]), []
    for job, _ in room.run_jobs(jobs, lambda n: n, engine, time_limit=lambda _: 60):
        ended.append(job)
        if job:
            jobs.append(job - 1)
    engine.close()
    assert ended == [3, 2, 1, 0]


@pytest.fixture
def processes():
    engine = ProcessEngine(2)
    yield engine
    engine.close()


def test_a_job_that_kills_its_process_is_found_and_the_others_end(processes):
    jobs = deque([1, 2, 13, 3, 4])
    ended = dict(room.run_jobs(jobs, crash_or_double, processes, time_limit=lambda _: 60))
    assert isinstance(ended.pop(13), BrokenExecutor)
    assert ended == {1: 2, 2: 4, 3: 6, 4: 8}


def test_a_process_that_hangs_is_ended_and_the_others_end(processes):
    jobs = deque([1, 99, 2, 3])
    ended = dict(room.run_jobs(jobs, crash_or_double, processes, time_limit=lambda _: 3))
    assert isinstance(ended.pop(99), TimeoutError)
    assert ended == {1: 2, 2: 4, 3: 6}
