"""Jobs run on an engine: a bounded number at once, each with a time limit, and none is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import BrokenExecutor, Future

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pebble import ProcessExpired
from support.crashing_jobs import crash_or_double

from calsync.app.jobs import TRIES, Engine, run_jobs
from calsync.app.workers import ProcessEngine, ThreadEngine


def run_in_threads(jobs, function, *, workers, seconds, **options):
    engine = ThreadEngine(workers)
    try:
        yield from run_jobs(deque(jobs), function, engine, seconds=lambda _: seconds, **options)
    finally:
        engine.shutdown()


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_every_job_is_yielded_once_with_its_own_result(jobs, workers):
    results = list(run_in_threads(jobs, lambda n: n * 2, workers=workers, seconds=60))
    assert sorted(job for job, _ in results) == sorted(jobs)
    assert all(result == job * 2 for job, result in results)


def test_never_more_jobs_run_at_once_than_there_are_workers():
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

    assert len(list(run_in_threads(range(20), work, workers=3, seconds=60))) == 20
    assert most == 3


def test_a_job_that_hangs_costs_its_time_limit_and_the_others_end():
    forever = threading.Event()
    jobs = [0, 1, 2, 3]
    results = dict(run_in_threads(jobs, lambda n: forever.wait(30) if n == 1 else n, workers=2, seconds=0.5))
    forever.set()
    assert isinstance(results.pop(1), TimeoutError)
    assert results == {0: 0, 2: 2, 3: 3}


def test_what_a_job_raises_is_yielded_as_a_value():
    def work(n):
        raise KeyError(n)

    ((_, error),) = run_in_threads([7], work, workers=1, seconds=60)
    assert isinstance(error, KeyError)


def test_after_stop_no_job_is_started_and_those_in_flight_are_yielded():
    started = []

    def work(n):
        started.append(n)
        return n

    results = list(run_in_threads(range(100), work, workers=1, seconds=60, stop=lambda: len(started) >= 3))
    assert [job for job, _ in results] == started == [0, 1, 2]


def test_results_are_yielded_as_they_come():
    slow = threading.Event()
    jobs = {"slow": lambda: slow.wait(10), "quick": lambda: True}
    ended = []
    for job, _ in run_in_threads(jobs, lambda name: jobs[name](), workers=2, seconds=60):
        ended.append(job)
        slow.set()
    assert ended == ["quick", "slow"]


def test_a_thread_runs_one_job_after_another():
    threads = [
        thread
        for _, thread in run_in_threads(range(50), lambda _: threading.get_ident(), workers=3, seconds=60)
    ]
    assert len(set(threads)) <= 3


@pytest.mark.parametrize("hangs", [False, True])
def test_when_all_jobs_are_done_the_threads_end(hangs):
    before, finish = set(threading.enumerate()), threading.Event()
    list(run_in_threads(range(10), lambda n: n or not hangs or finish.wait(30), workers=4, seconds=0.5))
    finish.set()
    started = set(threading.enumerate()) - before
    for thread in started:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in started)


def test_a_thread_that_hangs_does_not_keep_the_process_from_ending():
    script = (
        "import threading, collections\n"
        "from calsync.app.jobs import run_jobs\n"
        "from calsync.app.workers import ThreadEngine\n"
        "engine = ThreadEngine(1)\n"
        "hang = lambda _: threading.Event().wait(600)\n"
        "print(list(run_jobs(collections.deque([1]), hang, engine, seconds=lambda _: 0.1)))\n"
        "engine.shutdown()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], timeout=60, capture_output=True, text=True)
    assert "TimeoutError" in ended.stdout and ended.returncode == 0


def test_the_caller_may_append_jobs():
    engine, jobs, ended = ThreadEngine(2), deque([3]), []
    for job, _ in run_jobs(jobs, lambda n: n, engine, seconds=lambda _: 60):
        ended.append(job)
        if job:
            jobs.append(job - 1)
    engine.shutdown()
    assert ended == [3, 2, 1, 0]


@pytest.fixture
def processes():
    engine = ProcessEngine(2)
    yield engine
    engine.shutdown()


def test_a_job_that_kills_its_process_is_reported_and_the_others_end(processes):
    jobs = deque([1, 2, 13, 3, 4])
    results = dict(run_jobs(jobs, crash_or_double, processes, seconds=lambda _: 60))
    assert isinstance(results.pop(13), ProcessExpired)
    assert results == {1: 2, 2: 4, 3: 6, 4: 8}


def test_a_process_that_hangs_is_killed_and_the_others_end(processes):
    jobs = deque([1, 99, 2, 3])
    begin = time.monotonic()
    results = dict(run_jobs(jobs, crash_or_double, processes, seconds=lambda _: 2))
    assert isinstance(results.pop(99), TimeoutError)
    assert results == {1: 2, 2: 4, 3: 6}
    assert time.monotonic() - begin < 30


def test_a_killed_process_costs_no_result(processes):
    """Idle or busy, each of its processes is killed once."""
    jobs = deque(range(100, 160))
    results = {}
    for job, result in run_jobs(jobs, crash_or_double, processes, seconds=lambda _: 60):
        results[job] = result
        if len(results) in (1, 20, 40):
            os.kill(processes.submit(os.getpid).result(60), signal.SIGKILL)
    assert results == {job: 2 * job for job in range(100, 160)}


class BrokenEngine(Engine):
    """Fails `breaks` times for every job in flight at once, as an executor does that lost all its workers."""

    max_in_flight = 3

    def __init__(self, breaks):
        self.problems, self.breaks, self.pending = [], breaks, []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        if not self.breaks:
            future.set_result(fn(*args))
        self.pending.append(future)
        if len(self.pending) == 3 and self.breaks:
            self.breaks -= 1
            for future_in_flight in self.pending:
                future_in_flight.set_exception(BrokenExecutor())
        return future

    def restart(self):
        self.pending.clear()
        return True


def test_jobs_of_an_engine_that_broke_are_repeated():
    results = dict(run_jobs(deque([1, 2, 3]), str, BrokenEngine(TRIES - 1), seconds=lambda _: 60))
    assert results == {1: "1", 2: "2", 3: "3"}


def test_jobs_whose_engine_breaks_every_time_are_reported():
    results = dict(run_jobs(deque([1, 2, 3]), str, BrokenEngine(TRIES), seconds=lambda _: 60))
    assert all(isinstance(error, BrokenExecutor) for error in results.values()) and len(results) == 3


class SilentEngine(BrokenEngine):
    """Returns nothing of the first jobs; `is_lost` notices it."""

    lost = True

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        if not self.lost:
            future.set_result(fn(*args))
        return future

    def is_lost(self):
        return self.lost

    def restart(self):
        self.lost = False
        return True


def test_jobs_of_an_engine_that_is_lost_are_repeated(monkeypatch):
    monkeypatch.setattr("calsync.app.jobs.CHECK_SECONDS", 0.01)
    results = dict(run_jobs(deque([1, 2]), str, SilentEngine(0), seconds=lambda _: 60))
    assert results == {1: "1", 2: "2"}


class QueueingEngine(SilentEngine):
    """Runs nothing until it is restarted: the second job waits behind the first."""

    jobs_per_worker = 2

    def is_lost(self):
        return False


def test_a_job_that_waits_behind_one_that_hangs_is_repeated():
    results = dict(run_jobs(deque([1, 2]), str, QueueingEngine(0), seconds=lambda _: 0.05))
    assert isinstance(results.pop(1), TimeoutError)
    assert results == {2: "2"}
