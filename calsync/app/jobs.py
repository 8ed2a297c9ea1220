"""Runs jobs on an executor: a bounded number at once, each with a time limit, results as they come.

`run_jobs` is the loop that every engine shares. An engine (`calsync.app.workers`, `dask_engine`) is a
`concurrent.futures.Executor` that can also be restarted. `calsync.app.fetch` calls both.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from pebble import ProcessExpired

from calsync.model.problem import Problem

Job = TypeVar("Job")
Result = TypeVar("Result")
TRIES = 3
"""How often a job may lose its worker before the loss is reported."""
CHECK_SECONDS = 2.0
"""How often an engine that returns no results is checked."""
_WORKER_LOST = (ProcessExpired, BrokenExecutor, CancelledError)
"""What a future raises if the worker of its job, or the whole executor, ended before the job did."""


class Engine(Executor):
    """An executor with what `run_jobs` needs besides `submit` and `shutdown`.

    Attributes:
        shares_memory: Whether jobs run in this process and can use its open sources.
        batch_size: How many calendars go into one job, so that sending it costs little next to reading them.
        jobs_per_worker: How many jobs are in flight for each worker. With 2, a worker has its next job at
            hand while the result of the last one is stored.
        problems: What the night's report lists about the engine itself.
    """

    shares_memory = False
    batch_size = 1
    jobs_per_worker = 1
    problems: list[Problem]

    @property
    def max_in_flight(self) -> int:
        """How many jobs may be submitted and unfinished at once; this bounds the memory."""
        raise NotImplementedError

    def submit_job(self, function: Callable[[Job], Result], job: Job, seconds: float) -> "Future[Result]":
        """Submit a job that may run for `seconds`.

        An engine that can stop a running job does so, and the future raises TimeoutError; `run_jobs` measures
        the time for the others.
        """
        del seconds
        return self.submit(function, job)

    def is_lost(self) -> bool:
        """Whether the engine can return no more results; called while none arrive."""
        return False

    def restart(self) -> bool:
        """Replace workers that ended or hang; True if the jobs in flight are lost with them."""
        raise NotImplementedError


@dataclass
class _Submitted(Generic[Job]):
    """A job in flight. losses: how often it lost its worker before. deadline: on the monotonic clock."""

    job: Job
    losses: int
    deadline: float


def run_jobs(
    jobs: deque[Job],
    function: Callable[[Job], Result],
    engine: Engine,
    *,
    seconds: Callable[[Job], float],
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Job, Result | BaseException]]:
    """Run all jobs and yield each with its result, or the error it raised, in the order in which they end.

    Args:
        jobs: Taken from the left. The caller may append more while it iterates.
        function: Called with one job; both must be picklable unless the engine shares memory.
        engine: Runs at most `engine.max_in_flight` jobs at once.
        seconds: How long a job may run.
        stop: While it returns True no job is started; the results of those in flight are still yielded.

    Yields:
        Each job once. The error is TimeoutError for a job that exceeds its time, and ProcessExpired,
        BrokenExecutor or CancelledError for a job whose worker ended in each of `TRIES` tries.
    """
    run: _Run[Job, Result] = _Run(jobs, function, engine, seconds)
    while True:
        while not stop() and run.can_submit():
            run.submit_next()
        if not run.in_flight:
            return
        yield from run.collect()


class _Run(Generic[Job, Result]):
    """The jobs in flight, oldest first, and those to be repeated."""

    def __init__(
        self,
        jobs: deque[Job],
        function: Callable[[Job], Result],
        engine: Engine,
        seconds: Callable[[Job], float],
    ) -> None:
        self.in_flight: dict[Future[Result], _Submitted[Job]] = {}
        self._jobs, self._function, self._engine, self._seconds = jobs, function, engine, seconds
        self._repeats: deque[tuple[Job, int]] = deque()

    def can_submit(self) -> bool:
        """Whether a job waits and the engine accepts another one."""
        return bool(self._repeats or self._jobs) and len(self.in_flight) < self._engine.max_in_flight

    def submit_next(self) -> None:
        """Submit the next job; those that lost their worker come first."""
        job, losses = self._repeats.popleft() if self._repeats else (self._jobs.popleft(), 0)
        limit = self._seconds(job)
        try:
            future = self._engine.submit_job(self._function, job, limit)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        # The time is counted from here, so that it includes the job before it on the same worker. That one
        # may have a longer limit.
        before = (self._seconds(other.job) for other in self.in_flight.values())
        waiting = max(before, default=0.0) if self._engine.jobs_per_worker > 1 else 0.0
        self.in_flight[future] = _Submitted(job, losses, time.monotonic() + waiting + limit)

    def collect(self) -> Iterator[tuple[Job, Result | BaseException]]:
        """Wait until a job ends, a time limit passes or a check is due, and yield what ended."""
        deadline = min(submitted.deadline for submitted in self.in_flight.values())
        timeout = min(max(0.0, deadline - time.monotonic()), CHECK_SECONDS)
        done = wait(self.in_flight, timeout, return_when=FIRST_COMPLETED).done
        lost = not done and self._engine.is_lost()
        for future in [future for future in self.in_flight if future in done]:
            submitted = self.in_flight.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if not isinstance(error, _WORKER_LOST):
                yield submitted.job, future.result() if error is None else error
                continue
            lost = True
            if submitted.losses + 1 < TRIES:
                self._repeats.append((submitted.job, submitted.losses + 1))
            else:
                yield submitted.job, error
        if lost:
            self._restart()
        else:
            yield from self._end_late_jobs()

    def _end_late_jobs(self) -> Iterator[tuple[Job, BaseException]]:
        now = time.monotonic()
        late = [
            future
            for future, submitted in self.in_flight.items()
            if submitted.deadline <= now and not future.done()
        ]
        if not late:
            return
        # Jobs may wait behind one that hangs. They are started in order, so the oldest one does not wait.
        oldest = next(future for future in self.in_flight if not future.done())
        given_up = [oldest] if self._engine.jobs_per_worker > 1 else late
        jobs = [self.in_flight.pop(future).job for future in given_up]
        self._restart()
        for job in jobs:
            yield job, TimeoutError()

    def _restart(self) -> None:
        """Restart the engine; jobs that are lost with it are repeated without counting a loss."""
        if not self._engine.restart():
            return
        for future in [future for future in self.in_flight if not future.done()]:
            submitted = self.in_flight.pop(future)
            self._repeats.append((submitted.job, submitted.losses))
