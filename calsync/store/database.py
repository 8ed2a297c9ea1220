"""Opens the store, the one database with everything that calsync stores."""

from types import TracebackType
from typing import Self

from calsync.store.allocations import Allocations
from calsync.store.connections import Database
from calsync.store.corrections import Corrections
from calsync.store.meetings import Meetings
from calsync.store.migrate import migrate_store
from calsync.store.outbox import Outbox
from calsync.store.roster import RosterTable
from calsync.store.runs import Runs


class Store:
    """The tables of the store, by subject; `open_store` makes it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.corrections = Corrections(database)
        self.meetings = Meetings(database, self.corrections)
        self.allocations = Allocations(database)
        self.runs = Runs(database)
        self.outbox = Outbox(database)
        self.roster = RosterTable(database)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str) -> Store:
    """Open the store at this address; its tables are created or migrated where necessary.

    Args:
        url: `sqlite:///file`, `sqlite://` (in memory) or `postgresql+psycopg://user@host/name`. The password
            comes from PGPASSWORD or ~/.pgpass.

    Raises:
        StoreError: The database cannot be opened or migrated.
    """
    database = Database(url)
    try:
        migrate_store(database)
        database.close_files_to_others()
    except BaseException:
        database.close()
        raise
    return Store(database)
