"""Migrates a database to the schema of this version of calsync; `database.open_store` calls it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, func, inspect, select, table

from calsync.errors import StoreError
from calsync.store.connections import Database, printable_url
from calsync.store.schema import VERSION_TABLE

# Alembic is imported only where a store must be migrated: its import takes as long as everything else that
# `calsync status` does (docs/benchmarks.md).
if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x63616C73_796E6300  # "calsync" and a zero


def migrate_store(database: Database) -> None:
    """Create or migrate the tables, if necessary; one process at a time, whole or not at all.

    Raises:
        StoreError: A newer calsync wrote the tables.
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
    """Return the revision of the database; None if calsync has not written to it yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    revision: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return revision


def latest_revision() -> str | None:
    """Return the revision that no other follows, from the migrations' text; None if there are several."""
    texts = [path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("*.py")]
    revisions, followed = (
        {name for text in texts for name in re.findall(rf'^{key}\b[^=]*= "(\w+)"', text, re.MULTILINE)}
        for key in ("revision", "down_revision")
    )
    latest = revisions - followed
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
            "update calsync on this machine too",
        ) from error


def _alembic_config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
