"""Where calendars are read and judged: threads or processes here, or the machines of a Dask cluster.

All three are executors of the standard library's kind. Workers fetch, read, veil and classify; one
writer keeps. An engine that breaks is made anew; a cluster that is gone is replaced by processes of
this machine, and the report says so.

round: how many calendars go in one job, so that sending costs little beside reading. here: whether a
job can use what this process holds. take: what the workers are told; ConfigError if one cannot do it.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

from calsync.app.dask_cluster import DaskCluster
from calsync.app.thread_pool import DaemonThreadPool
from calsync.app.workers import RunContext
from calsync.config.settings import EngineSettings as EngineSettings
from calsync.errors import ConfigError
from calsync.model.problem import Problem, Severity

log = logging.getLogger("calsync.app")
_JOIN_SECONDS = 5
"""Seconds that are waited for what ends by itself."""
BATCHES_PER_WORKER = 2
"""Rounds in hand for each worker: it begins its next while the writer keeps its last."""


class ThreadEngine:
    """Threads of this process; one that hangs is left behind, so nothing need be made anew."""

    shares_memory, batch_size = True, 1

    def __init__(self, workers: int) -> None:
        self.capacity = workers
        self.executor: Executor = DaemonThreadPool()
        self.problems: list[Problem] = []

    def set_context(self, context: RunContext) -> None:
        """Take a night's order; its threads use what the night itself opened."""
        self.context = context

    def restart(self) -> bool:
        """Nothing: a thread that hangs holds up no other."""
        return False

    def close(self) -> None:
        """Send the threads home."""
        self.executor.shutdown()


class ProcessEngine:
    """Processes of this machine; all are ended and begun anew where one dies or hangs."""

    shares_memory, batch_size = False, 8

    def __init__(self, workers: int) -> None:
        self._workers, self.capacity = workers, BATCHES_PER_WORKER * workers
        self.problems: list[Problem] = []
        self.executor: Executor = self._start_processes()

    def set_context(self, context: RunContext) -> None:
        """Take a night's order; the workers have the night's own machine, environment and files."""
        self.context = context

    def restart(self) -> bool:
        """End every process and begin new ones."""
        self.close()
        self.executor = self._start_processes()
        return True

    def close(self) -> None:
        """End every process, whatever it does."""
        # No public way before Python 3.14, and one that hangs would hold up the end of the night.
        workers = list((getattr(self.executor, "_processes", None) or {}).values())
        manager = getattr(self.executor, "_executor_manager_thread", None)
        self.executor.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
        if manager is not None:
            # Else it may be closing what the end of this process wants to close, which is told on stderr.
            manager.join(_JOIN_SECONDS)

    def _start_processes(self) -> Executor:
        # Spawned, not forked: a fork would take along half of every thread and every lock.
        return ProcessPoolExecutor(
            self._workers, mp_context=get_context("spawn"), initializer=_initialise_process
        )


def _initialise_process() -> None:
    """Leave signals to the night, which ends its workers itself, and end with it if it is killed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


class DaskEngine:
    """The workers behind a Dask scheduler; where it is gone and stays away, processes of this machine."""

    shares_memory, batch_size = False, 16

    def __init__(self, address: str, workers: int) -> None:
        self.problems: list[Problem] = []
        self._address, self._workers = address, workers
        self._backend: DaskCluster | ProcessEngine = DaskCluster(address)

    @property
    def capacity(self) -> int:
        """How many rounds may be in hand at once."""
        return self._backend.capacity

    @property
    def executor(self) -> Executor:
        """Who does them now."""
        return self._backend.executor

    def set_context(self, context: RunContext) -> None:
        """Take a night's order; raises ConfigError if a worker lacks what it names."""
        self.context = context
        if isinstance(self._backend, DaskCluster):
            self._backend.check(context)

    def restart(self) -> bool:
        """Connect again, or go on here."""
        if isinstance(self._backend, ProcessEngine):
            return self._backend.restart()
        self._backend.close()
        try:
            self._backend = DaskCluster(self._address)
        except ConfigError as error:
            self._fall_back_to_processes(error)
        return True

    def close(self) -> None:
        """Let go of the scheduler, or of the processes in its place."""
        self._backend.close()

    def _fall_back_to_processes(self, error: ConfigError) -> None:
        log.warning("the Dask scheduler at %s is gone: the night goes on here", self._address)
        what = f"was lost in mid-night ({error.problems[0].what}); the night went on on this machine alone"
        hint = "look after the scheduler and its workers; nothing was lost"
        self.problems.append(Problem(f"[engine] {self._address}", what, hint, Severity.NOTE))
        self._backend = ProcessEngine(self._workers)


AnyEngine = ThreadEngine | ProcessEngine | DaskEngine


@contextmanager
def open_engine(
    settings: EngineSettings, context: RunContext, *, is_local: bool = False
) -> Iterator[AnyEngine]:
    """The engine that the settings name, closed at the end; raises ConfigError if it cannot do the order.

    near: whether every calendar lies on this machine. Threads then would only compute in turn, so it is one.
    """
    engine: AnyEngine
    if settings.kind == "processes":
        engine = ProcessEngine(settings.workers)
    elif settings.kind == "dask":
        engine = DaskEngine(settings.address, settings.workers)
    else:
        engine = ThreadEngine(1 if is_local else settings.workers)
    try:
        engine.set_context(context)
        yield engine
    finally:
        engine.close()
