"""How each calendar stands: rows of `calendars`, read and written inside a caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.store import reckonings
from calsync.store.bulk import parts
from calsync.store.rows import clean
from calsync.store.schema import allocations, calendars, meetings
from calsync.store.states import CalendarDays, CalendarState

Cells = dict[str, Any]

_WELL: Cells = {"failing_since": None, "what": "", "hint": "", "retired": False}
_REWRITE = (
    update(calendars)
    .where(calendars.c.id == bindparam("new_id"))
    .values({column.name: bindparam(f"new_{column.name}") for column in calendars.c if column.name != "id"})
)


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


def days(connection: Connection) -> list[CalendarDays]:
    """The days that were read of every calendar, retired ones too, by manager and id."""
    c = calendars.c
    query = select(c.id, c.manager_id, c.covered_from, c.last_good, c.failing_since, c.retired)
    found = [CalendarDays(*row[:-1], listed=not row[-1]) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (one.manager_id, one.calendar_id))


def save(connection: Connection, given: Sequence[CalendarState]) -> frozenset[str]:
    """Keep states, those that are equal to what is kept untouched; gives the ids that were kept before."""
    held = _rows(connection, [state.calendar_id for state in given])
    wanted = {state.calendar_id: _row_of(state) for state in given}
    new = [cells for name, cells in wanted.items() if name not in held]
    other = [cells for name, cells in wanted.items() if name in held and held[name] != cells]
    if new:
        connection.execute(insert(calendars), new)
    if other:
        values = [{f"new_{name}": cell for name, cell in cells.items()} for cells in other]
        connection.execute(_REWRITE, values)
    return frozenset(held)


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


def touch_good(connection: Connection, calendar_ids: Sequence[str], night: date) -> None:
    """Note that calendars were found unchanged."""
    if calendar_ids:
        statement = update(calendars).where(calendars.c.id == bindparam("known"))
        statement = statement.values(**_WELL, last_good=night)
        connection.execute(statement, [{"known": calendar_id} for calendar_id in calendar_ids])


def retire(connection: Connection, calendar_id: str) -> None:
    """List the calendar no longer; what is kept of it stays, and a later reading starts afresh."""
    statement = update(calendars).where(calendars.c.id == calendar_id)
    connection.execute(statement, _WELL | {"retired": True, "token": "", "versions": ""})


def drop(connection: Connection, calendar_id: str) -> None:
    """Erase the calendar, its meetings and the minutes they took; its manager is reckoned anew."""
    own = select(meetings.c.id).where(meetings.c.calendar_id == calendar_id)
    asked = select(calendars.c.manager_id).where(calendars.c.id == calendar_id)
    whose = list(connection.execute(asked).scalars())
    # The manager is named, too, so that only their minutes are looked through.
    theirs = allocations.c.manager_id.in_(whose), allocations.c.meeting_id.in_(own)
    connection.execute(delete(allocations).where(*theirs))
    reckonings.forget(connection, whose)
    connection.execute(delete(calendars).where(calendars.c.id == calendar_id))


def managers(connection: Connection) -> frozenset[str]:
    """Everybody who has a calendar, retired or not."""
    return frozenset(connection.execute(select(calendars.c.manager_id).distinct()).scalars())


def ids(connection: Connection, manager_id: str) -> list[str]:
    """Every calendar of a manager, retired ones too, sorted."""
    return sorted(connection.execute(named(manager_id)).scalars())


def several(connection: Connection, manager_ids: Collection[str]) -> frozenset[str]:
    """Those of these managers of whom several calendars are kept, retired ones too."""
    found: set[str] = set()
    for some in parts(sorted(manager_ids)):
        query = select(calendars.c.manager_id).where(calendars.c.manager_id.in_(some))
        found.update(
            connection.execute(query.group_by(calendars.c.manager_id).having(func.count() > 1)).scalars()
        )
    return frozenset(found)


def with_several() -> Select[str]:
    """The query of managers of whom several calendars are kept, retired ones too."""
    return select(calendars.c.manager_id).group_by(calendars.c.manager_id).having(func.count() > 1)


def named(manager_id: str) -> Select[str]:
    """The query of a manager's calendars, retired ones too."""
    return select(calendars.c.id).where(calendars.c.manager_id == manager_id)


def _row(connection: Connection, calendar_id: str) -> Cells | None:
    return _rows(connection, [calendar_id]).get(calendar_id)


def _rows(connection: Connection, calendar_ids: Sequence[str]) -> dict[str, Cells]:
    query = select(calendars).where(calendars.c.id.in_(calendar_ids))
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}


def _row_of(given: CalendarState) -> Cells:
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
        "covered_from": given.covered_from,
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
        covered_from=row["covered_from"],
        failing_since=row["failing_since"],
        what=row["what"],
        hint=row["hint"],
    )


def problem_lists(problems: Sequence[Problem]) -> list[list[str]]:
    """Each problem as where, what, hint, severity."""
    return [[clean(p.where), clean(p.what), clean(p.hint), p.severity.value] for p in problems]
