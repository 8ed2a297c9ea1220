"""Threads behind the door of the standard library, that hold up neither a night nor the end of a process.

Daemons, unlike those of ThreadPoolExecutor: a job that hangs is left behind, and its place goes to a
new thread. A thread does one job after another, so that what a source keeps for each thread, such as
a connection, serves for many calendars.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

_Task = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]


class DaemonThreadPool(Executor):
    """As many threads as there are jobs at once: whoever submits sets the bound."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Have a thread that has nothing to do call `fn`; there is always one, or it is made."""
        if kwargs:
            raise TypeError("give arguments by place")
        future: Future[Any] = Future()
        self._tasks.put((future, fn, args))
        if not self._idle.acquire(blocking=False):
            self._count += 1
            threading.Thread(target=self._run_tasks, name=f"fetch-{self._count}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the door's
        """Send every thread home, once it has ended what it does; waits for none."""
        for _ in range(self._count):
            self._tasks.put(None)

    def _run_tasks(self) -> None:
        while (given := self._tasks.get()) is not None:
            future, fn, args = given
            if future.set_running_or_notify_cancel():
                _run_task(future, fn, args)
            # A thread that waited for its task keeps nothing of it while it waits for the next.
            del future, fn, args, given
            self._idle.release()


def _run_task(future: "Future[Any]", fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = fn(*args)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
