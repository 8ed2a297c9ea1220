"""A Dask cluster behind the door of the standard library: asked before the night, told when it broke."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from typing import Any

from calsync.app.pickled_calls import pickle_call, run_pickled_call
from calsync.app.workers import RunContext, prepare_process
from calsync.errors import ConfigError
from calsync.model.problem import Problem

ANSWER_SECONDS = 10
"""Seconds that a scheduler has to answer."""
SAME_INSTALLATION_HINT = "give every worker the same calsync, rules, files and environment as here"


class DaskCluster(Executor):
    """The workers behind a scheduler's address; raises ConfigError where there are none."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = _connect(address)
        self._running: set[Future[Any]] = set()
        self._lock, self._closed = threading.Lock(), threading.Event()
        threads = sum(self._client.nthreads().values())
        if not threads:
            self.close()
            raise _unusable_error(
                address, "the scheduler has no workers", f"start some: dask worker {address}"
            )
        # Twice as many as are done at once, so that no worker waits for its next round.
        self.capacity = 2 * threads
        self.executor: Executor = self
        self._dask_executor = self._client.get_executor(pure=False)
        threading.Thread(
            target=self._cancel_if_lost, args=(ANSWER_SECONDS,), name="watch-cluster", daemon=True
        ).start()

    def check(self, context: RunContext) -> None:
        """Ask every worker whether it can do the order; raises ConfigError with each that cannot."""
        answers: dict[str, object] = self._client.run(prepare_process, context, on_error="return")
        problems = [problem for worker, told in answers.items() for problem in _worker_problems(worker, told)]
        if problems:
            raise ConfigError(problems)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Have a worker call `fn`; raises BrokenExecutor if the scheduler is gone."""
        # A client that has lost its scheduler would keep the call for later, and say nothing.
        if self._client.status != "running":
            raise BrokenExecutor("the scheduler is gone")
        future: Future[Any] = self._dask_executor.submit(run_pickled_call, pickle_call(fn, *args, **kwargs))
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._discard_future)
        return future

    def close(self) -> None:
        """End what workers still do of ours, and let go of the scheduler."""
        self._closed.set()
        with suppress(Exception):
            _restart_hanging_workers(self._client)
        with suppress(Exception):
            self._client.close(timeout=ANSWER_SECONDS)

    def _discard_future(self, future: "Future[Any]") -> None:
        with self._lock:
            self._running.discard(future)

    def _cancel_if_lost(self, patience: float) -> None:
        """Cancel what is in hand if all workers stay away: the scheduler would wait for new ones for ever."""
        looks = 0
        while not self._closed.wait(patience / 5):
            looks = 0 if self._has_workers() else looks + 1
            if looks >= 5:
                with self._lock:
                    lost = list(self._running)
                for future in lost:
                    future.cancel()

    def _has_workers(self) -> bool:
        try:
            return self._client.status == "running" and bool(self._client.nthreads())
        except Exception:  # whatever it raises, nobody answers
            return False


def _connect(address: str) -> Any:
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise _unusable_error(
            address, "dask is not installed here", "pip install dask distributed"
        ) from error
    # What goes wrong with it is in our report; its own lines would only frighten.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    connect: Any = Client  # it has no types
    try:
        return connect(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        what = f"no scheduler answers ({type(error).__name__})"
        raise _unusable_error(address, what, "is it up (dask scheduler), and its address right?") from error


def _restart_hanging_workers(client: Any) -> None:
    """Begin anew each worker that still has a job of ours: a thread that hangs cannot be ended otherwise."""
    if client.status != "running":
        return
    ours = {str(key) for key in client.futures}
    busy = [worker for worker, keys in client.processing().items() if ours & {str(key) for key in keys}]
    if busy:
        client.restart_workers(busy, timeout=ANSWER_SECONDS, raise_for_error=False)


def _worker_problems(worker: str, answer: object) -> tuple[Problem, ...]:
    where = f"[engine] Dask worker {worker}"
    if isinstance(answer, ConfigError):
        return tuple(Problem(where, f"{each.where}: {each.what}", each.hint) for each in answer.problems)
    if isinstance(answer, BaseException):
        return (
            Problem(
                where, f"cannot do calsync's work ({type(answer).__name__}: {answer})", SAME_INSTALLATION_HINT
            ),
        )
    return ()


def _unusable_error(address: str, what: str, hint: str) -> ConfigError:
    return ConfigError([Problem(f"[engine] address {address}", what, hint)])
