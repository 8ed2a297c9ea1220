"""Options, markers and fixtures of all tests; tests/README.md explains them."""

import pytest
from support.golden_files import Golden, compare_with_golden_file, write_golden_file
from support.hypothesis_profiles import register_profiles
from support.postgres_server import HOW_TO_INSTALL, find_postgres

pytest_plugins = ["support.web_fixtures"]

register_profiles()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="run the tests with golden files and write these files"
    )


def pytest_report_header() -> str:
    if folder := find_postgres():
        return f"PostgreSQL: a server is started from {folder} for the tests marked `postgres`"
    return f"PostgreSQL: not installed, its tests are left out; {HOW_TO_INSTALL}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--update-golden"):
        others = [item for item in items if "golden" not in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(path, text)`: the file holds this text; with --update-golden it is written."""
    if request.config.getoption("--update-golden"):
        return write_golden_file
    return compare_with_golden_file
