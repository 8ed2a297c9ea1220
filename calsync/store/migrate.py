"""Brings a database to the schema of this version of calsync; no file and no command needed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, func, inspect, select, table

from calsync.errors import StoreError
from calsync.store.connections import Database, printable_url
from calsync.store.schema import VERSION_TABLE

# Alembic is imported only where a store must be migrated: its import takes as long as all else that
# `calsync status` does (docs/benchmarks.md).
if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x63616C73_796E6300  # "calsync" and a zero: who holds this in PostgreSQL migrates


def migrate_store(database: Database) -> None:
    """Create the tables or migrate them; does nothing where they stand; one process at a time.

    Raises StoreError if a newer calsync wrote them. A migration is applied whole or not at all.
    """
    with database.reading() as connection:
        revision = current_revision(connection)
    if revision == latest_revision():
        return
    from alembic import command

    _check_revision(database, revision)
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        command.upgrade(_alembic_config(connection), "head")


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at, or None where calsync has never been."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    revision: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return revision


def latest_revision() -> str | None:
    """The revision that no other follows, read from the text of the migrations; None if it is not one."""
    texts = [path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("*.py")]
    own, followed = (
        {name for text in texts for name in re.findall(rf'^{key}\b[^=]*= "(\w+)"', text, re.MULTILINE)}
        for key in ("revision", "down_revision")
    )
    latest = own - followed
    return latest.pop() if len(latest) == 1 else None


def _check_revision(database: Database, revision: str | None) -> None:
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    script = ScriptDirectory.from_config(_alembic_config())
    try:
        script.get_revisions(revision or ())
    except CommandError as error:
        raise StoreError(
            f"{printable_url(database.url)}: written by a newer calsync (schema {revision})",
            "bring calsync up to date on this machine, too",
        ) from error


def _alembic_config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
