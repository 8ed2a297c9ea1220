"""Several jobs abreast: bounded, each with a time limit, given as they end.

Threads of our own, and daemons: a job that hangs is left behind when its time is up, its place goes
to the next one, and it holds up neither the night nor the end of the process. (An executor of the
standard library would wait for it.)
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

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
    waiting = enumerate(jobs)
    ended: queue.SimpleQueue[tuple[int, Result | BaseException]] = queue.SimpleQueue()
    running: dict[int, tuple[Job, float]] = {}
    while True:
        while len(running) < places and not stop() and (coming := next(waiting, None)) is not None:
            number, job = coming
            running[number] = (job, time.monotonic() + seconds)
            _begin(number, job, work, ended)
        if not running:
            return
        yield from _next_ended(running, ended)


def _begin(
    number: int,
    job: Job,
    work: Callable[[Job], Result],
    ended: "queue.SimpleQueue[tuple[int, Result | BaseException]]",
) -> None:
    def run() -> None:
        try:
            ended.put((number, work(job)))
        except BaseException as error:
            ended.put((number, error))

    threading.Thread(target=run, name=f"fetch-{number}", daemon=True).start()


def _next_ended(
    running: dict[int, tuple[Job, float]],
    ended: "queue.SimpleQueue[tuple[int, Result | BaseException]]",
) -> Iterator[tuple[Job, Result | BaseException]]:
    """Wait for one to end, or for the first time limit; what ends after its limit is nobody's."""
    first = min(limit for _, limit in running.values())
    try:
        number, result = ended.get(timeout=max(0.0, first - time.monotonic()))
    except queue.Empty:
        now = time.monotonic()
        for late in [number for number, (_, limit) in running.items() if limit <= now]:
            yield running.pop(late)[0], TimeoutError()
    else:
        if number in running:
            yield running.pop(number)[0], result
