"""What an event says besides its times: title, people, answers, how it is shown."""

from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import unquote

from calsync.model.occurrence import Attendee, AttendeeKind, Occurrence, Response, Sensitivity, ShowAs, Status
from calsync.sources.ical.event import Event
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.texts import list_of, parameters_and_value, parameters_of, text_of

LONGEST_TEXT = 200_000
"""Characters of a description that are kept; an agenda has some thousand."""

_NAMES = frozenset(
    {
        "SUMMARY",
        "LOCATION",
        "DESCRIPTION",
        "X-ALT-DESC",
        "STATUS",
        "TRANSP",
        "X-MICROSOFT-CDO-BUSYSTATUS",
        "CLASS",
        "ORGANIZER",
        "ATTENDEE",
        "CATEGORIES",
    }
)
_STATUSES = {"TENTATIVE": Status.TENTATIVE, "CANCELLED": Status.CANCELLED, "CANCELED": Status.CANCELLED}
_BUSY = {
    "BUSY": ShowAs.BUSY,
    "TENTATIVE": ShowAs.TENTATIVE,
    "FREE": ShowAs.FREE,
    "OOF": ShowAs.OUT_OF_OFFICE,
    "WORKINGELSEWHERE": ShowAs.ELSEWHERE,
}
_KINDS = {
    "": AttendeeKind.INDIVIDUAL,
    "INDIVIDUAL": AttendeeKind.INDIVIDUAL,
    "GROUP": AttendeeKind.GROUP,
    "ROOM": AttendeeKind.ROOM,
    "RESOURCE": AttendeeKind.RESOURCE,
}
_ANSWERS = {
    "ACCEPTED": Response.ACCEPTED,
    "TENTATIVE": Response.TENTATIVE,
    "DECLINED": Response.DECLINED,
    # Somebody else goes instead (RFC 5545, 3.2.12).
    "DELEGATED": Response.DECLINED,
}
# Which answer counts where several of the owner's addresses were invited.
_STRONGEST = (Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED, Response.UNANSWERED)
_GOOGLE_ROOMS = "resource.calendar.google.com"


class People(dict[str, Attendee]):
    """Attendees by what is written of them: the same people are asked to meeting after meeting."""

    def __missing__(self, rest: str) -> Attendee:
        self[rest] = found = _attendee(rest)
        return found


def content_of(
    event: Event, start: datetime, end: datetime, owners: frozenset[str], people: People | None = None
) -> Occurrence:
    """The event as an occurrence at some time, without a recurrence id. owners: lower-case addresses."""
    people = People() if people is None else people
    rests: dict[str, list[str]] = {name: [] for name in _NAMES}
    for name, rest in named_lines(event.text, _NAMES):
        rests[name].append(rest)
    organizer = _address(rests["ORGANIZER"][0])[0] if rests["ORGANIZER"] else ""
    attendees = tuple(dict.fromkeys(map(people.__getitem__, rests["ATTENDEE"])))
    return Occurrence(
        uid=event.uid,
        recurrence_id="",
        start=start,
        end=end,
        all_day=event.all_day,
        status=_status(event, _first(rests["STATUS"]).upper()),
        response=_response(organizer, attendees, owners),
        show_as=_show_as(_first(rests["X-MICROSOFT-CDO-BUSYSTATUS"]), _first(rests["TRANSP"])),
        sensitivity=_sensitivity([text_of(rest).upper() for rest in rests["CLASS"]]),
        title=_first(rests["SUMMARY"]),
        location=_first(rests["LOCATION"]),
        description=_description(rests["DESCRIPTION"], rests["X-ALT-DESC"]),
        organizer=organizer,
        attendees=attendees,
        categories=tuple(dict.fromkeys(name for rest in rests["CATEGORIES"] for name in list_of(rest))),
    )


def _first(rests: list[str]) -> str:
    return next(
        (text for rest in rests if (text := text_of(rest[: LONGEST_TEXT + 1_000])[:LONGEST_TEXT])), ""
    )


def _status(event: Event, status: str) -> Status:
    if event.cancelled_by_method:
        return Status.CANCELLED
    return _STATUSES.get(status, Status.CONFIRMED)


def _show_as(busy_status: str, transparency: str) -> ShowAs:
    known = _BUSY.get(busy_status.upper())
    if known is not None:
        return known
    return ShowAs.FREE if transparency.upper() == "TRANSPARENT" else ShowAs.BUSY


def _sensitivity(classes: list[str]) -> Sensitivity:
    """RFC 5545, 3.8.1.3: PUBLIC if absent, and what is unknown "MUST be treated the same as PRIVATE"."""
    said = {value for value in classes if value not in ("", "PUBLIC")}
    if not said:
        return Sensitivity.NORMAL
    return Sensitivity.CONFIDENTIAL if said == {"CONFIDENTIAL"} else Sensitivity.PRIVATE


def _attendee(rest: str) -> Attendee:
    address, parameters = _address(rest)
    kind = _KINDS.get(parameters.get("CUTYPE", "").upper(), AttendeeKind.UNKNOWN)
    if address.endswith(_GOOGLE_ROOMS):
        kind = AttendeeKind.RESOURCE
    answer = _ANSWERS.get(parameters.get("PARTSTAT", "").upper(), Response.UNANSWERED)
    return Attendee(address, kind, answer)


def _address(rest: str) -> tuple[str, dict[str, str]]:
    """The mail address, "" where there is none (an X.500 name, a user id, nothing), and the parameters."""
    before, value = parameters_and_value(rest)
    parameters = parameters_of(before)
    scheme, _, address = value.strip().partition(":")
    if scheme.lower() != "mailto":
        address = parameters.get("EMAIL", "")
    address = unquote(address.partition("?")[0]).strip(" <>\"'").lower()
    return address if "@" in address[1:-1] and " " not in address else "", parameters


def _response(organizer: str, attendees: tuple[Attendee, ...], owners: frozenset[str]) -> Response:
    if organizer and organizer in owners:
        return Response.ORGANIZER
    answers = {attendee.response for attendee in attendees if attendee.address in owners}
    return next((answer for answer in _STRONGEST if answer in answers), Response.UNRECORDED)


def _description(plain: list[str], html: list[str]) -> str:
    """The description; only where there is none, the text of its HTML twin."""
    return _first(plain) or _text_of_html(_first(html))


class _Text(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in ("style", "script", "title")
        self.seen.append("\n" if tag in ("br", "p", "div", "li", "tr") else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        if self._hidden <= 0:
            self.seen.append(data)


def _text_of_html(page: str) -> str:
    if "<" not in page:
        return page
    reader = _Text()
    reader.feed(page)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.seen).split("\n"))
    return "\n".join(line for line in lines if line)
