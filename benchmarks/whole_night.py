"""Whole nights of many managers, each in its own process: `python -m benchmarks.whole_night`.

    first       an empty store: everything is read, classified, allocated and stored
    unchanged   the same calendars, downloaded again (every DTSTAMP rewritten)
    calendars   one calendar in a hundred has an event changed
    events      one event in a hundred changed, so that every other calendar has one
    new rules   an own rule was added, so that everything is classified again

Prints a table for docs/benchmarks.md: wall time, CPU, microseconds of CPU an occurrence, peak memory,
size of the store, and each night's share of the first. With --store, an empty database of PostgreSQL replaces
SQLite; the time of its server is part of the wall time and not of the CPU.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks.diaries import EVENTS, write_calendar, write_managers
from calsync.store.connections import Database

NIGHT = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
begun = time.time()
from calsync.app.night import run_night
at = datetime(2026, 11, 23, 4, 15, tzinfo=UTC)
report = run_night(Path(sys.argv[1]), at.date(), now=lambda: at)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "wall": time.time() - begun, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024,
    "counts": report.counts, "problems": len(report.faults),
}))
"""
EMPTY = 10
"""Megabytes of a database without tables, at most."""
RULE = """
[pack]
title = "Ours"

[[rule]]
id = "own/nothing"
stage = "operational"
why = "A rule that no calendar of the benchmark meets."
when.title_any = ["zeppelin landing"]
scope = "inter_agency"
activity = "operational"
example = [{ title = "Zeppelin landing", domains = ["a.gov.uk", "wales.nhs.uk"], expect = "operational" }]
"""


@dataclass(frozen=True)
class Night:
    """The figures of one night: seconds of wall time and CPU, MB of memory at the peak and of the store."""

    what: str
    wall: float
    cpu: float
    memory: float
    store: float
    counts: dict[str, int]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--managers", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    parser.add_argument(
        "--store", help="postgresql+psycopg://..., an empty database, for one number of managers"
    )
    options = parser.parse_args()
    if options.store and (len(options.managers) > 1 or _database_size(options.store) > EMPTY):
        raise SystemExit("--store takes one number of managers and an empty database")
    print(_HEAD)
    for count in options.managers:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            nights = list(measure_nights(Path(name), count, options.store))
        for night in nights:
            print(_format_line(count, night, nights[0]), flush=True)


def measure_nights(folder: Path, count: int, store: str | None = None) -> Iterator[Night]:
    """Run the five nights of `count` managers and yield the figures of each."""
    write_managers(folder, count)
    if store:
        _replace_setting(folder, "sqlite:///calsync.db", store)
    yield _run_night(folder, "first", store)
    for what, prepare in _PREPARED:
        prepare(folder, count)
        yield _run_night(folder, what, store)


def _replace_setting(folder: Path, before: str, after: str) -> None:
    settings = folder / "calsync.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def _downloaded_again(folder: Path, count: int) -> None:
    for number in range(count):
        write_calendar(folder, number, stamp="20261123T041500Z")


def _calendars_changed(folder: Path, count: int) -> None:
    for number in range(count):
        write_calendar(folder, number, changed={0} if number % 100 == 0 else (), stamp="20261124T041500Z")


def _events_changed(folder: Path, count: int) -> None:
    # Every hundredth of all events, beginning at the 50th, so that the changes of the night before stay.
    for number in range(count):
        first = number * EVENTS
        due = {index for index in range(EVENTS) if (first + index) % 100 == 50}
        before = {0} if number % 100 == 0 else set()
        write_calendar(folder, number, changed=before | due, stamp="20261125T041500Z")


def _rule_added(folder: Path, _: int) -> None:
    (folder / "ours").mkdir()
    (folder / "ours" / "ours.toml").write_text(RULE, encoding="utf-8")
    _replace_setting(folder, "[rules]", '[rules]\nfolder = "ours"')


_PREPARED: tuple[tuple[str, Callable[[Path, int], None]], ...] = (
    ("unchanged", _downloaded_again),
    ("calendars", _calendars_changed),
    ("events", _events_changed),
    ("new rules", _rule_added),
)


def _database_size(store: str) -> float:
    """Return the megabytes of a PostgreSQL database."""
    with closing(Database(store)) as database, database.reading() as connection:
        return float(connection.scalar(text("select pg_database_size(current_database())")) / 1e6)


def _run_night(folder: Path, what: str, store: str | None) -> Night:
    os.sync()
    command = [sys.executable, "-c", NIGHT, str(folder / "calsync.toml")]
    figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    if figures["problems"]:
        raise SystemExit(f"{what}: {figures['problems']} faults; the figures would mean nothing")
    files = folder.glob("calsync.db*")
    size = _database_size(store) if store else sum(file.stat().st_size for file in files) / 1e6
    return Night(what, figures["wall"], figures["cpu"], figures["memory"], size, figures["counts"])


_HEAD = (
    "| managers | night | occurrences added, changed, removed | wall | CPU | CPU an occurrence | "
    "share of the first (CPU) | peak memory | store |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def _format_line(count: int, night: Night, first: Night) -> str:
    touched = ", ".join(f"{night.counts.get(key, 0):,}" for key in ("added", "changed", "removed"))
    each = night.cpu / first.counts["added"] * 1e6
    return (
        f"| {count:,} | {night.what} | {touched} | {night.wall:.1f} s | {night.cpu:.1f} s | {each:.0f} µs | "
        f"{night.cpu / first.cpu:.1%} | {night.memory:.0f} MB | {night.store:.0f} MB |"
    )


if __name__ == "__main__":
    main()
