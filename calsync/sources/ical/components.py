"""Splits a text into calendars, events and time zones by its BEGIN and END lines; no property is read.

A BEGIN or END is always at the start of a line, so text inside a description is never taken for one
(`component_marks` finds damaged ones). Nesting is followed without recursion. Every BEGIN:VEVENT becomes a
component or is named in a problem, and so is every END:VEVENT without BEGIN.
"""

import re
from dataclasses import dataclass, field

from calsync.errors import SourceContentError
from calsync.model.problem import Problem, Severity
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.component_marks import ComponentMark, find_marks
from calsync.sources.ical.problem_location import EventLocator

# In the lines of a calendar itself it can only be of an event that lost its BEGIN and END.
_DTSTART = re.compile(r"^DTSTART[ \t]*[;:]", re.I | re.M)
_MAX_SKIPPED = 8
"""How many open components an END may skip: enough for a forgotten END, cheap when nesting is deep."""
_MAX_DEPTH = 64
"""Components that are nested deeper are counted only: nothing that is read lies so deep."""
_MAX_PROBLEMS_PER_KIND = 100
"""How many events of one kind of damage have a problem each; the rest have one together."""
_CHECKED_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class ComponentText:
    """One component as it is written, without its BEGIN and END.

    Attributes:
        number: Of an event, its number among all events of the file, from 1; 0 for a time zone.
        text: Of an event its own lines, without its alarms; of a time zone all lines, with its observances.
    """

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class CalendarText:
    """One VCALENDAR: its own lines (`header`), its time zones and its events."""

    header: str
    zones: tuple[ComponentText, ...]
    events: tuple[ComponentText, ...]


@dataclass(slots=True)
class _OpenComponent:
    """A component whose END has not been found yet.

    Attributes:
        begin: The position after its BEGIN line.
        own_lines_from: Where its own lines continue, after the last component in it.
        number: The number of the last event that began, from 1.
        pieces: Its own lines so far.
    """

    name: str
    begin: int
    own_lines_from: int
    number: int
    pieces: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _SplitState:
    """The state of `split_calendars` after some of the marks.

    Attributes:
        stack: The open components, the outermost first.
        event_depth: The index of the open event in `stack`.
        begins: The position of each BEGIN:VEVENT.
        depth_beyond_limit: How many open components are nested too deep to be in `stack`.
        unclosed: The positions of events that are lost for want of an END; `outside_calendar`, `unopened` and
            `without_begin_and_end` likewise for other damage.
        is_open_outside: Whether an event outside every calendar is open.
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
    """Split a text into its calendars.

    Args:
        text: As `decode_calendar_text` returns it.
        locator: Names the lines in problems. The positions of the events are set in it (`use_text`).

    Returns:
        The calendars, and a problem for each event that is lost.

    Raises:
        SourceContentError: A calendar has no END.
    """
    marks, recovered = find_marks(text)
    state = _SplitState(text, locator.where)
    for number, mark in enumerate(marks):
        if number % _CHECKED_EVERY == 0:
            check_time_limit()
        (_open_component if mark.is_begin else _close_component)(state, mark)
    locator.use_text(text, state.begins)
    if state.stack:
        raise _cut_off_error(state)
    return tuple(state.calendars), [
        *_lost_event_problems(state, locator),
        *_recovered_mark_problems(recovered, locator),
    ]


def _open_component(state: _SplitState, mark: ComponentMark) -> None:
    name = mark.name
    if name == "VCALENDAR":
        if state.stack:
            raise _cut_off_error(state)
        state.is_open_outside = False
    if name == "VEVENT":
        state.begins.append(mark.start)
        _drop_unclosed_event(state, mark.start)
        if not state.stack:
            state.outside_calendar.append(mark.start)
            state.is_open_outside = True
            return
        state.event_depth = len(state.stack)
    elif not state.stack and name != "VCALENDAR":
        return
    elif len(state.stack) >= _MAX_DEPTH:
        state.depth_beyond_limit += 1
        return
    if state.stack:
        _add_piece(state, state.stack[-1], mark.start)
    state.stack.append(_OpenComponent(name, mark.end, mark.end, len(state.begins)))


def _drop_unclosed_event(state: _SplitState, start: int) -> None:
    """Drop the open event: no event may lie in another, so it has lost its END."""
    if state.event_depth is None:
        return
    _add_unclosed(state, state.stack[state.event_depth], start)
    del state.stack[state.event_depth :]
    state.stack[-1].own_lines_from = start
    state.event_depth = None


def _close_component(state: _SplitState, mark: ComponentMark) -> None:
    name = mark.name
    if state.depth_beyond_limit and name not in ("VEVENT", "VCALENDAR"):
        state.depth_beyond_limit -= 1
        return
    depth = _depth_of(state, name)
    if depth is None:
        if name == "VEVENT":
            _add_unopened(state, mark)
        return
    state.depth_beyond_limit = 0
    closing = state.stack[depth]
    if depth == len(state.stack) - 1:
        _add_piece(state, closing, mark.start)
    if state.event_depth is not None and depth <= state.event_depth:
        if name != "VEVENT":
            _add_unclosed(state, state.stack[state.event_depth], mark.start)
        state.event_depth = None
    del state.stack[depth:]
    if state.stack:
        state.stack[-1].own_lines_from = mark.end
    _store_component(state, closing, mark.start)


def _add_unclosed(state: _SplitState, event: _OpenComponent, end: int) -> None:
    """Add a BEGIN without END; each DTSTART after its first is of an event that has neither."""
    state.unclosed.append(state.begins[event.number - 1])
    state.without_begin_and_end += _dtstart_positions(state, event.begin, end)[1:]


def _add_unopened(state: _SplitState, mark: ComponentMark) -> None:
    """Add an END without BEGIN, unless it ends an event outside every calendar, which was added already."""
    if not state.is_open_outside:
        state.unopened.append(mark.start)
    state.is_open_outside = False
    if state.stack and state.stack[-1].name == "VCALENDAR":
        # The last DTSTART before it is of the event that ends here.
        state.without_begin_and_end += _dtstart_positions(state, state.stack[-1].own_lines_from, mark.start)[
            :-1
        ]
        state.stack[-1].own_lines_from = mark.end


def _dtstart_positions(state: _SplitState, begin: int, end: int) -> list[int]:
    """The positions of DTSTART lines, of which every event has one, between two positions."""
    return [begin + match.start() for match in _DTSTART.finditer(state.text[begin:end])]


def _add_piece(state: _SplitState, component: _OpenComponent, end: int) -> None:
    """Add the component's own lines up to a position; a damaged last line gets its line end."""
    piece = state.text[component.own_lines_from : end]
    if component.name == "VCALENDAR":
        state.without_begin_and_end += _dtstart_positions(state, component.own_lines_from, end)
    component.pieces.append(piece if not piece or piece.endswith("\n") else f"{piece}\n")


def _depth_of(state: _SplitState, name: str) -> int | None:
    """The index in the stack of the component that an END closes; None if there is none."""
    if name == "VEVENT":
        return state.event_depth
    if name == "VCALENDAR":
        return 0 if state.stack else None
    top = len(state.stack) - 1
    for depth in range(top, max(top - _MAX_SKIPPED, state.event_depth or 0), -1):
        if state.stack[depth].name == name:
            return depth
    return None


def _store_component(state: _SplitState, closing: _OpenComponent, end: int) -> None:
    if closing.name == "VEVENT":
        state.events.append(ComponentText(closing.number, "".join(closing.pieces)))
    elif closing.name == "VTIMEZONE":
        state.zones.append(ComponentText(0, state.text[closing.begin : end]))
    elif closing.name == "VCALENDAR":
        header = "".join(closing.pieces)
        state.calendars.append(CalendarText(header, tuple(state.zones), tuple(state.events)))
        state.zones, state.events = [], []


def _cut_off_error(state: _SplitState) -> SourceContentError:
    what = "the calendar is cut off: it has no END:VCALENDAR"
    if state.event_depth is not None:
        what += f", and event {len(state.begins)} stops in the middle"
    hint = "the download or export was broken off; fetch it again. Nothing of it is used"
    return SourceContentError(state.where, what, hint)


def _lost_event_problems(state: _SplitState, locator: EventLocator) -> list[Problem]:
    """A problem with its line for each event that is lost."""
    kinds = (
        (state.unclosed, "BEGIN:VEVENT without END:VEVENT before the next part; the event was left out"),
        (state.outside_calendar, "an event outside every VCALENDAR; it was left out"),
        (
            state.without_begin_and_end,
            "lines of an event without BEGIN:VEVENT and END:VEVENT; the event was left out",
        ),
        (
            state.unopened,
            "END:VEVENT without BEGIN:VEVENT; the event before it, if there is one, was left out",
        ),
    )
    hint = "export the calendar again, or mend it in a text editor"
    problems = []
    for positions, what in kinds:
        lines = [locator.line_number_at(position) for position in positions]
        problems += [
            Problem(locator.line_location(line), what, hint) for line in lines[:_MAX_PROBLEMS_PER_KIND]
        ]
        if further := lines[_MAX_PROBLEMS_PER_KIND:]:
            where = f"{state.where}, lines {further[0]} to {further[-1]}"
            problems.append(Problem(where, f"{len(further)} x {what}", hint))
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
