"""What a ledger says of a calendar's events: which UIDs are as they were, and which must be read."""

import hashlib
from collections.abc import Set
from datetime import datetime
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.sources.ical.ledger import Ledger
from calsync.sources.ical.slices import Slices
from calsync.sources.ical.version import reader_version
from calsync.sources.ical.zones import Zones

Keyed = tuple[datetime, str, str, Occurrence]
"""Start in UTC, uid, recurrence id: what occurrences are ordered by, and no two have alike."""


def scope_of(window: Span, zone: ZoneInfo, owners: frozenset[str], zones: Zones) -> str:
    """All that what a UID gives rests on, besides its own events."""
    frame = (reader_version(), window.start.isoformat(), window.end.isoformat(), zone.key, *sorted(owners))
    content = repr((frame, zones.wall, zones.own))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class Recall:
    """One reading with a ledger, or without. changed: the places of the events that must be read."""

    def __init__(self, ledger: Ledger | None, slices: Slices, scope: str) -> None:
        self._ledger = ledger
        self._scope = scope
        self._digests: dict[str, list[bytes]] = {}
        self._standing: frozenset[str] = frozenset()
        if ledger is not None:
            for uid, digest in zip(slices.uids, slices.digests(), strict=True):
                self._digests.setdefault(uid, []).append(digest)
            if ledger.knows(scope):
                self._standing = frozenset(uid for uid, own in self._digests.items() if ledger.stands(own))
        self.changed = [place for place, uid in enumerate(slices.uids) if uid not in self._standing]

    def keep(self, odd: Set[str]) -> None:
        """Let the ledger hold this reading, but no odd UIDs: they may have problems to tell each time."""
        if self._ledger is None:
            return
        known = {uid: digests for uid, digests in self._digests.items() if uid not in odd}
        self._ledger.keep(self._scope, known, self._standing)
