"""Microsoft 365 keeps the contract of all sources."""

from collections.abc import Callable

import pytest
from contracts.source_contract import SourceContract
from support.graph_stub import GraphStub, mailbox, to_graph_event

from calsync.model.occurrence import Occurrence
from calsync.sources.base import Calendar
from calsync.sources.m365.source import M365Source


class GraphPlace:
    def __init__(self, desk: GraphStub, source: M365Source) -> None:
        self.source = source
        self._desk = desk

    def hold(self, name: str, *occurrences: Occurrence) -> Calendar:
        self._desk.mailboxes[f"{name}@b.example"] = [to_graph_event(one) for one in occurrences]
        return mailbox(f"{name}@b.example")

    def missing(self) -> Calendar:
        return mailbox("nobody@b.example")


class TestM365Source(SourceContract):
    @pytest.fixture
    def place(self, desk: GraphStub, opened: Callable[..., M365Source]) -> GraphPlace:
        return GraphPlace(desk, opened(page_size=1))
