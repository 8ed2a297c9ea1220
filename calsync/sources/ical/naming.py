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

from calsync.model.uids import shown_uid
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.text import line_numbers
from calsync.sources.ical.texts import text_of

_BEGIN = re.compile(rb"(?:\A|[\r\n])[\xef\xbb\xbf]*(BEGIN[ \t]*:[ \t]*VEVENT)", re.I)
_LINE_END = re.compile("[\n\r]")
_NAMES = frozenset({"UID", "DTSTART"})
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?", re.A)


class Part(NamedTuple):
    """A calendar in a content that was joined from several. first_line: the line at which it begins."""

    first_line: int
    where: str


class Namer:
    """Names the events of one file; where: the file's own name.

    parts: the calendars that the content was joined from, in order, where their names are told apart.
    """

    def __init__(self, where: str, content: bytes, parts: Sequence[Part] = ()) -> None:
        self.where = where
        self._parts = parts
        self._content = content
        self._text = ""
        self._begins: Sequence[int] | None = None

    def follow(self, text: str, begins: Sequence[int]) -> None:
        """Take the place of each event from the text it is read from (`whole_text`)."""
        self._text, self._begins = text, begins

    def by(self, number: int, text: str) -> str:
        """`calendar.ics, line 120, event on 2026-10-06 with uid 1@x`, from an event's number and text."""
        return f"{self.at_event(number)}, {_name(text)}"

    def at_event(self, number: int) -> str:
        """`calendar.ics, line 120`, from an event's number."""
        line = self._line_of(number)
        return f"{self.where}, event {number}" if line is None else self.at_line(line)

    def at_events(self, numbers: Sequence[int]) -> str:
        """`calendar.ics, line 120, line 180`, from the numbers of events."""
        if self._parts:
            return ", ".join(map(self.at_event, numbers))
        return ", ".join((self.where, *map(self.place, numbers)))

    def at_line(self, line: int) -> str:
        """`calendar.ics, line 120`, by the part that the line is of."""
        part = bisect_right(self._parts, line, key=itemgetter(0)) - 1
        if part < 0:
            return f"{self.where}, line {line}"
        return f"{self._parts[part].where}, line {line - self._parts[part].first_line + 1}"

    def place(self, number: int) -> str:
        """`line 120`, where an event begins; number: its place among the events, from 1."""
        line = self._line_of(number)
        return f"event {number}" if line is None else f"line {line}"

    def _line_of(self, number: int) -> int | None:
        if self._begins is not None:
            known = 0 < number <= len(self._begins)
            return self.line_at(self._begins[number - 1]) if known else None
        return self._lines[number - 1] if 0 < number <= len(self._lines) else None

    def line_at(self, position: int) -> int:
        """The number of the line of the file that a position in the text followed lies on."""
        line = bisect_left(self._line_ends, position)
        return self._numbers[min(line, len(self._numbers) - 1)] if self._numbers else 1

    @cached_property
    def _line_ends(self) -> list[int]:
        return [found.start() for found in _LINE_END.finditer(self._text)]

    @cached_property
    def _numbers(self) -> list[int]:
        return line_numbers(self._content)

    @cached_property
    def _lines(self) -> list[int]:
        """The line of each BEGIN:VEVENT, where the file is read without its whole text."""
        begins = (0, *(match.start(1) for match in _BEGIN.finditer(self._content)))
        counts = (self._content.count(b"\n", begin, end) for begin, end in pairwise(begins))
        return [ends + 1 for ends in accumulate(counts)]


def _name(text: str) -> str:
    values = dict(reversed(named_lines(text, _NAMES)))
    uid = shown_uid(text_of(values.get("UID", ":")))
    match = _DAY.fullmatch(values.get("DTSTART", "").rpartition(":")[2].strip())
    day = f" on {match[1]}-{match[2]}-{match[3]}" if match else ""
    return f"event{day} with uid {uid}" if uid else f"event{day} without uid"


def is_private(text: str) -> bool:
    """Whether CLASS says anything but PUBLIC, which is what its absence means (RFC 5545, 3.8.1.3)."""
    classes = [text_of(rest).upper() for _, rest in named_lines(text, frozenset({"CLASS"}))]
    return any(value not in ("", "PUBLIC") for value in classes)
