"""Reads and writes which minutes of each manager are up to date: rows of the table `reckonings`.

All functions run in the caller's transaction. The code that changes meetings notes the change here in the
same transaction; so, if a night is killed before it has calculated the minutes, the next one does it.
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
    .where(table.c.manager_id == bindparam("changed_manager"))
    .values(changed_from=bindparam("start"), changed_to=bindparam("end"))
)


def load_all(connection: Connection) -> dict[str, AllocationState]:
    """Return the states by manager id; a manager without one has no calculated minutes."""
    return {
        row.manager_id: AllocationState(
            manager_id=row.manager_id, basis=row.basis, first=row.first, last=row.last, changed=_changed(row)
        )
        for row in connection.execute(select(table))
    }


def note_changes(connection: Connection, changed_spans: Mapping[str, Span]) -> None:
    """Add spans in which meetings have changed, by manager id, to those noted before."""
    if not changed_spans:
        return
    query = select(table.c.manager_id, table.c.changed_from, table.c.changed_to)
    stored = connection.execute(query.where(table.c.manager_id.in_(changed_spans))).all()
    noted = {row.manager_id: _bounding_span(changed_spans[row.manager_id], _changed(row)) for row in stored}
    values = [
        {"changed_manager": manager_id, "start": span.start, "end": span.end}
        for manager_id, span in noted.items()
    ]
    if values:
        connection.execute(_NOTE_CHANGES, values)


def save_all(connection: Connection, states: Sequence[AllocationState]) -> None:
    """Store these states in place of those of the same managers."""
    if states:
        stale = delete(table).where(table.c.manager_id == bindparam("changed_manager"))
        connection.execute(stale, [{"changed_manager": state.manager_id} for state in states])
        insert_rows(connection, table, [_to_row(state) for state in states])


def delete_states(connection: Connection, manager_ids: Sequence[str]) -> None:
    """Delete the states of these managers, so that the next night calculates all their minutes again."""
    if manager_ids:
        connection.execute(delete(table).where(table.c.manager_id.in_(manager_ids)))


def _to_row(state: AllocationState) -> Row:
    return {
        "manager_id": state.manager_id,
        "basis": state.basis,
        "first": state.first,
        "last": state.last,
        "changed_from": state.changed and state.changed.start,
        "changed_to": state.changed and state.changed.end,
    }


def _changed(row: Any) -> Span | None:
    """Return the span in which meetings have changed since the minutes were calculated; None if none has."""
    return Span(row.changed_from, row.changed_to) if row.changed_from and row.changed_to else None


def _bounding_span(span: Span, other: Span | None) -> Span:
    return Span(min(span.start, other.start), max(span.end, other.end)) if other else span
