"""Fixtures: the managers of the demo, and their calendars as files and as events of Graph."""

from datetime import datetime

import pytest
from support.builders import LONDON

from calsync.demo.council import DemoManager, council_managers
from calsync.demo.graph import build_graph_events
from calsync.demo.write import render_calendar
from calsync.model.span import Span

WINDOW = Span(datetime(2026, 8, 17, tzinfo=LONDON), datetime(2026, 12, 21, tzinfo=LONDON))


@pytest.fixture(params=council_managers(), ids=lambda manager: manager.key)
def manager(request: pytest.FixtureRequest) -> DemoManager:
    return request.param


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """Every calendar file, by the manager's key."""
    return {manager.key: render_calendar(manager) for manager in council_managers()}


@pytest.fixture(scope="session")
def events() -> dict[str, list[dict]]:
    """Graph's events in the window, by the manager's key."""
    return {manager.key: build_graph_events(manager, WINDOW) for manager in council_managers()}
