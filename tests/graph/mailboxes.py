"""Mailboxes: their events, what was sent from them, and the quirks of their data."""

import hashlib
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from graph.faults import Fault
from tzlocal.windows_tz import win_tz

Event = dict[str, Any]
Quirk = Callable[[Event], Event]

PAGING = ("plain", "empty", "duplicate", "endless", "endless-empty", "foreign")
"""How the pages follow each other.

plain: correctly. empty: first an empty page with a nextLink. duplicate: every page twice.
endless: the first page again and again. endless-empty: empty pages without end. foreign: the link to the next
page leads to another host.
"""


class Rows(list[tuple[datetime, datetime, Event]]):
    """Events by start, with their bounds in UTC. pages: those built so far, as JSON."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        super().__init__(sorted(((*bounds(event), event) for event in events), key=lambda row: row[:2]))
        self.pages: dict[object, str] = {}


@dataclass
class EmulatedMailbox:
    """A mailbox. faults: of the next responses, one each, from the left. lasting_fault: of every response."""

    address: str
    tenant: str
    object_id: str
    rows: Rows = field(default_factory=Rows)
    masters: list[Event] = field(default_factory=list)
    sent: list[EmailMessage] = field(default_factory=list)
    faults: deque[Fault | None] = field(default_factory=deque)
    lasting_fault: Fault | None = None
    paging: str = "plain"
    quirks: tuple[Quirk, ...] = ()
    busy: int = 0
    most_at_once: int = 0

    def set_events(self, events: Iterable[Event]) -> None:
        """Replace all events."""
        self.rows = Rows(events)

    def overlapping(self, start: datetime, end: datetime) -> list[Event]:
        """The events that overlap the window, by start."""
        return [
            event
            for begins, ends, event in self.rows
            if begins < end and max(ends, _next_moment(begins)) > start
        ]


def new_mailbox(address: str, tenant: str) -> EmulatedMailbox:
    """A new mailbox, whose object id follows from its address."""
    digest = hashlib.md5(f"{tenant}/{address.casefold()}".encode()).hexdigest()
    return EmulatedMailbox(address, tenant, str(uuid.UUID(digest)))


def _next_moment(moment: datetime) -> datetime:
    return moment + timedelta(microseconds=1)


def bounds(event: Event) -> tuple[datetime, datetime]:
    """The event's start and end in UTC."""
    return moment_of(event["start"]), moment_of(event["end"])


def moment_of(value: Mapping[str, str]) -> datetime:
    """A dateTimeTimeZone in UTC."""
    local = datetime.fromisoformat(value["dateTime"])
    return local.replace(tzinfo=zone_of(value["timeZone"])).astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """A zone by its Windows or IANA name; raises KeyError for an unknown one."""
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ValueError, OSError) as error:
        raise KeyError(name) from error


def event(start: str = "2026-11-02T09:00", end: str = "2026-11-02T10:00", **changes: Any) -> Event:
    """A complete event in Graph's form: single, busy, accepted, in UTC."""
    name = changes.pop("name", f"E{start}")
    zone = changes.pop("zone", "UTC")
    complete: Event = {
        **_EMPTY,
        "@odata.etag": f'W/"{name}"',
        "id": name,
        "iCalUId": f"U-{name}",
        "start": {"dateTime": _date_time(start), "timeZone": zone},
        "end": {"dateTime": _date_time(end), "timeZone": zone},
        "organizer": {"emailAddress": {"name": "Bo", "address": "bo@wales.nhs.uk.example"}},
        "attendees": [attendee("ana@brynfelin.gov.wales.example", name="Ana Prys")],
    }
    return {**complete, **changes}


def attendee(address: str, kind: str = "required", answer: str = "none", name: str = "") -> dict[str, Any]:
    """Somebody invited to an event."""
    status = {"response": answer, "time": NEVER}
    return {"type": kind, "status": status, "emailAddress": {"name": name, "address": address}}


def _date_time(text: str) -> str:
    """A moment with or without seconds as Graph writes it."""
    return f"{datetime.fromisoformat(text).isoformat(timespec='seconds')}.0000000"


NEVER = "0001-01-01T00:00:00Z"

_EMPTY: Mapping[str, Any] = {
    "createdDateTime": "2026-08-03T08:00:00.1234567Z",
    "lastModifiedDateTime": "2026-08-03T08:00:00.1234567Z",
    "changeKey": "Fz1A==",
    "categories": [],
    "transactionId": None,
    "originalStartTimeZone": "GMT Standard Time",
    "originalEndTimeZone": "GMT Standard Time",
    "reminderMinutesBeforeStart": 15,
    "isReminderOn": True,
    "hasAttachments": False,
    "subject": "Public Services Board",
    "bodyPreview": "",
    "importance": "normal",
    "sensitivity": "normal",
    "isAllDay": False,
    "isCancelled": False,
    "isOrganizer": False,
    "responseRequested": True,
    "seriesMasterId": None,
    "showAs": "busy",
    "type": "singleInstance",
    "webLink": "https://outlook.office365.com/owa/?itemid=x",
    "onlineMeetingUrl": None,
    "isOnlineMeeting": False,
    "onlineMeetingProvider": "unknown",
    "allowNewTimeProposals": True,
    "isDraft": False,
    "hideAttendees": False,
    "recurrence": None,
    "responseStatus": {"response": "accepted", "time": "2026-08-04T09:00:00Z"},
    "body": {"contentType": "html", "content": ""},
    "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown", "address": {}},
    "locations": [],
    "onlineMeeting": None,
}

ONLY_ON_RECURRING = ("originalStart", "occurrenceId", "exceptionOccurrences", "cancelledOccurrences")
NAVIGATION = ("attachments", "calendar", "extensions", "instances")
PROPERTIES = frozenset(
    {
        *_EMPTY,
        *ONLY_ON_RECURRING,
        *NAVIGATION,
        "id",
        "iCalUId",
        "uid",
        "start",
        "end",
        "organizer",
        "attendees",
    }
)
"""What `$select` may name on an event (v1.0)."""


# ------------------------------------------------------------------ quirks of data, of one event each
def unknown_enums(event: Event) -> Event:
    """Values that calsync does not know."""
    unknown = {
        "showAs": "hybrid",
        "sensitivity": "secret",
        "responseStatus": {"response": "maybe", "time": NEVER},
    }
    return {**event, **unknown}


def no_attendees(event: Event) -> Event:
    """`attendees: null`, as some shared calendars have it."""
    return {**event, "attendees": None}


def no_body(event: Event) -> Event:
    """`body: null`, as delegates see private meetings."""
    return {**event, "body": None, "bodyPreview": None}


def no_sensitivity(event: Event) -> Event:
    """The field is missing."""
    return {key: value for key, value in event.items() if key != "sensitivity"}


def in_zone(name: str) -> Quirk:
    """Times in this zone, by its Windows or IANA name, whatever was requested."""
    return lambda event: {
        **event,
        **{side: shift_zone(event[side], name, event) for side in ("start", "end")},
    }


def shift_zone(value: Mapping[str, str], name: str, event: Event) -> dict[str, str]:
    """The same moment in another zone; an all-day event keeps its midnights."""
    if event["isAllDay"]:
        return {"dateTime": value["dateTime"], "timeZone": name}
    local = moment_of(value).astimezone(zone_of(name))
    return {"dateTime": f"{local:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": name}


QUIRKS: Mapping[str, Quirk] = {
    "unknown-enums": unknown_enums,
    "attendees-null": no_attendees,
    "body-null": no_body,
    "no-sensitivity": no_sensitivity,
    "zone-iana": in_zone("Europe/London"),
    "zone-windows": in_zone("GMT Standard Time"),
}
"""By the names that the command line accepts."""
