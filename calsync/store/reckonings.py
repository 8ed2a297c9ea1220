"""Up to where each manager's minutes are right: rows of `reckonings`, inside a caller's transaction.

Whoever changes meetings notes it here in the same transaction, so that a night that dies between
keeping and reckoning leaves a note for the next one.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from calsync.model.span import Span
from calsync.store.bulk import insert_all
from calsync.store.schema import reckonings as table
from calsync.store.states import Reckoning

_NOTE = (
    update(table)
    .where(table.c.manager_id == bindparam("whose"))
    .values(changed_from=bindparam("start"), changed_to=bindparam("end"))
)


def of_all(connection: Connection) -> dict[str, Reckoning]:
    """By manager; who is not among them was never reckoned."""
    rows = connection.execute(select(table))
    return {
        whose: Reckoning(whose, basis, first, last, _span(start, end))
        for whose, basis, first, last, start, end in rows
    }


def note_changes(connection: Connection, hulls: Mapping[str, Span]) -> None:
    """Note, by manager, from where to where meetings have changed, beside what was noted before."""
    if not hulls:
        return
    query = select(table.c.manager_id, table.c.changed_from, table.c.changed_to)
    held = connection.execute(query.where(table.c.manager_id.in_(hulls))).all()
    noted = [(whose, _hull(hulls[whose], _span(start, end))) for whose, start, end in held]
    values = [{"whose": whose, "start": hull.start, "end": hull.end} for whose, hull in noted]
    if values:
        connection.execute(_NOTE, values)


def keep(connection: Connection, reckonings: Sequence[Reckoning]) -> None:
    """Keep these in place of what was kept of the same managers."""
    if reckonings:
        gone = delete(table).where(table.c.manager_id == bindparam("whose"))
        connection.execute(gone, [{"whose": one.manager_id} for one in reckonings])
        insert_all(connection, table, [_row(one) for one in reckonings])


def forget(connection: Connection, manager_ids: Sequence[str]) -> None:
    """Have everything of these managers reckoned again."""
    if manager_ids:
        connection.execute(delete(table).where(table.c.manager_id.in_(manager_ids)))


def _row(one: Reckoning) -> tuple[object, ...]:
    changed = one.changed
    bounds = (changed.start, changed.end) if changed else (None, None)
    return (one.manager_id, one.basis, one.first, one.last, *bounds)


def _span(start: object, end: object) -> Span | None:
    return Span(start, end) if start and end else None  # type: ignore[arg-type]


def _hull(one: Span, other: Span | None) -> Span:
    return Span(min(one.start, other.start), max(one.end, other.end)) if other else one
