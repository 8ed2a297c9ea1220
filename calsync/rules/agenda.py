"""Splits a mixed meeting's time by its agenda: each line judged, timed lines by their times, else equally."""

import re
from dataclasses import replace
from fractions import Fraction

from calsync.model.classification import Activity
from calsync.rules.book import RuleBook
from calsync.rules.reading import Reading, read
from calsync.rules.weigh import weigh

_HALVES = {Activity.PROCESS: 2, Activity.SERVICE_IMPROVEMENT: 0, Activity.MIXED: 1}
_KEPT = 50_000  # lines remembered
_CLOCK = re.compile(r"^\W*([01]?\d|2[0-3])[:.]([0-5]\d)\b")
_MINUTES = re.compile(r"\b(\d{1,3})\s*(?:m|mins?|minutes?|munud)\b", re.IGNORECASE)
_LINES = re.compile(r"\n|;|•|(?:^|\s)(?=\d{1,2}[.)]\s|(?:[01]?\d|2[0-3])[:.][0-5]\d\s)|(?<=[a-z)])\.\s")


def process_share(reading: Reading, book: RuleBook) -> Fraction | None:
    """The part of the time that is process, 0 to 1; None where fewer than two lines could be judged."""
    judged = [
        (halves, minutes)
        for text, minutes in _agenda(reading, book)
        if (halves := _halves(text, reading, book)) is not None
    ]
    if len(judged) < 2:
        return None
    if any(minutes is None for _, minutes in judged):
        judged = [(halves, 1) for halves, _ in judged]
    total = sum(minutes or 0 for _, minutes in judged)
    if not total:
        return None
    return Fraction(sum(halves * (minutes or 0) for halves, minutes in judged), 2 * total)


def _agenda(reading: Reading, book: RuleBook) -> list[tuple[str, int | None]]:
    key = (reading.scan.agenda, reading.facts.minutes)
    if key not in book.agendas:
        if len(book.agendas) >= _KEPT:
            book.agendas.clear()
        book.agendas[key] = _timed(_lines(reading.scan.agenda), reading.facts.minutes)
    return book.agendas[key]


def _lines(agenda: str) -> list[str]:
    lines = [line.strip() for line in _LINES.split(agenda) if line.strip()]
    if len(lines) == 1:
        lines = [part.strip() for part in re.split(r",|\bthen\b|\s\d{1,2}\s", lines[0]) if part.strip()]
    return lines


def _timed(lines: list[str], whole: int) -> list[tuple[str, int | None]]:
    """Each line with its minutes: until the next clock time, or as it says itself."""
    starts = [_start(line) for line in lines]
    clocks = [start for start in starts if start is not None]
    # Of each clock time once: a day has 1,440, a hostile agenda ten thousand lines.
    following = {
        start: next((clock for clock in clocks if clock > start), clocks[0] + whole) for start in {*clocks}
    }
    timed: list[tuple[str, int | None]] = []
    for line, start in zip(lines, starts, strict=True):
        said = _MINUTES.search(line)
        minutes = int(said[1]) if said else None
        if start is not None:
            minutes = max(following[start] - start, 0)
        timed.append((line, minutes))
    return timed


def _start(line: str) -> int | None:
    clock = _CLOCK.match(line)
    return int(clock[1]) * 60 + int(clock[2]) if clock else None


def _halves(text: str, reading: Reading, book: RuleBook) -> int | None:
    """How many halves of one line are process, None if it shows neither side; standard lines are read once.

    Of the rest of the row only those lists matter that some cue asks for.
    """
    key = (text, reading.row & book.index.of_rows)
    if key not in book.halves:
        if len(book.halves) >= _KEPT:
            book.halves.clear()
        book.halves[key] = _judged(text, reading, book)
    return book.halves[key]


def _judged(text: str, reading: Reading, book: RuleBook) -> int | None:
    alone = read(replace(reading.facts, title="", description=text), book)
    alone.row |= reading.row  # the service may be named in the title or in another line
    activity = weigh(alone, book).activity
    return _HALVES.get(activity) if activity else None
