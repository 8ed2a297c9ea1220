"""A door to one database, SQLite or PostgreSQL: reading, writing, and its errors in our words."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, Insert, StaticPool, Table, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from calsync.errors import StoreError

BUSY_SECONDS = 30
_FORMS = "write sqlite:///calsync.db or postgresql+psycopg://user@host/name"
_DRIVERS = {"sqlite": "sqlite", "sqlite+pysqlite": "sqlite"} | dict.fromkeys(
    ("postgres", "postgresql", "postgresql+psycopg"), "postgresql+psycopg"
)
_HINTS = (
    ("unable to open database file", "make its folder, and let calsync write there"),
    ("readonly database", "let calsync write to the file and to its folder"),
    ("not a database", "this file is something else: name another in [store] url"),
    ("malformed", "the file is damaged: put a backup in its place, or move it away to start anew"),
    ("is locked", f"another program wrote for over {BUSY_SECONDS} seconds: try again when it is done"),
    ("is full", "make room on the disk"),
    ("disk i/o error", "look at the disk; SQLite wants a local one, not a network share"),
    ("locking protocol", "SQLite wants a local disk, not a network share: move it, or use PostgreSQL"),
    ("password", "set PGPASSWORD, or write the password into ~/.pgpass"),
    ("permission denied", "grant calsync's user the right to create and write tables"),
    ("already exists", "the database holds another program's tables: give calsync one of its own"),
    ("pg_hba", "let calsync's user in from this machine (pg_hba.conf on the server)"),
    ('database "', "make it on the server: createdb NAME"),
    ('role "', "make it on the server: createuser NAME"),
    ("connection", "is the server up, and are its name and port right?"),
)


class Database:
    """Connections to one database; every transaction ends in a commit, or leaves no trace."""

    def __init__(self, address: str) -> None:
        self.url = checked(address)
        self.engine = _engine(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database and changes nothing."""
        with told(self.url), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction: committed at the end, rolled back on any error."""
        # IMMEDIATE: two writers that both read first could otherwise deadlock at their first write.
        writer = self.engine.execution_options(begin="BEGIN IMMEDIATE")
        with told(self.url), writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_nothing`, in the connection's own dialect."""
    statement: Insert
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(table)
    else:
        from sqlalchemy.dialects import postgresql

        statement = postgresql.insert(table)
    return statement


def checked(address: str) -> URL:
    """The address with its driver; raises StoreError, which never quotes what it could not read."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the store's address cannot be read", _FORMS) from error
    if url.drivername not in _DRIVERS:
        raise StoreError(f"calsync cannot keep its store in {url.drivername}", _FORMS)
    if url.password is not None or "password" in url.query:
        raise StoreError(
            "the store's address holds a password",
            "take it out of [store] url and set PGPASSWORD, or write it into ~/.pgpass",
        )
    if (url.database or "").startswith("file:"):
        raise StoreError("the store's address is a file: URI", _FORMS)
    return url.set(drivername=_DRIVERS[url.drivername])


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory or on a server."""
    in_memory = url.database in (None, "", ":memory:")
    return None if in_memory or url.drivername != "sqlite" else Path(str(url.database)).resolve()


def shown(url: URL) -> str:
    """The address as it may be printed."""
    return str(file_of(url) or url.render_as_string(hide_password=True))


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Turn an error of the database or its driver into a StoreError with the way out."""
    try:
        yield
    except SQLAlchemyError as error:
        lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        what = lines[0]
        raise StoreError(f"{shown(url)}: {what}", _hint(what.lower())) from error


def _hint(said: str) -> str:
    return next((hint for part, hint in _HINTS if part in said), "")


def _engine(url: URL) -> Engine:
    # Parameters are hidden in error texts: they may hold a meeting's title.
    common: dict[str, Any] = {"hide_parameters": True, "json_serializer": _json}
    if url.drivername == "sqlite":
        return _sqlite(url, common)
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
    try:
        return create_engine(
            url, pool_pre_ping=True, connect_args={"application_name": "calsync", **patience}, **common
        )
    except ImportError as error:
        raise StoreError("the driver for PostgreSQL is missing", "pip install 'psycopg[binary]'") from error


def _sqlite(url: URL, common: dict[str, Any]) -> Engine:
    path = file_of(url)
    if path is not None and not path.exists():
        _create(path)
    # A database in memory lives in its one connection, which all threads must share.
    pool = {} if path else {"poolclass": StaticPool}
    engine = create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **pool, **common
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _create(path: Path) -> None:
    try:
        path.touch(mode=0o600)  # people's calendars: for their keeper's eyes only
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be made ({error.strerror})", "make its folder, and let calsync write there"
        ) from error


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Python's driver opens transactions late and only before writes; `_begin` opens them instead.
    connection.isolation_level = None
    # Of a file that is made now; a meeting takes some 600 bytes, of which a page of 4096 wastes a part.
    connection.execute("PRAGMA page_size=16384")
    connection.execute("PRAGMA foreign_keys=ON")
    _log_ahead(connection)
    # FULL: in WAL, NORMAL may forget the last commits when power fails. A forgotten claim is a mail
    # sent twice. The price is one fsync a transaction, some hundreds a night.
    connection.execute("PRAGMA synchronous=FULL")


def _log_ahead(connection: sqlite3.Connection) -> None:
    # A file is switched to WAL once, by whoever opens it first. SQLite does not wait for others that
    # open it at the same moment, whatever the busy timeout says; so we do.
    for tries_left in reversed(range(BUSY_SECONDS * 20)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not tries_left:
                raise
            sleep(0.05)
        else:
            return


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
