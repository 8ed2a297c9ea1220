"""Reads and writes what CANCEL messages (RFC 5546) in calendars cancel, in the caller's transaction."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select

from calsync.model.copies import Cancellation
from calsync.store import calendars
from calsync.store.bulk import fetch_rows, split_for_query
from calsync.store.rows import storable_text
from calsync.store.schema import cancellations as table

_COLUMNS = [table.c[name] for name in Cancellation._fields]


def load_for_manager(connection: Connection, manager_id: str) -> list[Cancellation]:
    """Return the cancellations in all calendars of a manager."""
    query = select(*_COLUMNS).where(table.c.calendar_id.in_(calendars.select_calendar_ids(manager_id)))
    return [Cancellation(**row) for row in fetch_rows(connection, query)]


def load_for_calendar(connection: Connection, calendar_id: str) -> list[Cancellation]:
    """Return the cancellations in one calendar."""
    query = select(*_COLUMNS).where(table.c.calendar_id == calendar_id)
    return [Cancellation(**row) for row in fetch_rows(connection, query)]


def replace_cancellations(
    connection: Connection, cancellations_by_calendar: Mapping[str, Iterable[Cancellation]]
) -> frozenset[str]:
    """Replace the cancellations of calendars; returns the ids of the calendars in which they changed."""
    wanted = {
        calendar_id: _to_rows(calendar_id, cancellations)
        for calendar_id, cancellations in cancellations_by_calendar.items()
    }
    stored_ids: dict[str, set[str]] = defaultdict(set)
    for part in split_for_query(list(wanted)):
        query: Select[Any] = select(table.c.calendar_id, table.c.id).where(table.c.calendar_id.in_(part))
        row: Row[Any]
        for row in connection.execute(query):
            stored_ids[row.calendar_id].add(row.id)
    changed = frozenset(
        calendar_id for calendar_id, rows in wanted.items() if stored_ids[calendar_id] != rows.keys()
    )
    removed_ids = sorted(
        row_id for calendar_id in changed for row_id in stored_ids[calendar_id] - wanted[calendar_id].keys()
    )
    for part in split_for_query(removed_ids):
        connection.execute(delete(table).where(table.c.id.in_(part)))
    new_rows = [
        row
        for calendar_id in changed
        for row_id, row in wanted[calendar_id].items()
        if row_id not in stored_ids[calendar_id]
    ]
    if new_rows:
        connection.execute(insert(table), new_rows)
    return changed


def _to_rows(calendar_id: str, cancellations: Iterable[Cancellation]) -> dict[str, dict[str, Any]]:
    """Return rows by their ids, which are digests of their content."""
    rows = {}
    for cancellation in cancellations:
        cells = cancellation._replace(
            uid=storable_text(cancellation.uid),
            recurrence_id=storable_text(cancellation.recurrence_id),
            stamp=storable_text(cancellation.stamp),
        )._asdict()
        content = repr((calendar_id, *cells.values())).encode("utf-8", "surrogatepass")
        row_id = hashlib.blake2b(content, digest_size=16).hexdigest()
        rows[row_id] = {"id": row_id, "calendar_id": calendar_id, **cells}
    return rows
