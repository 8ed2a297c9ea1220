"""Bytes to events, cut out and unread: one split at BEGIN:VEVENT, and the frame that is left around them.

A structure line can only stand at a line's start, and a folded line starts with a blank, so no text
is ever taken for one. What is built in another way than nearly all calendars are is `UnusualError`, and
the exact path (`structure`) takes the file.
"""

import codecs
import re
from dataclasses import dataclass

_BEGIN, END = b"\nBEGIN:VEVENT", b"\nEND:VEVENT"
_OPENING = re.compile(rb"BEGIN:VCALENDAR\r?\n")
# A carriage return elsewhere than before a line feed may be a line end too, or may not.
_STRAY_CR = re.compile(rb"\r[^\n]")
ALARM = rb"BEGIN:VALARM\r?(?:\n(?![BbEe\r\n])[^\n]*)*\nEND:VALARM(?=\r?(?:\n[^ \t]|\Z))"
"""The pattern of an alarm, to be stepped over."""
_ALARMS = re.compile(rb"\nBEGIN:VALARM\n.*?\nEND:VALARM(?=\n)", re.S)
_MARKS = re.compile(rb"\n(BEGIN|END)[ \t]*:", re.I)


class UnusualError(Exception):
    """A calendar that only the exact path reads."""


@dataclass(frozen=True, slots=True)
class Slices:
    """A calendar cut up. frame: the file without its events. events: each from behind its BEGIN, in order."""

    frame: bytes
    events: list[bytes]


def cut(content: bytes) -> Slices:
    """Cut a file of one VCALENDAR at its events; raises UnusualError."""
    content = content.removeprefix(codecs.BOM_UTF8)
    if not _OPENING.match(content) or _STRAY_CR.search(content):
        raise UnusualError
    head, *parts = content.split(_BEGIN)
    events, rests = [], []
    for part in parts:
        end = part.rfind(END)
        if end < 0 or part[:1] not in b"\r\n":
            raise UnusualError
        rest = part[end + len(END) :]
        # Cutting off nothing but the END would copy the whole file once more.
        events.append(part if rest in (b"\r", b"") else part[: end + len(END)])
        rests.append(rest)
    return Slices(_frame(head, rests), events)


def _frame(head: bytes, rests: list[bytes]) -> bytes:
    """The calendar without its events, if each of them stands in it and in nothing else."""
    between = [rest for rest in rests[:-1] if rest not in (b"\r", b"")]
    tail = rests[-1] if rests else b""
    if any(rest[:1] not in b"\r\n" for rest in (*between, tail)):
        raise UnusualError
    if _depth(head) or _depth(tail) != -1 or any(map(_depth, between)):
        raise UnusualError
    return b"\n".join((head, *(rest.lstrip(b"\r\n") for rest in (*between, tail))))


def _depth(piece: bytes) -> int:
    """How many components more begin in a piece than end."""
    unfolded = unfold(piece)
    marks = [mark.upper() for mark in _MARKS.findall(unfolded)]
    return marks.count(b"BEGIN") - marks.count(b"END")


def unfold(lines: bytes) -> bytes:
    """Lines as they were before they were folded, ending in LF; there are no empty ones among them."""
    lines = lines.replace(b"\r\n ", b"")  # for a single line that is nearly always all
    if b"\n" not in lines:
        return lines
    return lines.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")


def end_of(event: bytes) -> int:
    """Where the END of a slice stands, with which it ends; another END in it is nothing usual."""
    return len(event) - len(END) - event.endswith(b"\r")


def own_text(event: bytes) -> str:
    """An event's own lines as text, without those of its alarms; raises UnusualError for other than UTF-8."""
    lines = unfold(event[: end_of(event)] + b"\n")
    if b"\nBEGIN:" in lines:
        lines = _ALARMS.sub(b"", lines)
    try:
        return lines.decode()[1:]
    except UnicodeDecodeError as error:
        raise UnusualError from error
