"""Bytes to whole text: encodings, line ends, folding, and whether it is a calendar at all."""

import codecs
import re

from calsync.errors import SourceContentError
from calsync.model.problem import Problem, Severity
from calsync.sources.ical.soft_breaks import QUOTED_PRINTABLE, mark_soft_breaks

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Entered at the first of a run only, or a long run would cost its square.
_MANY_CR = re.compile(rb"(?<!\r)\r+\n")
_STRAY_CR = re.compile(rb"\r(?=[A-Za-z][A-Za-z0-9-]*[:;]|[ \t])")
# Where a part of files joined end to end begins, each with an encoding and a byte order mark of its own, and
# what must not stand before it. Without a mark UTF-16 shows in the zeros of BEGIN:VCALENDAR; what stands
# before tells its two byte orders apart. One pattern of all these takes a hundred times as long.
_PART_BEGINS = (
    (re.compile(rb"\xef\xbb\xbfBEGIN"), ()),
    (re.compile(rb"\xff\xfeB\0E\0G\0I\0N\0"), ()),
    (re.compile(rb"\xfe\xff\0B\0E\0G\0I\0N"), ()),
    (re.compile(rb"B\0E\0G\0I\0N\0:\0V\0C\0A\0L\0"), (b"\0", b"\xff\xfe")),
    (re.compile(rb"\0B\0E\0G\0I\0N\0:\0V\0C\0A\0L"), (b"\0\n", b"\xfe\xff")),
)
# The mark in UTF-8, and what becomes of it where it is read as Windows-1252 and written again.
_BYTE_ORDER_MARK = rb"(?:\xef\xbb\xbf|\xc3\xaf\xc2\xbb\xc2\xbf)+"
_MARK_AT_START = re.compile(rb"(\A|[\r\n])" + _BYTE_ORDER_MARK)
_MARK_AT_BEGIN = re.compile(rb"(?<=[^\r\n])" + _BYTE_ORDER_MARK + rb"(?=BEGIN[ \t]*:)", re.I)
# Lines with bytes that are no UTF-8, as many as follow each other.
_NOT_UTF8 = re.compile("^(?:[^\n\udc80-\udcff]*+[\udc80-\udcff][^\n]*+\n?)+", re.M)
_PIECE = 1 << 20
_HINT = "export or download the calendar again"


def decode_calendar_text(content: bytes, where: str) -> tuple[str, list[Problem]]:
    """Give the calendar as unfolded lines that end in LF, and notes on how it was read.

    Raises SourceContentError for what is no calendar at all.
    """
    lines = _unify_line_ends(_to_utf8(content))
    unfolded = _unfold(lines)
    if b"=\n" in lines and QUOTED_PRINTABLE in unfolded.upper():
        unfolded = _unfold(mark_soft_breaks(lines))
    _check_is_calendar(unfolded, where)
    try:
        return unfolded.decode("utf-8"), []
    except UnicodeDecodeError:
        return _decode_by_line(unfolded), [_not_utf8_problem(where)]


def line_numbers(content: bytes) -> list[int]:
    """For each line of `decode_calendar_text`, the number of the line of the file that it begins with.

    A line behind a soft line break (`soft_breaks`) is one of its own here.
    """
    content = _to_utf8(content)
    found: list[int] = []
    for number, line in enumerate(content.split(b"\n" if b"\n" in content else b"\r"), 1):
        for piece in _STRAY_CR.split(line.rstrip(b"\r")):
            if piece.strip(b" \t") and not (found and piece[:1] in (b" ", b"\t")):
                found.append(number)
    return found


def _to_utf8(content: bytes) -> bytes:
    content = content.removeprefix(codecs.BOM_UTF8)
    has_zeros = b"\0" in content
    has_marks = codecs.BOM_UTF8 in content or b"\xc3\xaf\xc2\xbb\xc2\xbf" in content
    if not has_zeros and not has_marks:
        return content
    parts = _split_joined_files(content)
    if has_zeros:
        parts = [_part_to_utf8(part) for part in parts]
    text = parts[0]
    for part in parts[1:]:
        # A line end that another kind of line end next to it does not make two of.
        text += part if text.endswith((b"\n", b"\r")) or not text else b"\r" + part
    return _MARK_AT_BEGIN.sub(b"\r", _MARK_AT_START.sub(rb"\1", text))


def _split_joined_files(content: bytes) -> list[bytes]:
    begins = {
        begin
        for pattern, never_before in _PART_BEGINS
        for begin in (match.start() for match in pattern.finditer(content))
        if not content[max(begin - 2, 0) : begin].endswith(never_before)
    }
    cuts = sorted({0, *begins})
    return [content[begin:end] for begin, end in zip(cuts, [*cuts[1:], len(content)], strict=True)]


def _part_to_utf8(content: bytes) -> bytes:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _recode(content[len(mark) :], encoding)
    # Without a byte order mark, every second byte of a calendar's first line tells by being zero.
    begins = content[:64].upper().find(b"B\0E\0G")
    if begins >= 0:
        return _recode(content, "utf-16-be" if begins % 2 else "utf-16-le")
    return content


def _recode(content: bytes, encoding: str) -> bytes:
    return content.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def _unify_line_ends(content: bytes) -> bytes:
    """Every line end as LF: CR LF, CR CR LF (a text written twice in Windows' text mode) and bare CR."""
    # Plain replacing first: a pattern needs memory for every place it matches.
    content = content.replace(b"\r\n", b"\n")
    if b"\r\n" in content:
        content = _MANY_CR.sub(b"\n", content)
    if b"\r" in content:
        content = _STRAY_CR.sub(b"\n", content).replace(b"\r", b" " if b"\n" in content else b"\n")
    return content.lstrip(b" \t\n")


def _unfold(lines: bytes) -> bytes:
    while b"\n\n" in lines:
        lines = lines.replace(b"\n\n", b"\n")
    return lines.replace(b"\n ", b"").replace(b"\n\t", b"")


def _decode_by_line(content: bytes) -> str:
    """Lines in UTF-8 as such, the others as Windows-1252: files glued together have both."""
    pieces, begin = [], 0
    while begin < len(content):
        # Piece by piece, since what is in between takes several times the room.
        end = content.find(b"\n", begin + _PIECE) + 1 or len(content)
        text = content[begin:end].decode("utf-8", "surrogateescape")
        pieces.append(_NOT_UTF8.sub(_decode_windows_1252, text))
        begin = end
    return "".join(pieces)


def _decode_windows_1252(lines: re.Match[str]) -> str:
    return lines[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _not_utf8_problem(where: str) -> Problem:
    what = "some of it is not in UTF-8 and was read as Windows-1252; accents may be wrong"
    return Problem(where, what, "export the calendar as UTF-8", Severity.NOTE)


def _check_is_calendar(content: bytes, where: str) -> None:
    start = content[:2000].lstrip().lower()
    if start.startswith(b"begin:vcalendar"):
        return
    if not start:
        raise SourceContentError(where, "the calendar is empty: not one byte to read", _HINT)
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<")):
        hint = "the link may need a sign-in or may have expired: copy the calendar's published address again"
        raise SourceContentError(where, "a web page came instead of a calendar", hint)
    if not re.search(rb"^begin[ \t]*:[ \t]*vcalendar", content, re.I | re.M):
        hint = "it must be an iCalendar (.ics) file, from BEGIN:VCALENDAR to END:VCALENDAR"
        raise SourceContentError(where, "this is no calendar: there is no BEGIN:VCALENDAR in it", hint)
