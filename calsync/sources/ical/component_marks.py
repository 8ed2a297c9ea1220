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
_FOLLOWED_BY = r"[ \t]*+(?=\n|\Z|(?:BEGIN|END)[ \t]*:|(?-i:[A-Z][A-Z0-9-]*[;:]))"
_JOINED_MARK = re.compile(
    r"(BEGIN|END)[ \t]*+:[ \t]*+"
    rf"(VCALENDAR|VEVENT|VTIMEZONE|STANDARD|DAYLIGHT|VALARM|VTODO|VJOURNAL|VFREEBUSY){_FOLLOWED_BY}",
    re.I,
)
_MARK_INSIDE_LINE = re.compile(rf"(?<=[^\n])(BEGIN|END)[ \t]*+:[ \t]*+(VEVENT){_FOLLOWED_BY}", re.I)
_DTSTART = re.compile(r"(?:^|VEVENT[ \t]*)DTSTART[ \t]*[;:]", re.I | re.M)
_KNOWN_COMPONENTS = frozenset({"VCALENDAR", "VEVENT", "VALARM", "VTIMEZONE", "STANDARD", "DAYLIGHT"})
_EVENT = b"VEVENT"
_PIECE = 1 << 20
_is_plain_name = re.compile(r"[A-Z0-9-]*").fullmatch


class ComponentMark(NamedTuple):
    """A BEGIN or an END. start: its position in the text; end: where the lines behind it begin."""

    is_begin: bool
    name: str
    start: int
    end: int


def find_marks(text: str) -> tuple[list[ComponentMark], list[int]]:
    """Find the marks of a text in order, and the positions of those that run into another line."""
    marks: list[ComponentMark] = []
    run_on: list[int] = []
    # By the line as it is written: a file has thousands of them, and few kinds.
    kinds: dict[str, tuple[bool, str]] = {}
    for line in _LINE.finditer(text):
        written = line[0]
        if written not in kinds:
            kinds[written] = (line[1].upper() == "BEGIN", line[2].strip(" \t").upper())
        opens, name = kinds[written]
        whole = ComponentMark(opens, name, line.start(), line.end() + 1)
        if name in _KNOWN_COMPONENTS or _is_plain_name(name):
            marks.append(whole)
            continue
        found = list(_joined_marks(text, line.start()))
        run_on += [mark.start for mark in found[1:]] or [mark.start for mark in found]
        marks += found or [
            ComponentMark(
                line[1].upper() == "BEGIN", line[2].strip(" \t").upper(), line.start(), line.end() + 1
            )
        ]
    if _count_vevent(text) == sum(mark.name == "VEVENT" for mark in marks):
        return marks, run_on
    inside = _missing_marks(text, marks)
    merged = sorted({mark.start: mark for mark in (*marks, *inside)}.values(), key=lambda mark: mark.start)
    return merged, sorted({*run_on, *(mark.start for mark in inside)})


def _count_vevent(text: str) -> int:
    """How often VEVENT stands anywhere in a text, in capitals or not."""
    # As bytes, since Python takes ten times as long to make capitals of text; in pieces, to spare memory.
    overlap = len(_EVENT) - 1
    return sum(
        text[begin : begin + _PIECE + overlap].encode("utf-8", "replace").upper().count(_EVENT)
        for begin in range(0, len(text), _PIECE)
    )


def _joined_marks(text: str, position: int) -> Iterator[ComponentMark]:
    """The marks that follow each other on one line without a line end between them."""
    while (match := _JOINED_MARK.match(text, position)) is not None:
        position = match.end() + (text[match.end() : match.end() + 1] == "\n")
        yield ComponentMark(match[1].upper() == "BEGIN", match[2].upper(), match.start(), position)
        if position > match.end():
            return


def _missing_marks(text: str, marks: list[ComponentMark]) -> list[ComponentMark]:
    """The marks in the middle of lines without which events would not begin and end in turn."""
    known = {mark.start for mark in marks}
    inside = [
        ComponentMark(match[1].upper() == "BEGIN", "VEVENT", match.start(), match.end())
        for match in _MARK_INSIDE_LINE.finditer(text)
        if match.start() not in known
    ]
    sure = [mark for mark in marks if mark.name in ("VEVENT", "VCALENDAR")]
    needed: list[ComponentMark] = []
    is_open, since, place = False, 0, 0
    for mark in sure:
        gap = []
        while place < len(inside) and inside[place].start < mark.start:
            gap.append(inside[place])
            place += 1
        if gap:
            needed += _marks_if_consistent(text, gap, mark, since, is_open=is_open)
        is_open, since = mark.name == "VEVENT" and mark.is_begin, mark.end
    return needed


def _marks_if_consistent(
    text: str, gap: list[ComponentMark], following: ComponentMark, since: int, *, is_open: bool
) -> list[ComponentMark]:
    """The marks between two sure ones, if all of them together make sense there; else none.

    since: where the lines behind the sure mark before begin. is_open: whether that one opened an event.
    """
    must_be_open = following.name == "VEVENT" and not following.is_begin
    state, in_turn = is_open, True
    for mark in gap:
        in_turn = in_turn and mark.is_begin is not state
        state = mark.is_begin
    if in_turn and state is must_be_open and is_open is not must_be_open:
        return gap
    # Without them the turn would be kept as well, or cannot be kept. Then only what has a start of its own is
    # an event: a description may quote a BEGIN, but no line of it is a DTSTART.
    begins, ends = [since, *(mark.end for mark in gap)], [*(mark.start for mark in gap), following.start]
    opened = [is_open, *(mark.is_begin for mark in gap)]
    closed = [*(not mark.is_begin for mark in gap), must_be_open]
    parts = zip(begins, ends, opened, closed, strict=True)
    has_start = [
        bool(_DTSTART.search(text, *bounds)) for *bounds, before, behind in parts if before or behind
    ]
    return gap if all(has_start) else []
