"""Stores minutes by manager and day; whole days are replaced."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import date
from math import fsum
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, select

from calsync.model.allocation import Allocation
from calsync.store import allocation_states
from calsync.store.bulk import fetch_rows, split_for_query
from calsync.store.connections import Database
from calsync.store.difference import RowDifference, apply_differences, compare_rows
from calsync.store.records import AllocationState, Recalculation, RowCounts
from calsync.store.rows import Row, storable_text
from calsync.store.schema import allocations as table
from calsync.store.schema import meetings

if TYPE_CHECKING:
    import pandas as pd

ALLOCATION_COLUMNS = tuple(column.name for column in table.c)
_KEY = tuple(column.name for column in table.primary_key.columns)
_key_cells = itemgetter(*_KEY)


class Allocations:
    """The allocated minutes of all managers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(
        self, manager_id: str, first: date, last: date, allocations: Sequence[Allocation]
    ) -> RowCounts:
        """Replace a manager's allocations from `first` to `last` (exclusive) in one transaction."""
        _check_manager(manager_id, allocations)
        with self._database.writing() as connection:
            difference = _compare_days(connection, manager_id, first, last, allocations, has_rows=True)
            apply_differences(connection, table, [difference])
        return difference.change

    def replace_all(self, recalculations: Sequence[Recalculation]) -> list[RowCounts]:
        """Replace the minutes of several managers and store their allocation states, in one transaction.

        Rows that are equal are not written. Minutes of allocations that differ in nothing else are added up.
        Allocations outside the days of a recalculation are ignored: only a part of such a day is known here,
        and its minutes were calculated when all of it was in a window.

        Returns:
            What changed, for each recalculation.

        Raises:
            ValueError: An allocation belongs to another manager.
        """
        for recalculation in recalculations:
            _check_manager(recalculation.state.manager_id, recalculation.allocations)
        with self._database.writing() as connection:
            with_rows = _managers_with_rows(
                connection, [recalculation.state.manager_id for recalculation in recalculations]
            )
            differences = [
                _compare_days(
                    connection,
                    recalculation.state.manager_id,
                    recalculation.first,
                    recalculation.last,
                    recalculation.allocations,
                    has_rows=recalculation.state.manager_id in with_rows,
                )
                for recalculation in recalculations
            ]
            apply_differences(connection, table, differences)
            allocation_states.save_all(connection, [recalculation.state for recalculation in recalculations])
        return [difference.change for difference in differences]

    def allocation_states(self) -> dict[str, AllocationState]:
        """See `allocation_states.load_all`."""
        with self._database.reading() as connection:
            return allocation_states.load_all(connection)

    def frame(self, first: date, last: date, manager_ids: Collection[str] | None = None) -> "pd.DataFrame":
        """Return the allocations from `first` to `last` (exclusive), of some managers or of all, sorted.

        Columns: manager_id, day (dates), meeting_id, partnership, activity, kind, confirmed,
        in_hours, minutes, label.
        """
        query = select(table).where(table.c.day >= first, table.c.day < last)
        queries = [query]
        if manager_ids is not None:
            # Without any manager there is still one query: it returns no rows, but the names of the columns.
            parts = split_for_query(sorted(set(manager_ids))) or [[]]
            queries = [query.where(table.c.manager_id.in_(part)) for part in parts]
        return self._frame(queries, sort_by=_KEY).astype(_FRAME_TYPES)

    def meetings_frame(self, first: date, last: date) -> "pd.DataFrame":
        """Return the meetings with minutes from `first` to `last` (exclusive), and where they were read.

        Columns: meeting_id, calendar_id, uid, recurrence_id.
        """
        query = (
            select(
                meetings.c.id.label("meeting_id"),
                meetings.c.calendar_id,
                meetings.c.uid,
                meetings.c.recurrence_id,
            )
            .join(table, table.c.meeting_id == meetings.c.id)
            .where(table.c.day >= first, table.c.day < last)
            .distinct()
        )
        return self._frame([query], sort_by=["meeting_id"]).astype("str")

    def _frame(self, queries: Sequence[Select[Any]], sort_by: Sequence[str]) -> "pd.DataFrame":
        """Return the rows of queries with the same columns, sorted."""
        import pandas as pd  # here, because other commands would wait for the import

        with self._database.reading() as connection:
            rows = [tuple(row) for query in queries for row in connection.execute(query)]
        frame = pd.DataFrame(rows, columns=[column.name for column in queries[0].selected_columns])
        # Sorted here, because the databases order text differently.
        return frame.sort_values(list(sort_by), ignore_index=True)


_FRAME_TYPES = {
    **dict.fromkeys(("manager_id", "meeting_id", "partnership", "activity", "kind", "label"), "str"),
    **dict.fromkeys(("confirmed", "in_hours"), "bool"),
    "minutes": "float64",
}


def _check_manager(manager_id: str, allocations: Iterable[Allocation]) -> None:
    """Raise ValueError for another manager's; called before a transaction, where it means a damaged store."""
    for allocation in allocations:
        if allocation.manager_id != manager_id:
            raise ValueError(f"an allocation of {allocation.manager_id} among those of {manager_id}")


def _managers_with_rows(connection: Connection, manager_ids: Sequence[str]) -> frozenset[str]:
    """Return which of these managers have stored minutes; for the others no query is needed."""
    query = select(table.c.manager_id).where(table.c.manager_id.in_(manager_ids)).distinct()
    return frozenset(connection.execute(query).scalars())


def _compare_days(
    connection: Connection,
    manager_id: str,
    first: date,
    last: date,
    allocations: Iterable[Allocation],
    *,
    has_rows: bool,
) -> RowDifference:
    new_rows = _to_rows([a for a in allocations if first <= a.day < last])
    if not has_rows:
        return compare_rows({}, new_rows)
    query = select(table).where(table.c.manager_id == manager_id, table.c.day >= first, table.c.day < last)
    stored_rows: dict[Hashable, Row] = {_key_cells(row): row for row in fetch_rows(connection, query)}
    return compare_rows(stored_rows, new_rows)


def _to_rows(allocations: Sequence[Allocation]) -> dict[Hashable, Row]:
    """Return rows by their keys; the minutes of allocations with the same key are added up."""
    rows: dict[Hashable, Row] = {}
    minutes_by_key: dict[Hashable, list[float]] = {}
    for allocation in allocations:
        row = _to_row(allocation)
        key = _key_cells(row)
        first = rows.setdefault(key, row)
        if first is not row:
            minutes_by_key.setdefault(key, [first["minutes"]]).append(allocation.minutes)
    for key, minutes in minutes_by_key.items():
        # `fsum` does not depend on the order, so that the same night stores the same rows.
        rows[key]["minutes"] = fsum(minutes)
    return rows


def _to_row(allocation: Allocation) -> Row:
    return {
        "manager_id": allocation.manager_id,
        "day": allocation.day,
        "meeting_id": allocation.meeting_id,
        "partnership": storable_text(allocation.partnership),
        "activity": str(allocation.activity),
        "kind": str(allocation.kind),
        "confirmed": allocation.confirmed,
        "in_hours": allocation.in_hours,
        "minutes": allocation.minutes,
        "label": storable_text(allocation.label),
    }
