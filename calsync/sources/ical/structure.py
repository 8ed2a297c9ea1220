"""Text to blocks: what begins where, without reading a single property.

A structure line can only stand at a line's start, so text inside a description is never taken for one
(`marks` says where one that is damaged is understood all the same). Nesting is walked, never recursed.
Every BEGIN:VEVENT becomes a block or is named in a problem, and so is every END:VEVENT without one.
"""

import re
from dataclasses import dataclass, field

from calsync.errors import SourceContentError
from calsync.model.problem import Problem, Severity
from calsync.model.stopping import check_stopped
from calsync.sources.ical.marks import Mark, marks_of
from calsync.sources.ical.naming import Namer

# No calendar has a start; only events have.
_START = re.compile(r"^DTSTART[ \t]*[;:]", re.I | re.M)
_LOOK_DOWN = 8
"""How many open components an END may skip: enough for a forgotten END, cheap when nesting is deep."""
_DEEPEST = 64
"""Below this, components are counted and no longer kept: nothing that matters lies so deep."""
_NAMED = 100
"""How many events of one kind of damage have a problem each; the rest have one together."""
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
    """begins: where each BEGIN:VEVENT stands.

    unclosed, outside, unopened, stray: the positions of events that are no blocks.
    """

    text: str
    where: str
    stack: list[_Open] = field(default_factory=list)
    event_depth: int | None = None
    zones: list[Block] = field(default_factory=list)
    events: list[Block] = field(default_factory=list)
    calendars: list[CalendarText] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    deeper: int = 0
    unclosed: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    unopened: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    is_open_outside: bool = False


def split(text: str, namer: Namer) -> tuple[tuple[CalendarText, ...], list[Problem]]:
    """Cut a file into its calendars; raises SourceContentError if one of them has no end.

    Args:
        text: As `whole_text` returns it.
        namer: Names the lines in problems; from now on it knows where the events begin.
    """
    marks, recovered = marks_of(text)
    walk = _Walk(text, namer.where)
    for number, mark in enumerate(marks):
        if number % _CHECKED_EVERY == 0:
            check_stopped()
        (_begin if mark.opens else _end)(walk, mark)
    namer.follow(text, walk.begins)
    if walk.stack:
        raise _cut_off(walk)
    return tuple(walk.calendars), [*_lost(walk, namer), *_recovered(recovered, namer)]


def _begin(walk: _Walk, mark: Mark) -> None:
    name = mark.name
    if name == "VCALENDAR":
        if walk.stack:
            raise _cut_off(walk)
        walk.is_open_outside = False
    if name == "VEVENT":
        walk.begins.append(mark.start)
        _give_up_open_event(walk, mark.start)
        if not walk.stack:
            walk.outside.append(mark.start)
            walk.is_open_outside = True
            return
        walk.event_depth = len(walk.stack)
    elif not walk.stack and name != "VCALENDAR":
        return
    elif len(walk.stack) >= _DEEPEST:
        walk.deeper += 1
        return
    if walk.stack:
        _add_piece(walk, walk.stack[-1], mark.start)
    walk.stack.append(_Open(name, mark.end, mark.end, len(walk.begins)))


def _give_up_open_event(walk: _Walk, start: int) -> None:
    """No event may lie in another: the one still open has lost its END."""
    if walk.event_depth is None:
        return
    _note_unclosed(walk, walk.stack[walk.event_depth], start)
    del walk.stack[walk.event_depth :]
    walk.stack[-1].since = start
    walk.event_depth = None


def _end(walk: _Walk, mark: Mark) -> None:
    name = mark.name
    if walk.deeper and name not in ("VEVENT", "VCALENDAR"):
        walk.deeper -= 1
        return
    depth = _depth_of(walk, name)
    if depth is None:
        if name == "VEVENT":
            _note_unopened(walk, mark)
        return
    walk.deeper = 0
    closing = walk.stack[depth]
    if depth == len(walk.stack) - 1:
        _add_piece(walk, closing, mark.start)
    if walk.event_depth is not None and depth <= walk.event_depth:
        if name != "VEVENT":
            _note_unclosed(walk, walk.stack[walk.event_depth], mark.start)
        walk.event_depth = None
    del walk.stack[depth:]
    if walk.stack:
        walk.stack[-1].since = mark.end
    _keep(walk, closing, mark.start)


def _note_unclosed(walk: _Walk, event: _Open, end: int) -> None:
    """A BEGIN without END; behind the first start in it there are others, of events without either."""
    walk.unclosed.append(walk.begins[event.number - 1])
    walk.stray += _starts(walk, event.begin, end)[1:]


def _note_unopened(walk: _Walk, mark: Mark) -> None:
    """An END without BEGIN; one that ends an event outside of every calendar has been noted with it."""
    if not walk.is_open_outside:
        walk.unopened.append(mark.start)
    walk.is_open_outside = False
    if walk.stack and walk.stack[-1].name == "VCALENDAR":
        # The last start before it is of the event that ends here.
        walk.stray += _starts(walk, walk.stack[-1].since, mark.start)[:-1]
        walk.stack[-1].since = mark.end


def _starts(walk: _Walk, begin: int, end: int) -> list[int]:
    """Where lines stand that only an event has, and each event once, between two positions."""
    return [begin + found.start() for found in _START.finditer(walk.text[begin:end])]


def _add_piece(walk: _Walk, component: _Open, end: int) -> None:
    """Add the component's own lines up to a position, where a line may end without a line end."""
    piece = walk.text[component.since : end]
    if component.name == "VCALENDAR":
        walk.stray += _starts(walk, component.since, end)
    component.pieces.append(piece if not piece or piece.endswith("\n") else f"{piece}\n")


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
        what += f", and event {len(walk.begins)} stops in the middle"
    hint = "the download or export was broken off; fetch it again. Nothing of it is used"
    return SourceContentError(walk.where, what, hint)


def _lost(walk: _Walk, namer: Namer) -> list[Problem]:
    """A problem for each event that could not be cut out, with its line."""
    kinds = (
        (walk.unclosed, "BEGIN:VEVENT without END:VEVENT before the next part; the event was left out"),
        (walk.outside, "an event outside every VCALENDAR; it was left out"),
        (walk.stray, "lines of an event without BEGIN:VEVENT and END:VEVENT; the event was left out"),
        (
            walk.unopened,
            "END:VEVENT without BEGIN:VEVENT; the event before it, if there is one, was left out",
        ),
    )
    hint = "export the calendar again, or mend it in a text editor"
    problems = []
    for found, what in kinds:
        lines = [namer.line_at(position) for position in found]
        problems += [Problem(namer.at_line(line), what, hint) for line in lines[:_NAMED]]
        if more := lines[_NAMED:]:
            where = f"{walk.where}, lines {more[0]} to {more[-1]}"
            problems.append(Problem(where, f"{len(more)} x {what}", hint))
    return problems


def _recovered(positions: list[int], namer: Namer) -> list[Problem]:
    if not positions:
        return []
    lines = ", ".join(str(namer.line_at(position)) for position in positions[:_NAMED])
    more = ", …" if len(positions) > _NAMED else ""
    what = f"{len(positions)} x BEGIN or END that runs into another line was understood (line {lines}{more})"
    return [Problem(namer.where, what, "have whoever writes the file mend it", Severity.NOTE)]
