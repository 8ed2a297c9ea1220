"""Divides the time of a mixed meeting by its agenda (`process_share`).

Each line is classified. Lines count by their times if all have one, else equally.
"""

import re
from dataclasses import replace
from fractions import Fraction

from calsync.model.classification import Activity
from calsync.rules.book import RuleBook
from calsync.rules.evidence import weigh_evidence
from calsync.rules.features import MeetingFeatures, extract_features

_HALVES = {Activity.PROCESS: 2, Activity.SERVICE_IMPROVEMENT: 0, Activity.MIXED: 1}
_CLOCK_TIME = re.compile(r"^\W*([01]?\d|2[0-3])[:.]([0-5]\d)\b")
_DURATION = re.compile(r"\b(\d{1,3})\s*(?:m|mins?|minutes?|munud)\b", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"\n|;|•|(?:^|\s)(?=\d{1,2}[.)]\s|(?:[01]?\d|2[0-3])[:.][0-5]\d\s)|(?<=[a-z)])\.\s")


def process_share(features: MeetingFeatures, book: RuleBook) -> Fraction | None:
    """The part of the time that is process, 0 to 1; None if fewer than two lines show an activity."""
    lines = [
        (halves, minutes)
        for text, minutes in _assign_minutes(_split_lines(features.scan.agenda), features.facts.minutes)
        if (halves := _process_halves(text, features, book)) is not None
    ]
    if len(lines) < 2:
        return None
    if any(minutes is None for _, minutes in lines):
        lines = [(halves, 1) for halves, _ in lines]
    total = sum(minutes or 0 for _, minutes in lines)
    if not total:
        return None
    return Fraction(sum(halves * (minutes or 0) for halves, minutes in lines), 2 * total)


def _split_lines(agenda: str) -> list[str]:
    lines = [line.strip() for line in _LINE_BREAKS.split(agenda) if line.strip()]
    if len(lines) == 1:
        lines = [part.strip() for part in re.split(r",|\bthen\b|\s\d{1,2}\s", lines[0]) if part.strip()]
    return lines


def _assign_minutes(lines: list[str], meeting_minutes: int) -> list[tuple[str, int | None]]:
    """Each line with its minutes or None: until the next clock time, or as written ("10 mins")."""
    starts = [_parse_clock_time(line) for line in lines]
    clocks = [start for start in starts if start is not None]
    # Computed by clock time, of which a day has 1,440, and not by line, of which a hostile agenda has
    # thousands.
    ends = {
        start: next((clock for clock in clocks if clock > start), clocks[0] + meeting_minutes)
        for start in {*clocks}
    }
    timed: list[tuple[str, int | None]] = []
    for line, start in zip(lines, starts, strict=True):
        duration = _DURATION.search(line)
        minutes = int(duration[1]) if duration else None
        if start is not None:
            minutes = max(ends[start] - start, 0)
        timed.append((line, minutes))
    return timed


def _parse_clock_time(line: str) -> int | None:
    clock = _CLOCK_TIME.match(line)
    return int(clock[1]) * 60 + int(clock[2]) if clock else None


def _process_halves(text: str, features: MeetingFeatures, book: RuleBook) -> int | None:
    """How many halves of one line are process (0, 1 or 2), None if it shows no side; cached.

    Of the rest of the meeting only the lists matter that some cue requires of the whole text.
    """
    key = (text, features.text_lists & book.lists_of_rows)
    halves = book.caches.halves
    if key not in halves:
        line = extract_features(replace(features.facts, title="", description=text), book)
        line.text_lists |= features.text_lists  # the service may be named in the title or in another line
        activity = weigh_evidence(line, book).activity
        halves[key] = _HALVES.get(activity) if activity else None
    return halves[key]
