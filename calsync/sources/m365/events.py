"""From an event as Microsoft Graph gives it to an occurrence. Pure: no clock, no net.

What is absent or unknown is read in the way that does least harm, and told: an absent sensitivity is
private, an absent showAs leaves the meeting out of the confirmed hours. One event that cannot be read
is one problem; the others go on.
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
from calsync.sources.m365.body import body_text
from calsync.sources.m365.moments import (
    Event,
    Note,
    UnreadableEventError,
    mapping,
    recurrence_id_of,
    times_of,
)
from calsync.text import count_of

FIELDS = (
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
"""What is asked of every event; `body` comes along only where agendas are wanted."""

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
_KIND = {
    "required": AttendeeKind.INDIVIDUAL,
    "optional": AttendeeKind.INDIVIDUAL,
    "resource": AttendeeKind.RESOURCE,
}

Value = TypeVar("Value")


class AsText(Protocol):
    """Reads the lines of a body, as `body_text` does."""

    def __call__(self, content: str, *, html: bool) -> str:
        """The lines."""


def read_events(
    events: Iterable[Any], zone: ZoneInfo, where: str, owners: frozenset[str] = frozenset()
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """The occurrences in Graph's events, and what could not be read in them.

    zone: midnights of all-day events, and the zone in which times are given. where: for the problems.
    owners: the manager's addresses, lower case.
    """
    occurrences: list[Occurrence] = []
    problems: list[Problem] = []
    odd: Counter[tuple[str, str]] = Counter()
    as_text = cache(body_text)  # the occurrences of a series share theirs; forgotten with this mailbox

    for event in events:
        notes: list[tuple[str, object]] = []
        try:
            occurrences.append(
                read_event(event, zone, lambda *told, notes=notes: notes.append(told), as_text, owners)
            )
            odd.update((field, _shown(value)) for field, value in notes)
        except UnreadableEventError as error:
            hint = "open it in Outlook and save it again, or delete it"
            problems.append(Problem(where, f"a meeting cannot be read: {error}{_named(event)}", hint))
    problems += [_odd(where, field, value, count) for (field, value), count in sorted(odd.items())]
    return tuple(occurrences), tuple(problems)


def uids_of_unreadable(events: Iterable[Any], zone: ZoneInfo) -> frozenset[str]:
    """The uids of the events that `read_event` refuses, where they have one: what is held of them stays."""
    uids: set[str] = set()
    for event in events:
        try:
            read_event(event, zone, lambda *_: None, lambda *_, **__: "")
        except UnreadableEventError:
            if isinstance(event, Mapping) and any(_text(event.get(key)).strip() for key in ("iCalUId", "id")):
                uids.add(_uid(event))
    return frozenset(uids)


def read_event(
    event: Any,
    zone: ZoneInfo,
    note: Note,
    as_text: AsText = body_text,
    owners: frozenset[str] = frozenset(),
) -> Occurrence:
    """One event as an occurrence; raises UnreadableEventError. note: told of each odd field and value."""
    if not isinstance(event, Mapping):
        raise UnreadableEventError("it is no event")
    sensitivity = _choice(event, "sensitivity", _SENSITIVITY, Sensitivity.PRIVATE, note)
    all_day = event.get("isAllDay") is True
    start, end = times_of(event, zone, all_day, note)
    attendees = _attendees(event)
    return Occurrence(
        uid=_uid(event),
        recurrence_id=recurrence_id_of(event, start, zone, all_day),
        start=start,
        end=end,
        all_day=all_day,
        status=Status.CANCELLED if event.get("isCancelled") is True else Status.CONFIRMED,
        response=_response(event, attendees, owners, note),
        show_as=_choice(event, "showAs", _SHOW_AS, ShowAs.TENTATIVE, note),
        sensitivity=sensitivity,
        title=_text(event.get("subject")),
        location=_text(mapping(event.get("location")).get("displayName")),
        description=_description(event, as_text) if sensitivity is Sensitivity.NORMAL else "",
        organizer=_address(event.get("organizer")),
        attendees=attendees,
        categories=tuple(filter(None, map(_text, _list(event.get("categories"))))),
    )


def _uid(event: Event) -> str:
    uid = _text(event.get("iCalUId")).strip() or _text(event.get("id")).strip()
    if not uid:
        raise UnreadableEventError("it has neither iCalUId nor id")
    return series_uid(uid)


def _shown(value: object) -> str:
    return "absent" if value is None else repr(value)[:40]


def _response(event: Event, attendees: tuple[Attendee, ...], owners: frozenset[str], note: Note) -> Response:
    """The owner's answer. `none` on an invitation is no answer; on an own entry nobody was asked."""
    answer = mapping(event.get("responseStatus")).get("response")
    known = _RESPONSE.get(str(answer).casefold())
    if known is None and answer not in (None, "none"):
        note("responseStatus", answer)
    if known is Response.ORGANIZER or (known is None and event.get("isOrganizer") is True):
        # responseStatus gives an organizer's part in place of an answer; that is among the attendees'.
        own = owners | {_address(event.get("organizer"))} - {""}
        answers = [attendee.response for attendee in attendees if attendee.address in own]
        return owner_response(answers, organizes=True)
    if known is not None:
        return known
    return Response.UNANSWERED if attendees else Response.UNRECORDED


def _attendees(event: Event) -> tuple[Attendee, ...]:
    return tuple(map(_attendee, filter(None, map(mapping, _list(event.get("attendees"))))))


def _attendee(value: Event) -> Attendee:
    answer = str(mapping(value.get("status")).get("response")).casefold()
    kind = _KIND.get(str(value.get("type")).casefold(), AttendeeKind.UNKNOWN)
    return Attendee(_address(value), kind, _RESPONSE.get(answer, Response.UNANSWERED))


def _address(recipient: object) -> str:
    """A mail address in lower case; Exchange's internal names (/o=…/cn=…) are none."""
    address = _text(mapping(mapping(recipient).get("emailAddress")).get("address")).strip().casefold()
    return address.removeprefix("smtp:").removeprefix("mailto:") if "@" in address else ""


def _description(event: Event, as_text: AsText) -> str:
    body = mapping(event.get("body"))
    return as_text(_text(body.get("content")), html=str(body.get("contentType")).casefold() != "text")


def _choice(event: Event, field: str, known: Mapping[str, Value], otherwise: Value, note: Note) -> Value:
    value = event.get(field)
    found = known.get(str(value).casefold())
    if found is not None:
        return found
    note(field, value)
    return otherwise


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A string that every store can hold: half characters and zero bytes are replaced."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _named(event: object) -> str:
    name = _text(mapping(event).get("id"))
    return f" (id …{name[-12:]})" if name else ""


_READ_AS = {
    "sensitivity": "private",
    "showAs": "tentative, so outside the confirmed hours",
    "responseStatus": "not answered",
}


def _odd(where: str, field: str, value: str, count: int) -> Problem:
    what = f"{field} is {value} in {count_of(count, 'meeting')}, read as {_READ_AS.get(field, 'UTC')}"
    return Problem(where, what, "nothing to do, unless the hours look wrong", Severity.NOTE)
