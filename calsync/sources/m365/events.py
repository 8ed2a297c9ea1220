"""From an event as Microsoft Graph gives it to an occurrence. Pure: no clock, no net.

What is absent or unknown is read in the way that does least harm, and told: an absent sensitivity is
private, an absent showAs leaves the meeting out of the confirmed hours. One event that cannot be read
is one problem; the others go on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from calsync.model.occurrence import (
    Attendee,
    AttendeeKind,
    Occurrence,
    Response,
    Sensitivity,
    ShowAs,
    Status,
)
from calsync.model.problem import Problem, Severity
from calsync.sources.m365.body import body_text
from calsync.sources.m365.uids import series_uid
from calsync.sources.m365.zones import zone_named

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
_ONE_DAY = timedelta(days=1)

Event = Mapping[str, Any]
Note = Callable[[str, object], None]
Value = TypeVar("Value")


class UnreadableEventError(ValueError):
    """One event lacks what makes it a meeting; says what."""


def read_events(
    events: Iterable[Any], zone: ZoneInfo, where: str
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """The occurrences in Graph's events, and what could not be read in them.

    zone: midnights of all-day events, and the zone in which times are given. where: for the problems.
    """
    occurrences: list[Occurrence] = []
    problems: list[Problem] = []
    odd: Counter[tuple[str, str]] = Counter()

    for event in events:
        notes: list[tuple[str, object]] = []
        try:
            occurrences.append(read_event(event, zone, lambda *told, notes=notes: notes.append(told)))
            odd.update((field, _shown(value)) for field, value in notes)
        except UnreadableEventError as error:
            hint = "open it in Outlook and save it again, or delete it"
            problems.append(Problem(where, f"a meeting cannot be read: {error}{_named(event)}", hint))
    problems += [_odd(where, field, value, count) for (field, value), count in sorted(odd.items())]
    return tuple(occurrences), tuple(problems)


def read_event(event: Any, zone: ZoneInfo, note: Note) -> Occurrence:
    """One event as an occurrence; raises UnreadableEventError. note: told of each odd field and value."""
    if not isinstance(event, Mapping):
        raise UnreadableEventError("it is no event")
    sensitivity = _choice(event, "sensitivity", _SENSITIVITY, Sensitivity.PRIVATE, note)
    all_day = event.get("isAllDay") is True
    start, end = _times(event, zone, all_day, note)
    attendees = _attendees(event)
    return Occurrence(
        uid=_uid(event),
        recurrence_id=_recurrence_id(event, start, zone, all_day),
        start=start,
        end=end,
        all_day=all_day,
        status=Status.CANCELLED if event.get("isCancelled") is True else Status.CONFIRMED,
        response=_response(event, attendees, note),
        show_as=_choice(event, "showAs", _SHOW_AS, ShowAs.TENTATIVE, note),
        sensitivity=sensitivity,
        title=_text(event.get("subject")),
        location=_text(_mapping(event.get("location")).get("displayName")),
        description=_description(event) if sensitivity is Sensitivity.NORMAL else "",
        organizer=_address(event.get("organizer")),
        attendees=attendees,
        categories=tuple(filter(None, map(_text, _list(event.get("categories"))))),
    )


def _uid(event: Event) -> str:
    uid = _text(event.get("iCalUId")).strip() or _text(event.get("id")).strip()
    if not uid:
        raise UnreadableEventError("it has neither iCalUId nor id")
    return series_uid(uid)


def _times(event: Event, zone: ZoneInfo, all_day: bool, note: Note) -> tuple[datetime, datetime]:
    start, end = (_moment(event, field, note) for field in ("start", "end"))
    if all_day:
        start, end = _midnight(start, zone), _midnight(end, zone)
        end = end if end > start else _next_midnight(start)
    start, end = _in_zone(start, zone), _in_zone(end, zone)
    if end.timestamp() < start.timestamp():
        raise UnreadableEventError(f"it ends ({end.isoformat()}) before it starts ({start.isoformat()})")
    return start, end


def _moment(event: Event, field: str, note: Note) -> datetime:
    """A dateTimeTimeZone; without a zone it is UTC, for we asked for no other."""
    value = _mapping(event.get(field))
    moment = _parsed(value.get("dateTime"), field)
    if moment.tzinfo is not None:
        return moment
    name = value.get("timeZone")
    if not name:
        note(f"{field}.timeZone", None)
        return moment.replace(tzinfo=UTC)
    try:
        return moment.replace(tzinfo=zone_named(str(name)))
    except ValueError as error:
        raise UnreadableEventError(f"{field}: {error}") from error


def _parsed(text: object, field: str) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UnreadableEventError(f"{field} is {text!r}") from error


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError) as error:
        raise UnreadableEventError(f"no such time: {moment.isoformat()}") from error


def _shown(value: object) -> str:
    return "absent" if value is None else repr(value)[:40]


def _midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """The midnight that an all-day event means: it says a date, in whatever zone it was written.

    Graph gives midnight of the date itself (in UTC); where a server shifted it, the nearest midnight.
    """
    shown = moment if moment.time() == time() else _in_zone(moment, zone)
    midnight = datetime.combine(shown.date(), time(), zone)
    return _next_midnight(midnight) if shown.time() >= time(12) else midnight


def _next_midnight(moment: datetime) -> datetime:
    try:
        return datetime.combine(moment.date() + _ONE_DAY, time(), moment.tzinfo)
    except OverflowError as error:
        raise UnreadableEventError(f"no day after {moment.date()}") from error


def _recurrence_id(event: Event, start: datetime, zone: ZoneInfo, all_day: bool) -> str:
    if not (event.get("seriesMasterId") or event.get("type") in ("occurrence", "exception")):
        return ""
    original = start
    if event.get("originalStart"):
        moment = _parsed(event["originalStart"], "originalStart")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        original = _midnight(moment, zone) if all_day else _in_zone(moment, zone)
    return original.date().isoformat() if all_day else original.isoformat()


def _response(event: Event, attendees: tuple[Attendee, ...], note: Note) -> Response:
    """The owner's answer. `none` on an invitation is no answer; on an own entry nobody was asked."""
    answer = _mapping(event.get("responseStatus")).get("response")
    known = _RESPONSE.get(str(answer).casefold())
    if known:
        return known
    if answer not in (None, "none"):
        note("responseStatus", answer)
    if event.get("isOrganizer") is True:
        return Response.ORGANIZER
    return Response.UNANSWERED if attendees else Response.UNRECORDED


def _attendees(event: Event) -> tuple[Attendee, ...]:
    return tuple(map(_attendee, filter(None, map(_mapping, _list(event.get("attendees"))))))


def _attendee(value: Event) -> Attendee:
    answer = str(_mapping(value.get("status")).get("response")).casefold()
    kind = _KIND.get(str(value.get("type")).casefold(), AttendeeKind.UNKNOWN)
    return Attendee(_address(value), kind, _RESPONSE.get(answer, Response.UNANSWERED))


def _address(recipient: object) -> str:
    """A mail address in lower case; Exchange's internal names (/o=…/cn=…) are none."""
    address = _text(_mapping(_mapping(recipient).get("emailAddress")).get("address")).strip().casefold()
    return address.removeprefix("smtp:").removeprefix("mailto:") if "@" in address else ""


def _description(event: Event) -> str:
    body = _mapping(event.get("body"))
    return body_text(_text(body.get("content")), html=str(body.get("contentType")).casefold() != "text")


def _choice(event: Event, field: str, known: Mapping[str, Value], otherwise: Value, note: Note) -> Value:
    value = event.get(field)
    found = known.get(str(value).casefold())
    if found is not None:
        return found
    note(field, value)
    return otherwise


def _mapping(value: object) -> Event:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A string that every store can hold: half characters and zero bytes are replaced."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _named(event: object) -> str:
    name = _text(_mapping(event).get("id"))
    return f" (id …{name[-12:]})" if name else ""


_READ_AS = {
    "sensitivity": "private",
    "showAs": "tentative, so outside the confirmed hours",
    "responseStatus": "not answered",
}


def _odd(where: str, field: str, value: str, count: int) -> Problem:
    meetings = "1 meeting" if count == 1 else f"{count} meetings"
    what = f"{field} is {value} in {meetings}, read as {_READ_AS.get(field, 'UTC')}"
    return Problem(where, what, "nothing to do, unless the hours look wrong", Severity.NOTE)
