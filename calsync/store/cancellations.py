"""What messages in calendars cancel: rows of `cancellations`, inside a caller's transaction."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select

from calsync.model.copies import Cancellation
from calsync.store import calendars
from calsync.store.bulk import parts
from calsync.store.rows import clean
from calsync.store.schema import cancellations as table

_COLUMNS = [table.c[name] for name in Cancellation._fields]


def of_manager(connection: Connection, manager_id: str) -> list[Cancellation]:
    """All that messages in a manager's calendars cancel."""
    query = select(*_COLUMNS).where(table.c.calendar_id.in_(calendars.named(manager_id)))
    return [Cancellation(*row) for row in connection.execute(query)]


def of_calendar(connection: Connection, calendar_id: str) -> list[Cancellation]:
    """All that messages in one calendar cancel."""
    query = select(*_COLUMNS).where(table.c.calendar_id == calendar_id)
    return [Cancellation(*row) for row in connection.execute(query)]


def replace(connection: Connection, given: Mapping[str, Iterable[Cancellation]]) -> frozenset[str]:
    """Make these what is cancelled, by calendar; gives the calendars in which it was something else."""
    wanted = {name: _cells(name, cancellations) for name, cancellations in given.items()}
    held: dict[str, set[str]] = defaultdict(set)
    for some in parts(list(wanted)):
        query: Select[Any] = select(table.c.calendar_id, table.c.id).where(table.c.calendar_id.in_(some))
        row: Row[Any]
        for row in connection.execute(query):
            held[row.calendar_id].add(row.id)
    changed = frozenset(name for name, cells in wanted.items() if held[name] != cells.keys())
    gone = sorted(identifier for name in changed for identifier in held[name] - wanted[name].keys())
    for some in parts(gone):
        connection.execute(delete(table).where(table.c.id.in_(some)))
    new = [row for name in changed for key, row in wanted[name].items() if key not in held[name]]
    if new:
        connection.execute(insert(table), new)
    return changed


def _cells(calendar_id: str, given: Iterable[Cancellation]) -> dict[str, dict[str, Any]]:
    """Rows by their ids."""
    rows = {}
    for one in given:
        cells = one._replace(
            uid=clean(one.uid), recurrence_id=clean(one.recurrence_id), stamp=clean(one.stamp)
        )._asdict()
        content = repr((calendar_id, *cells.values())).encode("utf-8", "surrogatepass")
        identifier = hashlib.blake2b(content, digest_size=16).hexdigest()
        rows[identifier] = {"id": identifier, "calendar_id": calendar_id, **cells}
    return rows
