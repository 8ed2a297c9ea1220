"""Run calsync and recurring-ical-events on public recurrence corpora, case by case.

    python benchmarks/recurrence/run.py LIBICAL_CHECKOUT ICAL_JS_CHECKOUT [cases.jsonl …]

Each rule is put into an event of one second, and its occurrences are compared with the corpus' list.
Corpora differ in whether DTSTART counts where the rule does not meet it; such a case passes "with
DTSTART" (RFC 5545, 3.8.5.3: "The DTSTART property value … the first instance").
"""

import argparse
import contextlib
import signal
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from cases import Case, from_ical_js, from_json_lines, from_libical, moment

from calsync.model.span import Span
from calsync.sources.ical.read import read_calendar

SECONDS = 10
_UTC = ZoneInfo("UTC")
_END = moment("99980101")
Engine = Callable[[bytes, datetime, datetime], list[str]]


def by_calsync(content: bytes, first: datetime, last: datetime) -> list[str]:
    """The starts that calsync gives; raises ValueError for what it names in a problem."""
    window = Span(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
    occurrences, problems = read_calendar(content, window, zone=_UTC, where="case")
    if problems and not occurrences:
        raise ValueError(problems[0].what)
    return [o.start.strftime("%Y%m%d" if o.all_day else "%Y%m%dT%H%M%S") for o in occurrences]


def by_rie(content: bytes, first: datetime, last: datetime) -> list[str]:
    """The starts that recurring-ical-events gives."""
    icalendar.use_zoneinfo()
    query = recurring_ical_events.of(icalendar.Calendar.from_ical(content), components=["VEVENT"])
    found = [event["DTSTART"].dt for event in query.between(first, last)]
    return sorted(at.strftime("%Y%m%dT%H%M%S" if isinstance(at, datetime) else "%Y%m%d") for at in found)


def event_of(case: Case) -> bytes:
    """A calendar with the case's rule."""
    all_day = "T" not in case.start
    parameters = ";VALUE=DATE" if all_day else f";TZID={case.zone}" if case.zone else ""
    end = "DURATION:P1D" if all_day else "DURATION:PT1S"
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//calsync//EN",
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTAMP:20200101T000000Z",
    )
    lines += (
        f"DTSTART{parameters}:{case.start}",
        end,
        f"RRULE:{case.rule}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines).encode()


def compare_case(case: Case, engine: Engine) -> tuple[str, str]:
    """How an engine fares on a case (passed, with DTSTART, refused, differs, …) and what it gave."""
    last = max([moment(one) for one in case.expected] or [moment(case.start)])
    beyond = last + timedelta(days=2 if case.prefix else 400)
    since = moment(case.since or case.start)
    try:
        with limited(SECONDS):
            found = engine(event_of(case), since, min(beyond, _END))
    except TimeoutError:
        return "too slow", ""
    except Exception as error:
        return ("passed" if case.refused else "refused"), f"{type(error).__name__}: {error}"[:100]
    if case.refused:
        return "takes a bad rule", " ".join(found[:4])
    since_text = case.since.rstrip("Z")
    expected = [one for one in case.expected if one >= since_text]
    return compared(case, [one for one in found if one >= since_text], expected), " ".join(found[:12])


def compared(case: Case, found: list[str], expected: list[str]) -> str:
    """`passed`, `with DTSTART`, or what is wrong."""
    if (found[: len(expected)] if case.prefix else found) == expected:
        return "passed"
    start = case.start.rstrip("Z")
    others, wanted = [one for one in found if one != start], [one for one in expected if one != start]
    # With COUNT, a DTSTART that counts leaves one fewer for the rule.
    few = not case.prefix and len(wanted) - len(others) not in (0, 1)
    if (start in found) != (start in expected) and others[: len(wanted)] == wanted[: len(others)] and not few:
        return "with DTSTART"
    return "differs"


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TimeoutError after some seconds (POSIX only)."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def all_cases(libical: Path, ical_js: Path, others: list[Path]) -> dict[str, list[Case]]:
    """The corpora by name."""
    tests = libical / "src" / "test"
    corpora = {
        "libical": list(from_libical(tests / "icalrecur_test.txt", "libical")),
        "libical, RSCALE": list(from_libical(tests / "icalrecur_test_rscale.txt", "libical-rscale")),
        "ical.js": list(from_ical_js(ical_js / "test" / "recur_iterator_test.js")),
    }
    for path in others:
        corpora[path.stem] = list(from_json_lines(path))
    return corpora


def main() -> None:
    """Print the table and every case on which calsync does not simply pass."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("libical", type=Path)
    parser.add_argument("ical_js", type=Path)
    parser.add_argument("jsonl", type=Path, nargs="*")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    engines = {"calsync": by_calsync, "recurring-ical-events": by_rie}
    tally: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    notes = []
    for corpus, cases in all_cases(arguments.libical, arguments.ical_js, arguments.jsonl).items():
        for case in cases:
            results = {name: compare_case(case, engine) for name, engine in engines.items()}
            for name, (outcome, _) in results.items():
                tally[corpus, name][outcome] += 1
            notes += [(case, results)] if results["calsync"][0] not in ("passed", "with DTSTART") else []
    report(tally, notes)


def report(
    tally: dict[tuple[str, str], Counter[str]], notes: list[tuple[Case, dict[str, tuple[str, str]]]]
) -> None:
    """Print the counts, then the cases that differ."""
    out = sys.stdout.write
    out("| corpus | engine | cases | passed | with DTSTART | rest |\n|---|---|---|---|---|---|\n")
    for (corpus, engine), counts in tally.items():
        rest = ", ".join(
            f"{what} {n}" for what, n in counts.most_common() if what not in ("passed", "with DTSTART")
        )
        passed, with_start = counts["passed"], counts["with DTSTART"]
        out(f"| {corpus} | {engine} | {counts.total()} | {passed} | {with_start} | {rest} |\n")
    for case, results in notes:
        out(f"\n{case.name}: DTSTART:{case.start} RRULE:{case.rule}\n")
        out(f"  expected {' '.join(case.expected[:12])}\n")
        for engine, (outcome, found) in results.items():
            out(f"  {engine}: {outcome}: {found}\n")


if __name__ == "__main__":
    main()
