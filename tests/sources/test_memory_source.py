"""The in-memory source passes the contract of all sources."""

import pytest
from contracts.source_contract import WINDOW, SourceContract
from support.builders import LONDON, at, occurrence

from calsync.errors import SourceUnavailableError
from calsync.model.occurrence import Occurrence
from calsync.sources.base import Calendar
from calsync.sources.memory import MemorySource


def calendar(address: str) -> Calendar:
    return Calendar("m1", "memory", address, frozenset({"ana@brynfelin.example"}), LONDON)


class MemoryHarness:
    def __init__(self) -> None:
        self.source = MemorySource()

    def set_occurrences(self, name: str, *occurrences: Occurrence) -> Calendar:
        self.source.set_occurrences(name, *occurrences)
        return calendar(name)

    def missing(self) -> Calendar:
        return calendar("nobody")


class TestMemorySource(SourceContract):
    @pytest.fixture
    def harness(self) -> MemoryHarness:
        return MemoryHarness()


def test_it_fails_as_set_and_recovers() -> None:
    source = MemorySource(contents={"ana": [occurrence()]})
    source.fail_with("ana", SourceUnavailableError("ana", "the line is down"))
    with pytest.raises(SourceUnavailableError, match="line is down"):
        source.fetch(calendar("ana"), WINDOW)
    source.recover("ana")
    assert len(source.fetch(calendar("ana"), WINDOW).occurrences) == 1


def test_one_address_may_lead_to_several_calendars() -> None:
    source = MemorySource(contents={"ana/work": [], "ana/home": [], "anabel": []})
    assert [found.address for found in source.calendars(calendar("ana"))] == ["ana/home", "ana/work"]


def test_it_records_every_fetch() -> None:
    source = MemorySource(contents={"ana": [occurrence("10:00-11:00", uid="a")]})
    first = source.fetch(calendar("ana"), WINDOW)
    source.fetch(calendar("ana"), WINDOW, first.token)
    assert source.fetches == [("ana", ""), ("ana", first.token)]


def test_of_two_versions_of_one_meeting_one_is_used_and_reported() -> None:
    double = [occurrence("10:00-11:00", uid="a", title=title, start=at("10:00")) for title in ("one", "two")]
    forth = MemorySource(contents={"ana": double}).fetch(calendar("ana"), WINDOW)
    back = MemorySource(contents={"ana": reversed(double)}).fetch(calendar("ana"), WINDOW)
    assert forth == back
    assert len(forth.occurrences) == 1
    assert "two versions" in forth.problems[0].what
