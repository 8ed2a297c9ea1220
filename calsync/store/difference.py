"""Compares stored rows with wanted rows and writes only the differences, for `meetings` and `allocations`."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table

from calsync.store.bulk import delete_rows, insert_rows, update_rows
from calsync.store.records import RowCounts
from calsync.store.rows import Row


@dataclass(frozen=True)
class RowDifference:
    """Rows to add, change and remove; equal rows are in none of them.

    Attributes:
        changed: The rows as they should be.
        before: The same rows as they are stored.
    """

    added: tuple[Row, ...]
    changed: tuple[Row, ...]
    before: tuple[Row, ...]
    removed: tuple[Row, ...]

    @property
    def change(self) -> RowCounts:
        """How many rows are added, changed and removed."""
        return RowCounts(added=len(self.added), changed=len(self.changed), removed=len(self.removed))


def compare_rows(stored: Mapping[Hashable, Row], wanted: Mapping[Hashable, Row]) -> RowDifference:
    """Compare rows by key; stored rows that are not wanted are to be removed."""
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
    """Write the differences, each row by its primary key."""
    delete_rows(connection, table, [row for difference in differences for row in difference.removed])
    pairs = [
        pair for difference in differences for pair in zip(difference.before, difference.changed, strict=True)
    ]
    update_rows(connection, table, pairs)
    insert_rows(connection, table, [row for difference in differences for row in difference.added])
