"""What each UID of a calendar was at the last reading, by its digest only: it can be kept in a token.

Where a `Memory` gives again what a UID gave, a ledger gives nothing and says which UIDs stand as they
were: whoever kept what they gave keeps it on.
"""

import base64
import binascii
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from calsync.sources.ical.memory import Keyed
from calsync.sources.ical.outlines import OddError, times_in, uid_in

_SIZE = 8
"""Bytes kept of a UID's digest: among a thousand changed UIDs one in 10^16 would pass for unchanged."""


class Ledger:
    """Of one calendar. standing: after a reading, the UIDs that are in it as they were."""

    def __init__(self, text: str = "") -> None:
        """text: what `text` gave after the last reading, "" for none."""
        self.standing: frozenset[str] = frozenset()
        self._scope, _, packed = text.partition(":")
        self._known = _unpacked(packed)
        self._uids: dict[bytes, str] = {}
        self._stood: dict[str, bytes] = {}

    @property
    def text(self) -> str:
        """All that need be remembered until the next reading."""
        packed = base64.b85encode(b"".join(sorted(self._known))).decode()
        return f"{self._scope}:{packed}" if self._known else ""

    def uids(self, scope: str, digests: Sequence[bytes], events: Sequence[bytes]) -> list[str | None]:
        """The UID of each event, None for those that must be read in any case."""
        if scope != self._scope or not self._known:
            self._scope, self._known = scope, frozenset()
            return [None] * len(digests)
        uids = [_uid(event) for event in events]
        self._uids = {digest: uid for digest, uid in zip(digests, uids, strict=True) if uid is not None}
        return uids

    def gave(self, digests: list[bytes]) -> tuple[Keyed, ...] | None:
        """Nothing, if a UID had exactly these events; None if it must be read."""
        name = _name(digests)
        if name not in self._known:
            return None
        self._stood[self._uids[digests[0]]] = name
        return ()

    def keep(
        self, scope: str, digests: Sequence[bytes], uids: Sequence[str | None], found: Iterable[Keyed]
    ) -> None:
        """Remember the UIDs that stand and those that gave something now, in the place of the last ones."""
        giving = {keyed[1] for keyed in found}
        groups: dict[str, list[bytes]] = defaultdict(list)
        for digest, uid in zip(digests, uids, strict=True):
            if uid is not None and uid in giving:
                groups[uid].append(digest)
        self.standing = frozenset(self._stood)
        self._scope = scope
        self._known = frozenset((*self._stood.values(), *map(_name, groups.values())))


def _uid(event: bytes) -> str | None:
    try:
        return uid_in(times_in(event)[0])
    except OddError:
        return None


def _name(digests: list[bytes]) -> bytes:
    return hashlib.sha256(b"".join(sorted(digests))).digest()[:_SIZE]


def _unpacked(packed: str) -> frozenset[bytes]:
    try:
        content = base64.b85decode(packed)
    except (ValueError, binascii.Error):
        return frozenset()
    return frozenset(content[start : start + _SIZE] for start in range(0, len(content), _SIZE))
