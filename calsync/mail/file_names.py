"""Names of the files that the folder transport writes: date, manager and subject of a mail.

Every file system accepts them. Example:
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

# Most file systems allow 255 bytes; the rest is for a number and the suffix of the temporary file.
_MAX_NAME_BYTES = 180
_MAX_MANAGER_BYTES = 60
# Path separators, and the pipe, which Windows forbids.
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
    """Yield possible names for the file of a mail, without end: without a number, then with (2), (3) ..."""
    manager = truncate_utf8(
        clean_name(parseaddr(str(message["To"] or ""))[1].partition("@")[0]), _MAX_MANAGER_BYTES
    )
    subject = clean_name(str(message["Subject"] or ""))
    try:
        day = parsedate_to_datetime(str(message["Date"])).date().isoformat()
    except (TypeError, ValueError):
        day = "undated"
    manager_and_subject = " - ".join(part for part in (manager, subject) if part)
    stem = truncate_utf8(f"{day} {manager_and_subject}".strip(), _MAX_NAME_BYTES)
    yield f"{stem}.eml"
    for number in count(2):
        yield f"{stem} ({number}).eml"


def is_same_mail(message: EmailMessage, path: Path) -> bool:
    """Whether a file contains this mail.

    Mails are compared by Message-ID, and by their bytes if this mail has none.
    """
    if not path.is_file():
        return False
    content = path.read_bytes()
    message_id = message["Message-ID"]
    if not message_id:
        return hashlib.sha256(content).digest() == hashlib.sha256(message.as_bytes()).digest()
    existing_id = BytesHeaderParser(policy=compat32).parsebytes(content)["Message-ID"]
    return existing_id is not None and str(existing_id).strip() == str(message_id).strip()


def clean_name(text: str) -> str:
    """Return the text without invisible characters and without those that file names must not contain.

    Dots and dashes at both ends are removed: a dot at the start hides the file, Windows drops one at the end,
    and a dash at the start looks like an option of a command.
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(map(_replace_unsafe_character, composed)).split()).strip(" .-")


def _replace_unsafe_character(character: str) -> str:
    if character in _REPLACED_BY_DASH:
        return "-"
    is_invisible = character in _BLANK_CHARACTERS or unicodedata.category(character).startswith(
        _INVISIBLE_CATEGORIES
    )
    return " " if is_invisible or character in _REPLACED_BY_SPACE else character


def truncate_utf8(text: str, max_bytes: int) -> str:
    """Cut a text to at most this number of bytes in UTF-8, never before a combining mark."""
    if len(text.encode()) <= max_bytes:
        return text
    length = len(text.encode()[:max_bytes].decode(errors="ignore"))
    while length and unicodedata.combining(text[length]):
        length -= 1
    return text[:length].strip(" .-")
