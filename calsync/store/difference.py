"""What must be done to turn the rows a table holds into the rows that are wanted, and doing it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, delete, insert, update

from calsync.store.rows import Row
from calsync.store.states import Change


@dataclass(frozen=True)
class Difference:
    """Rows to add, to change and to remove; rows that are equal are in none."""

    added: tuple[Row, ...]
    changed: tuple[Row, ...]
    removed: tuple[Row, ...]

    @property
    def change(self) -> Change:
        """How many of each."""
        return Change(len(self.added), len(self.changed), len(self.removed))


def difference(held: Mapping[Hashable, Row], wanted: Mapping[Hashable, Row]) -> Difference:
    """Compare rows by key; every row held and not wanted is to be removed."""
    return Difference(
        added=tuple(row for key, row in wanted.items() if key not in held),
        changed=tuple(row for key, row in wanted.items() if key in held and held[key] != row),
        removed=tuple(row for key, row in held.items() if key not in wanted),
    )


def apply(connection: Connection, table: Table, work: Difference) -> None:
    """Carry it out, row by row of the primary key; a kind of work with no rows costs nothing."""
    keys = [column.name for column in table.primary_key]
    by_key = [table.c[name] == bindparam(f"key_{name}") for name in keys]
    if work.removed:
        connection.execute(delete(table).where(*by_key), [_key(row, keys) for row in work.removed])
    if work.changed:
        values = [{k: v for k, v in row.items() if k not in keys} | _key(row, keys) for row in work.changed]
        connection.execute(update(table).where(*by_key), values)
    if work.added:
        connection.execute(insert(table), list(work.added))


def _key(row: Row, keys: list[str]) -> Row:
    return {f"key_{name}": row[name] for name in keys}
