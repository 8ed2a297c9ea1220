"""A Dask cluster behind the door of the standard library: asked before the night, told when it broke."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from typing import Any

from calsync.errors import ConfigError
from calsync.model.problem import Problem
from calsync.nightly.packed import carry_out, packed
from calsync.nightly.work import Order, prepare

PATIENCE = 10
"""Seconds that a scheduler has to answer."""
SAME = "give every worker the same calsync, rules, files and environment as here"


class Cluster(Executor):
    """The workers behind a scheduler's address; raises ConfigError where there are none."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = _client(address)
        self._in_hand: set[Future[Any]] = set()
        self._lock, self._closed = threading.Lock(), threading.Event()
        threads = sum(self._client.nthreads().values())
        if not threads:
            self.close()
            raise _unusable(address, "the scheduler has no workers", f"start some: dask worker {address}")
        # Twice as many as are done at once, so that no worker waits for its next round.
        self.places = 2 * threads
        self.executor: Executor = self
        self._door = self._client.get_executor(pure=False)
        threading.Thread(target=self._watch, args=(PATIENCE,), name="watch-cluster", daemon=True).start()

    def check(self, order: Order) -> None:
        """Ask every worker whether it can do the order; raises ConfigError with each that cannot."""
        answers: dict[str, object] = self._client.run(prepare, order, on_error="return")
        problems = [problem for worker, told in answers.items() for problem in _faults(worker, told)]
        if problems:
            raise ConfigError(problems)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Have a worker call `fn`; raises BrokenExecutor if the scheduler is gone."""
        # A client that has lost its scheduler would keep the call for later, and say nothing.
        if self._client.status != "running":
            raise BrokenExecutor("the scheduler is gone")
        future: Future[Any] = self._door.submit(carry_out, packed(fn, *args, **kwargs))
        with self._lock:
            self._in_hand.add(future)
        future.add_done_callback(self._let_go)
        return future

    def close(self) -> None:
        """End what workers still do of ours, and let go of the scheduler."""
        self._closed.set()
        with suppress(Exception):
            _end_what_hangs(self._client)
        with suppress(Exception):
            self._client.close(timeout=PATIENCE)

    def _let_go(self, future: "Future[Any]") -> None:
        with self._lock:
            self._in_hand.discard(future)

    def _watch(self, patience: float) -> None:
        """Cancel what is in hand if all workers stay away: the scheduler would wait for new ones for ever."""
        looks = 0
        while not self._closed.wait(patience / 5):
            looks = 0 if self._manned() else looks + 1
            if looks >= 5:
                with self._lock:
                    lost = list(self._in_hand)
                for future in lost:
                    future.cancel()

    def _manned(self) -> bool:
        try:
            return self._client.status == "running" and bool(self._client.nthreads())
        except Exception:  # whatever it raises, nobody answers
            return False


def _client(address: str) -> Any:
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise _unusable(address, "dask is not installed here", "pip install dask distributed") from error
    # What goes wrong with it is in our report; its own lines would only frighten.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    connect: Any = Client  # it has no types
    try:
        return connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        what = f"no scheduler answers ({type(error).__name__})"
        raise _unusable(address, what, "is it up (dask scheduler), and its address right?") from error


def _end_what_hangs(client: Any) -> None:
    """Begin anew each worker that still has a job of ours: a thread that hangs cannot be ended otherwise."""
    if client.status != "running":
        return
    ours = {str(key) for key in client.futures}
    busy = [worker for worker, keys in client.processing().items() if ours & {str(key) for key in keys}]
    if busy:
        client.restart_workers(busy, timeout=PATIENCE, raise_for_error=False)


def _faults(worker: str, told: object) -> tuple[Problem, ...]:
    where = f"[engine] Dask worker {worker}"
    if isinstance(told, ConfigError):
        return tuple(Problem(where, f"{each.where}: {each.what}", each.hint) for each in told.problems)
    if isinstance(told, BaseException):
        return (Problem(where, f"cannot do calsync's work ({type(told).__name__}: {told})", SAME),)
    return ()


def _unusable(address: str, what: str, hint: str) -> ConfigError:
    return ConfigError([Problem(f"[engine] address {address}", what, hint)])
