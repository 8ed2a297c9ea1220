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

from calsync.config.settings import Engine as EngineSettings
from calsync.errors import ConfigError
from calsync.model.problem import Problem, Severity
from calsync.nightly.cluster import Cluster
from calsync.nightly.threads import Threads
from calsync.nightly.work import Order

log = logging.getLogger("calsync.nightly")
_AT_MOST = 5
"""Seconds that are waited for what ends by itself."""
AHEAD = 2
"""Rounds in hand for each worker: it begins its next while the writer keeps its last."""


class LocalThreads:
    """Threads of this process; one that hangs is left behind, so nothing need be made anew."""

    here, round = True, 1

    def __init__(self, workers: int) -> None:
        self.places = workers
        self.executor: Executor = Threads()
        self.problems: list[Problem] = []

    def take(self, order: Order) -> None:
        """Take a night's order; its threads use what the night itself opened."""
        self.order = order

    def renew(self) -> bool:
        """Nothing: a thread that hangs holds up no other."""
        return False

    def close(self) -> None:
        """Send the threads home."""
        self.executor.shutdown()


class Processes:
    """Processes of this machine; all are ended and begun anew where one dies or hangs."""

    here, round = False, 8

    def __init__(self, workers: int) -> None:
        self._workers, self.places = workers, AHEAD * workers
        self.problems: list[Problem] = []
        self.executor: Executor = self._begin()

    def take(self, order: Order) -> None:
        """Take a night's order; the workers have the night's own machine, environment and files."""
        self.order = order

    def renew(self) -> bool:
        """End every process and begin new ones."""
        self.close()
        self.executor = self._begin()
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
            manager.join(_AT_MOST)

    def _begin(self) -> Executor:
        # Spawned, not forked: a fork would take along half of every thread and every lock.
        return ProcessPoolExecutor(self._workers, mp_context=get_context("spawn"), initializer=_settle_in)


def _settle_in() -> None:
    """Leave signals to the night, which ends its workers itself, and end with it if it is killed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_night, daemon=True).start()


def _end_with_the_night() -> None:
    night = parent_process()
    if night is not None:
        wait([night.sentinel])
    os._exit(1)


class DaskWorkers:
    """The workers behind a Dask scheduler; where it is gone and stays away, processes of this machine."""

    here, round = False, 16

    def __init__(self, address: str, workers: int) -> None:
        self.problems: list[Problem] = []
        self._address, self._workers = address, workers
        self._at: Cluster | Processes = Cluster(address)

    @property
    def places(self) -> int:
        """How many rounds may be in hand at once."""
        return self._at.places

    @property
    def executor(self) -> Executor:
        """Who does them now."""
        return self._at.executor

    def take(self, order: Order) -> None:
        """Take a night's order; raises ConfigError if a worker lacks what it names."""
        self.order = order
        if isinstance(self._at, Cluster):
            self._at.check(order)

    def renew(self) -> bool:
        """Connect again, or go on here."""
        if isinstance(self._at, Processes):
            return self._at.renew()
        self._at.close()
        try:
            self._at = Cluster(self._address)
        except ConfigError as error:
            self._go_on_here(error)
        return True

    def close(self) -> None:
        """Let go of the scheduler, or of the processes in its place."""
        self._at.close()

    def _go_on_here(self, error: ConfigError) -> None:
        log.warning("the Dask scheduler at %s is gone: the night goes on here", self._address)
        what = f"was lost in mid-night ({error.problems[0].what}); the night went on on this machine alone"
        hint = "look after the scheduler and its workers; nothing was lost"
        self.problems.append(Problem(f"[engine] {self._address}", what, hint, Severity.NOTE))
        self._at = Processes(self._workers)


AnyEngine = LocalThreads | Processes | DaskWorkers


@contextmanager
def open_engine(settings: EngineSettings, order: Order, *, near: bool = False) -> Iterator[AnyEngine]:
    """The engine that the settings name, closed at the end; raises ConfigError if it cannot do the order.

    near: whether every calendar lies on this machine. Threads then would only compute in turn, so it is one.
    """
    engine: AnyEngine
    if settings.kind == "processes":
        engine = Processes(settings.workers)
    elif settings.kind == "dask":
        engine = DaskWorkers(settings.address, settings.workers)
    else:
        engine = LocalThreads(1 if near else settings.workers)
    try:
        engine.take(order)
        yield engine
    finally:
        engine.close()
