"""Finds the events of a calendar that have changed since it was last read; the others need not be parsed.

`fast.reader` uses it. A UID is unchanged if the digest of its events is among those that were stored when the
calendar was last read (`UidDigests`).
"""

import hashlib
from collections.abc import Set
from zoneinfo import ZoneInfo

from calsync.model.span import Span
from calsync.sources.ical.fast.split_events import SplitCalendar
from calsync.sources.ical.reader_version import reader_version
from calsync.sources.ical.uid_digests import UidDigests
from calsync.sources.ical.zones import Zones


def uid_digests_key(window: Span, zone: ZoneInfo, owners: frozenset[str], zones: Zones) -> str:
    """Return a digest of everything but its own events on which the occurrences of a UID depend.

    If it differs from the stored key, the stored digests are not valid, and all events are read.
    """
    conditions = (
        reader_version(),
        window.start.isoformat(),
        window.end.isoformat(),
        zone.key,
        *sorted(owners),
    )
    content = repr((conditions, zones.display_zone, zones.own_definitions))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class ChangedEvents:
    """The events of a calendar that must be read now.

    Attributes:
        indices: The indices of these events, in order; those of all events if there are no valid digests.
    """

    def __init__(self, uid_digests: UidDigests | None, split_calendar: SplitCalendar, key: str) -> None:
        """Compare the events with the stored digests.

        Args:
            uid_digests: The stored digests; None if the caller does not store any.
            split_calendar: The calendar as it is now.
            key: From `uid_digests_key`.
        """
        self._uid_digests = uid_digests
        self._key = key
        self._event_digests: dict[str, list[bytes]] = {}
        self._unchanged_uids: frozenset[str] = frozenset()
        if uid_digests is not None:
            for uid, event_digest in zip(split_calendar.uids, split_calendar.event_digests(), strict=True):
                self._event_digests.setdefault(uid, []).append(event_digest)
            if uid_digests.is_valid_for(key):
                self._unchanged_uids = frozenset(
                    uid for uid, digests in self._event_digests.items() if uid_digests.is_unchanged(digests)
                )
        self.indices = [
            index for index, uid in enumerate(split_calendar.uids) if uid not in self._unchanged_uids
        ]

    def update_digests(self, full_parser_uids: Set[str]) -> None:
        """Store the digests of the UIDs that the fast path has read, or that are unchanged.

        Events that the full parser reads may have problems, which are reported every night: without a digest
        their UIDs are read again each time.
        """
        if self._uid_digests is None:
            return
        to_store = {
            uid: digests for uid, digests in self._event_digests.items() if uid not in full_parser_uids
        }
        self._uid_digests.update(self._key, to_store, self._unchanged_uids)
