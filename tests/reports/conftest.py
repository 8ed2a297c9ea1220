"""Golden mails: `pytest tests/reports --update-golden` writes them anew; read the diff first."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden mails anew")
