"""What an event says besides its times: title, people, answers, how it is shown."""

from html.parser import HTMLParser
from typing import NamedTuple

from calsync.model.occurrence import Attendee, Response, Sensitivity, ShowAs, Status, owner_response
from calsync.sources.html_guard import guarded_html
from calsync.sources.ical.event import stamp_of
from calsync.sources.ical.lines import lines_by_name
from calsync.sources.ical.people import People
from calsync.sources.ical.texts import decoded_text, list_of, text_of

LONGEST_TEXT = 200_000
"""Characters of a description that are kept; an agenda has some thousand."""

# A letter of four bytes is twelve characters in quoted-printable.
_LONGEST_ENCODED = 12 * LONGEST_TEXT + 1_000
_TEXTS = ("SUMMARY", "LOCATION", "DESCRIPTION", "CATEGORIES")

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
        "SEQUENCE",
        "LAST-MODIFIED",
    }
)
# Only of a message is DTSTAMP a version; all others have one as well, for nothing.
_NAMES_OF_MESSAGE = NAMES | {"DTSTAMP"}
_STATUSES = {"TENTATIVE": Status.TENTATIVE, "CANCELLED": Status.CANCELLED, "CANCELED": Status.CANCELLED}
_BUSY = {
    "BUSY": ShowAs.BUSY,
    "TENTATIVE": ShowAs.TENTATIVE,
    "FREE": ShowAs.FREE,
    "OOF": ShowAs.OUT_OF_OFFICE,
    "WORKINGELSEWHERE": ShowAs.ELSEWHERE,
}


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
    sequence: int
    stamp: str


class ContentReader:
    """Reads the events of one calendar; what comes again, as in a series and its overrides, is read once.

    owners: lower-case addresses. faults: the properties of the event read last whose text could not be
    decoded whole, each with what is wrong with it.
    """

    def __init__(self, owners: frozenset[str]) -> None:
        self._owners = owners
        self._people = People()
        self._texts: dict[str, str] = {}
        self._faulty: dict[str, str] = {}
        self.faults: list[str] = []

    def read(self, text: str, *, cancelled: bool = False, message: bool = False) -> Content:
        """The content of an event.

        Args:
            text: Its own lines.
            cancelled: Whether the whole calendar is (METHOD:CANCEL).
            message: Whether the calendar is a scheduling message (`exact.MESSAGES`).
        """
        lines = lines_by_name(text, _NAMES_OF_MESSAGE if message else NAMES)
        organizer = next(map(self._people.organizer, lines["ORGANIZER"]), "")
        attendees = self._people.attendees(lines["ATTENDEE"])
        status = _STATUSES.get(self._text(lines["STATUS"]).upper(), Status.CONFIRMED)
        categories = (name for rest in lines["CATEGORIES"] for name in list_of(rest))
        content = Content(
            status=Status.CANCELLED if cancelled else status,
            response=_response(organizer, attendees, self._owners),
            show_as=_show_as(self._text(lines["X-MICROSOFT-CDO-BUSYSTATUS"]), self._text(lines["TRANSP"])),
            sensitivity=_sensitivity([text_of(rest).upper() for rest in lines["CLASS"]]),
            title=self._text(lines["SUMMARY"]),
            location=self._text(lines["LOCATION"]),
            # Only where there is no description, the text of its HTML twin.
            description=self._text(lines["DESCRIPTION"]) or _text_of_html(self._text(lines["X-ALT-DESC"])),
            organizer=organizer,
            attendees=attendees,
            categories=tuple(dict.fromkeys(categories)),
            sequence=_sequence(self._text(lines["SEQUENCE"])),
            stamp=stamp_of(
                self._text(lines["LAST-MODIFIED"]), self._text(lines["DTSTAMP"]) if message else ""
            ),
        )
        encoded = self._faulty or any(rest[:1] == ";" for rest in lines["CATEGORIES"])
        self.faults = self._faults(lines) if encoded else []
        return content

    def _text(self, rests: list[str]) -> str:
        """The text of the first line that has any; of a very long one its beginning."""
        for rest in rests:
            text = self._texts.get(rest)
            if text is None:
                text = self._texts[rest] = self._read_text(rest)[:LONGEST_TEXT]
            if text:
                return text
        return ""

    def _read_text(self, rest: str) -> str:
        if rest[:1] == ":":
            return text_of(rest[: LONGEST_TEXT + 1_000])
        text, fault = decoded_text(rest[:_LONGEST_ENCODED])
        if fault:
            self._faulty[rest] = fault
        return text

    def _faults(self, lines: dict[str, list[str]]) -> list[str]:
        self._faulty.update((rest, decoded_text(rest)[1]) for rest in lines["CATEGORIES"] if rest[:1] == ";")
        found = ((name, self._faulty.get(rest)) for name in _TEXTS for rest in lines[name])
        return [f"{name}: {fault}" for name, fault in found if fault]


def _sequence(text: str) -> int:
    """SEQUENCE as a number: 0 where it is absent (RFC 5545, 3.8.7.4), or no number."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


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
    answers = [attendee.response for attendee in attendees if attendee.address in owners]
    return owner_response(answers, organizes=organizer in owners)


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
    reader.feed(guarded_html(page))
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.seen).split("\n"))
    return "\n".join(line for line in lines if line)
