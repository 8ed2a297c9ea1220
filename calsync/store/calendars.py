"""How each calendar stands: rows of `calendars`, read and written inside a caller's transaction."""

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
    """Every calendar not retired, of one manager or of all, by manager and id."""
    query = select(calendars).where(calendars.c.retired.is_(False))
    if manager_id is not None:
        query = query.where(calendars.c.manager_id == manager_id)
    found = [_row_to_state(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda state: (state.manager_id, state.calendar_id))


def load_state(connection: Connection, calendar_id: str) -> CalendarState | None:
    """One calendar, or None if it is unknown or retired."""
    query = select(calendars).where(calendars.c.id == calendar_id, calendars.c.retired.is_(False))
    row = connection.execute(query).mappings().first()
    return _row_to_state(row) if row else None


def load_days(connection: Connection) -> list[CalendarDays]:
    """The days that were read of every calendar, retired ones too, by manager and id."""
    c = calendars.c
    query = select(c.id, c.manager_id, c.covered_from, c.last_good, c.failing_since, c.retired)
    found = [
        CalendarDays(
            calendar_id=row.id,
            manager_id=row.manager_id,
            first=row.covered_from,
            last=row.last_good,
            failing_since=row.failing_since,
            listed=not row.retired,
        )
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda one: (one.manager_id, one.calendar_id))


def save_states(connection: Connection, new_states: Sequence[CalendarState]) -> frozenset[str]:
    """Keep states, those that are equal to what is kept untouched; gives the ids that were kept before."""
    stored_rows = _load_rows(connection, [state.calendar_id for state in new_states])
    wanted = {state.calendar_id: _state_to_row(state) for state in new_states}
    new = [cells for name, cells in wanted.items() if name not in stored_rows]
    changed_rows = [
        cells for name, cells in wanted.items() if name in stored_rows and stored_rows[name] != cells
    ]
    if new:
        connection.execute(insert(calendars), new)
    if changed_rows:
        values = [{f"new_{name}": cell for name, cell in cells.items()} for cells in changed_rows]
        connection.execute(_UPDATE_ROW, values)
    return frozenset(stored_rows)


def save_failure(connection: Connection, failure: CalendarState, night: date) -> None:
    """Note what failed; all else that is known of the calendar stays, and the first failing night."""
    name, failure_values = (
        failure.calendar_id,
        {"what": storable_text(failure.what), "hint": storable_text(failure.hint)},
    )
    stored_rows = _load_row(connection, name)
    if stored_rows is None:
        connection.execute(insert(calendars), _state_to_row(failure) | {"failing_since": night})
        return
    since = (
        night
        if stored_rows["retired"] or stored_rows["failing_since"] is None
        else stored_rows["failing_since"]
    )
    wanted = failure_values | {
        "failing_since": since,
        "retired": False,
        "shown": storable_text(failure.shown),
    }
    connection.execute(update(calendars).where(calendars.c.id == name), wanted)


def mark_unchanged(connection: Connection, calendar_ids: Sequence[str], night: date) -> None:
    """Note that calendars were found unchanged."""
    if calendar_ids:
        statement = update(calendars).where(calendars.c.id == bindparam("known"))
        statement = statement.values(**_NOT_FAILING, last_good=night)
        connection.execute(statement, [{"known": calendar_id} for calendar_id in calendar_ids])


def retire_calendar(connection: Connection, calendar_id: str) -> None:
    """List the calendar no longer; what is kept of it stays, and a later reading starts afresh."""
    statement = update(calendars).where(calendars.c.id == calendar_id)
    connection.execute(statement, _NOT_FAILING | {"retired": True, "token": "", "versions": ""})


def delete_calendar(connection: Connection, calendar_id: str) -> None:
    """Erase the calendar, its meetings and the minutes they took; its manager is reckoned anew."""
    own = select(meetings.c.id).where(meetings.c.calendar_id == calendar_id)
    manager_query = select(calendars.c.manager_id).where(calendars.c.id == calendar_id)
    whose = list(connection.execute(manager_query).scalars())
    # The manager is named, too, so that only their minutes are looked through.
    conditions = allocations.c.manager_id.in_(whose), allocations.c.meeting_id.in_(own)
    connection.execute(delete(allocations).where(*conditions))
    allocation_states.delete_states(connection, whose)
    connection.execute(delete(calendars).where(calendars.c.id == calendar_id))


def list_manager_ids(connection: Connection) -> frozenset[str]:
    """Everybody who has a calendar, retired or not."""
    return frozenset(connection.execute(select(calendars.c.manager_id).distinct()).scalars())


def list_calendar_ids(connection: Connection, manager_id: str) -> list[str]:
    """Every calendar of a manager, retired ones too, sorted."""
    return sorted(connection.execute(select_calendar_ids(manager_id)).scalars())


def find_managers_with_several(connection: Connection, manager_ids: Collection[str]) -> frozenset[str]:
    """Those of these managers of whom several calendars are kept, retired ones too."""
    found: set[str] = set()
    for some in split_for_query(sorted(manager_ids)):
        query = select(calendars.c.manager_id).where(calendars.c.manager_id.in_(some))
        found.update(
            connection.execute(query.group_by(calendars.c.manager_id).having(func.count() > 1)).scalars()
        )
    return frozenset(found)


def select_managers_with_several() -> Select[str]:
    """The query of managers of whom several calendars are kept, retired ones too."""
    return select(calendars.c.manager_id).group_by(calendars.c.manager_id).having(func.count() > 1)


def select_calendar_ids(manager_id: str) -> Select[str]:
    """The query of a manager's calendars, retired ones too."""
    return select(calendars.c.id).where(calendars.c.manager_id == manager_id)


def _load_row(connection: Connection, calendar_id: str) -> ColumnValues | None:
    return _load_rows(connection, [calendar_id]).get(calendar_id)


def _load_rows(connection: Connection, calendar_ids: Sequence[str]) -> dict[str, ColumnValues]:
    query = select(calendars).where(calendars.c.id.in_(calendar_ids))
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}


def _state_to_row(given: CalendarState) -> ColumnValues:
    return {
        "id": given.calendar_id,
        "manager_id": given.manager_id,
        "source": given.source,
        "shown": storable_text(given.shown),
        "token": storable_text(given.token),
        "window_start": given.window and given.window.start,
        "window_end": given.window and given.window.end,
        "versions": given.versions,
        "problems": problems_to_json(given.problems),
        "last_good": given.last_good,
        "covered_from": given.covered_from,
        "failing_since": given.failing_since,
        "what": storable_text(given.what),
        "hint": storable_text(given.hint),
        "retired": False,
    }


def _row_to_state(row: Mapping[Any, Any]) -> CalendarState:
    start, end = row["window_start"], row["window_end"]
    return CalendarState(
        calendar_id=row["id"],
        manager_id=row["manager_id"],
        source=row["source"],
        shown=row["shown"],
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
    """Problems as the JSON of a column: each as where, what, hint, severity."""
    return [
        [storable_text(p.where), storable_text(p.what), storable_text(p.hint), p.severity.value]
        for p in problems
    ]


def problems_of(lists: Iterable[Sequence[str]]) -> tuple[Problem, ...]:
    """The problems that the JSON of a column keeps (`problems_to_json`)."""
    return tuple(
        Problem(where=where, what=what, hint=hint, severity=Severity(severity))
        for where, what, hint, severity in lists
    )
