"""What a memory says of a calendar's events: which UIDs are as they were, and which must be read."""

import hashlib
from collections import defaultdict
from zoneinfo import ZoneInfo

from calsync.model.span import Span
from calsync.sources.ical.digests import event_digest
from calsync.sources.ical.ledger import Ledger
from calsync.sources.ical.memory import Keyed, Memory
from calsync.sources.ical.sorter import Sorter
from calsync.sources.ical.version import reader_version
from calsync.sources.ical.zones import Zones


def scope_of(window: Span, zone: ZoneInfo, owners: frozenset[str], zones: Zones, *, cancelled: bool) -> str:
    """All that what a UID gives rests on, besides its own events."""
    frame = (reader_version(), window.start.isoformat(), window.end.isoformat(), zone.key, *sorted(owners))
    content = repr((frame, cancelled, zones.wall, zones.own))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class Recall:
    """One reading with a memory, or without."""

    def __init__(self, memory: Memory | Ledger | None, events: list[bytes], scope: str) -> None:
        self._memory = memory
        self._scope = scope
        self._digests = [event_digest(event) for event in events] if memory is not None else []
        self._uids: list[str | None] = [None] * len(events)
        if memory is not None:
            self._uids = memory.uids(scope, self._digests, events)

    def sort(self, sorter: Sorter) -> list[Keyed]:
        """Have all events sorted that must be read; what the others gave last time."""
        touched = {sorter.take(place) for place, uid in enumerate(self._uids) if uid is None}
        if self._memory is None:
            return []
        standing: dict[str, list[int]] = defaultdict(list)
        for place, uid in enumerate(self._uids):
            if uid is not None:
                standing[uid].append(place)
        found: list[Keyed] = []
        for uid, places in standing.items():
            gave = None if uid in touched else self._memory.gave([self._digests[place] for place in places])
            if gave is not None:
                found += gave
                continue
            for place in places:
                sorter.take(place)
        return found

    def keep(self, sorter: Sorter, found: list[Keyed]) -> None:
        """Let the memory hold this reading, but no odd UIDs: they may have problems to tell each time."""
        if self._memory is None:
            return
        for place, uid in sorter.uids.items():
            self._uids[place] = None if uid in sorter.odd else uid
        self._memory.keep(self._scope, self._digests, self._uids, found)
