"""A server that ends its sessions, and a file that is checked, while the store is in use."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from support.builders import at

from calsync.errors import StoreError
from calsync.store.connections import Database
from calsync.store.database import open_store
from calsync.store.records import MailState

NOW = at("05:00")


def end_sessions(server: Any, name: str) -> None:
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


@pytest.mark.postgres
def test_a_session_that_ends_in_a_transaction_is_a_store_error_with_a_hint(server: Any, template: str):
    name = server.new_database(template)
    database = Database(server.url(name))
    with pytest.raises(StoreError) as caught, database.writing() as connection:
        connection.execute(text("SELECT 1"))
        end_sessions(server, name)
        connection.execute(text("SELECT 1"))
    database.close()
    assert name in caught.value.what and caught.value.hint


@pytest.mark.postgres
def test_a_session_that_ended_between_mails_is_opened_again_and_the_claim_is_recorded(
    server: Any, template: str
):
    name = server.new_database(template)
    with open_store(server.url(name)) as store:
        store.outbox.queue("m", "a@x.example", "s", "<m@x>", b"", NOW)
        end_sessions(server, name)
        assert store.outbox.claim(NOW, timedelta(minutes=15))
    with open_store(server.url(name)) as store:
        assert [mail.state for mail in store.outbox.entries()] == [MailState.SENDING]


def test_reading_from_a_new_connection_releases_no_lock_of_this_process(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/calsync.db")
    inode = f":{(tmp_path / 'calsync.db').stat().st_ino}"

    def locks() -> int:
        return sum(line.split()[5].endswith(inode) for line in Path("/proc/locks").read_text().splitlines())

    with database.reading() as connection:
        connection.execute(text("SELECT * FROM sqlite_schema")).all()
        before = locks()
        with database.reading_from_new_connection() as other:
            other.execute(text("SELECT * FROM sqlite_schema")).all()
        assert locks() == before > 0
    database.close()
