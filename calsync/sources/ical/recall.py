"""What a ledger says of a calendar's events: which UIDs are as they were, and which must be read."""

import hashlib
from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.sources.ical.digests import event_digest
from calsync.sources.ical.ledger import Ledger
from calsync.sources.ical.sorter import Sorter
from calsync.sources.ical.version import reader_version
from calsync.sources.ical.zones import Zones

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
        self._scope = scope
        self._places = range(len(events))
        self._digests = [event_digest(event) for event in events] if ledger is not None else []

    def sort(self, sorter: Sorter) -> None:
        """Have all events sorted but those of UIDs that stand."""
        if self._ledger is None or not self._ledger.knows(self._scope):
            for place in self._places:
                sorter.take(place)
            return
        groups: dict[str, list[int]] = defaultdict(list)
        touched = set()
        for place in self._places:
            uid = sorter.uid(place)
            if uid is None:
                touched.add(sorter.take(place))
            else:
                groups[uid].append(place)
        for uid, places in groups.items():
            if uid in touched or not self._ledger.stands(uid, [self._digests[place] for place in places]):
                for place in places:
                    sorter.take(place)

    def keep(self, sorter: Sorter, found: list[Keyed]) -> None:
        """Let the ledger hold this reading, but no odd UIDs: they may have problems to tell each time."""
        if self._ledger is None:
            return
        giving = {keyed[1] for keyed in found} - sorter.odd
        groups: dict[str, list[bytes]] = defaultdict(list)
        for place, uid in sorter.uids.items():
            if uid in giving:
                groups[uid].append(self._digests[place])
        self._ledger.keep(self._scope, groups)
