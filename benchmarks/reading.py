"""Measures reading one calendar, in comparison with other libraries.

`python -m benchmarks.reading [--rounds 5] [FILE …]`

Each measurement is a separate process: it imports, warms up on a small calendar, and is then timed. The
rounds are interleaved, so that changes of the machine's speed affect all engines; ratios are of CPU time.
Without files, diaries are generated (`outlook_export`). FILE_c1 is FILE with 1 % changed and new stamps.
"""

import argparse
import hashlib
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.other_engines import compiled, python_with_ical
from benchmarks.outlook_export import Diary, export

PARIS = ZoneInfo("Europe/Paris")
WINDOWS = {
    "12 months": (datetime(2025, 1, 1, tzinfo=PARIS), datetime(2026, 1, 1, tzinfo=PARIS)),
    "1 month": (datetime(2025, 10, 1, tzinfo=PARIS), datetime(2025, 11, 1, tzinfo=PARIS)),
}
OWNERS = frozenset({"person1@council.example"})
# Given the bytes of a file and of its changed twin, gives what is to be timed, which gives what it found.
Bounds = tuple[datetime, datetime]
Run = Callable[[bytes, bytes, Bounds], Callable[[], Any]]


def by_rie(content: bytes, _: bytes, window: Bounds) -> Callable[[], Any]:
    import icalendar
    import recurring_ical_events

    def run() -> list[Any]:
        icalendar.use_zoneinfo()
        calendar = icalendar.Calendar.from_ical(content)
        found = recurring_ical_events.of(calendar, components=["VEVENT"]).between(*window)
        return [
            (e["DTSTART"].dt, e["DTEND"].dt, str(e["UID"]), str(e.get("SUMMARY", "")), _people(e))
            for e in found
        ]

    return run


def _people(event: Any) -> list[tuple[str, str]]:
    people = event.get("ATTENDEE", [])
    return [
        (str(one), one.params.get("PARTSTAT", ""))
        for one in (people if isinstance(people, list) else [people])
    ]


def by_ical(content: bytes, _: bytes, window: Bounds) -> Callable[[], Any]:
    from ical.calendar_stream import IcsCalendarStream

    def run() -> list[Any]:
        calendar = IcsCalendarStream.calendar_from_ics(content.decode())
        found = calendar.timeline_tz(PARIS).overlapping(*window)
        return [
            (e.dtstart, e.end, e.uid, e.summary or "", [(a.uri, a.status) for a in e.attendees])
            for e in found
        ]

    return run


def _read(content: bytes, window: Bounds, exactly: bool = False, **more: Any) -> list[Any]:
    from calsync.model.span import Span
    from calsync.sources.ical.full_parser import read_with_full_parser
    from calsync.sources.ical.read import read_calendar

    reader = read_with_full_parser if exactly else read_calendar
    occurrences, _ = reader(content, Span(*window), zone=PARIS, owners=OWNERS, where="diary", **more)
    return [(o.start, o.end, o.uid, o.title) for o in occurrences]


def by_exact_path(content: bytes, _: bytes, window: Bounds) -> Callable[[], Any]:
    return lambda: _read(content, window, exactly=True)


def by_calsync(content: bytes, _: bytes, window: Bounds) -> Callable[[], Any]:
    return lambda: _read(content, window)


def by_ledger(content: bytes, changed: bytes, window: Bounds) -> Callable[[], Any]:
    from calsync.sources.ical.uid_digests import UidDigests

    night = UidDigests()
    _read(content, window, uid_digests=night)
    return lambda: _read(changed, window, uid_digests=UidDigests(night.text))


def by_ledger_unchanged(content: bytes, _: bytes, window: Bounds) -> Callable[[], Any]:
    return by_ledger(content, re.sub(rb"\nDTSTAMP:[^\r\n]*", b"\nDTSTAMP:20260102T030405Z", content), window)


def by_digest(content: bytes, _: bytes, __: Bounds) -> Callable[[], Any]:
    from calsync.sources.ical.digests import calendar_digest

    return lambda: calendar_digest(content)


def by_floor(content: bytes, _: bytes, __: Bounds) -> Callable[[], Any]:
    lines = re.compile(rb"\n(?:DTSTART|DTEND|RRULE|UID|RECURRENCE-ID|SUMMARY|STATUS)[;:][^\n]*")

    file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
    file.write(content)

    def run() -> int:
        file.seek(0)
        read = file.read()
        return len(read.split(b"\nBEGIN:VEVENT")) + len(lines.findall(read))

    return run


RUNS: dict[str, Run] = {
    "icalendar + recurring-ical-events": by_rie,
    "ical 14": by_ical,
    "calsync, exact path": by_exact_path,
    "calsync": by_calsync,
    "calsync, 1 % changed, with ledger": by_ledger,
    "calsync, only stamps changed, with ledger": by_ledger_unchanged,
    "calsync, digest of the file": by_digest,
    "floor: split at VEVENT, one regex": by_floor,
}
LIBICAL = "libical (C)"
Taken = dict[tuple[str, str], list[dict[str, Any]]]


def child(engine: str, path: Path, changed: Path, window: str) -> None:
    """Measure in this process; prints JSON."""
    small = export(Diary(seed=9, scale=0.02))
    RUNS[engine](small, small, WINDOWS[window])()
    content = path.read_bytes()
    before = _peak()
    run = RUNS[engine](content, changed.read_bytes(), WINDOWS[window])
    walls, cpus = [], []
    while sum(walls) < 0.5 and len(walls) < 9:
        wall, cpu = time.perf_counter(), time.process_time()
        found = run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    event_lines = found if isinstance(found, list) else []
    digest = hashlib.sha256("\n".join(sorted(map(_shown, event_lines))).encode()).hexdigest()
    measured = {"wall": statistics.median(walls), "cpu": statistics.median(cpus), "memory": _peak() - before}
    sys.stdout.write(json.dumps({**measured, "count": len(event_lines), "digest": digest}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _shown(one: tuple[Any, ...]) -> str:
    start, end, uid, title = one[:4]
    return f"{_utc(start)} {_utc(end)} {uid} {title.strip()}"


def _utc(moment: date) -> str:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=PARIS)
    return moment.astimezone(UTC).isoformat()


def measured(
    engine: str, python: str, path: Path, changed: Path, window: str, libical: str
) -> dict[str, Any] | None:
    """One measurement in a process of its own, None if the engine is not here."""
    if engine == LIBICAL:
        bounds = [moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") for moment in WINDOWS[window]]
        if not libical:
            return None
        seconds, count, _ = subprocess.run(
            [libical, str(path), *bounds], check=True, capture_output=True, text=True
        ).stdout.split()
        memory = 0.0
        return {
            "wall": float(seconds),
            "cpu": float(seconds),
            "memory": memory,
            "count": int(count),
            "digest": "",
        }
    if not python:
        return None
    options = ["--child", engine, str(path), str(changed), window]
    command = [python, "-W", "ignore", "-m", "benchmarks.reading", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(f"{engine}: {done.stderr[-300:]}\n")
        return None
    return dict(json.loads(done.stdout))


def compare(path: Path, changed: Path, rounds: int, pythons: dict[str, str], libical: str) -> None:
    """Measure every engine on one file and print the table."""
    taken: Taken = defaultdict(list)
    plan = [
        (engine, window)
        for window in WINDOWS
        for engine in ("icalendar + recurring-ical-events", LIBICAL, *list(RUNS)[1:])
    ]
    for _ in range(rounds):
        for engine, window in plan:
            found = measured(engine, pythons.get(engine, sys.executable), path, changed, window, libical)
            if found is not None:
                taken[engine, window].append(found)
    report(path, plan, taken)


def report(
    path: Path, plan: list[tuple[str, str]], taken: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    """A markdown table: medians, how many times as fast, whether the occurrences are the same."""
    out = sys.stdout.write
    size, events = path.stat().st_size, path.read_bytes().count(b"BEGIN:VEVENT")
    out(f"\n{path.name}: {size / 1e6:.2f} MB, {events} events\n\n")
    out("| engine | window | wall ms | CPU ms | x faster | of libical | MB more | occurrences |\n")
    out("|---|---|---|---|---|---|---|---|\n")
    for engine, window in plan:
        runs = taken.get((engine, window))
        if not runs:
            out(f"| {engine} | {window} | absent | | | | | |\n")
            continue
        wall, cpu, memory = (
            statistics.median(run[name] for run in runs) for name in ("wall", "cpu", "memory")
        )
        base, first = _median(taken, plan[0][0], window), taken[plan[0][0], window][0]
        c = _median(taken, LIBICAL, window)
        same = (
            "same"
            if runs[0]["digest"] == first["digest"]
            else "differ"
            if runs[0]["digest"] and runs[0]["count"]
            else ""
        )
        if "changed" in engine and same == "differ":
            same = "of the changed file"
        of_c = f"{cpu / c:.2f}" if c else ""
        out(f"| {engine} | {window} | {wall * 1e3:.1f} | {cpu * 1e3:.1f} | {base / cpu:.1f} | {of_c} |")
        out(f" {memory:.0f} | {runs[0]['count'] or ''} {same} |\n")
    sys.stdout.flush()


def _median(taken: Taken, engine: str, window: str) -> float:
    runs = taken.get((engine, window), [])
    return statistics.median(run["cpu"] for run in runs) if runs else 0.0


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--without-ical", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        files = given.files or [folder / f"diary{seed}.ics" for seed in (1, 2, 3)]
        for seed, path in enumerate(files, 1):
            if not path.exists():
                path.write_bytes(export(Diary(seed, given.scale)))
                changed = export(Diary(seed, given.scale, change=0.01, restamp=True))
                path.with_stem(f"{path.stem}_c1").write_bytes(changed)
        pythons = {"ical 14": "" if given.without_ical else python_with_ical(folder)}
        libical = compiled(folder)
        for path in files:
            twin = path.with_stem(f"{path.stem}_c1")
            compare(path, twin if twin.exists() else path, given.rounds, pythons, libical)


if __name__ == "__main__":
    main()
