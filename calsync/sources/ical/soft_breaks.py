"""Finds soft line breaks of quoted-printable text (RFC 2045, 6.7; vCalendar 1.0), before lines are unfolded.

    SUMMARY;ENCODING=QUOTED-PRINTABLE:Public Services Board =
    workshop day

The second line begins with no blank, so only the `=` shows that it belongs to the first. Such a line may look
like a property, and even like the END of its event.
"""

import re

COUNTED_BREAK, UNCOUNTED_BREAK = "\r", "\v"
"""What replaces the line feed of a soft line break. All other line ends of the text are LF, so CR is free.

COUNTED: a line follows that `file_text.line_numbers` counts. UNCOUNTED: an empty line follows, or one that
begins with a blank as a folded line does.
"""
QUOTED_PRINTABLE = b"QUOTED-PRINTABLE"
_IN_QUOTES = re.compile(rb'"[^"]*"')
_STRUCTURE = re.compile(rb"(BEGIN|END)[ \t]*:[ \t]*(V[A-Z]+|STANDARD|DAYLIGHT)[ \t]*", re.I)
_EVENT_OR_CALENDAR = re.compile(rb"(BEGIN|END)[ \t]*:[ \t]*(VEVENT|VCALENDAR)[ \t]*", re.I)
# A fold that cut a sequence such as =C3 in two, as writers do that fold after encoding.
_SEQUENCE_TAIL = re.compile(rb"[ \t][0-9A-F]{2}")
_MAX_HEAD = 2_000
"""Bytes of a line in which parameters are looked for."""


def mark_soft_breaks(content: bytes) -> bytes:
    """Join lines at soft line breaks, with a mark in place of the line feed.

    Args:
        content: Lines that end in LF, still folded.
    """
    lines = content.split(b"\n")
    written: list[bytes] = []
    head, before, is_encoded = b"", b"", None
    for number, line in enumerate(lines):
        folded = line[:1] in (b" ", b"\t")
        mark = b"\n"
        if before[-1:] == b"=":
            # Once for each line: it may be cut by a hundred thousand soft line breaks.
            is_encoded = is_quoted_printable(head) if is_encoded is None else is_encoded
            mark = _break_mark(lines, number, folded=folded) if is_encoded else mark
        if mark == b"\n" and (not folded or len(head) < _MAX_HEAD):
            head = head + line[1:_MAX_HEAD] if folded else line[:_MAX_HEAD]
            is_encoded = None
        written += (mark, line)
        before = line
    return b"".join(written[1:])


def is_quoted_printable(head: bytes) -> bool:
    """Whether a line that begins like this has a value in quoted-printable, by its parameters."""
    at = head.upper().find(QUOTED_PRINTABLE)
    parameters = _IN_QUOTES.sub(b"", head[: max(at, 0)])
    return b";" in parameters and b":" not in parameters


def _break_mark(lines: list[bytes], number: int, *, folded: bool) -> bytes:
    line = lines[number]
    if folded:
        return b"\n" if _SEQUENCE_TAIL.match(line) else UNCOUNTED_BREAK.encode()
    if not line:
        return UNCOUNTED_BREAK.encode()
    structure = _STRUCTURE.fullmatch(line)
    if structure is None or _is_text(lines, number, structure):
        return COUNTED_BREAK.encode()
    return b"\n"


def _is_text(lines: list[bytes], number: int, structure: re.Match[bytes]) -> bool:
    """Whether a line that reads as BEGIN or END of an event is text after a soft line break.

    The next such line after it must be an END:VEVENT, or the event would have no end if this were text.
    """
    if structure[2].upper() != b"VEVENT":
        return False
    for following_number in range(number + 1, len(lines)):
        following = _EVENT_OR_CALENDAR.fullmatch(lines[following_number])
        if following is not None:
            return (following[1].upper(), following[2].upper()) == (b"END", b"VEVENT")
    return False
