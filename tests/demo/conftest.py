"""The council, and its calendars as text and as Graph gives them."""

from datetime import datetime

import pytest
from builders import LONDON

from calsync.demo.council import DemoManager, managers
from calsync.demo.graph import graph_events
from calsync.demo.write import calendar_file
from calsync.model.span import Span

WINDOW = Span(datetime(2026, 8, 17, tzinfo=LONDON), datetime(2026, 12, 21, tzinfo=LONDON))


@pytest.fixture(params=managers(), ids=lambda manager: manager.key)
def manager(request: pytest.FixtureRequest) -> DemoManager:
    return request.param


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """Every calendar file, by the manager's key."""
    return {manager.key: calendar_file(manager) for manager in managers()}


@pytest.fixture(scope="session")
def events() -> dict[str, list[dict]]:
    """Graph's events in the window, by the manager's key."""
    return {manager.key: graph_events(manager, WINDOW) for manager in managers()}
