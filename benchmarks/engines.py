"""Measures reading by one worker and by two, of each kind of engine: `python -m benchmarks.engines`.

    workers     fetching, reading and classifying, and sending the rows back; nothing is stored
    reading     the same, and this process stores the rows in SQLite: the reading part of a first night

Every run has its own process, workers and store. Its time begins when the workers have loaded the rules and
ends with the last calendar; rounds of all kinds are interleaved. Prints a table for docs/benchmarks.md:
medians, smallest to largest, the CPU of the night's own process, and how many times faster two are than one.

--scale gives every manager an Outlook export of that many times 2,000 events (8 MB) instead of 50 kB.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median

from benchmarks.diaries import write_managers
from benchmarks.outlook_export import Diary, export
from calsync.app.fetch import fetch_all, split_into_batches
from calsync.app.fetch_job import (
    FetchJob,
    FetchWorker,
    RunContext,
    fetch_batch_in_process,
    prepare_worker,
    run_context,
)
from calsync.app.garbage import collect_less_often
from calsync.app.jobs import Engine, run_jobs
from calsync.app.plan import Night
from calsync.app.run_report import RunReport
from calsync.app.wiring import open_rules, open_sources
from calsync.app.workers import ProcessEngine, open_engine
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.config.settings import EngineSettings as EngineSettings
from calsync.store.database import open_store

PARTS = ("workers", "reading")
KINDS = ("threads", "processes", "dask")
Figures = dict[tuple[str, int, str], list[tuple[float, float]]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--managers", type=int, default=400)
    parser.add_argument("--scale", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--single-run", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.single_run:
        print(json.dumps(_measure_run(*options.single_run)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_managers(folder, options.managers)
        if options.scale:
            _enlarge_calendars(folder, options.scale)
        _print_table(_measure_all(folder, options))


def _enlarge_calendars(folder: Path, scale: float) -> None:
    for number, file in enumerate(sorted((folder / "calendars").iterdir())):
        file.write_bytes(export(Diary(seed=number, scale=scale)))


def _measure_all(folder: Path, options: argparse.Namespace) -> Figures:
    figures: Figures = {}
    for _, part, kind, count in product(range(options.rounds), options.parts, options.kinds, (1, 2)):
        figures.setdefault((kind, count, part), []).append(_start_run(folder, kind, count, part))
    return figures


def _start_run(folder: Path, kind: str, count: int, part: str) -> tuple[float, float]:
    for file in folder.glob("calsync.db*"):
        file.unlink()
    with ExitStack() as stack:
        address = stack.enter_context(_run_cluster(count)) if kind == "dask" else ""
        command = [
            sys.executable,
            "-m",
            "benchmarks.engines",
            "--single-run",
            str(folder),
            kind,
            f"{count}@{address}",
        ]
        output = subprocess.run([*command, part], check=True, stdout=subprocess.PIPE, text=True).stdout
    wall, cpu = json.loads(output)
    return wall, cpu


@contextmanager
def _run_cluster(count: int) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    scheduler = ["scheduler", "--port", address.rpartition(":")[2], *local]
    worker = ["worker", address, "--no-nanny", "--nthreads", "1", "--memory-limit", "0", *local]
    running = [
        subprocess.Popen([sys.executable, "-m", "dask", *arguments], stderr=subprocess.DEVNULL)
        for arguments in (scheduler, *([worker] * count))
    ]
    try:
        _wait_for(address, count)
        yield address
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()


def _wait_for(address: str, count: int) -> None:
    from dask.distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def _measure_run(folder: str, kind: str, workers: str, part: str) -> tuple[float, float]:
    """Return seconds of wall time and of this process's CPU; workers: `COUNT@ADDRESS`."""
    settings = load_settings(Path(folder) / "calsync.toml")
    count, _, address = workers.partition("@")
    engine = EngineSettings.model_validate({"kind": kind, "workers": int(count), "address": address})
    settings = settings.model_copy(update={"engine": engine})
    managers, (book, _) = load_managers(settings), open_rules(settings)
    night = Night(date(2026, 11, 23), settings, managers, book, lambda: datetime.now(UTC))
    context = run_context(night)
    with (
        open_sources(settings, managers) as sources,
        open_engine(engine, partial(prepare_worker, context)) as opened,
        collect_less_often(),
    ):
        _prepare_processes(opened, context, int(count))
        if part == "workers":
            worker = FetchWorker(settings, sources, book, night.window)
            work = worker.fetch_batch if opened.shares_memory else partial(fetch_batch_in_process, context)
            return _measure(lambda: _run_workers(night, opened, work))
        report = RunReport(night.day)
        with open_store(f"sqlite:///{folder}/calsync.db") as store:
            times = _measure(lambda: fetch_all(night, sources, opened, context, store, report))
        if report.faults:
            raise SystemExit(f"{len(report.faults)} faults; the figures would mean nothing")
        return times


def _prepare_processes(engine: Engine, context: RunContext, count: int) -> None:
    if isinstance(engine, ProcessEngine):
        for future in [engine.submit(_prepare_process, context) for _ in range(2 * count)]:
            future.result()


def _prepare_process(context: RunContext) -> None:
    prepare_worker(context)
    time.sleep(1)  # so that no process gets the call that is meant for another


def _run_workers(night: Night, engine: Engine, work: Callable[[tuple[FetchJob, ...]], object]) -> None:
    jobs = [FetchJob(night.calendar_of(manager), {}) for manager in night.managers]
    batches = deque(split_into_batches(jobs, engine.batch_size, engine.max_in_flight))
    for _, result in run_jobs(batches, work, engine, seconds=lambda _: 3600):
        if isinstance(result, BaseException):
            raise result


def _measure(function: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - cpu


def _print_table(figures: Figures) -> None:
    print(
        "| part | engine | 1 worker | 2 workers | faster | this process's CPU, of 2 |\n"
        "|---|---|---|---|---|---|"
    )
    for kind, part in dict.fromkeys((kind, part) for kind, _, part in figures):
        one, two = (figures[kind, count, part] for count in (1, 2))
        faster = median(wall for wall, _ in one) / median(wall for wall, _ in two)
        cpu = median(cpu for _, cpu in two)
        print(
            f"| {part} | {kind} | {_format_times(one)} | {_format_times(two)} | {faster:.2f} | {cpu:.2f} s |"
        )


def _format_times(runs: list[tuple[float, float]]) -> str:
    walls = sorted(wall for wall, _ in runs)
    return f"{median(walls):.2f} s ({walls[0]:.2f} to {walls[-1]:.2f})"


if __name__ == "__main__":
    main()
