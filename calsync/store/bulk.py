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

from calsync.model.wall import wall_of
from calsync.store.rows import Row
from calsync.store.schema import Instant

Cell = Callable[[Any], Any]


_SOME = 500
"""How many names a query lists at most: databases limit it."""


def parts(names: Sequence[str]) -> list[Sequence[str]]:
    """Names in parts that one query may list."""
    return [names[start : start + _SOME] for start in range(0, len(names), _SOME)]


def every_column(table: Table) -> Select[Any]:
    """A query of whole rows, in the order of the columns, JSON as the text that is kept."""
    return select(*(cast(c, Text) if isinstance(c.type, JSON) else c for c in table.c))


def insert_all(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose cells stand in the order of the table's columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
        return
    names = ", ".join(f'"{column.name}"' for column in table.c)
    marks = ", ".join("?" * len(table.c))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of our own
    driver: Any = connection.connection.driver_connection
    try:
        # Row by row from where it was made to where it is bound, while the processor has it at hand.
        driver.executemany(statement, _written(table, rows, _SQLITE))
    except sqlite3.Error as error:
        raise DBAPIError(statement, (), error, hide_parameters=True) from error


def delete_all(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Delete the rows of these keys."""
    if rows:
        connection.execute(delete(table).where(*_of_key(table)), [_key(table, row) for row in rows])


def update_all(connection: Connection, table: Table, pairs: Iterable[tuple[Row, Row]]) -> None:
    """Make rows what they should be; each pair is a row as it is kept and as it should be, of one key.

    Only the cells that differ are written: a change of a title moves no index.
    """
    alike: dict[tuple[int, ...], list[Row]] = {}
    for before, after in pairs:
        places = tuple(place for place, cell in enumerate(after) if cell != before[place])
        alike.setdefault(places, []).append(after)
    for places, rows in alike.items():
        _update(connection, table, places, rows)


def _update(connection: Connection, table: Table, places: Sequence[int], rows: Sequence[Row]) -> None:
    columns = list(table.c)
    names = {place: f"new_{columns[place].name}" for place in places}
    new: dict[Column[Any], Any] = {columns[place]: bindparam(name) for place, name in names.items()}
    values = [
        _key(table, row) | {name: _value(columns[place], row[place]) for place, name in names.items()}
        for row in rows
    ]
    connection.execute(update(table).where(*_of_key(table)).values(new), values)


def _of_key(table: Table) -> list[ColumnElement[bool]]:
    return [key == bindparam(f"key_{key.name}") for key in table.primary_key.columns]


def _key(table: Table, row: Row) -> dict[str, Any]:
    """The key of a row, which is in its first cells."""
    return {f"key_{key.name}": cell for key, cell in zip(table.primary_key.columns, row, strict=False)}


def _value(column: Column[Any], cell: object) -> object:
    """A cell as SQLAlchemy takes it, which writes JSON itself."""
    return json.loads(str(cell)) if isinstance(column.type, JSON) else cell


def _copy(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in _written(table, rows, _POSTGRESQL):
            copy.write_row(row)


def _sqlite_moment(moment: datetime | None) -> str | None:
    return wall_of(moment.astimezone(UTC)).isoformat(" ", "microseconds") if moment else None


def _plain_moment(moment: datetime | None) -> datetime | None:
    return moment and wall_of(moment.astimezone(UTC))


_SQLITE: dict[type, Cell] = {Instant: _sqlite_moment, Date: date.isoformat}
_POSTGRESQL: dict[type, Cell] = {Instant: _plain_moment}


def _written(table: Table, rows: Sequence[Row], ways: dict[type, Cell]) -> Iterator[Row]:
    """Each row with the cells that the driver wants otherwise; equal cells are turned once."""
    places = [(place, ways[type(c.type)]) for place, c in enumerate(table.c) if type(c.type) in ways]
    known: dict[Any, Any] = {}
    for row in rows:
        cells = list(row)
        for place, way in places:
            cell = cells[place]
            written = known.get(cell)
            if written is None:
                written = known[cell] = way(cell)
            cells[place] = written
        yield tuple(cells)
