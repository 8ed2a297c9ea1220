"""The data dictionary as a page: what every column of every table means."""

from collections.abc import Iterable

from calsync.disclosure.release import Column
from calsync.exports.tables.base import TableDefinition


def dictionary_page(tables: Iterable[TableDefinition]) -> str:
    """Return docs/hr/data-dictionary.md, as `calsync export --dictionary` prints it."""
    head = (
        "# Data dictionary\n\n"
        "What `calsync export` writes. Made by `calsync export --dictionary`; a test compares it.\n"
    )
    return head + "".join(
        f"\n## `{table.name}`\n{table.row}\n\n{_table_of(table.columns)}" for table in tables
    )


def _table_of(columns: Iterable[Column]) -> str:
    lines = (f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning} |\n" for c in columns)
    return "| column | type | unit | meaning |\n|---|---|---|---|\n" + "".join(lines)
