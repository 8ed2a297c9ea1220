"""A real Dask scheduler and real workers, each a process of its own on loopback."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from dask.distributed import Client


class Cluster:
    """A scheduler with workers of one thread each; `kill` is SIGKILL."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._running = folder, []
        self._file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(self._file))
        self.workers = []
        self.address = self._address()

    def start_workers(self, count: int, environment: dict[str, str] | None = None) -> None:
        """Start workers and wait until the scheduler knows them."""
        alone = (
            "--no-nanny",
            "--nthreads",
            "1",
            "--local-directory",
            str(self._folder),
            "--death-timeout",
            "5",
        )
        for _ in range(count):
            self.workers.append(self._start("worker", self.address, *alone, environment=environment))
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=60)

    def close(self) -> None:
        for process in reversed(self._running):
            process.kill()
            process.wait(30)

    def _start(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        with (self._folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **(environment or {})}
            )
        self._running.append(process)
        return process

    def _address(self) -> str:
        for _ in range(1200):
            try:
                return json.loads(self._file.read_text())["address"]
            except (FileNotFoundError, ValueError):
                assert self.scheduler.poll() is None, (self._folder / "scheduler.log").read_text()
                time.sleep(0.05)
        raise TimeoutError((self._folder / "scheduler.log").read_text())


@contextmanager
def running_cluster(folder: Path, workers: int = 2):
    """A cluster, ended in any case."""
    folder.mkdir(parents=True, exist_ok=True)
    running = Cluster(folder)
    try:
        running.start_workers(workers)
        yield running
    finally:
        running.close()
