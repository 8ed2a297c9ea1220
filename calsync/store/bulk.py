"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

SQLAlchemy's own way costs some ten microseconds a row more, which is half of what a meeting costs on
its way from a calendar to the store.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Date,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from calsync.model.localtime import to_naive_local
from calsync.store.rows import Row
from calsync.store.schema import UtcDateTime

CellConverter = Callable[[Any], Any]


_MAX_NAMES = 500
"""How many names a query lists at most: databases limit it."""


def split_for_query(names: Sequence[str]) -> list[Sequence[str]]:
    """Names in parts that one query may list."""
    return [names[start : start + _MAX_NAMES] for start in range(0, len(names), _MAX_NAMES)]


def select_all_columns(table: Table) -> Select[Any]:
    """A query of whole rows, in the order of the columns, JSON as the text that is kept."""
    return select(*(cast(c, Text) if isinstance(c.type, JSON) else c for c in table.c))


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose cells stand in the order of the table's columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy_rows(connection, table, rows)
        return
    names = ", ".join(f'"{column.name}"' for column in table.c)
    marks = ", ".join("?" * len(table.c))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of our own
    driver: Any = connection.connection.driver_connection
    try:
        # Row by row from where it was made to where it is bound, while the processor has it at hand.
        driver.executemany(statement, _converted_rows(table, rows, _SQLITE_CONVERTERS))
    except sqlite3.Error as error:
        raise DBAPIError(statement, (), error, hide_parameters=True) from error


def delete_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Delete the rows of these keys."""
    if rows:
        connection.execute(
            delete(table).where(*_key_conditions(table)), [_key_values(table, row) for row in rows]
        )


def update_rows(connection: Connection, table: Table, pairs: Iterable[tuple[Row, Row]]) -> None:
    """Make rows what they should be; each pair is a row as it is kept and as it should be, of one key.

    Only the cells that differ are written: a change of a title moves no index.
    """
    rows_by_changed_columns: dict[tuple[int, ...], list[Row]] = {}
    for before, after in pairs:
        column_indexes = tuple(
            column_index for column_index, cell in enumerate(after) if cell != before[column_index]
        )
        rows_by_changed_columns.setdefault(column_indexes, []).append(after)
    for column_indexes, rows in rows_by_changed_columns.items():
        _update_columns(connection, table, column_indexes, rows)


def _update_columns(connection: Connection, table: Table, places: Sequence[int], rows: Sequence[Row]) -> None:
    columns = list(table.c)
    names = {column_index: f"new_{columns[column_index].name}" for column_index in places}
    new: dict[Column[Any], Any] = {
        columns[column_index]: bindparam(name) for column_index, name in names.items()
    }
    values = [
        _key_values(table, row)
        | {
            name: _bind_value(columns[column_index], row[column_index])
            for column_index, name in names.items()
        }
        for row in rows
    ]
    connection.execute(update(table).where(*_key_conditions(table)).values(new), values)


def _key_conditions(table: Table) -> list[ColumnElement[bool]]:
    return [key == bindparam(f"key_{key.name}") for key in table.primary_key.columns]


def _key_values(table: Table, row: Row) -> dict[str, Any]:
    """The key of a row, which is in its first cells."""
    return {f"key_{key.name}": cell for key, cell in zip(table.primary_key.columns, row, strict=False)}


def _bind_value(column: Column[Any], cell: object) -> object:
    """A cell as SQLAlchemy takes it, which writes JSON itself."""
    return json.loads(str(cell)) if isinstance(column.type, JSON) else cell


def _copy_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in _converted_rows(table, rows, _POSTGRESQL_CONVERTERS):
            copy.write_row(row)


def _to_sqlite_text(moment: datetime | None) -> str | None:
    return to_naive_local(moment.astimezone(UTC)).isoformat(" ", "microseconds") if moment else None


def _to_naive_utc(moment: datetime | None) -> datetime | None:
    return moment and to_naive_local(moment.astimezone(UTC))


_SQLITE_CONVERTERS: dict[type, CellConverter] = {UtcDateTime: _to_sqlite_text, Date: date.isoformat}
_POSTGRESQL_CONVERTERS: dict[type, CellConverter] = {UtcDateTime: _to_naive_utc}


def _converted_rows(table: Table, rows: Sequence[Row], ways: dict[type, CellConverter]) -> Iterator[Row]:
    """Each row with the cells that the driver wants otherwise; equal cells are turned once."""
    column_indexes = [
        (column_index, ways[type(c.type)]) for column_index, c in enumerate(table.c) if type(c.type) in ways
    ]
    converted: dict[Any, Any] = {}
    for row in rows:
        cells = list(row)
        for column_index, converter in column_indexes:
            cell = cells[column_index]
            written = converted.get(cell)
            if written is None:
                written = converted[cell] = converter(cell)
            cells[column_index] = written
        yield tuple(cells)
