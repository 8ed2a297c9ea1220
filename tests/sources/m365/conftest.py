"""A desk that plays Graph and the sign-in, and a source that asks it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from support.graph_stub import TENANT, GraphStub, mailbox

from calsync.sources.base import Calendar
from calsync.sources.m365.source import M365Source
from calsync.sources.registry import open_source


@pytest.fixture
def desk() -> Iterator[GraphStub]:
    """A fresh server on loopback."""
    graph = GraphStub()
    yield graph
    graph.stop()


@pytest.fixture
def ana() -> Calendar:
    return mailbox("ana@brynfelin.example")


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Retries come at once, and two of them at most."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def opened(desk: GraphStub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., M365Source]]:
    """`opened(secret_env="APP_SECRET")`: a source that asks the desk, by a given token if nothing is said."""
    monkeypatch.setenv("GRAPH_TOKEN", "given-token")
    monkeypatch.setenv("APP_SECRET", "s3cret-of-the-app")
    sources: list[M365Source] = []

    def open_it(**table: Any) -> M365Source:
        ways = {"secret_env", "token_env", "token_file", "certificate_file", "assertion_file"}
        own = {} if ways & table.keys() else {"token_env": "GRAPH_TOKEN"}
        defaults = {"type": "m365", "tenant": TENANT, "client_id": "app", "graph_root": desk.root}
        source = open_source("m365", {**defaults, **own, **table}, base=Path.cwd())
        assert isinstance(source, M365Source)
        sources.append(source)
        return source

    yield open_it
    for source in sources:
        source.close()
