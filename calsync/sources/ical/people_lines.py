"""Reads ORGANIZER and ATTENDEE: who is invited to an event, and their responses (RFC 5545, 3.8.4).

The same people are invited to meeting after meeting, in lines that differ little. So each line is read once,
and its parts are cached while one calendar is read.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from calsync.model.occurrence import Attendee, AttendeeKind, Response
from calsync.sources.ical.content_lines import group_lines_by_name
from calsync.sources.ical.text_values import read_parameters, read_text_value, split_parameters

_KINDS = {
    "": AttendeeKind.INDIVIDUAL,
    "INDIVIDUAL": AttendeeKind.INDIVIDUAL,
    "GROUP": AttendeeKind.GROUP,
    "ROOM": AttendeeKind.ROOM,
    "RESOURCE": AttendeeKind.RESOURCE,
}
_RESPONSES = {
    "ACCEPTED": Response.ACCEPTED,
    "TENTATIVE": Response.TENTATIVE,
    "DECLINED": Response.DECLINED,
    # Somebody else attends instead (RFC 5545, 3.2.12).
    "DELEGATED": Response.DECLINED,
}
_GOOGLE_ROOMS = "resource.calendar.google.com"
# Parameters without quotes and escapes, and among them a name (CN) in quotes, which is not needed.
_SAFE_PARAMETERS = r"(?:;[A-Za-z0-9-]+=[^\",:;^\0-\x1f\x7f]*+(?=[;:]))*+"
_SIMPLE_PARAMETERS = re.compile(
    rf'({_SAFE_PARAMETERS})(?:;CN="[^"\0-\x1f\x7f]*+")?({_SAFE_PARAMETERS}):', re.S
)


class PeopleReader:
    """Reads the ORGANIZER and ATTENDEE lines of one calendar; two equal attendees are one object."""

    def __init__(self) -> None:
        self._attendees: dict[str, Attendee] = {}
        self._organizers: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._kinds_and_responses: dict[str, tuple[AttendeeKind, Response]] = {}
        self._unique_attendees: dict[tuple[str, int, int], Attendee] = {}

    def read_organizer(self, rest: str) -> str:
        """Return the organizer's mail address, or ""."""
        address = self._organizers.get(rest)
        if address is None:
            address = self._organizers[rest] = self._split_line(rest)[0]
        return address

    def read_attendees(self, rests: Iterable[str]) -> tuple[Attendee, ...]:
        """Return the attendees in order, each once."""
        attendees = [self._attendees.get(rest) or self._read_attendee(rest) for rest in rests]
        return tuple({id(attendee): attendee for attendee in attendees}.values())

    def _read_attendee(self, rest: str) -> Attendee:
        address, (kind, response) = self._split_line(rest)
        if address.endswith(_GOOGLE_ROOMS):
            kind = AttendeeKind.RESOURCE
        # By id, since members of an enumeration are hashed by Python code, which is slow.
        key = (address, id(kind), id(response))
        attendee = self._unique_attendees.get(key)
        if attendee is None:
            attendee = self._unique_attendees[key] = Attendee(address, kind, response)
        self._attendees[rest] = attendee
        return attendee

    def _split_line(self, rest: str) -> tuple[str, tuple[AttendeeKind, Response]]:
        """The address, and kind and response from the parameters."""
        match = _SIMPLE_PARAMETERS.match(rest)
        parameters_key = match[1] + match[2] if match else ""
        if match is None or "EMAIL=" in parameters_key.upper():
            before, value = split_parameters(rest)
            parameters = read_parameters(before)
            return _read_address(value, parameters), _read_kind_and_response(parameters)
        value = rest[match.end() :]
        if value not in self._addresses:
            self._addresses[value] = _read_address(value, {})
        if parameters_key not in self._kinds_and_responses:
            self._kinds_and_responses[parameters_key] = _read_kind_and_response(
                read_parameters(parameters_key)
            )
        return self._addresses[value], self._kinds_and_responses[parameters_key]


def cancels_for_others_only(text: str, owners: frozenset[str]) -> bool:
    """Whether an event of a METHOD:CANCEL cancels the meeting for others only (RFC 5546, 3.2.5).

    Then its STATUS "MUST NOT be included", and its attendees are those who are no longer invited. Without
    attendees it cancels the meeting for all.
    """
    lines = group_lines_by_name(text, frozenset({"ATTENDEE", "STATUS"}))
    if any(read_text_value(rest) for rest in lines["STATUS"]):
        return False
    attendees = PeopleReader().read_attendees(lines["ATTENDEE"])
    return bool(attendees) and not any(attendee.address in owners for attendee in attendees)


def _read_kind_and_response(parameters: dict[str, str]) -> tuple[AttendeeKind, Response]:
    kind = _KINDS.get(parameters.get("CUTYPE", "").upper(), AttendeeKind.UNKNOWN)
    return kind, _RESPONSES.get(parameters.get("PARTSTAT", "").upper(), Response.UNANSWERED)


def _read_address(value: str, parameters: dict[str, str]) -> str:
    """The mail address in lower case; "" where there is none but an X.500 name, a user id or nothing."""
    scheme, _, address = value.strip().partition(":")
    if scheme.lower() != "mailto":
        address = parameters.get("EMAIL", "")
    address = unquote(address.partition("?")[0]).strip(" <>\"'").lower()
    return address if "@" in address[1:-1] and " " not in address else ""
