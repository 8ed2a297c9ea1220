"""One night runs at a time, and the lock of a process that ended is released."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.builders import MONDAY, at

from calsync.errors import StoreError
from calsync.store.database import Store, open_store
from calsync.store.lock import night_lock

LOCKING_SCRIPT = """
import sys, time
from calsync.store.lock import night_lock
with night_lock(sys.argv[1]):
    print("locked", flush=True)
    time.sleep(120)
"""


@contextmanager
def other_process_with_lock(url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", LOCKING_SCRIPT, url], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "locked\n"
            yield process
        finally:
            process.kill()


def test_a_second_night_is_an_error(url: str) -> None:
    with (
        other_process_with_lock(url),
        pytest.raises(StoreError, match="another night is running") as error,
        night_lock(url),
    ):
        pass
    assert "calsync status" in error.value.hint


def test_a_killed_night_releases_the_lock(store: Store, url: str) -> None:
    with other_process_with_lock(url) as process:
        store.runs.begin(MONDAY, at("04:15"))
        assert store.runs.nights(1)[0].state == "running"
        process.kill()
        process.wait()
        _wait_until_free(url)
    assert store.runs.nights(1)[0].state == "interrupted"


def _wait_until_free(url: str) -> None:
    # A server notices the end of a client a moment later.
    for attempt in range(50):
        try:
            with night_lock(url):
                return
        except StoreError:
            if attempt == 49:
                raise


def test_the_lock_is_free_after_the_night_and_after_an_error(url: str) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), night_lock(url):
            raise ZeroDivisionError
    with night_lock(url):
        pass


def test_the_same_process_cannot_lock_twice(url: str) -> None:
    with night_lock(url), pytest.raises(StoreError), night_lock(url):
        pass


def test_the_store_can_be_written_while_a_night_is_locked(store: Store, url: str) -> None:
    with other_process_with_lock(url):
        store.runs.begin(MONDAY, at("04:15"))
        assert len(store.runs.nights(1)) == 1


def test_a_store_in_memory_needs_no_lock() -> None:
    with night_lock("sqlite://"), night_lock("sqlite://"), open_store("sqlite://") as store:
        store.runs.begin(MONDAY, at("04:15"))
        assert store.runs.nights(1)[0].state == "running"


def test_two_names_of_one_file_are_one_lock(tmp_path: Path) -> None:
    (tmp_path / "other.db").symlink_to(tmp_path / "store.db")
    with (
        night_lock(f"sqlite:///{tmp_path}/store.db"),
        pytest.raises(StoreError),
        night_lock(f"sqlite:///{tmp_path}/other.db"),
    ):
        pass


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match=r"nowhere.*make its folder"),
        night_lock(f"sqlite:///{tmp_path}/nowhere/a.db"),
    ):
        pass


def test_a_file_in_the_way_of_the_lock_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db.lock").write_bytes(b"not a database" * 100)
    with (
        pytest.raises(StoreError, match=r"a\.db\.lock.*remove this file"),
        night_lock(f"sqlite:///{tmp_path}/a.db"),
    ):
        pass
