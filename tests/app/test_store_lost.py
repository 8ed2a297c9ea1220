"""A store that is deleted or damaged in mid-run fails the night, and no mail goes out unrecorded."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from support.mail_servers import ScriptedHandler, smtp_server
from support.night_council import LONDON, NIGHT, run_test_night, vcalendar, vevent, write_council

from calsync.app.night import run_night
from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.errors import CalsyncError, StoreError
from calsync.store.connections import Database
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

PSB = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference"))
NAMES = ("ana", "ben", "cai")
AT = datetime(2026, 11, 16, 4, 15, tzinfo=LONDON)


def mailing(folder: Path, port: int, summary: str = "weekly") -> Path:
    """A council in a folder of its own, which can be deleted."""
    mail = (
        f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        'sender = "calsync@brynfelin.example"\ntimeout = 2\n[store]\nurl = "sqlite:///store_folder/calsync.db"\n'
    )
    (folder / "store_folder").mkdir(exist_ok=True)
    return write_council(folder, dict.fromkeys(NAMES, PSB), more=mail, summary=summary)


def delete(store: Path) -> None:
    store.unlink()


def delete_all(store: Path) -> None:
    for path in store.parent.glob("calsync.db*"):
        path.unlink()


def delete_folder(store: Path) -> None:
    shutil.rmtree(store.parent)


def replace_by_copy(store: Path) -> None:
    shutil.copy(store, store.with_name("copy"))
    store.with_name("copy").replace(store)


def replace_by_new(store: Path) -> None:
    delete_all(store)
    open_store(f"sqlite:///{store}").close()


def empty(store: Path) -> None:
    os.truncate(store, 0)


def halve(store: Path) -> None:
    os.truncate(store, 4096)
    store.with_name("calsync.db-wal").unlink()


def overwrite(store: Path) -> None:
    with store.open("r+b") as file:
        file.write(random.Random(1).randbytes(store.stat().st_size))


def delete_log(store: Path) -> None:
    store.with_name("calsync.db-wal").unlink()


HARM = [delete, delete_all, delete_folder, replace_by_copy, replace_by_new, empty, overwrite]


@pytest.fixture(params=HARM, ids=lambda harm: harm.__name__)
def harm(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], None]:
    done = []

    def once() -> None:
        if not done:
            done.append(1)
            request.param(tmp_path / "store_folder" / "calsync.db")

    return once


def failed(config: Path, tmp_path: Path, **options) -> str:
    """Run a night that must fail; what its error says."""
    with pytest.raises(StoreError) as caught:
        run_test_night(config, **options)
    assert "calsync.db" in caught.value.what, "the place"
    assert caught.value.hint
    return str(caught.value)


def test_a_store_lost_before_reading_fails_the_night_and_sends_nothing(tmp_path, harm):
    handler = ScriptedHandler()
    with smtp_server(handler) as port:
        config = mailing(tmp_path, port)
        run_test_night(config, NIGHT - timedelta(days=7))
        handler.accepted.clear()
        clock = iter(range(99))

        def now() -> datetime:
            if next(clock) == 2:  # the night is entered, no calendar is read
                harm()
            return AT

        with pytest.raises(StoreError):
            run_night(config, NIGHT, now=now)
    assert handler.accepted == []


def test_a_store_lost_between_reading_and_mails_fails_the_night_and_sends_nothing(tmp_path, harm):
    def progress(what: str, done: int, total: int) -> None:
        if what == "managers" and done == total:
            harm()

    handler = ScriptedHandler()
    with smtp_server(handler) as port:
        failed(mailing(tmp_path, port), tmp_path, progress=progress)
    assert handler.accepted == []


@pytest.mark.parametrize("after", range(4))
def test_damage_to_the_log_while_mails_are_sent_sends_none_twice(tmp_path, after):
    class Harmful(ScriptedHandler):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            if len(self.accepted) == after:
                log = tmp_path / "store_folder" / "calsync.db-wal"
                log.write_bytes(random.Random(after).randbytes(log.stat().st_size))
            return await super().handle_DATA(server, session, envelope)

    handler = Harmful()
    with smtp_server(handler) as port:
        config = mailing(tmp_path, port)
        with suppress(StoreError):
            run_test_night(config)
        assert handler.accepted
        with suppress(StoreError):
            run_test_night(config)
    names = [message_from_bytes(mail.original_content or b"")["Message-ID"] for mail in handler.accepted]
    assert len(names) == len(set(names))


def test_a_store_lost_while_a_mail_is_sent_fails_the_night_and_sends_no_other(tmp_path, harm):
    class Harmful(ScriptedHandler):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            harm()
            return await super().handle_DATA(server, session, envelope)

    handler = Harmful()
    with smtp_server(handler) as port:
        failed(mailing(tmp_path, port), tmp_path)
    assert len(handler.accepted) == 1


def test_a_store_lost_in_a_night_without_mails_fails_it(tmp_path, harm):
    def progress(what: str, done: int, total: int) -> None:
        if what == "calendars" and done == total:
            harm()

    failed(mailing(tmp_path, 9, summary="none"), tmp_path, progress=progress)


@pytest.mark.parametrize("harm_done", [delete_log, halve])
def test_a_claim_that_others_could_not_read_sends_nothing(tmp_path, harm_done):
    def progress(what: str, done: int, total: int) -> None:
        if what == "managers" and done == total:
            harm_done(tmp_path / "store_folder" / "calsync.db")

    handler = ScriptedHandler()
    with smtp_server(handler) as port:
        failed(mailing(tmp_path, port), tmp_path, progress=progress)
    assert handler.accepted == []


def test_no_new_store_is_made_in_the_place_of_a_deleted_one(tmp_path):
    store = tmp_path / "store_folder" / "calsync.db"

    def progress(what: str, done: int, total: int) -> None:
        if store.exists() and what == "calendars":
            delete_all(store)

    with smtp_server(ScriptedHandler()) as port:
        failed(mailing(tmp_path, port), tmp_path, progress=progress)
    assert not store.exists()


def test_the_command_ends_with_3_and_names_the_store(tmp_path):
    class Deletes(ScriptedHandler):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            delete_all(tmp_path / "store_folder" / "calsync.db")
            return await super().handle_DATA(server, session, envelope)

    handler = Deletes()
    with smtp_server(handler) as port:
        config = mailing(tmp_path, port)
        command = [sys.executable, "-m", "calsync", "run", "--config", config, "--night", str(NIGHT)]
        ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, len(handler.accepted)) == (3, 1)
    assert "calsync.db: the store was deleted while it was in use" in ran.stderr
    assert "Traceback" not in ran.stderr


FULL = """
import resource, sys
from pathlib import Path
from datetime import date
from support.night_council import run_test_night
from calsync.errors import StoreError
config, most = Path(sys.argv[1]), int(sys.argv[2])
def progress(what, done, total):
    if what == "managers" and done == total:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    run_test_night(config, progress=progress)
except StoreError as error:
    print(error)
"""


def test_a_full_disk_fails_the_night_and_sends_nothing(tmp_path):
    handler = ScriptedHandler()
    with smtp_server(handler) as port:
        config = mailing(tmp_path, port)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]),
        }
        command = [sys.executable, "-c", FULL, str(config), "4096"]
        ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    assert "calsync.db: disk I/O error" in ran.stdout or "calsync.db: database or disk is full" in ran.stdout
    assert handler.accepted == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TABLE outbox", "no such table"),
        ("DROP TABLE runs", "no such table"),
        ("UPDATE outbox SET queued_at = 'Tuesday'", "cannot be read"),
    ],
)
def test_a_store_that_lost_a_part_before_the_night_is_named_with_a_hint(tmp_path, statement, message):
    with smtp_server(ScriptedHandler()) as port:
        config = mailing(tmp_path, port)
        run_test_night(config)
        with sqlite3.connect(tmp_path / "store_folder" / "calsync.db") as base:
            base.execute("PRAGMA foreign_keys=OFF")
            base.execute(statement)
        base.close()
        with pytest.raises(StoreError, match=message) as caught:
            run_test_night(config)
            with open_store(store_url(load_settings(config))) as store:
                store.outbox.entries()
    assert "backup" in caught.value.hint and "calsync.db" in caught.value.what


@pytest.mark.parametrize("seed", range(12))
def test_no_damage_of_a_store_ends_in_a_traceback(tmp_path, seed):
    config = write_council(tmp_path, {"ana": PSB})
    run_test_night(config)
    path, chance = tmp_path / "calsync.db", random.Random(seed)
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([5, 50, 5000])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)
    try:
        run_test_night(config, NIGHT + timedelta(days=7))
    except CalsyncError as error:
        assert "calsync.db" in str(error)


def test_a_text_that_cannot_be_decoded_is_not_shown(tmp_path):
    config = write_council(tmp_path, {"ana": PSB})
    run_test_night(config)
    with sqlite3.connect(tmp_path / "calsync.db") as base:
        base.execute("UPDATE meetings SET evidence = CAST(X'53656372657480' AS TEXT)")
    base.close()
    with open_store(store_url(load_settings(config))) as store, pytest.raises(StoreError) as caught:
        store.meetings.find_by_uid("psb")
    assert "Secret" not in str(caught.value) and "evidence" in str(caught.value)


def test_a_read_only_store_is_named_with_a_hint(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/calsync.db")
    with pytest.raises(StoreError, match="readonly database") as caught, database.writing() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("CREATE TABLE a (b)")
    database.close()
    assert "let calsync write" in caught.value.hint
