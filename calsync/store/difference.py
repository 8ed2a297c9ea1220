"""What must be done to turn the rows a table holds into the rows that are wanted, and doing it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table

from calsync.store.bulk import delete_all, insert_all, update_all
from calsync.store.rows import Row
from calsync.store.states import Change


@dataclass(frozen=True)
class Difference:
    """Rows to add, to change and to remove, rows that are equal in none; before: the changed as they were."""

    added: tuple[Row, ...]
    changed: tuple[Row, ...]
    before: tuple[Row, ...]
    removed: tuple[Row, ...]

    @property
    def change(self) -> Change:
        """How many of each."""
        return Change(len(self.added), len(self.changed), len(self.removed))


def difference(held: Mapping[Hashable, Row], wanted: Mapping[Hashable, Row]) -> Difference:
    """Compare rows by key; every row held and not wanted is to be removed."""
    if not held:
        return Difference(tuple(wanted.values()), (), (), ())
    changed = [key for key, row in wanted.items() if key in held and held[key] != row]
    return Difference(
        added=tuple(row for key, row in wanted.items() if key not in held),
        changed=tuple(wanted[key] for key in changed),
        before=tuple(held[key] for key in changed),
        removed=tuple(row for key, row in held.items() if key not in wanted),
    )


def apply(connection: Connection, table: Table, works: Sequence[Difference]) -> None:
    """Carry them out, row by row of the primary key."""
    delete_all(connection, table, [row for work in works for row in work.removed])
    pairs = [pair for work in works for pair in zip(work.before, work.changed, strict=True)]
    update_all(connection, table, pairs)
    insert_all(connection, table, [row for work in works for row in work.added])
