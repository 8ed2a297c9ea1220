"""What an event says besides its times: title, people, answers, how it is shown."""

from html.parser import HTMLParser
from typing import NamedTuple, Protocol

from calsync.model.occurrence import Attendee, Response, Sensitivity, ShowAs, Status
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.people import People
from calsync.sources.ical.texts import list_of, text_of

LONGEST_TEXT = 200_000
"""Characters of a description that are kept; an agenda has some thousand."""

NAMES = frozenset(
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
# Which answer counts where several of the owner's addresses were invited.
_STRONGEST = (Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED, Response.UNANSWERED)


class Lines(Protocol):
    """An event's lines by the name in capitals; those of `NAMES` can be asked for."""

    def rests(self, name: str) -> list[str]:
        """What follows the name, with its `;` or `:`, of each line, in order."""
        ...

    def text(self, name: str) -> str:
        """The text of the first line that has any."""
        ...


class TextLines:
    """The lines in an event's text."""

    def __init__(self, text: str) -> None:
        self._rests: dict[str, list[str]] = {name: [] for name in NAMES}
        for name, rest in named_lines(text, NAMES):
            self._rests[name].append(rest)

    def rests(self, name: str) -> list[str]:
        """What follows the name of each line."""
        return self._rests[name]

    def text(self, name: str) -> str:
        """The text of the first line that has any."""
        return next(filter(None, map(text_in, self._rests[name])), "")


def text_in(rest: str) -> str:
    """The text of a line; of a very long one its beginning."""
    return text_of(rest[: LONGEST_TEXT + 1_000])[:LONGEST_TEXT]


class Content(NamedTuple):
    """What all occurrences of an event have alike, as the fields of `Occurrence` from `status` on."""

    status: Status
    response: Response
    show_as: ShowAs
    sensitivity: Sensitivity
    title: str
    location: str
    description: str
    organizer: str
    attendees: tuple[Attendee, ...]
    categories: tuple[str, ...]


def content_of(lines: Lines, owners: frozenset[str], people: People, *, cancelled: bool) -> Content:
    """The content of an event. owners: lower-case addresses. cancelled: whether the whole calendar is."""
    organizer = next(map(people.organizer, lines.rests("ORGANIZER")), "")
    attendees = people.attendees(lines.rests("ATTENDEE"))
    status = _STATUSES.get(lines.text("STATUS").upper(), Status.CONFIRMED)
    return Content(
        status=Status.CANCELLED if cancelled else status,
        response=_response(organizer, attendees, owners),
        show_as=_show_as(lines.text("X-MICROSOFT-CDO-BUSYSTATUS"), lines.text("TRANSP")),
        sensitivity=_sensitivity([text_of(rest).upper() for rest in lines.rests("CLASS")]),
        title=lines.text("SUMMARY"),
        location=lines.text("LOCATION"),
        # Only where there is no description, the text of its HTML twin.
        description=lines.text("DESCRIPTION") or _text_of_html(lines.text("X-ALT-DESC")),
        organizer=organizer,
        attendees=attendees,
        categories=tuple(dict.fromkeys(name for rest in lines.rests("CATEGORIES") for name in list_of(rest))),
    )


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


def _response(organizer: str, attendees: tuple[Attendee, ...], owners: frozenset[str]) -> Response:
    if organizer and organizer in owners:
        return Response.ORGANIZER
    answers = {attendee.response for attendee in attendees if attendee.address in owners}
    return next((answer for answer in _STRONGEST if answer in answers), Response.UNRECORDED)


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
