"""Connects to one database, SQLite or PostgreSQL, and turns its errors into StoreError."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Insert,
    NullPool,
    StaticPool,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from calsync.errors import StoreError
from calsync.private_files import create_private_file, restrict_to_owner

BUSY_SECONDS = 30
_FILE_KEY = "file"
_URL_FORMS = "write sqlite:///calsync.db or postgresql+psycopg://user@host/name"
_DRIVERS = {"sqlite": "sqlite", "sqlite+pysqlite": "sqlite"} | dict.fromkeys(
    ("postgres", "postgresql", "postgresql+psycopg"), "postgresql+psycopg"
)
_DAMAGED_HINT = "the file is damaged: put a backup in its place, or move it away to start with an empty store"
_LOST_HINT = "nothing more was sent; put the file or a backup back, and run the night again"
_HINTS = (
    ("unable to open database file", "make its folder, and let calsync write there"),
    ("readonly database", "let calsync write to the file and to its folder"),
    ("not a database", "this file is something else: name another in [store] url"),
    ("malformed", _DAMAGED_HINT),
    ("no such table", _DAMAGED_HINT),
    ("no such column", _DAMAGED_HINT),
    ("could not decode", _DAMAGED_HINT),
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
    """Connections to one database; a transaction is committed whole or rolled back."""

    def __init__(self, address: str) -> None:
        self.url = parse_store_url(address)
        self.engine = _build_engine(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that reads one state of the database and changes nothing."""
        with translate_errors(self.url), self.engine.connect() as connection:
            self._check_connection_file(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction: committed at the end, rolled back on any error.

        Raises:
            StoreError: The database fails, or the file that was written to is no longer the one at its path.
        """
        # IMMEDIATE: two writers that both read first could otherwise deadlock at their first write.
        writer = self.engine.execution_options(begin="BEGIN IMMEDIATE")
        with translate_errors(self.url):
            with writer.begin() as connection:
                self._check_connection_file(connection)
                yield connection
                info = connection.info
            self._check_file(info)

    @contextmanager
    def reading_from_new_connection(self) -> Iterator[Connection]:
        """Yield a connection that was opened just now, so that it reads what another process would read.

        An open connection to an SQLite file keeps working, pages in memory and all, after the file was
        deleted, emptied or overwritten. A connection to a server has no such problem.
        """
        path = sqlite_file(self.url)
        if path is None:
            with self.reading() as connection:
                yield connection
            return
        with translate_errors(self.url):
            _check_header(path)
            engine = _build_engine(self.url, unpooled=True)
            with engine.connect() as connection:
                yield connection

    def close_files_to_others(self) -> None:
        """Restrict an SQLite store and the files that belong to it to their owner."""
        path = sqlite_file(self.url)
        for ending in ("", "-wal", "-shm", ".lock") if path else ():
            restrict_to_owner(Path(f"{path}{ending}"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _check_connection_file(self, connection: Connection) -> None:
        connection.connection  # noqa: B018 - opens the connection, which stores its file in `info`
        self._check_file(connection.info)

    def _check_file(self, info: Mapping[Any, Any]) -> None:
        """Raise StoreError if the file of an open connection is no longer the one at its path."""
        path = sqlite_file(self.url)
        if path is None:
            return
        try:
            identity = _file_identity(path)
        except OSError as error:
            raise StoreError(
                f"{path}: the store was deleted while it was in use ({error.strerror})", _LOST_HINT
            ) from error
        if identity != info[_FILE_KEY]:
            raise StoreError(
                f"{path}: another file took the place of the store while it was in use", _LOST_HINT
            )


def dialect_insert(connection: Connection, table: Table) -> Any:
    """Return an INSERT of the connection's dialect, which has `on_conflict_do_nothing`."""
    statement: Insert
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(table)
    else:
        from sqlalchemy.dialects import postgresql

        statement = postgresql.insert(table)
    return statement


def parse_store_url(address: str) -> URL:
    """Return the address with its driver; raises StoreError, which never quotes the address (passwords)."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the store's address cannot be read", _URL_FORMS) from error
    if url.drivername not in _DRIVERS:
        raise StoreError(f"calsync cannot keep its store in {url.drivername}", _URL_FORMS)
    if url.password is not None or "password" in url.query:
        raise StoreError(
            "the store's address holds a password",
            "take it out of [store] url and set PGPASSWORD, or write it into ~/.pgpass",
        )
    if (url.database or "").startswith("file:"):
        raise StoreError("the store's address is a file: URI", _URL_FORMS)
    return url.set(drivername=_DRIVERS[url.drivername])


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite database; None for one in memory or on a server."""
    in_memory = url.database in (None, "", ":memory:")
    return None if in_memory or url.drivername != "sqlite" else Path(str(url.database)).resolve()


def printable_url(url: URL) -> str:
    """Return the address as it may be printed."""
    return str(sqlite_file(url) or url.render_as_string(hide_password=True))


@contextmanager
def translate_errors(url: URL) -> Iterator[None]:
    """Turn an error of the database or its driver into a StoreError with a hint."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        # SQLite quotes a text that it cannot decode: it may be a meeting's title.
        what = lines[0].partition(" with text ")[0]
        raise StoreError(f"{printable_url(url)}: {what}", _hint_for(what.lower())) from error
    except OSError as error:
        raise StoreError(f"{printable_url(url)}: {error.strerror or error}", _LOST_HINT) from error
    except ValueError as error:
        # The content is damaged: a date, a JSON text, a state, or an error message of SQLite itself.
        raise StoreError(
            f"{printable_url(url)}: holds a value that cannot be read ({error})", _DAMAGED_HINT
        ) from error


def _hint_for(message: str) -> str:
    return next((hint for part, hint in _HINTS if part in message), "")


def _build_engine(url: URL, *, unpooled: bool = False) -> Engine:
    # Parameters are hidden in error texts: they may hold a meeting's title.
    common: dict[str, Any] = {"hide_parameters": True, "json_serializer": _to_json}
    if url.drivername == "sqlite":
        return _build_sqlite_engine(url, common, unpooled=unpooled)
    timeout = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
    try:
        return create_engine(
            url, pool_pre_ping=True, connect_args={"application_name": "calsync", **timeout}, **common
        )
    except ImportError as error:
        raise StoreError("the driver for PostgreSQL is missing", "pip install 'psycopg[binary]'") from error


def _build_sqlite_engine(url: URL, common: dict[str, Any], *, unpooled: bool) -> Engine:
    path = sqlite_file(url)
    if path is None:
        # A database in memory lives in its one connection, which all threads must share.
        engine = create_engine(url, connect_args={"check_same_thread": False}, poolclass=StaticPool, **common)
    else:
        if unpooled:
            return _build_unpooled_engine(url, path, common)
        _create_file(path)
        engine = create_engine(url, creator=lambda: _connect(path), **common)
        event.listen(
            engine, "connect", lambda _, record: record.info.update({_FILE_KEY: _file_identity(path)})
        )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _build_unpooled_engine(url: URL, path: Path, common: dict[str, Any]) -> Engine:
    """Return an engine that opens a new connection each time and does not switch the file to WAL."""
    engine = create_engine(url, creator=lambda: _connect(path, seconds=5), poolclass=NullPool, **common)
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _create_file(path: Path) -> None:
    """Create the file if it is missing, readable by its owner only."""
    try:
        create_private_file(path)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be made ({error.strerror})", "make its folder, and let calsync write there"
        ) from error


def _check_header(path: Path) -> None:
    """Raise StoreError if the file itself is no database, even if its WAL contains all pages.

    Opened as immutable, SQLite reads the file without its WAL. Python's own `open` must not be used: closing
    a file releases every lock that this process has on it (fcntl(2)), including those of SQLite.
    """
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as reader:
        try:
            reader.execute("PRAGMA schema_version").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}", _DAMAGED_HINT) from error


def _connect(path: Path, seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    # mode=rw: otherwise SQLite would create a new, empty store if ours had been deleted.
    # Python's driver opens transactions late and only before writes; `_begin_transaction` opens them instead.
    return sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=seconds, check_same_thread=False, isolation_level=None
    )


def _file_identity(path: Path) -> tuple[int, int]:
    identity = path.stat()
    return identity.st_dev, identity.st_ino


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # as in `_connect`, for a database in memory
    # For a file that is created now. A meeting takes about 600 bytes; pages of 4096 bytes waste space.
    connection.execute("PRAGMA page_size=16384")
    connection.execute("PRAGMA foreign_keys=ON")
    _enable_wal(connection)
    # FULL: with WAL, NORMAL may lose the last commits when power fails. A lost claim would be a mail that is
    # sent twice. FULL costs one fsync a transaction, some hundreds a night.
    connection.execute("PRAGMA synchronous=FULL")


def _enable_wal(connection: sqlite3.Connection) -> None:
    # The first process that opens a file switches it to WAL. SQLite ignores the busy timeout here and fails
    # if another process does the same at this moment, so this loop waits. It measures the time, because with
    # a file that was emptied while in use each try takes the whole busy timeout.
    deadline = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.05)
        else:
            return


def _begin_transaction(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
