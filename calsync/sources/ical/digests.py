"""The digest of a calendar that stays the same while the calendar does.

Google and Exchange write the time of the download into every event (DTSTAMP), so it is left out: it only
decides which of two versions of one event is newer (`series`). Nothing else is left out: what else is
rewritten at every download differs from server to server, and to leave out too much would lose a change. In a
scheduling message DTSTAMP is the time of the message, which decides which of two is later: there it is not
left out.
"""

import hashlib
import re

from calsync.sources.ical.event import SCHEDULING_METHODS

# Each with the lines folded to it.
_DTSTAMP_LINES = re.compile(rb"\nDTSTAMP[:;][^\n]*+(?:\n[ \t][^\n]*+)*+")
_MESSAGE_METHOD_LINES = [f"\nMETHOD:{method}".encode() for method in SCHEDULING_METHODS]
DIGEST_SIZE = 16
"""Bytes of the digest of an event (`fast`)."""


def calendar_digest(content: bytes) -> str:
    """Return a digest that is the same for two downloads of a calendar that differ in DTSTAMP only."""
    if any(method in content for method in _MESSAGE_METHOD_LINES):
        return hashlib.sha256(content).hexdigest()[: 2 * DIGEST_SIZE]
    return hashlib.sha256(remove_stamps(content)).hexdigest()[: 2 * DIGEST_SIZE]


def remove_stamps(content: bytes) -> bytes:
    """Return lines without their DTSTAMP lines."""
    return _DTSTAMP_LINES.sub(b"", content)
