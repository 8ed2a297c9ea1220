"""Names of mail files, from date, manager and subject, that every file system accepts.

`2026-11-16 nerys.pugh - Your time in partnerships, 9–15 November 2026.eml`. The date comes first, so no name
is one that Windows reserves (CON, NUL, COM1 with any extension).
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

# Most file systems allow 255 bytes; the others are for a number and the suffix of the temporary file.
_MAX_NAME_BYTES = 180
_MAX_MANAGER_BYTES = 60
# Separators of paths on some system.
_REPLACED_BY_DASH = frozenset("/\\|")
_REPLACED_BY_SPACE = frozenset('<>:"?*')
# Control characters, invisible and bidirectional marks, lone surrogates, private and unassigned characters,
# and line separators, but not spaces.
_INVISIBLE_CATEGORIES = ("C", "Zl", "Zp")
# Characters without a visible glyph that Unicode does not classify as format characters.
_BLANK_CHARACTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0x180B, 0x180E)))
)


def candidate_file_names(message: EmailMessage) -> Iterator[str]:
    """Yield the possible names of a mail's file: without a number, then with (2), (3) and so on."""
    manager = truncate_utf8(
        clean_name(parseaddr(str(message["To"] or ""))[1].partition("@")[0]), _MAX_MANAGER_BYTES
    )
    subject = clean_name(str(message["Subject"] or ""))
    try:
        day = parsedate_to_datetime(str(message["Date"])).date().isoformat()
    except (TypeError, ValueError):
        day = "undated"
    description = " - ".join(part for part in (manager, subject) if part)
    stem = truncate_utf8(f"{day} {description}".strip(), _MAX_NAME_BYTES)
    yield f"{stem}.eml"
    for number in count(2):
        yield f"{stem} ({number}).eml"


def is_same_mail(message: EmailMessage, path: Path) -> bool:
    """Whether a file contains this mail, by Message-ID, or by its bytes if the mail has no Message-ID."""
    if not path.is_file():
        return False
    content = path.read_bytes()
    identity = message["Message-ID"]
    if not identity:
        return hashlib.sha256(content).digest() == hashlib.sha256(message.as_bytes()).digest()
    existing_id = BytesHeaderParser(policy=compat32).parsebytes(content)["Message-ID"]
    return existing_id is not None and str(existing_id).strip() == str(identity).strip()


def clean_name(text: str) -> str:
    """The text without the characters that are not allowed in file names, and without invisible ones.

    Dots and dashes at both ends are removed: they hide a file, or look like an option.
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(map(_visible_character, composed)).split()).strip(" .-")


def _visible_character(character: str) -> str:
    if character in _REPLACED_BY_DASH:
        return "-"
    hidden = unicodedata.category(character).startswith(_INVISIBLE_CATEGORIES)
    return " " if hidden or character in _REPLACED_BY_SPACE or character in _BLANK_CHARACTERS else character


def truncate_utf8(text: str, max_bytes: int) -> str:
    """Cut a text to at most this number of bytes in UTF-8, between characters with their combining marks."""
    if len(text.encode()) <= max_bytes:
        return text
    cut = len(text.encode()[:max_bytes].decode(errors="ignore"))
    while cut and unicodedata.combining(text[cut]):
        cut -= 1
    return text[:cut].strip(" .-")
