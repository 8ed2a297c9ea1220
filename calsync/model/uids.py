"""Extracts the iCalendar UID from an Exchange id, so that one meeting has one uid in every calendar.

Exchange's id of a meeting is a "global object id" in hexadecimal ([MS-OXOCAL] 2.2.1.27): 16 fixed
bytes, 4 for the date of an occurrence, 8 for the creation time, 8 reserved, 4 for the length of the content,
and the content. In the id of a series the date is zero; some servers give every occurrence its own id. A
meeting that another program created has its UID in the content, after "vCal-Uid".
"""

import re

GENERATED_UID_PREFIX = "calsync-"
"""The prefix of a uid that calsync generates from an event's times and title because the event has none."""
_GLOBAL_OBJECT_ID_PREFIX = "040000008200E00074C5B7101A82E008"
_DATE_DIGITS = slice(32, 40)
_CONTENT_START = 80
_FOREIGN_UID_MARKER = b"vCal-Uid\x01\x00\x00\x00"
_JOINED_PROPERTY = re.compile(
    r"(?:SUMMARY|LOCATION|DESCRIPTION|X-ALT-DESC|COMMENT|CATEGORIES|ORGANIZER|ATTENDEE)[:;].*", re.I | re.S
)
_MAX_SHOWN_LENGTH = 80


def series_uid(uid: str) -> str:
    """The uid of the series as exported calendars have it; ids of other kinds are returned unchanged."""
    uid = uid.strip()
    head = uid[:32].upper()
    if (
        head != _GLOBAL_OBJECT_ID_PREFIX
        or len(uid) < _CONTENT_START
        or len(uid) % 2
        or not re.fullmatch(r"[0-9A-Fa-f]+", uid)
    ):
        return uid
    foreign = _foreign_uid(bytes.fromhex(uid[_CONTENT_START:]))
    return foreign or (uid[: _DATE_DIGITS.start] + "00000000" + uid[_DATE_DIGITS.stop :]).upper()


def _foreign_uid(content: bytes) -> str:
    if not content.startswith(_FOREIGN_UID_MARKER):
        return ""
    return content.removeprefix(_FOREIGN_UID_MARKER).rstrip(b"\x00").decode("utf-8", "replace").strip()


def shorten_uid(uid: str) -> str:
    """A uid for messages: short, and without the title that follows it where a line end was lost."""
    plain = " ".join(_JOINED_PROPERTY.sub("…", uid).split())
    return plain if len(plain) <= _MAX_SHOWN_LENGTH else f"{plain[: _MAX_SHOWN_LENGTH - 1]}…"
