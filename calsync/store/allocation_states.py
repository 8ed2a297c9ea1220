"""Up to where each manager's minutes are right: rows of `reckonings`, inside a caller's transaction.

Whoever changes meetings notes it here in the same transaction, so that a night that dies between
keeping and reckoning leaves a note for the next one.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from calsync.model.span import Span
from calsync.store.bulk import insert_rows
from calsync.store.records import AllocationState
from calsync.store.schema import allocation_states as table

_NOTE_CHANGES = (
    update(table)
    .where(table.c.manager_id == bindparam("whose"))
    .values(changed_from=bindparam("start"), changed_to=bindparam("end"))
)


def load_all(connection: Connection) -> dict[str, AllocationState]:
    """By manager; who is not among them was never reckoned."""
    rows = connection.execute(select(table))
    return {
        manager_id: AllocationState(manager_id, basis, first, last, _span_or_none(start, end))
        for manager_id, basis, first, last, start, end in rows
    }


def note_changes(connection: Connection, changed_spans: Mapping[str, Span]) -> None:
    """Note, by manager, from where to where meetings have changed, beside what was noted before."""
    if not changed_spans:
        return
    query = select(table.c.manager_id, table.c.changed_from, table.c.changed_to)
    stored = connection.execute(query.where(table.c.manager_id.in_(changed_spans))).all()
    noted = [
        (manager_id, _bounding_span(changed_spans[manager_id], _span_or_none(start, end)))
        for manager_id, start, end in stored
    ]
    values = [{"whose": manager_id, "start": span.start, "end": span.end} for manager_id, span in noted]
    if values:
        connection.execute(_NOTE_CHANGES, values)


def save_all(connection: Connection, states: Sequence[AllocationState]) -> None:
    """Keep these in place of what was kept of the same managers."""
    if states:
        stale = delete(table).where(table.c.manager_id == bindparam("whose"))
        connection.execute(stale, [{"whose": state.manager_id} for state in states])
        insert_rows(connection, table, [_to_row(state) for state in states])


def delete_states(connection: Connection, manager_ids: Sequence[str]) -> None:
    """Have everything of these managers reckoned again."""
    if manager_ids:
        connection.execute(delete(table).where(table.c.manager_id.in_(manager_ids)))


def _to_row(one: AllocationState) -> tuple[object, ...]:
    changed = one.changed
    bounds = (changed.start, changed.end) if changed else (None, None)
    return (one.manager_id, one.basis, one.first, one.last, *bounds)


def _span_or_none(start: object, end: object) -> Span | None:
    return Span(start, end) if start and end else None  # type: ignore[arg-type]


def _bounding_span(one: Span, other: Span | None) -> Span:
    return Span(min(one.start, other.start), max(one.end, other.end)) if other else one
