"""A fresh store for every test, on SQLite and on a real PostgreSQL server of the tests' own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres_server import HOW_TO_INSTALL, PostgresServer, find_postgres, run_postgres

from calsync.store.database import Store, open_store

ON_BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server; where it is not installed, its tests are skipped, and in CI they fail."""
    folder = find_postgres()
    if folder is None and os.environ.get("CI") == "true":
        pytest.fail(f"no PostgreSQL here: {HOW_TO_INSTALL}")
    if folder is None:
        pytest.skip(f"no PostgreSQL here: {HOW_TO_INSTALL}")
    with run_postgres(folder) as started:
        yield started


@pytest.fixture(scope="session")
def template(server: PostgresServer) -> str:
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


@pytest.fixture(params=ON_BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated store."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("template_file"), tmp_path / "store.db")
        return f"sqlite:///{tmp_path}/store.db"
    server, template = request.getfixturevalue("server"), request.getfixturevalue("template")
    return server.url(server.new_database(template))


@pytest.fixture(params=ON_BOTH)
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
