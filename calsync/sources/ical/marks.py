"""Where components begin and end in a calendar's text, also where their lines are damaged.

    END:VTIMEZONEBEGIN:VEVENT        a line end was lost
    NoneBEGIN:VEVENT                 a program wrote something before it
     BEGIN:VEVENT                    indented, so that it unfolds to the end of the line before

A line that begins with BEGIN or END of a known component is structure, whatever runs on behind it. In the
middle of another line `BEGIN:VEVENT` is text, unless without it events would not begin and end in turn,
or one event would have two starts.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Blanks around the name are stripped afterwards: a pattern would go over a long run of them many times.
_LINE = re.compile(r"^(BEGIN|END)[ \t]*+:([^\n]*)", re.I | re.M)
# Behind it: the end of the line, another mark, or a property whose line it was joined to.
_BEHIND = r"[ \t]*+(?=\n|\Z|(?:BEGIN|END)[ \t]*:|(?-i:[A-Z][A-Z0-9-]*[;:]))"
_RUN_ON = re.compile(
    r"(BEGIN|END)[ \t]*+:[ \t]*+"
    rf"(VCALENDAR|VEVENT|VTIMEZONE|STANDARD|DAYLIGHT|VALARM|VTODO|VJOURNAL|VFREEBUSY){_BEHIND}",
    re.I,
)
_INSIDE = re.compile(rf"(?<=[^\n])(BEGIN|END)[ \t]*+:[ \t]*+(VEVENT){_BEHIND}", re.I)
_START = re.compile(r"(?:^|VEVENT[ \t]*)DTSTART[ \t]*[;:]", re.I | re.M)
_USUAL = frozenset({"VCALENDAR", "VEVENT", "VALARM", "VTIMEZONE", "STANDARD", "DAYLIGHT"})
_EVENT = b"VEVENT"
_PIECE = 1 << 20
_PLAIN = re.compile(r"[A-Z0-9-]*").fullmatch


class Mark(NamedTuple):
    """A BEGIN or an END. start: its position in the text; end: where the lines behind it begin."""

    opens: bool
    name: str
    start: int
    end: int


def marks_of(text: str) -> tuple[list[Mark], list[int]]:
    """Find the marks of a text in order, and the positions of those that run into another line."""
    marks: list[Mark] = []
    run_on: list[int] = []
    # By the line as it is written: a file has thousands of them, and few kinds.
    kinds: dict[str, tuple[bool, str]] = {}
    for line in _LINE.finditer(text):
        written = line[0]
        if written not in kinds:
            kinds[written] = (line[1].upper() == "BEGIN", line[2].strip(" \t").upper())
        opens, name = kinds[written]
        whole = Mark(opens, name, line.start(), line.end() + 1)
        if name in _USUAL or _PLAIN(name):
            marks.append(whole)
            continue
        found = list(_run_on(text, line.start()))
        run_on += [mark.start for mark in found[1:]] or [mark.start for mark in found]
        marks += found or [
            Mark(line[1].upper() == "BEGIN", line[2].strip(" \t").upper(), line.start(), line.end() + 1)
        ]
    if _mentions(text) == sum(mark.name == "VEVENT" for mark in marks):
        return marks, run_on
    inside = _needed(text, marks)
    merged = sorted({mark.start: mark for mark in (*marks, *inside)}.values(), key=lambda mark: mark.start)
    return merged, sorted({*run_on, *(mark.start for mark in inside)})


def _mentions(text: str) -> int:
    """How often VEVENT stands anywhere in a text, in capitals or not."""
    # As bytes, since Python takes ten times as long to make capitals of text; in pieces, to spare memory.
    overlap = len(_EVENT) - 1
    return sum(
        text[begin : begin + _PIECE + overlap].encode("utf-8", "replace").upper().count(_EVENT)
        for begin in range(0, len(text), _PIECE)
    )


def _run_on(text: str, position: int) -> Iterator[Mark]:
    """The marks that follow each other on one line without a line end between them."""
    while (match := _RUN_ON.match(text, position)) is not None:
        position = match.end() + (text[match.end() : match.end() + 1] == "\n")
        yield Mark(match[1].upper() == "BEGIN", match[2].upper(), match.start(), position)
        if position > match.end():
            return


def _needed(text: str, marks: list[Mark]) -> list[Mark]:
    """The marks in the middle of lines without which events would not begin and end in turn."""
    known = {mark.start for mark in marks}
    inside = [
        Mark(match[1].upper() == "BEGIN", "VEVENT", match.start(), match.end())
        for match in _INSIDE.finditer(text)
        if match.start() not in known
    ]
    sure = [mark for mark in marks if mark.name in ("VEVENT", "VCALENDAR")]
    needed: list[Mark] = []
    is_open, since, place = False, 0, 0
    for mark in sure:
        gap = []
        while place < len(inside) and inside[place].start < mark.start:
            gap.append(inside[place])
            place += 1
        if gap:
            needed += _fitting(text, gap, mark, since, is_open=is_open)
        is_open, since = mark.name == "VEVENT" and mark.opens, mark.end
    return needed


def _fitting(text: str, gap: list[Mark], following: Mark, since: int, *, is_open: bool) -> list[Mark]:
    """The marks between two sure ones, if all of them together make sense there; else none.

    since: where the lines behind the sure mark before begin. is_open: whether that one opened an event.
    """
    must_be_open = following.name == "VEVENT" and not following.opens
    state, in_turn = is_open, True
    for mark in gap:
        in_turn = in_turn and mark.opens is not state
        state = mark.opens
    if in_turn and state is must_be_open and is_open is not must_be_open:
        return gap
    # Without them the turn would be kept as well, or cannot be kept. Then only what has a start of its own is
    # an event: a description may quote a BEGIN, but no line of it is a DTSTART.
    begins, ends = [since, *(mark.end for mark in gap)], [*(mark.start for mark in gap), following.start]
    opened = [is_open, *(mark.opens for mark in gap)]
    closed = [*(not mark.opens for mark in gap), must_be_open]
    parts = zip(begins, ends, opened, closed, strict=True)
    has_start = [bool(_START.search(text, *bounds)) for *bounds, before, behind in parts if before or behind]
    return gap if all(has_start) else []
