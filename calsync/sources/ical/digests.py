"""Digests of a calendar and of its events that stay the same when nothing happened.

Google and Exchange stamp the time of the download into every event (DTSTAMP), so it is left out: it decides
nothing but which of two versions of one event is the newer (see `series`). Nothing else is: what else is
rewritten at every download differs from server to server, and to leave out too much would lose a change.
"""

import hashlib

_STAMP = b"\nDTSTAMP"
SIZE = 16
"""Bytes in a digest of an event."""


def digest_of(content: bytes) -> str:
    """The same for two downloads of a calendar that differ in their time stamps only."""
    return hashlib.sha256(without_stamps(content)).hexdigest()[: 2 * SIZE]


def without_stamps(content: bytes) -> bytes:
    """Lines without those that only say when they were written."""
    first, *others = content.split(_STAMP)
    kept = [first]
    for piece in others:
        end = piece.find(b"\n")
        # Nearly always a line of its own that is not folded.
        plain = end > 0 and piece[:1] == b":" and piece[end + 1 : end + 2] not in (b" ", b"\t")
        kept.append(piece[end:] if plain else _after_line(piece))
    return b"".join(kept)


def _after_line(piece: bytes) -> bytes:
    """What follows the line that a piece begins with the rest of; all of it where that is another line."""
    if piece[:1] not in b":;":
        return _STAMP + piece
    end = piece.find(b"\n")
    while end >= 0 and piece[end + 1 : end + 2] in (b" ", b"\t"):
        end = piece.find(b"\n", end + 1)
    return piece[end:] if end >= 0 else b""
