"""Several jobs abreast on any executor: bounded, each with a time limit, given as they end.

A job whose worker dies, or that is in hand when one dies, comes back as a suspect and is tried again,
alone: so a job that kills its worker is found and named, and the others lose nothing but their time.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
MAX_TRIES = 2
"""How often a suspect is tried alone before it is given up."""


class ExecutionEngine(Protocol):
    """Where jobs are done: an executor that can be made anew when it breaks."""

    @property
    def capacity(self) -> int:
        """How many jobs may be in hand at once."""
        ...

    @property
    def executor(self) -> Executor:
        """Who does them."""
        ...

    def restart(self) -> bool:
        """Put another executor in place of one that broke or hangs; True if what was in hand is lost."""
        ...


def run_jobs(
    jobs: deque[Job],
    run: Callable[[Job], Result],
    engine: ExecutionEngine,
    *,
    time_limit: Callable[[Job], float],
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Job, Result | BaseException]]:
    """Yield each job with what its work gave or raised, in the order in which they end.

    jobs: taken from the left; whoever iterates may append more. At most `engine.places` at once;
    TimeoutError for one that takes longer than its `seconds`. No job is begun while `stop()` says so;
    those in hand are still given. BrokenExecutor for one that kills its worker again and again.
    """
    crew: _JobPool[Job, Result] = _JobPool(run, engine, time_limit)
    while True:
        while not is_stopped() and (job := crew.take_next(jobs)) is not None:
            crew.start(job)
        if not crew.running:
            return
        yield from crew.wait_for_results()


class _JobPool(Generic[Job, Result]):
    """What is in hand: number of the try → the job and its time limit."""

    def __init__(
        self, work: Callable[[Job], Result], engine: ExecutionEngine, seconds: Callable[[Job], float]
    ) -> None:
        self.running: dict[int, tuple[Job, float]] = {}
        self._work, self._engine, self._seconds = work, engine, seconds
        self._begun = 0
        self._suspects: deque[tuple[Job, int]] = deque()
        self._tries_alone = 0
        self._ended: SimpleQueue[tuple[int, Future[Result]]] = SimpleQueue()

    def take_next(self, jobs: deque[Job]) -> Job | None:
        """The job to begin now, if there is one and a place for it; a suspect has the engine alone."""
        if self._suspects:
            if self.running:
                return None
            job, self._tries_alone = self._suspects.popleft()
            return job
        if self._tries_alone and self.running:
            return None
        self._tries_alone = 0
        return jobs.popleft() if jobs and len(self.running) < self._engine.capacity else None

    def start(self, job: Job) -> None:
        """Hand a job to the engine."""
        self._begun += 1
        number = self._begun
        self.running[number] = (job, time.monotonic() + self._seconds(job))
        try:
            future = self._engine.executor.submit(self._work, job)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def wait_for_results(self) -> Iterator[tuple[Job, Result | BaseException]]:
        """Wait for a job to end, or for the first time limit; what ends after its limit is nobody's."""
        first = min(limit for _, limit in self.running.values())
        try:
            number, future = self._ended.get(timeout=max(0.0, first - time.monotonic()))
        except Empty:
            yield from self._handle_timeouts()
            return
        if number not in self.running:
            return
        lost = (BrokenExecutor, CancelledError)
        error = CancelledError() if future.cancelled() else future.exception()
        if isinstance(error, lost):
            yield from self._handle_broken_engine(error)
        else:
            yield self.running.pop(number)[0], error or future.result()

    def _handle_timeouts(self) -> Iterator[tuple[Job, BaseException]]:
        now = time.monotonic()
        late = [number for number, (_, limit) in self.running.items() if limit <= now]
        if late and self._engine.restart() and len(self.running) > 1:
            # One that only waited behind another that hangs must not be given up for it.
            self._mark_suspects()
            return
        yield from ((self.running.pop(number)[0], TimeoutError()) for number in late)

    def _handle_broken_engine(self, error: BaseException) -> Iterator[tuple[Job, BaseException]]:
        """The engine broke: all that was in hand is tried again alone, if not too often."""
        self._engine.restart()
        if self._tries_alone >= MAX_TRIES:
            ((job, _),) = self.running.values()
            self.running.clear()
            yield job, error
        self._mark_suspects()

    def _mark_suspects(self) -> None:
        self._suspects.extend((job, self._tries_alone + 1) for job, _ in self.running.values())
        self.running.clear()
