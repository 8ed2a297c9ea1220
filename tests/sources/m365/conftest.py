"""Fixtures: the emulator of Microsoft 365, and sources that read it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from graph.emulator import Emulator
from graph.occurrences import mailbox_calendar

from calsync.sources.base import Calendar
from calsync.sources.m365.source import M365Source
from calsync.sources.registry import open_source

CREDENTIALS = {"secret_env", "token_env", "token_file", "certificate_file", "assertion_file"}


@pytest.fixture
def graph() -> Iterator[Emulator]:
    """A fresh server on loopback, with Ana's and Ben's empty mailboxes."""
    with Emulator() as graph:
        graph.set_events("ana@brynfelin.gov.wales.example")
        graph.set_events("ben@brynfelin.gov.wales.example")
        yield graph


@pytest.fixture
def ana() -> Calendar:
    return mailbox_calendar("ana@brynfelin.gov.wales.example")


@pytest.fixture
def ben() -> Calendar:
    return mailbox_calendar("ben@brynfelin.gov.wales.example")


@pytest.fixture(autouse=True)
def no_retry_pauses() -> Iterator[None]:
    """Retries come at once, two at most."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def open_m365(graph: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., M365Source]]:
    """`open_m365(page_size=3)`: a source on the emulator, by client secret unless another is given."""
    monkeypatch.setenv("APP_SECRET", graph.secret)
    sources: list[M365Source] = []

    def open_source_on_emulator(**table: Any) -> M365Source:
        credential = {} if CREDENTIALS & table.keys() else {"secret_env": "APP_SECRET"}
        own = {"type": "m365", "tenant": graph.tenant, "client_id": graph.client_id, "graph_root": graph.root}
        source = open_source("m365", {**own, **credential, **table}, base=Path.cwd())
        assert isinstance(source, M365Source)
        sources.append(source)
        return source

    yield open_source_on_emulator
    for source in sources:
        source.close()
