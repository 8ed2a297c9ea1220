"""Who is asked to an event, and what they answered (RFC 5545, 3.8.4.1 and 3.8.4.3).

The same people are asked to meeting after meeting, in lines that differ in little: so a line is taken
apart once, and what it is made of is remembered for the length of one calendar.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from calsync.model.occurrence import Attendee, AttendeeKind, Response
from calsync.sources.ical.lines import lines_by_name
from calsync.sources.ical.texts import parameters_and_value, parameters_of, text_of

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
_GOOGLE_ROOMS = "resource.calendar.google.com"
# Parameters that need no care, and a name in quotes, which says nothing to us, wherever it stands.
_SAFE = r"(?:;[A-Za-z0-9-]+=[^\",:;^\0-\x1f\x7f]*+(?=[;:]))*+"
_USUAL = re.compile(rf'({_SAFE})(?:;CN="[^"\0-\x1f\x7f]*+")?({_SAFE}):', re.S)


class People:
    """Reads ORGANIZER and ATTENDEE lines; two attendees alike are one object."""

    def __init__(self) -> None:
        self._attendees: dict[str, Attendee] = {}
        self._organizers: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._said: dict[str, tuple[AttendeeKind, Response]] = {}
        self._one_each: dict[tuple[str, int, int], Attendee] = {}

    def organizer(self, rest: str) -> str:
        """The organizer's mail address, or ""."""
        address = self._organizers.get(rest)
        if address is None:
            address = self._organizers[rest] = self._parted(rest)[0]
        return address

    def attendees(self, rests: Iterable[str]) -> tuple[Attendee, ...]:
        """The attendees in order, each once."""
        found = [self._attendees.get(rest) or self._attendee(rest) for rest in rests]
        return tuple({id(one): one for one in found}.values())

    def _attendee(self, rest: str) -> Attendee:
        address, (kind, answer) = self._parted(rest)
        if address.endswith(_GOOGLE_ROOMS):
            kind = AttendeeKind.RESOURCE
        # Members of an enumeration are hashed by Python code, their ids are not.
        name = (address, id(kind), id(answer))
        one = self._one_each.get(name)
        if one is None:
            one = self._one_each[name] = Attendee(address, kind, answer)
        self._attendees[rest] = one
        return one

    def _parted(self, rest: str) -> tuple[str, tuple[AttendeeKind, Response]]:
        """The address, and what the parameters say."""
        match = _USUAL.match(rest)
        said = match[1] + match[2] if match else ""
        if match is None or "EMAIL=" in said.upper():
            before, value = parameters_and_value(rest)
            parameters = parameters_of(before)
            return _address(value, parameters), _said(parameters)
        value = rest[match.end() :]
        if value not in self._addresses:
            self._addresses[value] = _address(value, {})
        if said not in self._said:
            self._said[said] = _said(parameters_of(said))
        return self._addresses[value], self._said[said]


def uninvites_others(text: str, owners: frozenset[str]) -> bool:
    """Whether an event of a METHOD:CANCEL cancels the meeting for others only (RFC 5546, 3.2.5).

    Then its STATUS "MUST NOT be included", and its attendees are those who are no longer asked. Without
    attendees nobody is excepted.
    """
    lines = lines_by_name(text, frozenset({"ATTENDEE", "STATUS"}))
    if any(text_of(rest) for rest in lines["STATUS"]):
        return False
    attendees = People().attendees(lines["ATTENDEE"])
    return bool(attendees) and not any(attendee.address in owners for attendee in attendees)


def _said(parameters: dict[str, str]) -> tuple[AttendeeKind, Response]:
    kind = _KINDS.get(parameters.get("CUTYPE", "").upper(), AttendeeKind.UNKNOWN)
    return kind, _ANSWERS.get(parameters.get("PARTSTAT", "").upper(), Response.UNANSWERED)


def _address(value: str, parameters: dict[str, str]) -> str:
    """The mail address, "" where there is none: an X.500 name, a user id, nothing."""
    scheme, _, address = value.strip().partition(":")
    if scheme.lower() != "mailto":
        address = parameters.get("EMAIL", "")
    address = unquote(address.partition("?")[0]).strip(" <>\"'").lower()
    return address if "@" in address[1:-1] and " " not in address else ""
