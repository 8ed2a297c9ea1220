"""What a ledger says of a calendar's events: which UIDs are as they were, and which must be read."""

import hashlib
from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.sources.ical.digests import event_digest
from calsync.sources.ical.ledger import Ledger
from calsync.sources.ical.slices import unfold
from calsync.sources.ical.sorter import Sorter
from calsync.sources.ical.version import reader_version
from calsync.sources.ical.zones import Zones

_UID = b"\nUID:"
Keyed = tuple[datetime, str, str, Occurrence]
"""Start in UTC, uid, recurrence id: what occurrences are ordered by, and no two have alike."""


def scope_of(window: Span, zone: ZoneInfo, owners: frozenset[str], zones: Zones, *, cancelled: bool) -> str:
    """All that what a UID gives rests on, besides its own events."""
    frame = (reader_version(), window.start.isoformat(), window.end.isoformat(), zone.key, *sorted(owners))
    content = repr((frame, cancelled, zones.wall, zones.own))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class Recall:
    """One reading with a ledger, or without."""

    def __init__(self, ledger: Ledger | None, events: list[bytes], scope: str) -> None:
        self._ledger = ledger
        self._events = events
        self._scope = scope
        self._digests = [event_digest(event) for event in events] if ledger is not None else []
        self._standing: dict[str, list[int]] = {}

    def sort(self, sorter: Sorter) -> None:
        """Have all events sorted but those of UIDs that stand."""
        places = range(len(self._events))
        if self._ledger is None or not self._ledger.knows(self._scope):
            for place in places:
                sorter.take(place)
            return
        groups: dict[str, list[int]] = defaultdict(list)
        for place in places:
            groups[uid_at_a_glance(self._events[place])].append(place)
        hidden = groups.pop("", [])
        self._standing = {uid: group for uid, group in groups.items() if self._stands(group)}
        for group in (hidden, *(group for uid, group in groups.items() if uid not in self._standing)):
            self._take(group, sorter)

    def _stands(self, group: list[int]) -> bool:
        return self._ledger is not None and self._ledger.stands([self._digests[place] for place in group])

    def _take(self, group: list[int], sorter: Sorter) -> None:
        """Sort these events, and all others of the UIDs that they turn out to have."""
        for place in group:
            for other in self._standing.pop(sorter.take(place), ()):
                sorter.take(other)

    def keep(self, sorter: Sorter) -> None:
        """Let the ledger hold this reading, but no odd UIDs: they may have problems to tell each time."""
        if self._ledger is None:
            return
        groups: dict[str, list[bytes]] = defaultdict(list)
        for place, uid in sorter.uids.items():
            if uid not in sorter.odd:
                groups[uid].append(self._digests[place])
        standing = {uid: [self._digests[place] for place in group] for uid, group in self._standing.items()}
        self._ledger.keep(self._scope, groups, standing)


def uid_at_a_glance(event: bytes) -> str:
    """What is probably the UID of an event, found without a look at its other lines; "" in doubt.

    An alarm may have one too. What is not written plainly gets no name here, and is looked at.
    """
    begin = event.rfind(_UID)  # from the end, since a long description comes first
    if not _is_own(event, begin):
        begin = event.find(_UID)
        if not _is_own(event, begin):
            return ""
    end = event.find(b"\n", begin + 1)
    while event[end + 1 : end + 2] in (b" ", b"\t"):
        end = event.find(b"\n", end + 1)
    uid = unfold(event[begin + len(_UID) : end])
    return "" if b"\\" in uid or not uid.isascii() else uid.decode().strip()


def _is_own(event: bytes, at: int) -> bool:
    """Whether a line stands in no alarm: of what ends behind it only the event did not begin there."""
    return at >= 0 and event.count(b"\nEND:", at) == event.count(b"\nBEGIN:", at) + 1
