"""Where calendars are read and judged: threads or processes here, or the machines of a Dask cluster.

All three are executors of the standard library's kind. Workers fetch, read, veil and classify; one
writer keeps. An engine that breaks is made anew; a cluster that is gone is replaced by threads here,
and the report says so.

round: how many calendars go in one job, so that sending costs little beside reading. here: whether a
job can use what this process holds.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from calsync.config.settings import Engine as EngineSettings
from calsync.errors import ConfigError
from calsync.model.problem import Problem, Severity
from calsync.nightly.threads import Threads

log = logging.getLogger("calsync.nightly")


class LocalThreads:
    """Threads of this process; one that hangs is left behind, so nothing need be made anew."""

    here, round = True, 1

    def __init__(self, workers: int) -> None:
        self.places = workers
        self.executor: Executor = Threads()
        self.problems: list[Problem] = []

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
        self.places = workers
        self.problems: list[Problem] = []
        self.executor: Executor = self._begin()

    def renew(self) -> bool:
        """End every process and begin new ones."""
        self.close()
        self.executor = self._begin()
        return True

    def close(self) -> None:
        """End every process, whatever it does."""
        # No public way before Python 3.14, and one that hangs would hold up the end of the night.
        workers = list((getattr(self.executor, "_processes", None) or {}).values())
        self.executor.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()

    def _begin(self) -> Executor:
        # Spawned, not forked: a fork would take along half of every thread and every lock.
        return ProcessPoolExecutor(self.places, mp_context=get_context("spawn"))


class DaskWorkers:
    """The workers behind a Dask scheduler; where it is gone and stays away, threads of this process."""

    here, round = False, 16
    patience = "10s"

    def __init__(self, address: str, workers: int) -> None:
        self.problems: list[Problem] = []
        self._address, self._workers = address, workers
        self._end: Callable[[], None] = lambda: None
        self._connect()

    def renew(self) -> bool:
        """Connect again, or go on here."""
        self.close()
        try:
            self._connect()
        except ConfigError as error:
            log.warning("the Dask scheduler at %s is gone: the night goes on here", self._address)
            what = f"was lost in mid-night ({error.problems[0].what}); the night went on in this process"
            hint = "look after the scheduler; nothing was lost"
            self.problems.append(Problem(f"[engine] {self._address}", what, hint, Severity.NOTE))
            self.executor, self.places, self.round = Threads(), self._workers, 1
        return True

    def close(self) -> None:
        """Let go of the scheduler."""
        self._end()

    def _connect(self) -> None:
        client = _dask_client(self._address, self.patience)
        threads = sum(client.nthreads().values())
        if not threads:
            client.close()
            raise _unreachable(self._address, "has no workers", "start some: dask worker ADDRESS")
        # Twice as many as are done at once, so that no worker waits for its next round.
        self.places = 2 * threads
        self.executor = client.get_executor(pure=False)
        self._end = client.close


def _dask_client(address: str, patience: str) -> Any:
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise _unreachable(address, "dask is not installed", "pip install calsync[dask]") from error
    try:
        return Client(address, timeout=patience, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        what = f"no scheduler answers ({type(error).__name__})"
        raise _unreachable(address, what, "is it up, and its address right?") from error


def _unreachable(address: str, what: str, hint: str) -> ConfigError:
    return ConfigError([Problem(f"[engine] address {address}", what, hint)])


AnyEngine = LocalThreads | Processes | DaskWorkers


@contextmanager
def open_engine(settings: EngineSettings) -> Iterator[AnyEngine]:
    """The engine that the settings name, closed at the end; raises ConfigError where it cannot be had."""
    engine: AnyEngine
    if settings.kind == "processes":
        engine = Processes(settings.workers)
    elif settings.kind == "dask":
        engine = DaskWorkers(settings.address, settings.workers)
    else:
        engine = LocalThreads(settings.workers)
    try:
        yield engine
    finally:
        engine.close()
