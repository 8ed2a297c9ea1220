"""The data dictionary as a Markdown page: the meaning of every column of every table."""

from collections.abc import Iterable

from calsync.disclosure.release import Column
from calsync.exports.tables.base import TableDefinition


def dictionary_page(tables: Iterable[TableDefinition]) -> str:
    """Return the content of docs/hr/data-dictionary.md, which `calsync export --dictionary` prints."""
    head = (
        "# Data dictionary\n\n"
        "What `calsync export` writes. Made by `calsync export --dictionary`; a test compares it.\n"
    )
    return head + "".join(
        f"\n## `{table.name}`\n{table.row}\n\n{_format_columns(table.columns)}" for table in tables
    )


def _format_columns(columns: Iterable[Column]) -> str:
    lines = (f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning} |\n" for c in columns)
    return "| column | type | unit | meaning |\n|---|---|---|---|\n" + "".join(lines)
