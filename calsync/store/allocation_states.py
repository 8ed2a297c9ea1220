"""Up to where each manager's minutes are right: rows of `reckonings`, inside a caller's transaction.

Whoever changes meetings notes it here in the same transaction, so that a night that dies between
keeping and reckoning leaves a note for the next one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from calsync.model.span import Span
from calsync.store.bulk import insert_rows
from calsync.store.records import AllocationState
from calsync.store.rows import Row
from calsync.store.schema import allocation_states as table

_NOTE_CHANGES = (
    update(table)
    .where(table.c.manager_id == bindparam("whose"))
    .values(changed_from=bindparam("start"), changed_to=bindparam("end"))
)


def load_all(connection: Connection) -> dict[str, AllocationState]:
    """By manager; who is not among them was never reckoned."""
    return {
        row.manager_id: AllocationState(
            manager_id=row.manager_id, basis=row.basis, first=row.first, last=row.last, changed=_changed(row)
        )
        for row in connection.execute(select(table))
    }


def note_changes(connection: Connection, changed_spans: Mapping[str, Span]) -> None:
    """Note, by manager, from where to where meetings have changed, beside what was noted before."""
    if not changed_spans:
        return
    query = select(table.c.manager_id, table.c.changed_from, table.c.changed_to)
    stored = connection.execute(query.where(table.c.manager_id.in_(changed_spans))).all()
    noted = {row.manager_id: _bounding_span(changed_spans[row.manager_id], _changed(row)) for row in stored}
    values = [{"whose": whose, "start": span.start, "end": span.end} for whose, span in noted.items()]
    if values:
        connection.execute(_NOTE_CHANGES, values)


def save_all(connection: Connection, states: Sequence[AllocationState]) -> None:
    """Keep these in place of what was kept of the same managers."""
    if states:
        stale = delete(table).where(table.c.manager_id == bindparam("whose"))
        connection.execute(stale, [{"whose": state.manager_id} for state in states])
        insert_rows(connection, table, [_cells(state) for state in states])


def delete_states(connection: Connection, manager_ids: Sequence[str]) -> None:
    """Have everything of these managers reckoned again."""
    if manager_ids:
        connection.execute(delete(table).where(table.c.manager_id.in_(manager_ids)))


def _cells(one: AllocationState) -> Row:
    return {
        "manager_id": one.manager_id,
        "basis": one.basis,
        "first": one.first,
        "last": one.last,
        "changed_from": one.changed and one.changed.start,
        "changed_to": one.changed and one.changed.end,
    }


def _changed(row: Any) -> Span | None:
    """The time in which meetings have changed, of a row with these columns; None if none has."""
    return Span(row.changed_from, row.changed_to) if row.changed_from and row.changed_to else None


def _bounding_span(one: Span, other: Span | None) -> Span:
    return Span(min(one.start, other.start), max(one.end, other.end)) if other else one
