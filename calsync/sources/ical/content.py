"""Reads what an event has besides its times: title, people, responses, how it is shown; for both readers."""

from typing import NamedTuple

from calsync.model.occurrence import Attendee, Response, Sensitivity, ShowAs, Status, owner_response
from calsync.sources.html_text import html_lines
from calsync.sources.ical.content_lines import group_lines_by_name
from calsync.sources.ical.event import version_stamp
from calsync.sources.ical.people_lines import PeopleReader
from calsync.sources.ical.text_values import decode_text_value, read_text_list, read_text_value

MAX_TEXT_LENGTH = 200_000
"""Characters of a description that are stored; an agenda has some thousand."""

# A character of four bytes is twelve characters in quoted-printable.
_MAX_ENCODED_LENGTH = 12 * MAX_TEXT_LENGTH + 1_000
_TEXT_PROPERTIES = ("SUMMARY", "LOCATION", "DESCRIPTION", "CATEGORIES")

CONTENT_PROPERTIES = frozenset(
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
# DTSTAMP is part of the version in scheduling messages only; in other calendars it is the time of download.
_MESSAGE_PROPERTIES = CONTENT_PROPERTIES | {"DTSTAMP"}
_STATUSES = {"TENTATIVE": Status.TENTATIVE, "CANCELLED": Status.CANCELLED, "CANCELED": Status.CANCELLED}
_BUSY_STATUSES = {
    "BUSY": ShowAs.BUSY,
    "TENTATIVE": ShowAs.TENTATIVE,
    "FREE": ShowAs.FREE,
    "OOF": ShowAs.OUT_OF_OFFICE,
    "WORKINGELSEWHERE": ShowAs.ELSEWHERE,
}


class EventContent(NamedTuple):
    """What all occurrences of an event have in common: the fields of `Occurrence` from `status` on."""

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
    """Reads the events of one calendar; a line that is there again, as in overrides, is read once.

    Attributes:
        faults: Of the event that was read last, each property whose text could not be decoded, and why.
    """

    def __init__(self, owners: frozenset[str]) -> None:
        """owners: the manager's addresses, lower case."""
        self._owners = owners
        self._people = PeopleReader()
        self._texts: dict[str, str] = {}
        self._fault_by_line: dict[str, str] = {}
        self.faults: list[str] = []

    def read_content(
        self, text: str, *, is_cancelled: bool = False, is_scheduling_message: bool = False
    ) -> EventContent:
        """Read the content of an event.

        Args:
            text: Its own lines, unfolded, without its alarms.
            is_cancelled: Whether the whole calendar is cancelled (METHOD:CANCEL).
            is_scheduling_message: Whether the calendar is a scheduling message (`event.SCHEDULING_METHODS`).
        """
        lines = group_lines_by_name(
            text, _MESSAGE_PROPERTIES if is_scheduling_message else CONTENT_PROPERTIES
        )
        organizer = next(map(self._people.read_organizer, lines["ORGANIZER"]), "")
        attendees = self._people.read_attendees(lines["ATTENDEE"])
        status = _STATUSES.get(self._first_text(lines["STATUS"]).upper(), Status.CONFIRMED)
        answers = [attendee.response for attendee in attendees if attendee.address in self._owners]
        categories = (name for rest in lines["CATEGORIES"] for name in read_text_list(rest))
        sequence = self._first_text(lines["SEQUENCE"])
        content = EventContent(
            status=Status.CANCELLED if is_cancelled else status,
            response=owner_response(answers, organizes=organizer in self._owners),
            show_as=_read_show_as(
                self._first_text(lines["X-MICROSOFT-CDO-BUSYSTATUS"]), self._first_text(lines["TRANSP"])
            ),
            sensitivity=_read_sensitivity([read_text_value(rest).upper() for rest in lines["CLASS"]]),
            title=self._first_text(lines["SUMMARY"]),
            location=self._first_text(lines["LOCATION"]),
            # Outlook writes the description a second time as HTML; that is read where there is no plain one.
            description=self._first_text(lines["DESCRIPTION"])
            or _read_html(self._first_text(lines["X-ALT-DESC"])),
            organizer=organizer,
            attendees=attendees,
            categories=tuple(dict.fromkeys(categories)),
            # 0 where it is absent (RFC 5545, 3.8.7.4), or not a number; Python refuses very many digits.
            sequence=int(sequence) if sequence.isdecimal() and len(sequence) < 19 else 0,
            stamp=version_stamp(
                self._first_text(lines["LAST-MODIFIED"]),
                self._first_text(lines["DTSTAMP"]) if is_scheduling_message else "",
            ),
        )
        may_have_faults = self._fault_by_line or any(rest[:1] == ";" for rest in lines["CATEGORIES"])
        self.faults = self._collect_faults(lines) if may_have_faults else []
        return content

    def _first_text(self, rests: list[str]) -> str:
        """The text of the first line that is not empty, at most MAX_TEXT_LENGTH characters."""
        for rest in rests:
            text = self._texts.get(rest)
            if text is None:
                text = self._texts[rest] = self._decode_text(rest)[:MAX_TEXT_LENGTH]
            if text:
                return text
        return ""

    def _decode_text(self, rest: str) -> str:
        if rest[:1] == ":":
            return read_text_value(rest[: MAX_TEXT_LENGTH + 1_000])
        text, fault = decode_text_value(rest[:_MAX_ENCODED_LENGTH])
        if fault:
            self._fault_by_line[rest] = fault
        return text

    def _collect_faults(self, lines: dict[str, list[str]]) -> list[str]:
        self._fault_by_line.update(
            (rest, decode_text_value(rest)[1]) for rest in lines["CATEGORIES"] if rest[:1] == ";"
        )
        faults = ((name, self._fault_by_line.get(rest)) for name in _TEXT_PROPERTIES for rest in lines[name])
        return [f"{name}: {fault}" for name, fault in faults if fault]


def _read_show_as(busy_status: str, transparency: str) -> ShowAs:
    show_as = _BUSY_STATUSES.get(busy_status.upper())
    if show_as is not None:
        return show_as
    return ShowAs.FREE if transparency.upper() == "TRANSPARENT" else ShowAs.BUSY


def _read_sensitivity(classes: list[str]) -> Sensitivity:
    """Read CLASS, whose values are given in capitals.

    RFC 5545, 3.8.1.3: "Applications MUST treat x-name and iana-token values they don't recognize the same way
    as they would the PRIVATE value."
    """
    values = {value for value in classes if value not in ("", "PUBLIC")}
    if not values:
        return Sensitivity.NORMAL
    return Sensitivity.CONFIDENTIAL if values == {"CONFIDENTIAL"} else Sensitivity.PRIVATE


def _read_html(page: str) -> str:
    # Some programs write plain text into X-ALT-DESC: it keeps its own lines.
    return "\n".join(html_lines(page)) if "<" in page else page
