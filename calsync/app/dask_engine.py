"""The engine on a Dask cluster: `distributed`'s own executor, and what to do when the cluster is lost.

`calsync.app.workers.open_engine` starts it. `distributed` is an extra, imported when it connects.
"""

import logging
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from typing import Any

from calsync.app.jobs import Engine, Job, Result
from calsync.app.packed_call import pack_call, run_packed_call
from calsync.errors import ConfigError
from calsync.model.problem import Problem, Severity

log = logging.getLogger("calsync.app")
SCHEDULER_SECONDS = 10
"""How long a scheduler may take to answer, and to have a worker again after it lost all of them."""
_SAME_EVERYWHERE = "give every worker the same calsync, rules, files and environment as here"


class DaskEngine(Engine):
    """The workers behind a Dask scheduler; if it is lost and stays away, processes of this machine."""

    batch_size = 16
    jobs_per_worker = 2

    def __init__(
        self, address: str, prepare: Callable[[], None], start_local_engine: Callable[[], Engine]
    ) -> None:
        """Connect, and have every worker carry out `prepare`.

        Raises:
            ConfigError: No scheduler answers, it has no workers, or `prepare` fails on some of them.
        """
        self.problems = []
        self._address, self._start_local_engine = address, start_local_engine
        self._local: Engine | None = None
        self._connect()
        try:
            self._prepare_workers(prepare)
        except ConfigError:
            self._disconnect()
            raise

    @property
    def max_in_flight(self) -> int:
        """Two jobs for each thread of a worker."""
        return self._local.max_in_flight if self._local else self.jobs_per_worker * self._threads

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Call `fn` on a worker; raises BrokenExecutor if the scheduler is gone."""
        if self._local:
            return self._local.submit(fn, *args, **kwargs)
        # A client that has lost its scheduler would store the call for later without an error.
        if self._client.status != "running":
            raise BrokenExecutor("the connection to the scheduler is lost")
        future: Future[Any] = self._executor.submit(run_packed_call, pack_call(fn, *args, **kwargs))
        return future

    def submit_job(self, function: Callable[[Job], Result], job: Job, seconds: float) -> "Future[Result]":
        """Submit a job; on a cluster `run_jobs` measures its time."""
        if self._local:
            return self._local.submit_job(function, job, seconds)
        return self.submit(function, job)

    def is_lost(self) -> bool:
        """Whether the scheduler is gone, or stays without workers: it would wait for new ones for ever."""
        if self._local:
            return self._local.is_lost()
        try:
            self._client.wait_for_workers(1, timeout=SCHEDULER_SECONDS)
        except Exception:  # whichever error it is, there is no worker
            return True
        return bool(self._client.status != "running")

    def restart(self) -> bool:
        """Connect again, or continue with processes of this machine."""
        if self._local:
            return self._local.restart()
        self._disconnect()
        try:
            self._connect()
        except ConfigError as error:
            log.warning("the Dask scheduler at %s is gone: the night continues here", self._address)
            what = (
                f"was lost during the night ({error.problems[0].what}); the night continued on this machine"
            )
            hint = "look after the scheduler and its workers; nothing was lost"
            self.problems.append(Problem(f"[engine] {self._address}", what, hint, Severity.NOTE))
            self._local = self._start_local_engine()
        return True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Disconnect, and restart workers that still run a job of this night, whatever the arguments."""
        if self._local:
            self._local.shutdown(wait, cancel_futures=cancel_futures)
        else:
            self._disconnect()

    def _connect(self) -> None:
        try:
            from dask.distributed import Client
        except ImportError as error:
            what = "dask is not installed here"
            raise _address_error(self._address, what, "pip install dask distributed") from error
        # The report names what goes wrong; distributed's own log lines would come in addition to that.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        connect: Any = Client  # it has no types
        try:
            self._client = connect(self._address, timeout=SCHEDULER_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            what = f"no scheduler answers ({type(error).__name__})"
            hint = "is it up (dask scheduler), and its address right?"
            raise _address_error(self._address, what, hint) from error
        self._threads = sum(self._client.nthreads().values())
        if not self._threads:
            self._disconnect()
            hint = f"start some: dask worker {self._address}"
            raise _address_error(self._address, "the scheduler has no workers", hint)
        # Not pure: two batches with equal arguments are still two calls.
        self._executor: Executor = self._client.get_executor(pure=False)

    def _prepare_workers(self, prepare: Callable[[], None]) -> None:
        answers: dict[str, object] = self._client.run(prepare, on_error="return")
        problems = [
            problem for worker, answer in answers.items() for problem in _problems_of_worker(worker, answer)
        ]
        if problems:
            raise ConfigError(problems)

    def _disconnect(self) -> None:
        # A cluster that is gone raises errors of many types here, and none matters any more.
        with suppress(Exception):
            self._restart_busy_workers()
        with suppress(Exception):
            self._client.close(timeout=SCHEDULER_SECONDS)

    def _restart_busy_workers(self) -> None:
        """Restart each worker that still runs a job of this night: its thread cannot be ended otherwise."""
        if self._client.status != "running":
            return
        own_keys = {str(key) for key in self._client.futures}
        processing = self._client.processing().items()
        busy = [worker for worker, keys in processing if own_keys & {str(key) for key in keys}]
        if busy:
            self._client.restart_workers(busy, timeout=SCHEDULER_SECONDS, raise_for_error=False)


def _problems_of_worker(worker: str, answer: object) -> tuple[Problem, ...]:
    where = f"[engine] Dask worker {worker}"
    if isinstance(answer, ConfigError):
        return tuple(Problem(where, f"{each.where}: {each.what}", each.hint) for each in answer.problems)
    if isinstance(answer, BaseException):
        what = f"cannot do calsync's work ({type(answer).__name__}: {answer})"
        return (Problem(where, what, _SAME_EVERYWHERE),)
    return ()


def _address_error(address: str, what: str, hint: str) -> ConfigError:
    return ConfigError([Problem(f"[engine] address {address}", what, hint)])
