"""The engines that read and classify calendars: threads or processes of this machine, or a Dask cluster.

`open_engine` starts the one that the settings name; `calsync.app.jobs.run_jobs` gives it work. Workers
fetch, read, redact and classify; only the night's own process writes to the store.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Any

import pebble

from calsync.app.jobs import Engine, Job, Result
from calsync.config.settings import EngineSettings as EngineSettings

_SHUTDOWN_SECONDS = 5.0
"""How long the end of a night waits for a pool of processes that has been stopped."""


class ThreadEngine(Engine):
    """Threads of this process.

    pebble's threads are daemons. Python waits at exit for those of ThreadPoolExecutor, so one calendar that
    hangs would keep `calsync run` from ending. Python cannot end a thread from outside; a thread that hangs
    is left to end by itself (docs/decisions/0030) and the next jobs go to a new pool.
    """

    shares_memory = True

    def __init__(self, workers: int) -> None:
        self.problems = []
        self._workers = workers
        self._pool = pebble.ThreadPool(workers)

    @property
    def max_in_flight(self) -> int:
        """One job for each thread."""
        return self._workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Call `fn` in a thread."""
        return self._pool.schedule(fn, args, kwargs)

    def restart(self) -> bool:
        """Leave the current threads to their jobs, and use new ones from now on."""
        self.shutdown()
        self._pool = pebble.ThreadPool(self._workers)
        return False

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let each thread end with its job; returns at once, whatever the arguments."""
        del wait, cancel_futures
        self._pool.close()
        # Joining ends the idle threads, but only after those that still work.
        threading.Thread(target=self._pool.join, daemon=True).start()


class ProcessEngine(Engine):
    """Processes of this machine."""

    batch_size = 8
    jobs_per_worker = 2

    def __init__(self, workers: int) -> None:
        self.problems = []
        self._workers = workers
        self._pool = _start_processes(workers)

    @property
    def max_in_flight(self) -> int:
        """Two jobs for each process."""
        return self.jobs_per_worker * self._workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Call `fn` in a process; raises BrokenExecutor if the pool has broken."""
        return self._schedule(None, fn, *args, **kwargs)

    def submit_job(self, function: Callable[[Job], Result], job: Job, seconds: float) -> "Future[Result]":
        """Submit a job; its process is killed and replaced if it runs longer than `seconds`."""
        return self._schedule(seconds, function, job)

    def restart(self) -> bool:
        """Kill every process and start new ones.

        All of them: they share one pipe, and a process that was killed while it wrote there leaves half a
        message behind, and the lock taken.
        """
        self.shutdown()
        self._pool = _start_processes(self._workers)
        return True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Kill every process, whatever it does and whatever the arguments."""
        del wait, cancel_futures
        self._pool.stop()
        joining = threading.Thread(target=self._pool.join, daemon=True)
        joining.start()
        joining.join(_SHUTDOWN_SECONDS)

    def _schedule(
        self, seconds: float | None, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> "Future[Any]":
        try:
            return self._pool.schedule(function, args, kwargs, timeout=seconds)
        except RuntimeError as error:
            raise BrokenExecutor(str(error)) from error


def _start_processes(workers: int) -> pebble.ProcessPool:
    # Workers ignore SIGTERM, so waiting for its effect before SIGKILL is in vain; by default it is 3 seconds
    # for each of them.
    pebble.CONSTS.term_timeout = 0.2
    # Spawned, not forked: a forked process would inherit locks that other threads hold.
    return pebble.ProcessPool(workers, initializer=_initialise_process, context=get_context("spawn"))


def _initialise_process() -> None:
    """Leave signals to the night, which stops its workers itself, and end with it if it is killed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


@contextmanager
def open_engine(
    settings: EngineSettings, prepare: Callable[[], None], *, all_local: bool = False
) -> Iterator[Engine]:
    """Start the engine that the settings name and shut it down at the end.

    Args:
        settings: The section `[engine]`.
        prepare: Called once on each Dask worker; picklable, raises ConfigError for a fault.
        all_local: Whether every calendar is a file of this machine. Threads would then only take turns
            computing, so there is one.

    Raises:
        ConfigError: A Dask cluster does not answer, or one of its workers cannot do the night.
    """
    engine: Engine
    if settings.kind == "processes":
        engine = ProcessEngine(settings.workers)
    elif settings.kind == "dask":
        from calsync.app.dask_engine import DaskEngine

        engine = DaskEngine(settings.address, prepare, lambda: ProcessEngine(settings.workers))
    else:
        engine = ThreadEngine(1 if all_local else settings.workers)
    try:
        yield engine
    finally:
        engine.shutdown()
