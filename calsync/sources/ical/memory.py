"""What each UID of a calendar gave when it was read last, so that only what changed is read again.

It holds descriptions and addresses, which are never stored: it lives in a process, and has no form on disk.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from calsync.model.occurrence import Occurrence

Keyed = tuple[datetime, str, str, Occurrence]
"""Start in UTC, uid, recurrence id: what occurrences are ordered by, and no two have alike."""


class Memory:
    """Of one calendar. `scope` names all that an answer rests on besides the events of a UID themselves."""

    def __init__(self) -> None:
        self._scope = ""
        self._uids: dict[bytes, str] = {}
        self._gave: dict[bytes, tuple[Keyed, ...]] = {}

    def __len__(self) -> int:
        return len(self._gave)

    def uids(
        self,
        scope: str,
        digests: Iterable[bytes],
        events: Sequence[bytes],  # noqa: ARG002 - a ledger's
    ) -> list[str | None]:
        """The UID of each event, None for those not met before; all None under another scope."""
        known = self._uids if scope == self._scope else {}
        return [known.get(digest) for digest in digests]

    def gave(self, digests: list[bytes]) -> tuple[Keyed, ...] | None:
        """What a UID gave that had exactly these events, None if it never had."""
        return self._gave.get(_name(digests))

    def keep(
        self, scope: str, digests: Sequence[bytes], uids: Sequence[str | None], found: Iterable[Keyed]
    ) -> None:
        """Remember this reading in the place of the last; uids: None for events not to be remembered."""
        gave: dict[str, list[Keyed]] = defaultdict(list)
        for keyed in found:
            gave[keyed[1]].append(keyed)
        groups: dict[str, list[bytes]] = defaultdict(list)
        for digest, uid in zip(digests, uids, strict=True):
            if uid is not None:
                groups[uid].append(digest)
        self._scope = scope
        self._uids = {digest: uid for digest, uid in zip(digests, uids, strict=True) if uid is not None}
        self._gave = {_name(group): tuple(gave.get(uid, ())) for uid, group in groups.items()}


def _name(digests: list[bytes]) -> bytes:
    return digests[0] if len(digests) == 1 else b"".join(sorted(digests))
