"""What must be done to turn the rows a table holds into the rows that are wanted, and doing it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table

from calsync.store.bulk import delete_rows, insert_rows, update_rows
from calsync.store.records import RowCounts
from calsync.store.rows import Row


@dataclass(frozen=True)
class RowDifference:
    """Rows to add, to change and to remove, rows that are equal in none; before: the changed as they were."""

    added: tuple[Row, ...]
    changed: tuple[Row, ...]
    before: tuple[Row, ...]
    removed: tuple[Row, ...]

    @property
    def change(self) -> RowCounts:
        """How many of each."""
        return RowCounts(added=len(self.added), changed=len(self.changed), removed=len(self.removed))


def compare_rows(stored: Mapping[Hashable, Row], wanted: Mapping[Hashable, Row]) -> RowDifference:
    """Compare rows by key; every row held and not wanted is to be removed."""
    if not stored:
        return RowDifference(added=tuple(wanted.values()), changed=(), before=(), removed=())
    changed = [key for key, row in wanted.items() if key in stored and stored[key] != row]
    return RowDifference(
        added=tuple(row for key, row in wanted.items() if key not in stored),
        changed=tuple(wanted[key] for key in changed),
        before=tuple(stored[key] for key in changed),
        removed=tuple(row for key, row in stored.items() if key not in wanted),
    )


def apply_differences(connection: Connection, table: Table, differences: Sequence[RowDifference]) -> None:
    """Carry them out, each row by its primary key."""
    delete_rows(connection, table, [row for work in differences for row in work.removed])
    pairs = [pair for work in differences for pair in zip(work.before, work.changed, strict=True)]
    update_rows(connection, table, pairs)
    insert_rows(connection, table, [row for work in differences for row in work.added])
