"""Brings a database to the schema of this version of calsync; no file and no command needed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, func, select

from calsync.errors import StoreError
from calsync.store.engine import Database, shown
from calsync.store.schema import VERSION_TABLE

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x63616C73_796E6300  # "calsync" and a zero: who holds this in PostgreSQL migrates


def bring_up_to_date(database: Database) -> None:
    """Create the tables or migrate them; does nothing where they stand; one process at a time.

    Raises StoreError if a newer calsync wrote them. A migration is applied whole or not at all.
    """
    script = ScriptDirectory.from_config(_config())
    with database.reading() as connection:
        revision = current(connection)
    if revision == script.get_current_head():
        return
    _check_known(database, script, revision)
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        command.upgrade(_config(connection), "head")


def current(connection: Connection) -> str | None:
    """The revision the database is at, or None where calsync has never been."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _check_known(database: Database, script: ScriptDirectory, revision: str | None) -> None:
    try:
        script.get_revisions(revision or ())
    except CommandError as error:
        raise StoreError(
            f"{shown(database.url)}: written by a newer calsync (schema {revision})",
            "bring calsync up to date: pip install --upgrade calsync",
        ) from error


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
