"""Decodes a file to unfolded text: encodings, line ends, folding, and whether it is a calendar at all."""

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
# Matches from the first CR of a run only, or a long run would cost its square.
_MANY_CR = re.compile(rb"(?<!\r)\r+\n")
_STRAY_CR = re.compile(rb"\r(?=[A-Za-z][A-Za-z0-9-]*[:;]|[ \t])")
# The beginnings of files that were joined end to end, each with its own encoding and byte order mark; and
# what must not precede them. UTF-16 without a mark is recognised by the zeros in BEGIN:VCALENDAR, and its
# byte order by what precedes. One pattern of all these takes a hundred times as long.
_PART_BEGINS = (
    (re.compile(rb"\xef\xbb\xbfBEGIN"), ()),
    (re.compile(rb"\xff\xfeB\0E\0G\0I\0N\0"), ()),
    (re.compile(rb"\xfe\xff\0B\0E\0G\0I\0N"), ()),
    (re.compile(rb"B\0E\0G\0I\0N\0:\0V\0C\0A\0L\0"), (b"\0", b"\xff\xfe")),
    (re.compile(rb"\0B\0E\0G\0I\0N\0:\0V\0C\0A\0L"), (b"\0\n", b"\xfe\xff")),
)
# The byte order mark in UTF-8; and the same read as Windows-1252 and written in UTF-8 again.
_BYTE_ORDER_MARK = rb"(?:\xef\xbb\xbf|\xc3\xaf\xc2\xbb\xc2\xbf)+"
_MARK_AT_START = re.compile(rb"(\A|[\r\n])" + _BYTE_ORDER_MARK)
_MARK_AT_BEGIN = re.compile(rb"(?<=[^\r\n])" + _BYTE_ORDER_MARK + rb"(?=BEGIN[ \t]*:)", re.I)
# Consecutive lines with bytes that are not UTF-8.
_NOT_UTF8 = re.compile("^(?:[^\n\udc80-\udcff]*+[\udc80-\udcff][^\n]*+\n?)+", re.M)
_PIECE = 1 << 20
_HINT = "export or download the calendar again"


def decode_calendar_text(content: bytes, where: str) -> tuple[str, list[Problem]]:
    """Return the calendar as unfolded lines that end in LF, and notes on how it was decoded.

    Raises:
        SourceContentError: There is no calendar in it.
    """
    lines = _unify_line_ends(_to_utf8(content))
    unfolded = _unfold(lines)
    if b"=\n" in lines and QUOTED_PRINTABLE in unfolded.upper():
        unfolded = _unfold(mark_soft_breaks(lines))
    _check_is_calendar(unfolded, where)
    try:
        return unfolded.decode("utf-8"), []
    except UnicodeDecodeError:
        what = "some of it is not in UTF-8 and was read as Windows-1252; accents may be wrong"
        note = Problem(where, what, "export the calendar as UTF-8", Severity.NOTE)
        return _decode_by_line(unfolded), [note]


def line_numbers(content: bytes) -> list[int]:
    """Return for each line of `decode_calendar_text` the number, from 1, of its first line in the file.

    A line after a soft line break (`soft_breaks`) counts as a line.
    """
    content = _to_utf8(content)
    numbers: list[int] = []
    for number, line in enumerate(content.split(b"\n" if b"\n" in content else b"\r"), 1):
        for piece in _STRAY_CR.split(line.rstrip(b"\r")):
            if piece.strip(b" \t") and not (numbers and piece[:1] in (b" ", b"\t")):
                numbers.append(number)
    return numbers


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
        # A bare CR: next to another line end it does not make an empty line.
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
    # Without a byte order mark UTF-16 is recognised by every second byte of the first line, which is zero.
    begins = content[:64].upper().find(b"B\0E\0G")
    if begins >= 0:
        return _recode(content, "utf-16-be" if begins % 2 else "utf-16-le")
    return content


def _recode(content: bytes, encoding: str) -> bytes:
    return content.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def _unify_line_ends(content: bytes) -> bytes:
    """Replace every line end by LF: CR LF, CR CR LF (written twice in Windows' text mode) and bare CR."""
    # `replace` first: a pattern needs memory for every match.
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
    """Decode lines in UTF-8 as such and all others as Windows-1252: files joined together have both."""
    pieces, begin = [], 0
    while begin < len(content):
        # Piece by piece, since the intermediate text takes several times the memory.
        end = content.find(b"\n", begin + _PIECE) + 1 or len(content)
        text = content[begin:end].decode("utf-8", "surrogateescape")
        pieces.append(_NOT_UTF8.sub(_decode_windows_1252, text))
        begin = end
    return "".join(pieces)


def _decode_windows_1252(lines: re.Match[str]) -> str:
    return lines[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


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
