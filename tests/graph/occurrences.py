"""Converts calsync's types to Graph's: the calendar of a mailbox, and the event of an occurrence."""

from datetime import UTC, datetime

from graph.mailboxes import Event, attendee, event
from support.builders import LONDON

from calsync.model.occurrence import Occurrence, Status
from calsync.sources.base import Calendar


def mailbox_calendar(address: str) -> Calendar:
    """A manager's calendar at this mailbox."""
    return Calendar("m1", "m365", address, frozenset({address}), LONDON)


def event_of(occurrence: Occurrence) -> Event:
    """The event as which Graph would send it."""
    return event(
        _date_time(occurrence, occurrence.start),
        _date_time(occurrence, occurrence.end),
        name=f"{occurrence.uid}-{occurrence.recurrence_id}-{occurrence.start}",
        iCalUId=occurrence.uid,
        type="occurrence" if occurrence.recurrence_id else "singleInstance",
        originalStart=occurrence.recurrence_id or None,
        subject=occurrence.title,
        isAllDay=occurrence.all_day,
        isCancelled=occurrence.status is Status.CANCELLED,
        showAs=occurrence.show_as.value,
        sensitivity=occurrence.sensitivity.value,
        responseStatus={"response": "none"},
        organizer={"emailAddress": {"address": occurrence.organizer}},
        attendees=[attendee(each.address) for each in occurrence.attendees],
        location={"displayName": occurrence.location},
        body={"contentType": "text", "content": occurrence.description},
        categories=list(occurrence.categories),
    )


def _date_time(occurrence: Occurrence, moment: datetime) -> str:
    """An all-day event has its date at midnight UTC; any other its moment in UTC."""
    plain = moment if occurrence.all_day else moment.astimezone(UTC)
    return plain.replace(tzinfo=None).isoformat()
