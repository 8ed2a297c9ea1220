"""What a ledger says of a calendar's events: which UIDs are as they were, and which must be read."""

import hashlib
from collections.abc import Set
from datetime import datetime
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.sources.ical.fast.split_events import SplitCalendar
from calsync.sources.ical.reader_version import reader_version
from calsync.sources.ical.uid_digests import UidDigests
from calsync.sources.ical.zones import Zones

KeyedOccurrence = tuple[datetime, str, str, Occurrence]
"""Start in UTC, uid, recurrence id: what occurrences are ordered by, and no two have alike."""


def uid_digests_key(window: Span, zone: ZoneInfo, owners: frozenset[str], zones: Zones) -> str:
    """All that what a UID gives rests on, besides its own events."""
    frame = (reader_version(), window.start.isoformat(), window.end.isoformat(), zone.key, *sorted(owners))
    content = repr((frame, zones.display_zone, zones.own_definitions))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class ChangedEvents:
    """One reading with a ledger, or without. changed: the places of the events that must be read."""

    def __init__(self, uid_digests: UidDigests | None, split_calendar: SplitCalendar, key: str) -> None:
        self._uid_digests = uid_digests
        self._key = key
        self._digests: dict[str, list[bytes]] = {}
        self._unchanged: frozenset[str] = frozenset()
        if uid_digests is not None:
            for uid, digest in zip(split_calendar.uids, split_calendar.event_digests(), strict=True):
                self._digests.setdefault(uid, []).append(digest)
            if uid_digests.is_valid_for(key):
                self._unchanged = frozenset(
                    uid for uid, own in self._digests.items() if uid_digests.is_unchanged(own)
                )
        self.indices = [place for place, uid in enumerate(split_calendar.uids) if uid not in self._unchanged]

    def update_digests(self, full_parser_uids: Set[str]) -> None:
        """Let the ledger hold this reading, but no odd UIDs: they may have problems to tell each time."""
        if self._uid_digests is None:
            return
        known = {uid: digests for uid, digests in self._digests.items() if uid not in full_parser_uids}
        self._uid_digests.update(self._key, known, self._unchanged)
