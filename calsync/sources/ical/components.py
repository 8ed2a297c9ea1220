"""Text to blocks: what begins where, without reading a single property.

A structure line can only stand at a line's start, so text inside a description is never taken for one
(`marks` says where one that is damaged is understood all the same). Nesting is walked, never recursed.
Every BEGIN:VEVENT becomes a block or is named in a problem, and so is every END:VEVENT without one.
"""

import re
from dataclasses import dataclass, field

from calsync.errors import SourceContentError
from calsync.model.problem import Problem, Severity
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.component_marks import ComponentMark, find_marks
from calsync.sources.ical.problem_location import EventLocator

# No calendar has a start; only events have.
_DTSTART = re.compile(r"^DTSTART[ \t]*[;:]", re.I | re.M)
_MAX_SKIPPED = 8
"""How many open components an END may skip: enough for a forgotten END, cheap when nesting is deep."""
_MAX_DEPTH = 64
"""Below this, components are counted and no longer kept: nothing that matters lies so deep."""
_MAX_PROBLEMS_PER_KIND = 100
"""How many events of one kind of damage have a problem each; the rest have one together."""
_CHECKED_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class ComponentText:
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
    zones: tuple[ComponentText, ...]
    events: tuple[ComponentText, ...]


@dataclass(slots=True)
class _OpenComponent:
    """A component whose END has not come yet. since: where its own lines go on."""

    name: str
    begin: int
    own_lines_from: int
    number: int
    pieces: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _SplitState:
    """begins: where each BEGIN:VEVENT stands.

    unclosed, outside, unopened, stray: the positions of events that are no blocks.
    """

    text: str
    where: str
    stack: list[_OpenComponent] = field(default_factory=list)
    event_depth: int | None = None
    zones: list[ComponentText] = field(default_factory=list)
    events: list[ComponentText] = field(default_factory=list)
    calendars: list[CalendarText] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    depth_beyond_limit: int = 0
    unclosed: list[int] = field(default_factory=list)
    outside_calendar: list[int] = field(default_factory=list)
    unopened: list[int] = field(default_factory=list)
    without_begin_and_end: list[int] = field(default_factory=list)
    is_open_outside: bool = False


def split_calendars(text: str, locator: EventLocator) -> tuple[tuple[CalendarText, ...], list[Problem]]:
    """Cut a file into its calendars; raises SourceContentError if one of them has no end.

    Args:
        text: As `decode_calendar_text` returns it.
        namer: Names the lines in problems; from now on it knows where the events begin.
    """
    marks, recovered = find_marks(text)
    walk = _SplitState(text, locator.where)
    for number, mark in enumerate(marks):
        if number % _CHECKED_EVERY == 0:
            check_time_limit()
        (_open_component if mark.is_begin else _close_component)(walk, mark)
    locator.use_text(text, walk.begins)
    if walk.stack:
        raise _cut_off_error(walk)
    return tuple(walk.calendars), [
        *_lost_event_problems(walk, locator),
        *_recovered_mark_problems(recovered, locator),
    ]


def _open_component(walk: _SplitState, mark: ComponentMark) -> None:
    name = mark.name
    if name == "VCALENDAR":
        if walk.stack:
            raise _cut_off_error(walk)
        walk.is_open_outside = False
    if name == "VEVENT":
        walk.begins.append(mark.start)
        _drop_unclosed_event(walk, mark.start)
        if not walk.stack:
            walk.outside_calendar.append(mark.start)
            walk.is_open_outside = True
            return
        walk.event_depth = len(walk.stack)
    elif not walk.stack and name != "VCALENDAR":
        return
    elif len(walk.stack) >= _MAX_DEPTH:
        walk.depth_beyond_limit += 1
        return
    if walk.stack:
        _add_piece(walk, walk.stack[-1], mark.start)
    walk.stack.append(_OpenComponent(name, mark.end, mark.end, len(walk.begins)))


def _drop_unclosed_event(walk: _SplitState, start: int) -> None:
    """No event may lie in another: the one still open has lost its END."""
    if walk.event_depth is None:
        return
    _note_unclosed(walk, walk.stack[walk.event_depth], start)
    del walk.stack[walk.event_depth :]
    walk.stack[-1].own_lines_from = start
    walk.event_depth = None


def _close_component(walk: _SplitState, mark: ComponentMark) -> None:
    name = mark.name
    if walk.depth_beyond_limit and name not in ("VEVENT", "VCALENDAR"):
        walk.depth_beyond_limit -= 1
        return
    depth = _depth_of(walk, name)
    if depth is None:
        if name == "VEVENT":
            _note_unopened(walk, mark)
        return
    walk.depth_beyond_limit = 0
    closing = walk.stack[depth]
    if depth == len(walk.stack) - 1:
        _add_piece(walk, closing, mark.start)
    if walk.event_depth is not None and depth <= walk.event_depth:
        if name != "VEVENT":
            _note_unclosed(walk, walk.stack[walk.event_depth], mark.start)
        walk.event_depth = None
    del walk.stack[depth:]
    if walk.stack:
        walk.stack[-1].own_lines_from = mark.end
    _store_component(walk, closing, mark.start)


def _note_unclosed(walk: _SplitState, event: _OpenComponent, end: int) -> None:
    """A BEGIN without END; behind the first start in it there are others, of events without either."""
    walk.unclosed.append(walk.begins[event.number - 1])
    walk.without_begin_and_end += _dtstart_positions(walk, event.begin, end)[1:]


def _note_unopened(walk: _SplitState, mark: ComponentMark) -> None:
    """An END without BEGIN; one that ends an event outside of every calendar has been noted with it."""
    if not walk.is_open_outside:
        walk.unopened.append(mark.start)
    walk.is_open_outside = False
    if walk.stack and walk.stack[-1].name == "VCALENDAR":
        # The last start before it is of the event that ends here.
        walk.without_begin_and_end += _dtstart_positions(walk, walk.stack[-1].own_lines_from, mark.start)[:-1]
        walk.stack[-1].own_lines_from = mark.end


def _dtstart_positions(walk: _SplitState, begin: int, end: int) -> list[int]:
    """Where lines stand that only an event has, and each event once, between two positions."""
    return [begin + found.start() for found in _DTSTART.finditer(walk.text[begin:end])]


def _add_piece(walk: _SplitState, component: _OpenComponent, end: int) -> None:
    """Add the component's own lines up to a position, where a line may end without a line end."""
    piece = walk.text[component.own_lines_from : end]
    if component.name == "VCALENDAR":
        walk.without_begin_and_end += _dtstart_positions(walk, component.own_lines_from, end)
    component.pieces.append(piece if not piece or piece.endswith("\n") else f"{piece}\n")


def _depth_of(walk: _SplitState, name: str) -> int | None:
    """Where the component that an END closes lies in the stack; None for an END of nothing."""
    if name == "VEVENT":
        return walk.event_depth
    if name == "VCALENDAR":
        return 0 if walk.stack else None
    top = len(walk.stack) - 1
    for depth in range(top, max(top - _MAX_SKIPPED, walk.event_depth or 0), -1):
        if walk.stack[depth].name == name:
            return depth
    return None


def _store_component(walk: _SplitState, closing: _OpenComponent, end: int) -> None:
    if closing.name == "VEVENT":
        walk.events.append(ComponentText(closing.number, "".join(closing.pieces)))
    elif closing.name == "VTIMEZONE":
        walk.zones.append(ComponentText(0, walk.text[closing.begin : end]))
    elif closing.name == "VCALENDAR":
        header = "".join(closing.pieces)
        walk.calendars.append(CalendarText(header, tuple(walk.zones), tuple(walk.events)))
        walk.zones, walk.events = [], []


def _cut_off_error(walk: _SplitState) -> SourceContentError:
    what = "the calendar is cut off: it has no END:VCALENDAR"
    if walk.event_depth is not None:
        what += f", and event {len(walk.begins)} stops in the middle"
    hint = "the download or export was broken off; fetch it again. Nothing of it is used"
    return SourceContentError(walk.where, what, hint)


def _lost_event_problems(walk: _SplitState, locator: EventLocator) -> list[Problem]:
    """A problem for each event that could not be cut out, with its line."""
    kinds = (
        (walk.unclosed, "BEGIN:VEVENT without END:VEVENT before the next part; the event was left out"),
        (walk.outside_calendar, "an event outside every VCALENDAR; it was left out"),
        (
            walk.without_begin_and_end,
            "lines of an event without BEGIN:VEVENT and END:VEVENT; the event was left out",
        ),
        (
            walk.unopened,
            "END:VEVENT without BEGIN:VEVENT; the event before it, if there is one, was left out",
        ),
    )
    hint = "export the calendar again, or mend it in a text editor"
    problems = []
    for found, what in kinds:
        lines = [locator.line_number_at(position) for position in found]
        problems += [
            Problem(locator.line_location(line), what, hint) for line in lines[:_MAX_PROBLEMS_PER_KIND]
        ]
        if more := lines[_MAX_PROBLEMS_PER_KIND:]:
            where = f"{walk.where}, lines {more[0]} to {more[-1]}"
            problems.append(Problem(where, f"{len(more)} x {what}", hint))
    return problems


def _recovered_mark_problems(positions: list[int], locator: EventLocator) -> list[Problem]:
    if not positions:
        return []
    lines = ", ".join(
        str(locator.line_number_at(position)) for position in positions[:_MAX_PROBLEMS_PER_KIND]
    )
    more = ", …" if len(positions) > _MAX_PROBLEMS_PER_KIND else ""
    what = f"{len(positions)} x BEGIN or END that runs into another line was understood (line {lines}{more})"
    return [Problem(locator.where, what, "have whoever writes the file mend it", Severity.NOTE)]
