"""Minutes by manager and day, replaced by whole days."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import date
from math import fsum
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from calsync.model.allocation import Allocation
from calsync.store import reckonings
from calsync.store.bulk import parts
from calsync.store.difference import Difference, apply, difference
from calsync.store.engine import Database
from calsync.store.rows import Row, clean
from calsync.store.schema import allocations as table
from calsync.store.schema import meetings
from calsync.store.states import Change, Reckoned, Reckoning

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = tuple(column.name for column in table.c)


class Allocations:
    """Where every manager's minutes went."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, manager_id: str, first: date, last: date, allocations: Sequence[Allocation]) -> Change:
        """Make these the manager's allocations from `first` to `last` (exclusive), in one transaction."""
        _check_owner(manager_id, allocations)
        with self._database.writing() as connection:
            work = _work(connection, manager_id, first, last, allocations, known=True)
            apply(connection, table, [work])
        return work.change

    def replace_all(self, reckoned: Sequence[Reckoned]) -> list[Change]:
        """Make these the minutes of several managers and note how far they are right, in one transaction.

        Rows that are equal are not touched. Allocations that differ in nothing but their minutes
        are added up. Those of days outside are left out: such a day was reckoned when it lay whole
        in a window, and here only a part of it is known. Raises ValueError for another manager's.
        """
        for one in reckoned:
            _check_owner(one.after.manager_id, one.allocations)
        with self._database.writing() as connection:
            known = _known(connection, [one.after.manager_id for one in reckoned])
            works = [
                _work(
                    connection,
                    one.after.manager_id,
                    one.first,
                    one.last,
                    one.allocations,
                    known=one.after.manager_id in known,
                )
                for one in reckoned
            ]
            apply(connection, table, works)
            reckonings.keep(connection, [one.after for one in reckoned])
        return [work.change for work in works]

    def reckonings(self) -> dict[str, Reckoning]:
        """Up to where each manager's minutes are right; who is not among them was never reckoned."""
        with self._database.reading() as connection:
            return reckonings.of_all(connection)

    def frame(self, first: date, last: date, manager_ids: Collection[str] | None = None) -> "pd.DataFrame":
        """Every allocation from `first` to `last` (exclusive), of some managers or of all, sorted.

        Columns: manager_id, day (dates), meeting_id, partnership, activity, kind, confirmed,
        in_hours, minutes.
        """
        import pandas as pd  # here, so that the other commands do not wait for it

        query = select(table).where(table.c.day >= first, table.c.day < last)
        if manager_ids is None:
            asked = [query]
        else:
            names = sorted(set(manager_ids))
            asked = [query.where(table.c.manager_id.in_(some)) for some in parts(names)]
        with self._database.reading() as connection:
            rows = [tuple(row) for one in asked for row in connection.execute(one)]
        # Ordered here: databases order text differently.
        return pd.DataFrame(sorted(rows), columns=list(COLUMNS)).astype(_TYPES)

    def meetings_of(self, first: date, last: date) -> "pd.DataFrame":
        """Every meeting that takes minutes from `first` to `last` (exclusive), and where it was read.

        Columns: meeting_id, calendar_id, uid, recurrence_id.
        """
        import pandas as pd  # here, so that the other commands do not wait for it

        query = (
            select(meetings.c.id, meetings.c.calendar_id, meetings.c.uid, meetings.c.recurrence_id)
            .join(table, table.c.meeting_id == meetings.c.id)
            .where(table.c.day >= first, table.c.day < last)
            .distinct()
        )
        with self._database.reading() as connection:
            rows = sorted(tuple(row) for row in connection.execute(query))
        return pd.DataFrame(rows, columns=["meeting_id", "calendar_id", "uid", "recurrence_id"], dtype="str")


_TYPES = {
    **dict.fromkeys(("manager_id", "meeting_id", "partnership", "activity", "kind"), "str"),
    **dict.fromkeys(("confirmed", "in_hours"), "bool"),
    "minutes": "float64",
}


def _check_owner(manager_id: str, allocations: Iterable[Allocation]) -> None:
    """Refuse another manager's, before a transaction, in which a ValueError means a damaged store."""
    for allocation in allocations:
        if allocation.manager_id != manager_id:
            raise ValueError(f"an allocation of {allocation.manager_id} among those of {manager_id}")


def _known(connection: Connection, manager_ids: Sequence[str]) -> frozenset[str]:
    """Who of these has any minutes kept: nothing need be asked about the others."""
    query = select(table.c.manager_id).where(table.c.manager_id.in_(manager_ids)).distinct()
    return frozenset(connection.execute(query).scalars())


def _work(
    connection: Connection,
    manager_id: str,
    first: date,
    last: date,
    allocations: Iterable[Allocation],
    *,
    known: bool,
) -> Difference:
    wanted = _rows([a for a in allocations if first <= a.day < last])
    if not known:
        return difference({}, wanted)
    query = select(table).where(table.c.manager_id == manager_id, table.c.day >= first, table.c.day < last)
    held: dict[Hashable, Row] = {tuple(row[:-1]): tuple(row) for row in connection.execute(query)}
    return difference(held, wanted)


def _rows(allocations: Sequence[Allocation]) -> dict[Hashable, Row]:
    rows: dict[Hashable, Row] = {}
    several: dict[Row, list[float]] = {}
    for allocation in allocations:
        key, minutes = _key(allocation), allocation.minutes
        row = (*key, minutes)
        first = rows.setdefault(key, row)
        if first is not row:
            several.setdefault(key, [first[-1]]).append(minutes)
    # A sum that does not depend on the order, so that the same night gives the same rows.
    rows.update({key: (*key, fsum(parts)) for key, parts in several.items()})
    return rows


def _key(allocation: Allocation) -> Row:
    return (
        allocation.manager_id,
        allocation.day,
        allocation.meeting_id,
        clean(allocation.partnership),
        str(allocation.activity),
        str(allocation.kind),
        allocation.confirmed,
        allocation.in_hours,
    )
