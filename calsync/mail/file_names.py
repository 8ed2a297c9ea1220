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
_MAX_NAME_BYTES = 180
_MAX_MANAGER_BYTES = 60
# What Windows or another system takes for part of a path.
_REPLACED_BY_DASH = frozenset("/\\|")
_REPLACED_BY_SPACE = frozenset('<>:"?*')
# Controls, invisible and bidirectional marks, lone surrogates, private and unassigned characters, and
# separators of lines; spaces are kept.
_INVISIBLE_CATEGORIES = ("C", "Zl", "Zp")
# Letters and signs without a glyph of their own that Unicode does not count as format characters.
_BLANK_CHARACTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0x180B, 0x180E)))
)


def candidate_file_names(message: EmailMessage) -> Iterator[str]:
    """Give the names for a mail's file, best first: without a number, then with (2), (3) and so on."""
    manager = truncate_utf8(
        clean_name(parseaddr(str(message["To"] or ""))[1].partition("@")[0]), _MAX_MANAGER_BYTES
    )
    subject = clean_name(str(message["Subject"] or ""))
    words = " - ".join(part for part in (manager, subject) if part)
    stem = truncate_utf8(f"{_message_date(message)} {words}".strip(), _MAX_NAME_BYTES)
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
    existing_id = BytesHeaderParser(policy=compat32).parsebytes(content)["Message-ID"]
    return existing_id is not None and str(existing_id).strip() == str(identity).strip()


def clean_name(text: str) -> str:
    """Return the text without what a file name must not hold, and without what nobody can see.

    Dots and dashes at both ends go, for they hide a file or look like an option.
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(map(_visible_character, composed)).split()).strip(" .-")


def _visible_character(character: str) -> str:
    if character in _REPLACED_BY_DASH:
        return "-"
    hidden = unicodedata.category(character).startswith(_INVISIBLE_CATEGORIES)
    return " " if hidden or character in _REPLACED_BY_SPACE or character in _BLANK_CHARACTERS else character


def truncate_utf8(text: str, max_bytes: int) -> str:
    """Cut a text to so many bytes of UTF-8, between characters, and never before a combining mark."""
    if len(text.encode()) <= max_bytes:
        return text
    cut = len(text.encode()[:max_bytes].decode(errors="ignore"))
    while cut and unicodedata.combining(text[cut]):
        cut -= 1
    return text[:cut].strip(" .-")


def _message_date(message: EmailMessage) -> str:
    try:
        return parsedate_to_datetime(str(message["Date"])).date().isoformat()
    except (TypeError, ValueError):
        return "undated"
