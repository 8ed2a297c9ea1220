"""A store is created, migrated, or refused with a hint."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from support.builders import MONDAY, at

from calsync.errors import StoreError
from calsync.store.connections import Database
from calsync.store.database import open_store
from calsync.store.migrate import _alembic_config
from calsync.store.schema import VERSION_TABLE, metadata

OPENER = """
import sys
from calsync.store.database import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).close()
"""


@contextmanager
def tables(url: str) -> Iterator[Connection]:
    database = Database(url)
    with closing(database), database.writing() as connection:
        yield connection


def opening_error(url: str) -> str:
    with pytest.raises(StoreError) as error, open_store(url):
        pass
    assert error.value.hint
    return str(error.value)


def test_the_migrations_build_exactly_the_tables_in_the_schema(url: str) -> None:
    with tables(url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True},
        )
        assert compare_metadata(context, metadata) == []


def test_the_comparison_finds_a_missing_index_and_another_type(url: str) -> None:
    # Guards the test above, which passes as well if it compares nothing.
    with tables(url) as connection:
        connection.execute(text("DROP INDEX ix_calendars_manager_id"))
        connection.execute(text("ALTER TABLE runs ADD COLUMN more TEXT"))
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert len(compare_metadata(context, metadata)) == 2


def test_the_migrations_can_be_undone(url: str) -> None:
    with tables(url) as connection:
        command.downgrade(_alembic_config(connection), "base")
        assert inspect(connection).get_table_names() == [VERSION_TABLE]
    open_store(url).close()


def test_a_failed_migration_changes_nothing(bare_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise StoreError("the power failed", "never mind")

    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda *given: (upgrade(*given), fail()))
    assert "the power failed" in opening_error(bare_url)
    with tables(bare_url) as connection:
        assert inspect(connection).get_table_names() == []


@pytest.mark.slow
def test_processes_that_open_a_new_store_at_once_all_succeed(bare_url: str) -> None:
    command = [sys.executable, "-c", OPENER, bare_url]
    openers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [opener.stdout and opener.stdout.readline() for opener in openers] == ["ready\n"] * 4
    for opener in openers:
        assert opener.stdin
        opener.stdin.write("go\n")
        opener.stdin.flush()
    for opener in openers:
        opener.communicate(timeout=60)
    assert [opener.returncode for opener in openers] == [0] * 4


def test_stored_data_is_there_when_opened_again(url: str) -> None:
    with open_store(url) as store:
        store.runs.begin(MONDAY, at("04:15"))
    with open_store(url) as store:
        assert [night.night for night in store.runs.nights(7)] == [MONDAY]


def test_a_store_of_a_newer_calsync_is_refused(url: str) -> None:
    with tables(url) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'of_2031'"))
    assert "newer calsync (schema of_2031) (update calsync on this machine" in opening_error(url)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    message = opening_error(f"sqlite:///{tmp_path}/nowhere/calsync.db")
    assert "nowhere/calsync.db: cannot be made" in message
    assert "make its folder" in message


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}: unable to open database file" in opening_error(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_named_and_not_changed(tmp_path: Path) -> None:
    (tmp_path / "letter.doc").write_text("Dear colleague, " * 100)
    assert "not a database (this file is something else" in opening_error(f"sqlite:///{tmp_path}/letter.doc")
    assert (tmp_path / "letter.doc").read_text().startswith("Dear colleague")


@pytest.mark.parametrize(
    "url",
    [
        "calsync.db",
        "",
        "mysql://host/calsync",
        "postgresql+psycopg2://host/calsync",
        "sqlite:///file:a.db?uri=true",
        "postgresql://u:s3cret@host:port/x",
    ],
)
def test_an_invalid_address_is_refused_with_valid_forms(url: str) -> None:
    message = opening_error(url)
    assert "sqlite:///calsync.db" in message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    "url", ["postgresql://u:s3cret@127.0.0.1/x", "postgresql://u@127.0.0.1/x?password=s3cret"]
)
def test_a_password_in_the_address_is_refused_and_not_repeated(url: str) -> None:
    message = opening_error(url)
    assert "PGPASSWORD" in message
    assert "s3cret" not in message


def test_a_missing_driver_is_an_error_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'psycopg[binary]'" in opening_error("postgresql://u@127.0.0.1/x")


def test_a_server_that_does_not_answer_is_named() -> None:
    message = opening_error("postgresql://calsync@127.0.0.1:1/calsync")
    assert "127.0.0.1:1/calsync" in message
    assert "is the server up" in message


@pytest.mark.postgres
def test_a_missing_database_is_an_error_with_how_to_create_it(server: Any) -> None:
    assert "createdb NAME" in opening_error(server.url("nowhere"))


@pytest.mark.postgres
def test_a_wrong_password_is_not_repeated(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    message = opening_error(server.url("postgres"))
    assert "set PGPASSWORD" in message
    assert "s3cret" not in message


def test_a_database_with_other_tables_of_our_names_is_refused(bare_url: str) -> None:
    with tables(bare_url) as connection:
        connection.execute(text("CREATE TABLE meetings (other TEXT)"))
    assert "already exists" in opening_error(bare_url)


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/calsync.db"):
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("calsync.db", "calsync.db-wal", "calsync.db-shm"), 0o600)


def test_sqlite_is_set_for_durable_writes_next_to_readers(tmp_path: Path) -> None:
    with tables(f"sqlite:///{tmp_path}/a.db") as connection:
        pragmas = {
            p: connection.execute(text(f"PRAGMA {p}")).scalar()
            for p in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_store_in_memory_is_one_store_for_all_threads() -> None:
    with open_store("sqlite://") as store, ThreadPoolExecutor(1) as pool:
        store.runs.begin(MONDAY, at("04:15"))
        assert len(pool.submit(store.runs.nights, 7).result()) == 1
