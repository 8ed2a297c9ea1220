"""Digests of a calendar and of its events that stay the same when nothing happened.

Google and Exchange stamp the time of the download into every event (DTSTAMP), so it is left out: it decides
nothing but which of two versions of one event is the newer (see `series`). Nothing else is: what else is
rewritten at every download differs from server to server, and to leave out too much would lose a change.
In a scheduling message it is the time of the message, and says which of two is the later: there it stays.
"""

import hashlib
import re

from calsync.sources.ical.event import SCHEDULING_METHODS

# Each with what is folded to it.
_DTSTAMP_LINES = re.compile(rb"\nDTSTAMP[:;][^\n]*+(?:\n[ \t][^\n]*+)*+")
_MESSAGE_METHOD_LINES = [f"\nMETHOD:{method}".encode() for method in SCHEDULING_METHODS]
DIGEST_SIZE = 16
"""Bytes in a digest of an event."""


def calendar_digest(content: bytes) -> str:
    """The same for two downloads of a calendar that differ in their time stamps only."""
    if any(method in content for method in _MESSAGE_METHOD_LINES):
        return hashlib.sha256(content).hexdigest()[: 2 * DIGEST_SIZE]
    return hashlib.sha256(remove_stamps(content)).hexdigest()[: 2 * DIGEST_SIZE]


def remove_stamps(content: bytes) -> bytes:
    """Lines without those that only say when they were written."""
    return _DTSTAMP_LINES.sub(b"", content)
