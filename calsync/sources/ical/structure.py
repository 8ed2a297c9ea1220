"""Text to blocks: what begins where, without reading a single property.

A structure line can only stand at a line's start, so text inside a description is never taken for one.
Nesting is walked, never recursed. Every BEGIN:VEVENT becomes a block or is named in a problem.
"""

import re
from dataclasses import dataclass, field

from calsync.errors import SourceContentError
from calsync.model.problem import Problem
from calsync.model.stopping import check_stopped

# Blanks around the name are stripped afterwards: a pattern would go over a long run of them many times.
_MARK = re.compile(r"^(BEGIN|END)[ \t]*:([^\n]*)", re.I | re.M)
_LOOK_DOWN = 8
"""How many open components an END may skip: enough for a forgotten END, cheap when nesting is deep."""
_DEEPEST = 64
"""Below this, components are counted and no longer kept: nothing that matters lies so deep."""
_NAMED = 5
_CHECKED_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Block:
    """One component as it is written, without its BEGIN and END.

    number: an event's place among all events of the file, from 1. text: an event's own lines, those
    of its alarms left out; a time zone's lines with its observances.
    """

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class CalendarText:
    """One VCALENDAR: its own lines, its time zones and its events."""

    header: str
    zones: tuple[Block, ...]
    events: tuple[Block, ...]


@dataclass(slots=True)
class _Open:
    """A component whose END has not come yet. since: where its own lines go on."""

    name: str
    begin: int
    since: int
    number: int
    pieces: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    text: str
    where: str
    stack: list[_Open] = field(default_factory=list)
    event_depth: int | None = None
    zones: list[Block] = field(default_factory=list)
    events: list[Block] = field(default_factory=list)
    calendars: list[CalendarText] = field(default_factory=list)
    unclosed: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    seen: int = 0
    deeper: int = 0


def split(text: str, where: str) -> tuple[tuple[CalendarText, ...], list[Problem]]:
    """Cut a file into its calendars; raises SourceContentError if one of them has no end."""
    walk = _Walk(text, where)
    for number, mark in enumerate(_MARK.finditer(text)):
        if number % _CHECKED_EVERY == 0:
            check_stopped()
        name = mark[2].strip(" \t").upper()
        (_begin if mark[1].upper() == "BEGIN" else _end)(walk, name, mark.start(), mark.end() + 1)
    if walk.stack:
        raise _cut_off(walk)
    return tuple(walk.calendars), _unaccounted(walk)


def _begin(walk: _Walk, name: str, start: int, after: int) -> None:
    if name == "VCALENDAR" and walk.stack:
        raise _cut_off(walk)
    if name == "VEVENT":
        walk.seen += 1
        _give_up_open_event(walk, start)
        if not walk.stack:
            walk.outside.append(walk.seen)
            return
        walk.event_depth = len(walk.stack)
    elif not walk.stack and name != "VCALENDAR":
        return
    elif len(walk.stack) >= _DEEPEST:
        walk.deeper += 1
        return
    if walk.stack:
        walk.stack[-1].pieces.append(walk.text[walk.stack[-1].since : start])
    walk.stack.append(_Open(name, after, after, walk.seen))


def _give_up_open_event(walk: _Walk, start: int) -> None:
    """No event may lie in another: the one still open has lost its END."""
    if walk.event_depth is None:
        return
    walk.unclosed.append(walk.stack[walk.event_depth].number)
    del walk.stack[walk.event_depth :]
    walk.stack[-1].since = start
    walk.event_depth = None


def _end(walk: _Walk, name: str, start: int, after: int) -> None:
    if walk.deeper and name not in ("VEVENT", "VCALENDAR"):
        walk.deeper -= 1
        return
    depth = _depth_of(walk, name)
    if depth is None:
        return
    walk.deeper = 0
    closing = walk.stack[depth]
    if depth == len(walk.stack) - 1:
        closing.pieces.append(walk.text[closing.since : start])
    if walk.event_depth is not None and depth <= walk.event_depth:
        if name != "VEVENT":
            walk.unclosed.append(walk.stack[walk.event_depth].number)
        walk.event_depth = None
    del walk.stack[depth:]
    if walk.stack:
        walk.stack[-1].since = after
    _keep(walk, closing, start)


def _depth_of(walk: _Walk, name: str) -> int | None:
    """Where the component that an END closes lies in the stack; None for an END of nothing."""
    if name == "VEVENT":
        return walk.event_depth
    if name == "VCALENDAR":
        return 0 if walk.stack else None
    top = len(walk.stack) - 1
    for depth in range(top, max(top - _LOOK_DOWN, walk.event_depth or 0), -1):
        if walk.stack[depth].name == name:
            return depth
    return None


def _keep(walk: _Walk, closing: _Open, end: int) -> None:
    if closing.name == "VEVENT":
        walk.events.append(Block(closing.number, "".join(closing.pieces)))
    elif closing.name == "VTIMEZONE":
        walk.zones.append(Block(0, walk.text[closing.begin : end]))
    elif closing.name == "VCALENDAR":
        header = "".join(closing.pieces)
        walk.calendars.append(CalendarText(header, tuple(walk.zones), tuple(walk.events)))
        walk.zones, walk.events = [], []


def _cut_off(walk: _Walk) -> SourceContentError:
    what = "the calendar is cut off: it has no END:VCALENDAR"
    if walk.event_depth is not None:
        what += f", and event {walk.seen} stops in the middle"
    hint = "the download or export was broken off; fetch it again. Nothing of it is used"
    return SourceContentError(walk.where, what, hint)


def _unaccounted(walk: _Walk) -> list[Problem]:
    """One problem for each kind of event that could not be cut out, with how many and which."""
    hint = "export the calendar again, or mend it in a text editor"
    kinds = (
        (walk.unclosed, "no END:VEVENT before the next part begins; left out"),
        (walk.outside, "stands outside every VCALENDAR; left out"),
    )
    return [
        Problem(f"{walk.where}, event {_numbers(found)}", f"{len(found)} x {what}", hint)
        for found, what in kinds
        if found
    ]


def _numbers(found: list[int]) -> str:
    more = ", …" if len(found) > _NAMED else ""
    return ", ".join(map(str, found[:_NAMED])) + more
