"""Microsoft 365 keeps the contract of all sources."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from contracts.source_contract import SourceContract
from graph_desk import Desk, event, invited, mailbox

from calsync.model.occurrence import Occurrence, Status
from calsync.sources.base import Calendar
from calsync.sources.m365.source import M365Source


def told_by_graph(occurrence: Occurrence) -> dict[str, Any]:
    """The event that Graph would give for it."""
    recurring = bool(occurrence.recurrence_id)
    return event(
        _wall(occurrence, occurrence.start),
        _wall(occurrence, occurrence.end),
        name=f"{occurrence.uid}-{occurrence.recurrence_id}-{occurrence.start}",
        iCalUId=occurrence.uid,
        type="occurrence" if recurring else "singleInstance",
        originalStart=occurrence.recurrence_id or None,
        subject=occurrence.title,
        isAllDay=occurrence.all_day,
        isCancelled=occurrence.status is Status.CANCELLED,
        showAs=occurrence.show_as.value,
        sensitivity=occurrence.sensitivity.value,
        responseStatus={"response": "none"},
        organizer={"emailAddress": {"address": occurrence.organizer}},
        attendees=[invited(attendee.address) for attendee in occurrence.attendees],
        location={"displayName": occurrence.location},
        body={"contentType": "text", "content": occurrence.description},
        categories=list(occurrence.categories),
    )


def _wall(occurrence: Occurrence, moment: datetime) -> str:
    """All-day events say their date at midnight UTC; others the moment in UTC."""
    plain = moment if occurrence.all_day else moment.astimezone(UTC)
    return plain.replace(tzinfo=None).isoformat()


class GraphPlace:
    def __init__(self, desk: Desk, source: M365Source) -> None:
        self.source = source
        self._desk = desk

    def hold(self, name: str, *occurrences: Occurrence) -> Calendar:
        self._desk.mailboxes[f"{name}@b.example"] = [told_by_graph(one) for one in occurrences]
        return mailbox(f"{name}@b.example")

    def missing(self) -> Calendar:
        return mailbox("nobody@b.example")


class TestM365Source(SourceContract):
    @pytest.fixture
    def place(self, desk: Desk, opened: Callable[..., M365Source]) -> GraphPlace:
        return GraphPlace(desk, opened(page_size=1))
