"""Bytes to whole text: encodings, line ends, folding, and whether it is a calendar at all."""

import codecs
import re

from calsync.errors import SourceContentError
from calsync.model.problem import Problem, Severity

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Entered at the first of a run only, or a long run would cost its square.
_MANY_CR = re.compile(rb"(?<!\r)\r+\n")
_STRAY_CR = re.compile(rb"\r(?=[A-Za-z][A-Za-z0-9-]*[:;]|[ \t])")
_AGAIN = "export or download the calendar again"


def whole_text(content: bytes, where: str) -> tuple[str, list[Problem]]:
    """Give the calendar as unfolded lines that end in LF, and notes on how it was read.

    Raises SourceContentError for what is no calendar at all.
    """
    lines = _unified(_to_utf8(content))
    unfolded = lines.replace(b"\n ", b"").replace(b"\n\t", b"")
    _check_opening(unfolded, where)
    try:
        return unfolded.decode("utf-8"), []
    except UnicodeDecodeError:
        return _decoded_by_line(unfolded), [_not_utf8(where)]


def _to_utf8(content: bytes) -> bytes:
    if content.startswith(codecs.BOM_UTF8):
        content = content[len(codecs.BOM_UTF8) :]
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _recoded(content[len(mark) :], encoding)
    # Without a byte order mark, every second byte of a calendar's first line tells by being zero.
    begins = content[:64].upper().find(b"B\0E\0G")
    if begins >= 0:
        return _recoded(content, "utf-16-be" if begins % 2 else "utf-16-le")
    return content


def _recoded(content: bytes, encoding: str) -> bytes:
    return content.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def _unified(content: bytes) -> bytes:
    """Every line end as LF: CR LF, CR CR LF (a text written twice in Windows' text mode) and bare CR."""
    # Plain replacing first: a pattern needs memory for every place it matches.
    content = content.replace(b"\r\n", b"\n")
    if b"\r\n" in content:
        content = _MANY_CR.sub(b"\n", content)
    if b"\r" in content:
        content = _STRAY_CR.sub(b"\n", content).replace(b"\r", b" " if b"\n" in content else b"\n")
    content = content.lstrip(b" \t\n")
    while b"\n\n" in content:
        content = content.replace(b"\n\n", b"\n")
    return content


def _decoded_by_line(content: bytes) -> str:
    """Lines in UTF-8 as such, the others as Windows-1252: files glued together have both."""
    return "\n".join(_decoded(line) for line in content.split(b"\n"))


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _not_utf8(where: str) -> Problem:
    what = "some of it is not in UTF-8 and was read as Windows-1252; accents may be wrong"
    return Problem(where, what, "export the calendar as UTF-8", Severity.NOTE)


def _check_opening(content: bytes, where: str) -> None:
    start = content[:2000].lstrip().lower()
    if start.startswith(b"begin:vcalendar"):
        return
    if not start:
        raise SourceContentError(where, "the calendar is empty: not one byte to read", _AGAIN)
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<")):
        hint = "the link may need a sign-in or may have expired: copy the calendar's published address again"
        raise SourceContentError(where, "a web page came instead of a calendar", hint)
    if not re.search(rb"^begin[ \t]*:[ \t]*vcalendar", content, re.I | re.M):
        hint = "it must be an iCalendar (.ics) file, from BEGIN:VCALENDAR to END:VCALENDAR"
        raise SourceContentError(where, "this is no calendar: there is no BEGIN:VCALENDAR in it", hint)
