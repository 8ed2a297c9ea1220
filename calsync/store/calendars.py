"""How each calendar stands: rows of `calendars`, read and written inside a caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.store.rows import Row, clean
from calsync.store.schema import allocations, calendars, meetings
from calsync.store.states import CalendarState

_WELL: Row = {"failing_since": None, "what": "", "hint": "", "retired": False}


def states(connection: Connection, manager_id: str | None = None) -> list[CalendarState]:
    """Every calendar not retired, of one manager or of all, by manager and id."""
    query = select(calendars).where(calendars.c.retired.is_(False))
    if manager_id is not None:
        query = query.where(calendars.c.manager_id == manager_id)
    found = [_state_of(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda state: (state.manager_id, state.calendar_id))


def state(connection: Connection, calendar_id: str) -> CalendarState | None:
    """One calendar, or None if it is unknown or retired."""
    query = select(calendars).where(calendars.c.id == calendar_id, calendars.c.retired.is_(False))
    row = connection.execute(query).mappings().first()
    return _state_of(row) if row else None


def save(connection: Connection, given: CalendarState) -> None:
    """Keep a state; one that is equal to what is kept is not written again."""
    wanted, held = _row_of(given), _row(connection, given.calendar_id)
    if held is None:
        connection.execute(insert(calendars), wanted)
    elif held != wanted:
        connection.execute(update(calendars).where(calendars.c.id == given.calendar_id), wanted)


def fail(connection: Connection, failure: CalendarState, night: date) -> None:
    """Note what failed; all else that is known of the calendar stays, and the first failing night."""
    name, said = failure.calendar_id, {"what": clean(failure.what), "hint": clean(failure.hint)}
    held = _row(connection, name)
    if held is None:
        connection.execute(insert(calendars), _row_of(failure) | {"failing_since": night})
        return
    since = night if held["retired"] or held["failing_since"] is None else held["failing_since"]
    wanted = said | {"failing_since": since, "retired": False, "shown": clean(failure.shown)}
    connection.execute(update(calendars).where(calendars.c.id == name), wanted)


def touch_good(connection: Connection, calendar_id: str, night: date) -> None:
    """Note that the calendar was found unchanged."""
    statement = update(calendars).where(calendars.c.id == calendar_id)
    connection.execute(statement, _WELL | {"last_good": night})


def retire(connection: Connection, calendar_id: str) -> None:
    """List the calendar no longer; what is kept of it stays, and a later reading starts afresh."""
    statement = update(calendars).where(calendars.c.id == calendar_id)
    connection.execute(statement, _WELL | {"retired": True, "token": "", "versions": ""})


def drop(connection: Connection, calendar_id: str) -> None:
    """Erase the calendar, its meetings and the minutes they took."""
    own = select(meetings.c.id).where(meetings.c.calendar_id == calendar_id)
    connection.execute(delete(allocations).where(allocations.c.meeting_id.in_(own)))
    connection.execute(delete(calendars).where(calendars.c.id == calendar_id))


def ids(connection: Connection, manager_id: str) -> list[str]:
    """Every calendar of a manager, retired ones too, sorted."""
    query = select(calendars.c.id).where(calendars.c.manager_id == manager_id)
    return sorted(connection.execute(query).scalars())


def _row(connection: Connection, calendar_id: str) -> Row | None:
    row = connection.execute(select(calendars).where(calendars.c.id == calendar_id)).mappings().first()
    return dict(row) if row else None


def _row_of(given: CalendarState) -> Row:
    return {
        "id": given.calendar_id,
        "manager_id": given.manager_id,
        "source": given.source,
        "shown": clean(given.shown),
        "token": clean(given.token),
        "window_start": given.window and given.window.start,
        "window_end": given.window and given.window.end,
        "versions": given.versions,
        "problems": problem_lists(given.problems),
        "last_good": given.last_good,
        "failing_since": given.failing_since,
        "what": clean(given.what),
        "hint": clean(given.hint),
        "retired": False,
    }


def _state_of(row: Mapping[Any, Any]) -> CalendarState:
    start, end = row["window_start"], row["window_end"]
    return CalendarState(
        calendar_id=row["id"],
        manager_id=row["manager_id"],
        source=row["source"],
        shown=row["shown"],
        token=row["token"],
        window=Span(start, end) if start and end else None,
        versions=row["versions"],
        problems=tuple(
            Problem(place, what, hint, Severity(severity)) for place, what, hint, severity in row["problems"]
        ),
        last_good=row["last_good"],
        failing_since=row["failing_since"],
        what=row["what"],
        hint=row["hint"],
    )


def problem_lists(problems: Sequence[Problem]) -> list[list[str]]:
    """Each problem as where, what, hint, severity."""
    return [[clean(p.where), clean(p.what), clean(p.hint), p.severity.value] for p in problems]
