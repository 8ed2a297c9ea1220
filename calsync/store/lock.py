"""Provides the lock that lets one night run at a time; it is released when its process ends in any way.

Next to an SQLite file there is `<file>.lock`, an empty database whose exclusive transaction is the lock. The
operating system releases it, on Windows too, which has no flock. On PostgreSQL it is an advisory lock of a
session; PgBouncer's transaction pooling does not keep these, so calsync must connect to the server itself.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from calsync.errors import StoreError
from calsync.private_files import create_private_file
from calsync.store.connections import Database, parse_store_url, sqlite_file, translate_errors

# `is_night_locked` locks the file for a moment; a night waits that long.
_LOCK_WAIT_SECONDS = 1.0
_ADVISORY_KEYS = {"class": 0x63616C73, "object": 0x796E6301}  # "cals", "ync" and a one


@contextmanager
def night_lock(url: str) -> Iterator[None]:
    """Hold the lock for nights; raises StoreError at once if another process has it.

    A database in memory belongs to one process and needs no lock.
    """
    parsed = parse_store_url(url)
    path = sqlite_file(parsed)
    if parsed.drivername != "sqlite":
        with _server_lock(url):
            yield
    elif path is not None:
        with _file_lock(_lock_file_path(path)):
            yield
    else:
        yield


def is_night_locked(database: Database) -> bool:
    """Whether a running process, this one or another, holds the lock for nights."""
    path = sqlite_file(database.url)
    if database.url.drivername != "sqlite":
        return _is_server_locked(database)
    return path is None or _is_file_locked(_lock_file_path(path))


def _already_running_error() -> StoreError:
    return StoreError("another night is running", "wait until it has ended: `calsync status` shows it")


def _lock_file_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        create_private_file(path)
        connection = sqlite3.connect(
            path, timeout=_LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: cannot be made", "make its folder, and let calsync write there") from error
    with closing(connection):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise _lock_error(path, error) from error
        yield


def _lock_error(path: Path, error: sqlite3.Error) -> StoreError:
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return _already_running_error()
    return StoreError(f"{path}: {error}", "remove this file if no night is running")


def _is_file_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=0)) as reader:
        try:
            reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            return True
    return False


@contextmanager
def _server_lock(url: str) -> Iterator[None]:
    database = Database(url)
    try:
        with translate_errors(database.url):
            connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            with translate_errors(database.url):
                is_acquired = connection.execute(
                    text("SELECT pg_try_advisory_lock(:class, :object)"), _ADVISORY_KEYS
                ).scalar_one()
            if not is_acquired:
                raise _already_running_error()
            try:
                yield
            finally:
                # The end of the session would release it too, but only a moment later.
                with suppress(SQLAlchemyError):
                    connection.execute(text("SELECT pg_advisory_unlock(:class, :object)"), _ADVISORY_KEYS)
    finally:
        database.close()


def _is_server_locked(database: Database) -> bool:
    query = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
        "WHERE locktype = 'advisory' AND granted AND datname = current_database() "
        "AND classid = :class AND objid = :object AND objsubid = 2"
    )
    with database.reading() as connection:
        return bool(connection.execute(query, _ADVISORY_KEYS).scalar_one())
