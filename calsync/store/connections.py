"""A door to one database, SQLite or PostgreSQL: reading, writing, and its errors in our words."""

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
_DAMAGED_HINT = "the file is damaged: put a backup in its place, or move it away to start anew"
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
    """Connections to one database; every transaction ends in a commit, or leaves no trace."""

    def __init__(self, address: str) -> None:
        self.url = parse_store_url(address)
        self.engine = _build_engine(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database and changes nothing."""
        with translate_errors(self.url), self.engine.connect() as connection:
            self._check_connection_file(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction: committed at the end, rolled back on any error.

        Raises StoreError as well if the file that was written to is no longer the one at its path.
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
        """Give a connection that was opened by the address just now, so that it sees what others see.

        An open connection to an SQLite file keeps working, pages in memory and all, after the file was
        deleted, emptied or overwritten. A server's answer needs no second look.
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
        """Take from an SQLite store and the files beside it the rights of all but their owner."""
        path = sqlite_file(self.url)
        for ending in ("", "-wal", "-shm", ".lock") if path else ():
            restrict_to_owner(Path(f"{path}{ending}"))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def _check_connection_file(self, connection: Connection) -> None:
        connection.connection  # noqa: B018 - opens the connection, which notes its file in `info`
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
                f"{path}: the store has gone while it was in use ({error.strerror})", _LOST_HINT
            ) from error
        if identity != info[_FILE_KEY]:
            raise StoreError(
                f"{path}: another file took the place of the store while it was in use", _LOST_HINT
            )


def dialect_insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_nothing`, in the connection's own dialect."""
    statement: Insert
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(table)
    else:
        from sqlalchemy.dialects import postgresql

        statement = postgresql.insert(table)
    return statement


def parse_store_url(address: str) -> URL:
    """The address with its driver; raises StoreError, which never quotes what it could not read."""
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
    """The file of an SQLite database; None for one in memory or on a server."""
    in_memory = url.database in (None, "", ":memory:")
    return None if in_memory or url.drivername != "sqlite" else Path(str(url.database)).resolve()


def printable_url(url: URL) -> str:
    """The address as it may be printed."""
    return str(sqlite_file(url) or url.render_as_string(hide_password=True))


@contextmanager
def translate_errors(url: URL) -> Iterator[None]:
    """Turn an error of the database or its driver into a StoreError with the way out."""
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
        # A date, a JSON text, a state or a message of SQLite itself with bytes that nobody wrote so.
        raise StoreError(
            f"{printable_url(url)}: holds a value that cannot be read ({error})", _DAMAGED_HINT
        ) from error


def _hint_for(said: str) -> str:
    return next((hint for part, hint in _HINTS if part in said), "")


def _build_engine(url: URL, *, unpooled: bool = False) -> Engine:
    # Parameters are hidden in error texts: they may hold a meeting's title.
    common: dict[str, Any] = {"hide_parameters": True, "json_serializer": _to_json}
    if url.drivername == "sqlite":
        return _build_sqlite_engine(url, common, unpooled=unpooled)
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
    try:
        return create_engine(
            url, pool_pre_ping=True, connect_args={"application_name": "calsync", **patience}, **common
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
    """An engine whose every connection is new and takes the file as it is, without switching it to WAL."""
    engine = create_engine(url, creator=lambda: _connect(path, seconds=5), poolclass=NullPool, **common)
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _create_file(path: Path) -> None:
    """Make the file where it is missing, for its owner only."""
    try:
        create_private_file(path)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be made ({error.strerror})", "make its folder, and let calsync write there"
        ) from error


def _check_header(path: Path) -> None:
    """Raise StoreError if the file itself is no database, though all its pages may be found in its log.

    Opened as immutable, SQLite reads the file without its log. Python's own `open` must not be used: to
    close a file frees every lock that this process has on it (fcntl(2)), those of SQLite, too.
    """
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as looker:
        try:
            looker.execute("PRAGMA schema_version").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}", _DAMAGED_HINT) from error


def _connect(path: Path, seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    # mode=rw: SQLite would otherwise make a new, empty store where somebody has deleted ours.
    # Python's driver opens transactions late and only before writes; `_begin` opens them instead.
    return sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=seconds, check_same_thread=False, isolation_level=None
    )


def _file_identity(path: Path) -> tuple[int, int]:
    identity = path.stat()
    return identity.st_dev, identity.st_ino


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # as in `_connect`, for a database in memory
    # Of a file that is made now; a meeting takes some 600 bytes, of which a page of 4096 wastes a part.
    connection.execute("PRAGMA page_size=16384")
    connection.execute("PRAGMA foreign_keys=ON")
    _enable_wal(connection)
    # FULL: in WAL, NORMAL may forget the last commits when power fails. A forgotten claim is a mail
    # sent twice. The price is one fsync a transaction, some hundreds a night.
    connection.execute("PRAGMA synchronous=FULL")


def _enable_wal(connection: sqlite3.Connection) -> None:
    # A file is switched to WAL once, by whoever opens it first. SQLite does not wait for others that
    # open it at the same moment, whatever the busy timeout says; so we do.
    # By the clock, for with a file that was emptied in use each try takes the whole busy timeout.
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
