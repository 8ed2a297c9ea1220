"""The digest of each UID of a calendar at its last reading, to find out which have changed since.

It is stored in the token of the calendar. It has nothing of the occurrences, which would be descriptions and
addresses: those of unchanged UIDs are in the store, and stay there.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence

_BYTES_PER_UID = 8
"""Bytes stored of a digest: of a thousand changed UIDs, one in 10^16 would be taken for unchanged."""


class UidDigests:
    """The digests of one calendar.

    Attributes:
        unchanged: After a reading, the UIDs that have not changed since the one before.
        text: After a reading, what is stored until the next; "" if the full parser read the whole file.
    """

    def __init__(self, text: str = "") -> None:
        """text: the value of `text` after the last reading, "" for none."""
        self.unchanged: frozenset[str] = frozenset()
        self.text = ""
        self._key, _, packed = text.partition(":")
        self._previous = _unpack_digests(packed)

    def is_valid_for(self, key: str) -> bool:
        """Whether there was a last reading, under the same conditions as this one (`key`)."""
        return key == self._key and bool(self._previous)

    def is_unchanged(self, digests: Sequence[bytes]) -> bool:
        """Whether a UID had exactly the events with these digests."""
        return _digest_of_uid(digests) in self._previous

    def update(self, key: str, digests: Mapping[str, Sequence[bytes]], unchanged: frozenset[str]) -> None:
        """Store the digests of a reading. digests: by UID, of its events, read now or unchanged."""
        self.unchanged = unchanged
        uid_digests = {*map(_digest_of_uid, digests.values())}
        self.text = f"{key}:{base64.b64encode(b''.join(sorted(uid_digests))).decode()}" if uid_digests else ""


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
