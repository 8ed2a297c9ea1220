"""Reads and writes the state of each calendar: rows of `calendars`, in the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.store import allocation_states
from calsync.store.bulk import split_for_query
from calsync.store.records import CalendarDays, CalendarState
from calsync.store.rows import storable_text
from calsync.store.schema import allocations, calendars, meetings

ColumnValues = dict[str, Any]

_NOT_FAILING: ColumnValues = {"failing_since": None, "what": "", "hint": "", "retired": False}
_UPDATE_ROW = (
    update(calendars)
    .where(calendars.c.id == bindparam("new_id"))
    .values({column.name: bindparam(f"new_{column.name}") for column in calendars.c if column.name != "id"})
)


def load_states(connection: Connection, manager_id: str | None = None) -> list[CalendarState]:
    """Return the states of calendars that are not retired, of one manager or of all, by manager and id."""
    query = select(calendars).where(calendars.c.retired.is_(False))
    if manager_id is not None:
        query = query.where(calendars.c.manager_id == manager_id)
    states = [_row_to_state(row) for row in connection.execute(query).mappings()]
    return sorted(states, key=lambda state: (state.manager_id, state.calendar_id))


def load_state(connection: Connection, calendar_id: str) -> CalendarState | None:
    """Return the state of a calendar; None if it is unknown or retired."""
    query = select(calendars).where(calendars.c.id == calendar_id, calendars.c.retired.is_(False))
    row = connection.execute(query).mappings().first()
    return _row_to_state(row) if row else None


def load_days(connection: Connection) -> list[CalendarDays]:
    """Return the days that were read of every calendar, retired ones too, by manager and id."""
    c = calendars.c
    query = select(c.id, c.manager_id, c.covered_from, c.last_good, c.failing_since, c.retired)
    read_days = [
        CalendarDays(
            calendar_id=row.id,
            manager_id=row.manager_id,
            first=row.covered_from,
            last=row.last_good,
            failing_since=row.failing_since,
            is_listed=not row.retired,
        )
        for row in connection.execute(query)
    ]
    return sorted(read_days, key=lambda days: (days.manager_id, days.calendar_id))


def save_states(connection: Connection, new_states: Sequence[CalendarState]) -> frozenset[str]:
    """Store states; equal ones are not written. Returns the ids of those that were stored before."""
    stored_rows = _load_rows(connection, [state.calendar_id for state in new_states])
    wanted = {state.calendar_id: _state_to_row(state) for state in new_states}
    new_rows = [row for calendar_id, row in wanted.items() if calendar_id not in stored_rows]
    changed_rows = [
        row
        for calendar_id, row in wanted.items()
        if calendar_id in stored_rows and stored_rows[calendar_id] != row
    ]
    if new_rows:
        connection.execute(insert(calendars), new_rows)
    if changed_rows:
        values = [{f"new_{name}": cell for name, cell in row.items()} for row in changed_rows]
        connection.execute(_UPDATE_ROW, values)
    return frozenset(stored_rows)


def save_failure(connection: Connection, failure: CalendarState, night: date) -> None:
    """Store what failed; everything else of the calendar stays, and the night since which it fails."""
    stored = _load_rows(connection, [failure.calendar_id]).get(failure.calendar_id)
    if stored is None:
        connection.execute(insert(calendars), _state_to_row(failure) | {"failing_since": night})
        return
    is_first_failure = stored["retired"] or stored["failing_since"] is None
    values = {
        "failing_since": night if is_first_failure else stored["failing_since"],
        "retired": False,
        "shown": storable_text(failure.redacted_address),
        "what": storable_text(failure.what),
        "hint": storable_text(failure.hint),
    }
    connection.execute(update(calendars).where(calendars.c.id == failure.calendar_id), values)


def mark_unchanged(connection: Connection, calendar_ids: Sequence[str], night: date) -> None:
    """Store that calendars were read and had not changed."""
    if calendar_ids:
        statement = update(calendars).where(calendars.c.id == bindparam("unchanged_id"))
        statement = statement.values(**_NOT_FAILING, last_good=night)
        connection.execute(statement, [{"unchanged_id": calendar_id} for calendar_id in calendar_ids])


def retire_calendar(connection: Connection, calendar_id: str) -> None:
    """Mark a calendar as retired: it is not listed, its meetings stay, and a later reading uses no token."""
    statement = update(calendars).where(calendars.c.id == calendar_id)
    connection.execute(statement, _NOT_FAILING | {"retired": True, "token": "", "versions": ""})


def delete_calendar(connection: Connection, calendar_id: str) -> None:
    """Delete a calendar with its meetings and their minutes; its manager's minutes become due."""
    meeting_ids = select(meetings.c.id).where(meetings.c.calendar_id == calendar_id)
    manager_query = select(calendars.c.manager_id).where(calendars.c.id == calendar_id)
    manager_ids = list(connection.execute(manager_query).scalars())
    # With the manager in the condition, the database searches only that manager's minutes.
    conditions = allocations.c.manager_id.in_(manager_ids), allocations.c.meeting_id.in_(meeting_ids)
    connection.execute(delete(allocations).where(*conditions))
    allocation_states.delete_states(connection, manager_ids)
    connection.execute(delete(calendars).where(calendars.c.id == calendar_id))


def list_manager_ids(connection: Connection) -> frozenset[str]:
    """Return the managers who have a calendar, retired or not."""
    return frozenset(connection.execute(select(calendars.c.manager_id).distinct()).scalars())


def list_calendar_ids(connection: Connection, manager_id: str) -> list[str]:
    """Return the ids of a manager's calendars, retired ones too, sorted."""
    return sorted(connection.execute(select_calendar_ids(manager_id)).scalars())


def find_managers_with_several(connection: Connection, manager_ids: Collection[str]) -> frozenset[str]:
    """Return which of these managers have several stored calendars, retired ones included."""
    with_several: set[str] = set()
    for part in split_for_query(sorted(manager_ids)):
        query = select(calendars.c.manager_id).where(calendars.c.manager_id.in_(part))
        with_several.update(
            connection.execute(query.group_by(calendars.c.manager_id).having(func.count() > 1)).scalars()
        )
    return frozenset(with_several)


def select_managers_with_several() -> Select[str]:
    """Return a query of the managers who have several stored calendars, retired ones included."""
    return select(calendars.c.manager_id).group_by(calendars.c.manager_id).having(func.count() > 1)


def select_calendar_ids(manager_id: str) -> Select[str]:
    """Return a query of the ids of a manager's calendars, retired ones included."""
    return select(calendars.c.id).where(calendars.c.manager_id == manager_id)


def _load_rows(connection: Connection, calendar_ids: Sequence[str]) -> dict[str, ColumnValues]:
    query = select(calendars).where(calendars.c.id.in_(calendar_ids))
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}


def _state_to_row(state: CalendarState) -> ColumnValues:
    return {
        "id": state.calendar_id,
        "manager_id": state.manager_id,
        "source": state.source,
        "shown": storable_text(state.redacted_address),
        "token": storable_text(state.token),
        "window_start": state.window and state.window.start,
        "window_end": state.window and state.window.end,
        "versions": state.versions,
        "problems": problems_to_json(state.problems),
        "last_good": state.last_good,
        "covered_from": state.covered_from,
        "failing_since": state.failing_since,
        "what": storable_text(state.what),
        "hint": storable_text(state.hint),
        "retired": False,
    }


def _row_to_state(row: Mapping[Any, Any]) -> CalendarState:
    start, end = row["window_start"], row["window_end"]
    return CalendarState(
        calendar_id=row["id"],
        manager_id=row["manager_id"],
        source=row["source"],
        redacted_address=row["shown"],
        token=row["token"],
        window=Span(start, end) if start and end else None,
        versions=row["versions"],
        problems=problems_of(row["problems"]),
        last_good=row["last_good"],
        covered_from=row["covered_from"],
        failing_since=row["failing_since"],
        what=row["what"],
        hint=row["hint"],
    )


def problems_to_json(problems: Sequence[Problem]) -> list[list[str]]:
    """Return problems as the JSON of a column: each as where, what, hint, severity."""
    return [
        [storable_text(p.where), storable_text(p.what), storable_text(p.hint), p.severity.value]
        for p in problems
    ]


def problems_of(lists: Iterable[Sequence[str]]) -> tuple[Problem, ...]:
    """Return the problems of the JSON of a column (`problems_to_json`)."""
    return tuple(
        Problem(where=where, what=what, hint=hint, severity=Severity(severity))
        for where, what, hint, severity in lists
    )
