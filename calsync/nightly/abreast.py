"""Several jobs abreast: bounded, each with a time limit, given as they end.

Threads of our own, and daemons: a job that hangs is left behind when its time is up, its place goes
to the next one, and it holds up neither the night nor the end of the process. (An executor of the
standard library would wait for it.) A thread does one job after another, so that what a source keeps
for each thread, such as a connection, serves for many calendars.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def abreast(
    jobs: Iterable[Job],
    work: Callable[[Job], Result],
    *,
    places: int,
    seconds: float,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Job, Result | BaseException]]:
    """Yield each job with what its work gave or raised, in the order in which they end.

    At most `places` at once; TimeoutError for one that takes longer than `seconds`. No job is begun
    while `stop()` says so; those in hand are still given.
    """
    waiting = iter(jobs)
    crew: _Crew[Job, Result] = _Crew(work, seconds)
    try:
        while True:
            while len(crew.running) < places and not stop():
                try:
                    crew.begin(next(waiting))
                except StopIteration:
                    break
            if not crew.running:
                return
            yield from crew.ended()
    finally:
        crew.dismiss()


class _Crew(Generic[Job, Result]):
    """The threads, and what they have in hand: number of the job → the job and its time limit."""

    def __init__(self, work: Callable[[Job], Result], seconds: float) -> None:
        self.running: dict[int, tuple[Job, float]] = {}
        self._work = work
        self._seconds = seconds
        self._begun = self._threads = self._left_behind = 0
        self._given: SimpleQueue[tuple[int, Job] | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[int, Result | BaseException]] = SimpleQueue()

    def begin(self, job: Job) -> None:
        """Give a job to a thread that has none; there is always one, or it is made."""
        self._begun += 1
        self.running[self._begun] = (job, time.monotonic() + self._seconds)
        if self._threads < len(self.running) + self._left_behind:
            self._threads += 1
            threading.Thread(target=self._serve, name=f"fetch-{self._threads}", daemon=True).start()
        self._given.put((self._begun, job))

    def ended(self) -> Iterator[tuple[Job, Result | BaseException]]:
        """Wait for a job to end, or for the first time limit; what ends after its limit is nobody's."""
        first = min(limit for _, limit in self.running.values())
        try:
            number, result = self._ended.get(timeout=max(0.0, first - time.monotonic()))
        except Empty:
            now = time.monotonic()
            for late in [number for number, (_, limit) in self.running.items() if limit <= now]:
                self._left_behind += 1
                yield self.running.pop(late)[0], TimeoutError()
        else:
            if number in self.running:
                yield self.running.pop(number)[0], result
            else:
                self._left_behind -= 1  # it came back, and takes jobs again

    def dismiss(self) -> None:
        """Send every thread home, once it has ended what it does."""
        for _ in range(self._threads):
            self._given.put(None)

    def _serve(self) -> None:
        while (given := self._given.get()) is not None:
            number, job = given
            try:
                self._ended.put((number, self._work(job)))
            except BaseException as error:
                self._ended.put((number, error))
