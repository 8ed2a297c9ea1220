"""How a problem names an event: by place, title or uid; a private event never by its title."""

import re
from functools import cached_property
from itertools import accumulate, pairwise

from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.structure import Block
from calsync.sources.ical.texts import text_of

_BEGIN = re.compile(rb"(?:\A|[\r\n])[\xef\xbb\xbf]*(BEGIN[ \t]*:[ \t]*VEVENT)", re.I)
_NAMES = frozenset({"SUMMARY", "UID", "CLASS"})
_LONGEST = 80


class Namer:
    """Names the events of one file; where: the file's own name."""

    def __init__(self, where: str, content: bytes) -> None:
        self.where = where
        self._content = content

    def of(self, block: Block) -> str:
        """`calendar.ics, line 120, event 'Title'`."""
        return self.by(block.number, block.text)

    def by(self, number: int, text: str) -> str:
        """The same, from an event's number and text."""
        return f"{self.where}, {self._place(number)}, {self._name(text)}"

    def _place(self, number: int) -> str:
        offsets = self._offsets
        if not 0 < number <= len(offsets):
            return f"event {number}"
        return f"line {self._lines[number - 1]}"

    @cached_property
    def _offsets(self) -> list[int]:
        """Where each BEGIN:VEVENT stands."""
        return [match.start(1) for match in _BEGIN.finditer(self._content)]

    @cached_property
    def _lines(self) -> list[int]:
        """The number of the line of each; counted once, since every event may have a problem."""
        line_end = b"\n" if b"\n" in self._content else b"\r"
        begins = (0, *self._offsets)
        counts = (self._content.count(line_end, begin, end) for begin, end in pairwise(begins))
        return [ends + 1 for ends in accumulate(counts)]

    def _name(self, text: str) -> str:
        values = dict(named_lines(text, _NAMES))
        title, uid = (_short(text_of(values[name])) if name in values else "" for name in ("SUMMARY", "UID"))
        if is_private(text):
            return f"a private event (uid {uid})" if uid else "a private event"
        if title:
            return f"event {title!r}"
        return f"event with uid {uid}" if uid else "event without title and uid"


def is_private(text: str) -> bool:
    """Whether CLASS says anything but PUBLIC, which is what its absence means (RFC 5545, 3.8.1.3)."""
    classes = [text_of(rest).upper() for _, rest in named_lines(text, frozenset({"CLASS"}))]
    return any(value not in ("", "PUBLIC") for value in classes)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
