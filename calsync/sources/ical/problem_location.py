"""How a problem names an event: by line, day and UID, and never by its title.

Problems are stored, logged and mailed to others than the calendar's owner. Whether a title may be kept
depends on what the meeting is ([privacy] titles), and of an event that cannot be read nobody knows that.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import NamedTuple

from calsync.model.uids import shorten_uid
from calsync.sources.ical.content_lines import find_lines
from calsync.sources.ical.file_text import line_numbers
from calsync.sources.ical.text_values import read_text_value

_EVENT_BEGIN = re.compile(rb"(?:\A|[\r\n])[\xef\xbb\xbf]*(BEGIN[ \t]*:[ \t]*VEVENT)", re.I)
_LINE_END = re.compile("[\n\r]")
_NAMING_PROPERTIES = frozenset({"UID", "DTSTART"})
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?", re.A)


class JoinedPart(NamedTuple):
    """A calendar in a content that was joined from several. first_line: the line at which it begins."""

    first_line: int
    where: str


class EventLocator:
    """Names the events of one file; where: the file's own name.

    parts: the calendars that the content was joined from, in order, where their names are told apart.
    """

    def __init__(self, where: str, content: bytes, parts: Sequence[JoinedPart] = ()) -> None:
        self.where = where
        self._parts = parts
        self._content = content
        self._text = ""
        self._begins: Sequence[int] | None = None

    def use_text(self, text: str, begins: Sequence[int]) -> None:
        """Take the place of each event from the text it is read from (`decode_calendar_text`)."""
        self._text, self._begins = text, begins

    def describe_event(self, number: int, text: str) -> str:
        """`calendar.ics, line 120, event on 2026-10-06 with uid 1@x`, from an event's number and text."""
        return f"{self.event_location(number)}, {_event_name(text)}"

    def event_location(self, number: int) -> str:
        """`calendar.ics, line 120`, from an event's number."""
        line = self._line_of_event(number)
        return f"{self.where}, event {number}" if line is None else self.line_location(line)

    def event_locations(self, numbers: Sequence[int]) -> str:
        """`calendar.ics, line 120, line 180`, from the numbers of events."""
        if self._parts:
            return ", ".join(map(self.event_location, numbers))
        return ", ".join((self.where, *map(self.event_line, numbers)))

    def line_location(self, line: int) -> str:
        """`calendar.ics, line 120`, by the part that the line is of."""
        part = bisect_right(self._parts, line, key=itemgetter(0)) - 1
        if part < 0:
            return f"{self.where}, line {line}"
        return f"{self._parts[part].where}, line {line - self._parts[part].first_line + 1}"

    def event_line(self, number: int) -> str:
        """`line 120`, where an event begins; number: its place among the events, from 1."""
        line = self._line_of_event(number)
        return f"event {number}" if line is None else f"line {line}"

    def _line_of_event(self, number: int) -> int | None:
        if self._begins is not None:
            known = 0 < number <= len(self._begins)
            return self.line_number_at(self._begins[number - 1]) if known else None
        return self._event_lines[number - 1] if 0 < number <= len(self._event_lines) else None

    def line_number_at(self, position: int) -> int:
        """The number of the line of the file that a position in the text followed lies on."""
        line = bisect_left(self._line_ends, position)
        return self._line_numbers[min(line, len(self._line_numbers) - 1)] if self._line_numbers else 1

    @cached_property
    def _line_ends(self) -> list[int]:
        return [found.start() for found in _LINE_END.finditer(self._text)]

    @cached_property
    def _line_numbers(self) -> list[int]:
        return line_numbers(self._content)

    @cached_property
    def _event_lines(self) -> list[int]:
        """The line of each BEGIN:VEVENT, where the file is read without its whole text."""
        begins = (0, *(match.start(1) for match in _EVENT_BEGIN.finditer(self._content)))
        counts = (self._content.count(b"\n", begin, end) for begin, end in pairwise(begins))
        return [ends + 1 for ends in accumulate(counts)]


def _event_name(text: str) -> str:
    values = dict(reversed(find_lines(text, _NAMING_PROPERTIES)))
    uid = shorten_uid(read_text_value(values.get("UID", ":")))
    match = _DAY.fullmatch(values.get("DTSTART", "").rpartition(":")[2].strip())
    day = f" on {match[1]}-{match[2]}-{match[3]}" if match else ""
    return f"event{day} with uid {uid}" if uid else f"event{day} without uid"


def is_private_event(text: str) -> bool:
    """Whether CLASS says anything but PUBLIC, which is what its absence means (RFC 5545, 3.8.1.3)."""
    classes = [read_text_value(rest).upper() for _, rest in find_lines(text, frozenset({"CLASS"}))]
    return any(value not in ("", "PUBLIC") for value in classes)
