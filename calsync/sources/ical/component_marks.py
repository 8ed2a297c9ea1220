"""Finds the BEGIN and END marks in the text of a calendar, also in damaged lines.

    END:VTIMEZONEBEGIN:VEVENT        a line end was lost
    NoneBEGIN:VEVENT                 a program wrote something before it
     BEGIN:VEVENT                    indented, so that it unfolds to the end of the line before

A line that begins with BEGIN or END of a known component is a mark, whatever follows it on the line. In the
middle of another line `BEGIN:VEVENT` is text, unless without it events would not begin and end in turn, or
one event would have two DTSTARTs.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Blanks around the name are stripped afterwards: a pattern would match a long run of them many times.
_LINE = re.compile(r"^(BEGIN|END)[ \t]*+:([^\n]*)", re.I | re.M)
# What may follow a mark: the end of the line, another mark, or a property whose line it was joined to.
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
    """A BEGIN or an END.

    Attributes:
        name: The name of the component, in capitals.
        start: Its position in the text.
        end: The position where the lines after it begin.
    """

    is_begin: bool
    name: str
    start: int
    end: int


def find_marks(text: str) -> tuple[list[ComponentMark], list[int]]:
    """Return the marks of a text in order, and the positions of those that run into another line."""
    marks: list[ComponentMark] = []
    run_on: list[int] = []
    # By the line as it is written: a file has thousands of such lines, and few that differ.
    kinds: dict[str, tuple[bool, str]] = {}
    for line in _LINE.finditer(text):
        written = line[0]
        if written not in kinds:
            kinds[written] = (line[1].upper() == "BEGIN", line[2].strip(" \t").upper())
        is_begin, name = kinds[written]
        mark = ComponentMark(is_begin, name, line.start(), line.end() + 1)
        if name in _KNOWN_COMPONENTS or _is_plain_name(name):
            marks.append(mark)
            continue
        joined = list(_joined_marks(text, line.start()))
        run_on += [mark.start for mark in joined[1:]] or [mark.start for mark in joined]
        marks += joined or [mark]
    if _count_vevent(text) == sum(mark.name == "VEVENT" for mark in marks):
        return marks, run_on
    inside = _missing_marks(text, marks)
    merged = sorted({mark.start: mark for mark in (*marks, *inside)}.values(), key=lambda mark: mark.start)
    return merged, sorted({*run_on, *(mark.start for mark in inside)})


def _count_vevent(text: str) -> int:
    """How often VEVENT occurs anywhere in a text, in capitals or not."""
    # As bytes, since `upper` of a text takes ten times as long; piece by piece, to save memory.
    overlap = len(_EVENT) - 1
    return sum(
        text[begin : begin + _PIECE + overlap].encode("utf-8", "replace").upper().count(_EVENT)
        for begin in range(0, len(text), _PIECE)
    )


def _joined_marks(text: str, position: int) -> Iterator[ComponentMark]:
    """Yield the marks that follow each other on one line without a line end between them."""
    while (match := _JOINED_MARK.match(text, position)) is not None:
        position = match.end() + (text[match.end() : match.end() + 1] == "\n")
        yield ComponentMark(match[1].upper() == "BEGIN", match[2].upper(), match.start(), position)
        if position > match.end():
            return


def _missing_marks(text: str, marks: list[ComponentMark]) -> list[ComponentMark]:
    """The marks in the middle of lines without which events would not begin and end in turn."""
    known_starts = {mark.start for mark in marks}
    inside = [
        ComponentMark(match[1].upper() == "BEGIN", "VEVENT", match.start(), match.end())
        for match in _MARK_INSIDE_LINE.finditer(text)
        if match.start() not in known_starts
    ]
    missing: list[ComponentMark] = []
    is_open, previous_end, index = False, 0, 0
    for mark in marks:
        if mark.name not in ("VEVENT", "VCALENDAR"):
            continue
        between = []
        while index < len(inside) and inside[index].start < mark.start:
            between.append(inside[index])
            index += 1
        if between:
            missing += _marks_if_consistent(text, between, mark, previous_end, is_open=is_open)
        is_open, previous_end = mark.name == "VEVENT" and mark.is_begin, mark.end
    return missing


def _marks_if_consistent(
    text: str, between: list[ComponentMark], following: ComponentMark, previous_end: int, *, is_open: bool
) -> list[ComponentMark]:
    """Return the marks in the middle of lines between two others, if all together are consistent; else none.

    Args:
        following: The mark after them.
        previous_end: Where the lines after the mark before them begin.
        is_open: Whether the mark before them opened an event.
    """
    must_be_open = following.name == "VEVENT" and not following.is_begin
    state, alternate = is_open, True
    for mark in between:
        alternate = alternate and mark.is_begin is not state
        state = mark.is_begin
    if alternate and state is must_be_open and is_open is not must_be_open:
        return between
    # Without them events begin and end in turn as well, or do not with them either. Then only a part with a
    # DTSTART of its own is an event: a description may quote a BEGIN, but no line of it is a DTSTART.
    begins = [previous_end, *(mark.end for mark in between)]
    ends = [*(mark.start for mark in between), following.start]
    opened = [is_open, *(mark.is_begin for mark in between)]
    closed = [*(not mark.is_begin for mark in between), must_be_open]
    has_dtstart = [
        bool(_DTSTART.search(text, begin, end))
        for begin, end, is_opened, is_closed in zip(begins, ends, opened, closed, strict=True)
        if is_opened or is_closed
    ]
    return between if all(has_dtstart) else []
