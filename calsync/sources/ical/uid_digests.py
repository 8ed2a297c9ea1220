"""What each UID of a calendar was at the last reading, by its digest only: it can be kept in a token.

It holds nothing of what a UID gave, for that would be descriptions and addresses: it says which UIDs
stand as they were, and whoever kept what they gave keeps it on.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence

_BYTES_PER_UID = 8
"""Bytes kept of a UID's digest: among a thousand changed UIDs one in 10^16 would pass for unchanged."""


class UidDigests:
    """Of one calendar. standing: after a reading, the UIDs that are in it as they were.

    text: after a reading, all that need be remembered until the next; "" where it was not by UIDs.
    """

    def __init__(self, text: str = "") -> None:
        """text: what `text` gave after the last reading, "" for none."""
        self.unchanged: frozenset[str] = frozenset()
        self.text = ""
        self._key, _, packed = text.partition(":")
        self._before = _unpack_digests(packed)

    def is_valid_for(self, key: str) -> bool:
        """Whether anything is known of the last reading, and it rested on the same as this one."""
        return key == self._key and bool(self._before)

    def is_unchanged(self, digests: Sequence[bytes]) -> bool:
        """Whether a UID had exactly the events of these digests."""
        return _digest_of_uid(digests) in self._before

    def update(self, key: str, digests: Mapping[str, Sequence[bytes]], unchanged: frozenset[str]) -> None:
        """Remember UIDs by the digests of their events, those that were read now and those that stand."""
        self.unchanged = unchanged
        known = {*map(_digest_of_uid, digests.values())}
        self.text = f"{key}:{base64.b64encode(b''.join(sorted(known))).decode()}" if known else ""


def _digest_of_uid(digests: Sequence[bytes]) -> bytes:
    if len(digests) == 1:
        return digests[0][:_BYTES_PER_UID]
    return hashlib.sha256(b"".join(sorted(digests))).digest()[:_BYTES_PER_UID]


def _unpack_digests(packed: str) -> frozenset[bytes]:
    try:
        content = base64.b64decode(packed, validate=True)
    except (ValueError, binascii.Error):
        return frozenset()
    return frozenset(
        content[start : start + _BYTES_PER_UID] for start in range(0, len(content), _BYTES_PER_UID)
    )
