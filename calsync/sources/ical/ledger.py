"""What each UID of a calendar was at the last reading, by its digest only: it can be kept in a token.

It holds nothing of what a UID gave, for that would be descriptions and addresses: it says which UIDs
stand as they were, and whoever kept what they gave keeps it on.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence

_SIZE = 8
"""Bytes kept of a UID's digest: among a thousand changed UIDs one in 10^16 would pass for unchanged."""


class Ledger:
    """Of one calendar. standing: after a reading, the UIDs that are in it as they were.

    text: after a reading, all that need be remembered until the next; "" where it was not by UIDs.
    """

    def __init__(self, text: str = "") -> None:
        """text: what `text` gave after the last reading, "" for none."""
        self.standing: frozenset[str] = frozenset()
        self.text = ""
        self._scope, _, packed = text.partition(":")
        self._before = _unpacked(packed)

    def knows(self, scope: str) -> bool:
        """Whether anything is known of the last reading, and it rested on the same as this one."""
        return scope == self._scope and bool(self._before)

    def stands(self, digests: Sequence[bytes]) -> bool:
        """Whether a UID had exactly the events of these digests."""
        return _name(digests) in self._before

    def keep(self, scope: str, digests: Mapping[str, Sequence[bytes]], standing: frozenset[str]) -> None:
        """Remember UIDs by the digests of their events, those that were read now and those that stand."""
        self.standing = standing
        known = {*map(_name, digests.values())}
        self.text = f"{scope}:{base64.b64encode(b''.join(sorted(known))).decode()}" if known else ""


def _name(digests: Sequence[bytes]) -> bytes:
    if len(digests) == 1:
        return digests[0][:_SIZE]
    return hashlib.sha256(b"".join(sorted(digests))).digest()[:_SIZE]


def _unpacked(packed: str) -> frozenset[bytes]:
    try:
        content = base64.b64decode(packed, validate=True)
    except (ValueError, binascii.Error):
        return frozenset()
    return frozenset(content[start : start + _SIZE] for start in range(0, len(content), _SIZE))
