"""Which events of a calendar have changed since the last reading (`UidDigests`) and must be read."""

import hashlib
from collections.abc import Set
from zoneinfo import ZoneInfo

from calsync.model.span import Span
from calsync.sources.ical.fast.split_events import SplitCalendar
from calsync.sources.ical.reader_version import reader_version
from calsync.sources.ical.uid_digests import UidDigests
from calsync.sources.ical.zones import Zones


def uid_digests_key(window: Span, zone: ZoneInfo, owners: frozenset[str], zones: Zones) -> str:
    """Return a digest of all that the occurrences of a UID depend on, besides its own events."""
    frame = (reader_version(), window.start.isoformat(), window.end.isoformat(), zone.key, *sorted(owners))
    content = repr((frame, zones.display_zone, zones.own_definitions))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class ChangedEvents:
    """The events that one reading must read.

    Attributes:
        indices: Of these events, in order; of all events where there are no digests of the last reading.
    """

    def __init__(self, uid_digests: UidDigests | None, split_calendar: SplitCalendar, key: str) -> None:
        self._uid_digests = uid_digests
        self._key = key
        self._digests: dict[str, list[bytes]] = {}
        self._unchanged: frozenset[str] = frozenset()
        if uid_digests is not None:
            for uid, event_digest in zip(split_calendar.uids, split_calendar.event_digests(), strict=True):
                self._digests.setdefault(uid, []).append(event_digest)
            if uid_digests.is_valid_for(key):
                self._unchanged = frozenset(
                    uid for uid, digests in self._digests.items() if uid_digests.is_unchanged(digests)
                )
        self.indices = [index for index, uid in enumerate(split_calendar.uids) if uid not in self._unchanged]

    def update_digests(self, full_parser_uids: Set[str]) -> None:
        """Store the digests of this reading, without the UIDs that the full parser reads.

        Those may have problems, which are to be reported every night.
        """
        if self._uid_digests is None:
            return
        read_here = {uid: digests for uid, digests in self._digests.items() if uid not in full_parser_uids}
        self._uid_digests.update(self._key, read_here, self._unchanged)
