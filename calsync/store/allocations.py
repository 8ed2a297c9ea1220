"""Minutes by manager and day, replaced by whole days."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import date
from math import fsum
from typing import Any

import pandas as pd
from sqlalchemy import select

from calsync.model.allocation import Allocation
from calsync.store.difference import apply, difference
from calsync.store.engine import Database
from calsync.store.rows import Row, clean
from calsync.store.schema import allocations as table
from calsync.store.states import Change

_KEYS = tuple(column.name for column in table.primary_key)
COLUMNS = (*_KEYS, "minutes")


class Allocations:
    """Where every manager's minutes went."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, manager_id: str, first: date, last: date, allocations: Sequence[Allocation]) -> Change:
        """Make these the manager's allocations from `first` to `last` (exclusive), in one transaction.

        Rows that are equal are not touched. Allocations that differ in nothing but their minutes
        are added up. Those of days outside are left out: such a day was reckoned when it lay whole
        in a window, and here only a part of it is known. Raises ValueError for another manager's.
        """
        wanted = _rows(manager_id, [a for a in allocations if first <= a.day < last])
        query = select(table).where(
            table.c.manager_id == manager_id, table.c.day >= first, table.c.day < last
        )
        with self._database.writing() as connection:
            rows = connection.execute(query).mappings()
            held: dict[Hashable, Row] = {_key(row): dict(row) for row in rows}
            work = difference(held, wanted)
            apply(connection, table, work)
        return work.change

    def frame(self, first: date, last: date, manager_ids: Collection[str] | None = None) -> pd.DataFrame:
        """Every allocation from `first` to `last` (exclusive), of some managers or of all, sorted.

        Columns: manager_id, day (dates), meeting_id, partnership, activity, kind, confirmed,
        in_hours, minutes.
        """
        query = select(table).where(table.c.day >= first, table.c.day < last)
        if manager_ids is not None and len(manager_ids) == 1:
            query = query.where(table.c.manager_id.in_(manager_ids))
        with self._database.reading() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        # Chosen and ordered here: databases limit the names in a query, and order text differently.
        chosen = rows if manager_ids is None else [row for row in rows if row[0] in set(manager_ids)]
        return pd.DataFrame(sorted(chosen), columns=list(COLUMNS)).astype(_TYPES)


_TYPES = {
    **dict.fromkeys(("manager_id", "meeting_id", "partnership", "activity", "kind"), "str"),
    **dict.fromkeys(("confirmed", "in_hours"), "bool"),
    "minutes": "float64",
}


def _rows(manager_id: str, allocations: Sequence[Allocation]) -> dict[Hashable, Row]:
    shares: dict[tuple[object, ...], list[float]] = {}
    for allocation in allocations:
        if allocation.manager_id != manager_id:
            raise ValueError(f"an allocation of {allocation.manager_id} among those of {manager_id}")
        row = _row(allocation)
        shares.setdefault(_key(row), []).append(allocation.minutes)
    # A sum that does not depend on the order, so that the same night gives the same rows.
    return {
        key: dict(zip(_KEYS, key, strict=True)) | {"minutes": fsum(parts)} for key, parts in shares.items()
    }


def _row(allocation: Allocation) -> Row:
    return {
        "manager_id": allocation.manager_id,
        "day": allocation.day,
        "meeting_id": allocation.meeting_id,
        "partnership": clean(allocation.partnership),
        "activity": allocation.activity.value,
        "kind": allocation.kind.value,
        "confirmed": allocation.confirmed,
        "in_hours": allocation.in_hours,
    }


def _key(row: Mapping[Any, Any]) -> tuple[object, ...]:
    return tuple(row[name] for name in _KEYS)
