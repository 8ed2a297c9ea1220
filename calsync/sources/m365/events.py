"""Converts the events of Microsoft Graph to occurrences, without clock or network.

An absent or unknown value is replaced by the one that does the least harm, and reported: an absent
sensitivity is private, an absent showAs leaves the meeting out of the confirmed hours. An event that cannot
be read is a problem, and does not affect others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from calsync.model.occurrence import (
    Attendee,
    AttendeeKind,
    Occurrence,
    Response,
    Sensitivity,
    ShowAs,
    Status,
    owner_response,
)
from calsync.model.problem import Problem, Severity
from calsync.model.uids import series_uid
from calsync.sources.m365.body import extract_body_text
from calsync.sources.m365.times import (
    GraphEvent,
    NoteCallback,
    UnreadableEventError,
    mapping_or_empty,
    read_event_times,
    read_recurrence_id,
)
from calsync.text import format_count

EVENT_FIELDS = (
    "id",
    "iCalUId",
    "type",
    "seriesMasterId",
    "originalStart",
    "subject",
    "start",
    "end",
    "isAllDay",
    "isCancelled",
    "isOrganizer",
    "showAs",
    "sensitivity",
    "responseStatus",
    "organizer",
    "attendees",
    "location",
    "categories",
)
"""The fields that are requested of every event; `body` in addition where agendas are read."""

_SHOW_AS = {
    "free": ShowAs.FREE,
    "tentative": ShowAs.TENTATIVE,
    "busy": ShowAs.BUSY,
    "oof": ShowAs.OUT_OF_OFFICE,
    "workingelsewhere": ShowAs.ELSEWHERE,
}
_SENSITIVITY = {value.value: value for value in Sensitivity}
_RESPONSE = {
    "organizer": Response.ORGANIZER,
    "accepted": Response.ACCEPTED,
    "tentativelyaccepted": Response.TENTATIVE,
    "declined": Response.DECLINED,
    "notresponded": Response.UNANSWERED,
}
_ATTENDEE_KIND = {
    "required": AttendeeKind.INDIVIDUAL,
    "optional": AttendeeKind.INDIVIDUAL,
    "resource": AttendeeKind.RESOURCE,
}

_Value = TypeVar("_Value")


class BodyReader(Protocol):
    """A function with the interface of `extract_body_text`."""

    def __call__(self, content: str, *, html: bool) -> str:
        """The text of a body."""


def read_events(
    events: Iterable[Any], zone: ZoneInfo, where: str, owners: frozenset[str] = frozenset()
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """Convert events to occurrences.

    Args:
        events: the JSON of calendarView.
        zone: of the midnights of all-day events, and of all times returned.
        where: the calendar's name in problems.
        owners: the manager's addresses, lower case.

    Returns:
        The occurrences, and problems: faults for events that cannot be read, notes for replaced values.
    """
    occurrences: list[Occurrence] = []
    problems: list[Problem] = []
    unexpected: Counter[tuple[str, str]] = Counter()
    # The occurrences of a series have the same body. The cache lasts for one mailbox.
    read_body = cache(extract_body_text)

    for event in events:
        notes: list[tuple[str, object]] = []
        try:
            occurrences.append(
                read_event(event, zone, lambda *note, notes=notes: notes.append(note), read_body, owners)
            )
            unexpected.update((field, _shown_value(value)) for field, value in notes)
        except UnreadableEventError as error:
            hint = "open it in Outlook and save it again, or delete it"
            problems.append(
                Problem(where, f"a meeting cannot be read: {error}{_shown_event_id(event)}", hint)
            )
    problems += [
        _unexpected_value_note(where, field, value, count)
        for (field, value), count in sorted(unexpected.items())
    ]
    return tuple(occurrences), tuple(problems)


def find_unreadable_uids(events: Iterable[Any], zone: ZoneInfo) -> frozenset[str]:
    """The uids of the events that `read_event` cannot read, so that their stored meetings stay."""
    uids: set[str] = set()
    for event in events:
        try:
            read_event(event, zone, lambda *_: None, lambda *_, **__: "")
        except UnreadableEventError:
            if isinstance(event, Mapping) and any(
                _storable_string(event.get(key)).strip() for key in ("iCalUId", "id")
            ):
                uids.add(_event_uid(event))
    return frozenset(uids)


def read_event(
    event: Any,
    zone: ZoneInfo,
    add_note: NoteCallback,
    read_body: BodyReader = extract_body_text,
    owners: frozenset[str] = frozenset(),
) -> Occurrence:
    """Convert one event to an occurrence.

    Args:
        event: the JSON of an event.
        zone: as in `read_events`.
        add_note: called with the name and the value of each field whose value is replaced.
        read_body: extracts the text of the body.
        owners: the manager's addresses, lower case.

    Raises:
        UnreadableEventError: it lacks what a meeting needs.
    """
    if not isinstance(event, Mapping):
        raise UnreadableEventError("it is no event")
    sensitivity = _map_value(event, "sensitivity", _SENSITIVITY, Sensitivity.PRIVATE, add_note)
    all_day = event.get("isAllDay") is True
    start, end = read_event_times(event, zone, all_day, add_note)
    attendees = _to_attendees(event)
    return Occurrence(
        uid=_event_uid(event),
        recurrence_id=read_recurrence_id(event, start, zone, all_day),
        start=start,
        end=end,
        all_day=all_day,
        status=Status.CANCELLED if event.get("isCancelled") is True else Status.CONFIRMED,
        response=_find_owner_response(event, attendees, owners, add_note),
        show_as=_map_value(event, "showAs", _SHOW_AS, ShowAs.TENTATIVE, add_note),
        sensitivity=sensitivity,
        title=_storable_string(event.get("subject")),
        location=_storable_string(mapping_or_empty(event.get("location")).get("displayName")),
        description=_read_description(event, read_body) if sensitivity is Sensitivity.NORMAL else "",
        organizer=_mail_address(event.get("organizer")),
        attendees=attendees,
        categories=tuple(filter(None, map(_storable_string, _list_or_empty(event.get("categories"))))),
    )


def _event_uid(event: GraphEvent) -> str:
    uid = _storable_string(event.get("iCalUId")).strip() or _storable_string(event.get("id")).strip()
    if not uid:
        raise UnreadableEventError("it has neither iCalUId nor id")
    return series_uid(uid)


def _shown_value(value: object) -> str:
    return "absent" if value is None else repr(value)[:40]


def _find_owner_response(
    event: GraphEvent, attendees: tuple[Attendee, ...], owners: frozenset[str], add_note: NoteCallback
) -> Response:
    """The owner's response. `none` is UNANSWERED where there are attendees, and UNRECORDED where not."""
    answer = mapping_or_empty(event.get("responseStatus")).get("response")
    known = _RESPONSE.get(str(answer).casefold())
    if known is None and answer not in (None, "none"):
        add_note("responseStatus", answer)
    if known is Response.ORGANIZER or (known is None and event.get("isOrganizer") is True):
        # For an organizer responseStatus has that role instead of a response, which is among the attendees.
        owner_addresses = owners | {_mail_address(event.get("organizer"))} - {""}
        answers = [attendee.response for attendee in attendees if attendee.address in owner_addresses]
        return owner_response(answers, organizes=True)
    if known is not None:
        return known
    return Response.UNANSWERED if attendees else Response.UNRECORDED


def _to_attendees(event: GraphEvent) -> tuple[Attendee, ...]:
    return tuple(
        map(_to_attendee, filter(None, map(mapping_or_empty, _list_or_empty(event.get("attendees")))))
    )


def _to_attendee(value: GraphEvent) -> Attendee:
    answer = str(mapping_or_empty(value.get("status")).get("response")).casefold()
    kind = _ATTENDEE_KIND.get(str(value.get("type")).casefold(), AttendeeKind.UNKNOWN)
    return Attendee(_mail_address(value), kind, _RESPONSE.get(answer, Response.UNANSWERED))


def _mail_address(recipient: object) -> str:
    """The mail address of a recipient, in lower case; "" for Exchange's internal names (/o=…/cn=…)."""
    email_address = mapping_or_empty(mapping_or_empty(recipient).get("emailAddress"))
    address = _storable_string(email_address.get("address")).strip().casefold()
    return address.removeprefix("smtp:").removeprefix("mailto:") if "@" in address else ""


def _read_description(event: GraphEvent, read_body: BodyReader) -> str:
    body = mapping_or_empty(event.get("body"))
    is_html = str(body.get("contentType")).casefold() != "text"
    return read_body(_storable_string(body.get("content")), html=is_html)


def _map_value(
    event: GraphEvent, field: str, known: Mapping[str, _Value], substitute: _Value, add_note: NoteCallback
) -> _Value:
    value = event.get(field)
    mapped = known.get(str(value).casefold())
    if mapped is not None:
        return mapped
    add_note(field, value)
    return substitute


def _list_or_empty(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _storable_string(value: object) -> str:
    """A string that every database can store: surrogates and zero bytes are replaced."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _shown_event_id(event: object) -> str:
    event_id = _storable_string(mapping_or_empty(event).get("id"))
    return f" (id …{event_id[-12:]})" if event_id else ""


_SUBSTITUTES = {
    "sensitivity": "private",
    "showAs": "tentative, so outside the confirmed hours",
    "responseStatus": "not answered",
}


def _unexpected_value_note(where: str, field: str, value: str, count: int) -> Problem:
    what = f"{field} is {value} in {format_count(count, 'meeting')}, read as {_SUBSTITUTES.get(field, 'UTC')}"
    return Problem(where, what, "nothing to do, unless the hours look wrong", Severity.NOTE)
