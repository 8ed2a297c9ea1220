"""Names for mails as files: date, manager and subject, on every file system.

`2026-11-16 nerys.pugh - Your time in partnerships, 9–15 November 2026.eml`. The date comes first, so
no name can be one that Windows reserves (CON, NUL, COM1 with any ending).
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from itertools import count
from pathlib import Path

# Of the 255 bytes that most file systems allow; the rest is for a number and a temporary name.
_LONGEST_BYTES = 180
_MANAGER_BYTES = 60
# What Windows or another system takes for part of a path.
_DASHED = frozenset("/\\|")
_BLANKED = frozenset('<>:"?*')
# Controls, invisible and bidirectional marks, lone surrogates, private and unassigned characters, and
# separators of lines; spaces are kept.
_UNSEEN = ("C", "Zl", "Zp")
# Letters and signs without a glyph of their own that Unicode does not count as format characters.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0x180B, 0x180E)))
)


def file_names(message: EmailMessage) -> Iterator[str]:
    """Give the names for a mail's file, best first: without a number, then with (2), (3) and so on."""
    manager = shorten(clean_name(parseaddr(str(message["To"] or ""))[1].partition("@")[0]), _MANAGER_BYTES)
    subject = clean_name(str(message["Subject"] or ""))
    words = " - ".join(part for part in (manager, subject) if part)
    stem = shorten(f"{_day(message)} {words}".strip(), _LONGEST_BYTES)
    yield f"{stem}.eml"
    for number in count(2):
        yield f"{stem} ({number}).eml"


def is_same_mail(message: EmailMessage, path: Path) -> bool:
    """Return whether this file holds the same mail, by Message-ID; by its bytes where it has none."""
    if not path.is_file():
        return False
    content = path.read_bytes()
    identity = message["Message-ID"]
    if not identity:
        return hashlib.sha256(content).digest() == hashlib.sha256(message.as_bytes()).digest()
    held = BytesHeaderParser(policy=compat32).parsebytes(content)["Message-ID"]
    return held is not None and str(held).strip() == str(identity).strip()


def clean_name(text: str) -> str:
    """Return the text without what a file name must not hold, and without what nobody can see.

    Dots and dashes at both ends go, for they hide a file or look like an option.
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(map(_seen, composed)).split()).strip(" .-")


def _seen(character: str) -> str:
    if character in _DASHED:
        return "-"
    hidden = unicodedata.category(character).startswith(_UNSEEN)
    return " " if hidden or character in _BLANKED or character in _BLANK else character


def shorten(text: str, most: int) -> str:
    """Cut a text to so many bytes of UTF-8, between characters, and never before a combining mark."""
    if len(text.encode()) <= most:
        return text
    cut = len(text.encode()[:most].decode(errors="ignore"))
    while cut and unicodedata.combining(text[cut]):
        cut -= 1
    return text[:cut].strip(" .-")


def _day(message: EmailMessage) -> str:
    try:
        return parsedate_to_datetime(str(message["Date"])).date().isoformat()
    except (TypeError, ValueError):
        return "undated"
