"""How a problem names an event: by line, day and UID, never by its title (decision 24).

Problems are stored, logged and mailed to other people than the calendar's owner. Whether a title may be
stored depends on the kind of the meeting ([privacy] titles), which is unknown of an event that cannot be
read.
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
    """One of the calendars that a file was joined from; first_line: the line on which it begins, from 1."""

    first_line: int
    where: str


class EventLocator:
    """Names the lines and events of one file in problems."""

    def __init__(self, where: str, content: bytes, parts: Sequence[JoinedPart] = ()) -> None:
        """Set the file.

        Args:
            where: The name of the file or calendar.
            content: The file, to find the lines of its events.
            parts: The calendars that it was joined from, in order, where problems are to name each.
        """
        self.where = where
        self._parts = parts
        self._content = content
        self._text = ""
        self._begins: Sequence[int] | None = None

    def use_text(self, text: str, begins: Sequence[int]) -> None:
        """Set the text of `decode_calendar_text` and the position in it at which each event begins."""
        self._text, self._begins = text, begins

    def describe_event(self, number: int, text: str) -> str:
        """Return `a.ics, line 120, event on 2026-10-06 with uid 1@x` for the number and text of an event."""
        return f"{self.event_location(number)}, {_event_name(text)}"

    def event_location(self, number: int) -> str:
        """Return `calendar.ics, line 120` for the number of an event, from 1."""
        line = self._line_of_event(number)
        return f"{self.where}, event {number}" if line is None else self.line_location(line)

    def event_locations(self, numbers: Sequence[int]) -> str:
        """Return `calendar.ics, line 120, line 180` for the numbers of events."""
        if self._parts:
            return ", ".join(map(self.event_location, numbers))
        return ", ".join((self.where, *map(self.event_line, numbers)))

    def line_location(self, line: int) -> str:
        """Return `calendar.ics, line 120` for a line of the file, by the part that it belongs to."""
        part = bisect_right(self._parts, line, key=itemgetter(0)) - 1
        if part < 0:
            return f"{self.where}, line {line}"
        return f"{self._parts[part].where}, line {line - self._parts[part].first_line + 1}"

    def event_line(self, number: int) -> str:
        """Return `line 120`, the line on which an event begins, for its number from 1."""
        line = self._line_of_event(number)
        return f"event {number}" if line is None else f"line {line}"

    def _line_of_event(self, number: int) -> int | None:
        if self._begins is not None:
            return self.line_number_at(self._begins[number - 1]) if 0 < number <= len(self._begins) else None
        return self._event_lines[number - 1] if 0 < number <= len(self._event_lines) else None

    def line_number_at(self, position: int) -> int:
        """Return the number of the line of the file for a position in the text (`use_text`)."""
        line = bisect_left(self._line_ends, position)
        return self._line_numbers[min(line, len(self._line_numbers) - 1)] if self._line_numbers else 1

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in _LINE_END.finditer(self._text)]

    @cached_property
    def _line_numbers(self) -> list[int]:
        return line_numbers(self._content)

    @cached_property
    def _event_lines(self) -> list[int]:
        """The line of each BEGIN:VEVENT, where no text was set (the fast reader decodes no whole text)."""
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
    """Whether CLASS is anything but PUBLIC, which is the default (RFC 5545, 3.8.1.3)."""
    classes = [read_text_value(rest).upper() for _, rest in find_lines(text, frozenset({"CLASS"}))]
    return any(value not in ("", "PUBLIC") for value in classes)
