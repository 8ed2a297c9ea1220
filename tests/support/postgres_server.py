"""Starts a PostgreSQL server for the tests from the programs of this machine, and deletes it at the end."""

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

PASSWORD = "made-up-for-tests"
HOW_TO_INSTALL = "apt-get install postgresql"
_numbers = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A running server, whose user calsync has PASSWORD."""

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


def find_postgres() -> Path | None:
    """Return the folder of initdb and postgres: Debian's newest, else that of PATH; None if there is none."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    found = shutil.which("initdb")
    folders = [*known, *([Path(found).resolve().parent] if found else [])]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def run_postgres(binaries: Path) -> Iterator[PostgresServer]:
    """Run a server on a free loopback port; PGPASSWORD holds its password meanwhile."""
    before = os.environ.get("PGPASSWORD")
    os.environ["PGPASSWORD"] = PASSWORD
    try:
        with _start_server(binaries) as port:
            yield PostgresServer(port)
    finally:
        os.environ.pop("PGPASSWORD") if before is None else os.environ.update(PGPASSWORD=before)


@contextmanager
def _start_server(binaries: Path) -> Iterator[int]:
    # PostgreSQL refuses to run as root.
    as_user = {"user": "postgres"} if os.geteuid() == 0 else {}
    folder, port = Path(tempfile.mkdtemp(prefix="calsync-pg-")), _free_port()
    (folder / "password").write_text(PASSWORD)
    if as_user:
        account = pwd.getpwnam("postgres")
        for path in (folder, folder / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)
    try:
        login = ["-U", "calsync", "-A", "scram-sha-256", f"--pwfile={folder}/password"]
        initdb = [binaries / "initdb", "-D", folder / "cluster", *login, "-E", "UTF8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)
        options = ["-k", str(folder), "-h", "127.0.0.1", "-p", str(port)]
        postgres = [binaries / "postgres", "-D", folder / "cluster", *options, "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(postgres, stdout=log, stderr=log, cwd=folder, **as_user)
        try:
            _wait_for(port, process, folder / "log")
            yield port
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed any more
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
