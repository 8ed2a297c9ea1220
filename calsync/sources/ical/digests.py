"""Digests of a calendar and of its events that stay the same when nothing happened.

Google and Exchange stamp the time of the download into every event (DTSTAMP), so it is left out: it decides
nothing but which of two versions of one event is the newer (see `series`). Nothing else is: what else is
rewritten at every download differs from server to server, and to leave out too much would lose a change.
In a scheduling message it is the time of the message, and says which of two is the later: there it stays.
"""

import hashlib
import re

from calsync.sources.ical.event import MESSAGES

# Each with what is folded to it.
_STAMPS = re.compile(rb"\nDTSTAMP[:;][^\n]*+(?:\n[ \t][^\n]*+)*+")
_MESSAGES = [f"\nMETHOD:{method}".encode() for method in MESSAGES]
SIZE = 16
"""Bytes in a digest of an event."""


def digest_of(content: bytes) -> str:
    """The same for two downloads of a calendar that differ in their time stamps only."""
    if any(method in content for method in _MESSAGES):
        return hashlib.sha256(content).hexdigest()[: 2 * SIZE]
    return hashlib.sha256(without_stamps(content)).hexdigest()[: 2 * SIZE]


def without_stamps(content: bytes) -> bytes:
    """Lines without those that only say when they were written."""
    return _STAMPS.sub(b"", content)
