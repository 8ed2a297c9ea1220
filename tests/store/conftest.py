"""A fresh store for every test, on SQLite and on a real PostgreSQL server of the tests' own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

from calsync.store.database import Store, open_store

PASSWORD = "made-up-for-tests"
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    port: int

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://calsync@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str) -> None:
        where = f"host=127.0.0.1 port={self.port} user=calsync dbname=postgres password={PASSWORD}"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self, template: str = "template1") -> str:
        name = f"t{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL on a free loopback port; asks for PASSWORD, which PGPASSWORD holds meanwhile."""
    folder = _binaries()
    if folder is None and os.environ.get("CI") == "true":
        pytest.fail("no PostgreSQL here: apt-get install postgresql")
    if folder is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    before = os.environ.get("PGPASSWORD")
    os.environ["PGPASSWORD"] = PASSWORD
    try:
        with _running(folder) as port:
            yield Server(port)
    finally:
        os.environ.pop("PGPASSWORD") if before is None else os.environ.update(PGPASSWORD=before)


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a migrated database to copy from."""
    name = server.new_database()
    open_store(server.url(name)).close()
    return name


@pytest.fixture(scope="session")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated store."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("template_file"), tmp_path / "store.db")
        return f"sqlite:///{tmp_path}/store.db"
    server, template = request.getfixturevalue("server"), request.getfixturevalue("template")
    return server.url(server.new_database(template))


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that nobody has opened yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bare.db"
    server = request.getfixturevalue("server")
    return server.url(server.new_database())


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


def _binaries() -> Path | None:
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    found = shutil.which("initdb")
    places = [*known, *([Path(found).resolve().parent] if found else [])]
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def _running(binaries: Path) -> Iterator[int]:
    # PostgreSQL refuses to run as root.
    as_user = {"user": "postgres"} if os.geteuid() == 0 else {}
    folder, port = Path(tempfile.mkdtemp(prefix="calsync-pg-")), _free_port()
    (folder / "password").write_text(PASSWORD)
    if as_user:
        account = pwd.getpwnam("postgres")
        for path in (folder, folder / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)
    try:
        how = [
            "-U",
            "calsync",
            "-A",
            "scram-sha-256",
            f"--pwfile={folder}/password",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        initdb = [binaries / "initdb", "-D", folder / "cluster", *how]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)
        options = ["-k", str(folder), "-h", "127.0.0.1", "-p", str(port)]
        postgres = [binaries / "postgres", "-D", folder / "cluster", *options, "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(postgres, stdout=log, stderr=log, cwd=folder, **as_user)
        try:
            _wait_for(port, process, folder / "log")
            yield port
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: all it holds is thrown away
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    where = f"host=127.0.0.1 port={port} user=calsync dbname=postgres password={PASSWORD}"
    for _ in range(600):
        try:
            psycopg.connect(where).close()
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(log.read_text())
