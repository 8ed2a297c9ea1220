"""A worker process limits the time of each calendar of a batch."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from calsync.app import fetch_job
from calsync.app.fetch_job import FetchedCalendar, FetchJob, fetch_batch_in_process
from calsync.sources.base import Calendar

CALENDAR = Calendar("ana", "exported", "ana.ics", frozenset(), ZoneInfo("Europe/London"), timedelta(0))
JOB = FetchJob(CALENDAR, {})


@pytest.fixture
def context(monkeypatch):
    """A function of `fetch` and a time limit: the context of a night whose worker calls this `fetch`."""

    def make(fetch, seconds):
        monkeypatch.setattr(fetch_job, "_worker_for", lambda _: SimpleNamespace(fetch=fetch))
        return SimpleNamespace(settings=SimpleNamespace(engine=SimpleNamespace(calendar_seconds=seconds)))

    return make


def test_a_calendar_that_hangs_costs_its_time_limit_and_not_its_batch(context):
    calls, finish = [], threading.Event()

    def fetch(job):
        calls.append(job)
        if len(calls) == 1:
            finish.wait(60)
        return FetchedCalendar(job.calendar)

    late, *others = fetch_batch_in_process(context(fetch, 0.2), [JOB, JOB, JOB])
    finish.set()
    assert "not read within 0.2 seconds" in late.what
    assert others == [FetchedCalendar(CALENDAR)] * 2


def test_threads_of_one_worker_process_do_not_wait_for_each_other(context):
    both = threading.Barrier(2)

    def fetch(job):
        both.wait(30)
        return FetchedCalendar(job.calendar)

    night = context(fetch, 30)
    with ThreadPoolExecutor(2) as threads:
        batches = [threads.submit(fetch_batch_in_process, night, [JOB]) for _ in range(2)]
        assert [batch.result(60) for batch in batches] == [[FetchedCalendar(CALENDAR)]] * 2
