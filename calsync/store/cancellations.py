"""What messages in calendars cancel: rows of `cancellations`, inside a caller's transaction."""

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
    """All that messages in a manager's calendars cancel."""
    query = select(*_COLUMNS).where(table.c.calendar_id.in_(calendars.select_calendar_ids(manager_id)))
    return [Cancellation(**row) for row in fetch_rows(connection, query)]


def load_for_calendar(connection: Connection, calendar_id: str) -> list[Cancellation]:
    """All that messages in one calendar cancel."""
    query = select(*_COLUMNS).where(table.c.calendar_id == calendar_id)
    return [Cancellation(**row) for row in fetch_rows(connection, query)]


def replace_cancellations(
    connection: Connection, cancellations_by_calendar: Mapping[str, Iterable[Cancellation]]
) -> frozenset[str]:
    """Make these what is cancelled, by calendar; gives the calendars in which it was something else."""
    wanted = {
        name: _to_rows(name, cancellations) for name, cancellations in cancellations_by_calendar.items()
    }
    stored_ids: dict[str, set[str]] = defaultdict(set)
    for names in split_for_query(list(wanted)):
        query: Select[Any] = select(table.c.calendar_id, table.c.id).where(table.c.calendar_id.in_(names))
        row: Row[Any]
        for row in connection.execute(query):
            stored_ids[row.calendar_id].add(row.id)
    changed = frozenset(name for name, cells in wanted.items() if stored_ids[name] != cells.keys())
    gone = sorted(identifier for name in changed for identifier in stored_ids[name] - wanted[name].keys())
    for names in split_for_query(gone):
        connection.execute(delete(table).where(table.c.id.in_(names)))
    new = [row for name in changed for key, row in wanted[name].items() if key not in stored_ids[name]]
    if new:
        connection.execute(insert(table), new)
    return changed


def _to_rows(calendar_id: str, given: Iterable[Cancellation]) -> dict[str, dict[str, Any]]:
    """Rows by their ids."""
    rows = {}
    for cancellation in given:
        cells = cancellation._replace(
            uid=storable_text(cancellation.uid),
            recurrence_id=storable_text(cancellation.recurrence_id),
            stamp=storable_text(cancellation.stamp),
        )._asdict()
        content = repr((calendar_id, *cells.values())).encode("utf-8", "surrogatepass")
        identifier = hashlib.blake2b(content, digest_size=16).hexdigest()
        rows[identifier] = {"id": identifier, "calendar_id": calendar_id, **cells}
    return rows
