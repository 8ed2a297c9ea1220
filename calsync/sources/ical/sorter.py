"""Events to their outlines by UID; those dropped at a glance and those left to the exact path set apart."""

from collections import defaultdict
from collections.abc import Iterator

from calsync.sources.ical.events import uid_of
from calsync.sources.ical.outlines import Lines, OddError, Outline, Outliner, times_in, uid_in
from calsync.sources.ical.sieve import Sieve
from calsync.sources.ical.slices import UnusualError, own_text, unfold


class Sorter:
    """Sorts the events of one calendar. odd: the UIDs of which the exact path reads every event."""

    def __init__(self, events: list[bytes], outliner: Outliner, sieve: Sieve) -> None:
        self.odd: set[str] = set()
        self.uids: dict[int, str] = {}
        self._events = events
        self._outliner = outliner
        self._sieve = sieve
        self._outlines: dict[str, list[Outline]] = defaultdict(list)
        self._dropped: dict[str, int] = {}

    def take(self, place: int) -> str:
        """Sort one event, and give its UID; raises UnusualError."""
        try:
            lines, exdates, uid = self._look_at(place)
            if not self._sieve.drops(lines):
                self._outlines[uid].append(self._outliner.outline(place, lines, exdates))
            elif self._dropped.setdefault(uid, place) != place:
                self.odd.add(uid)
        except OddError:
            uid = uid_of(own_text(self._events[place]))
            self.odd.add(uid)
        self.uids[place] = uid
        return uid

    def _look_at(self, place: int) -> tuple[Lines, list[bytes], str]:
        """What matters of an event's lines, its EXDATEs and its UID; raises OddError, or UnusualError."""
        event = self._events[place]
        if not event.isascii():
            _check_utf8(event)
        lines, exdates = times_in(event)
        return lines, exdates, uid_in(lines)

    def groups(self) -> Iterator[tuple[str, list[Outline]]]:
        """The outlines of each UID, where they are all there is of it."""
        # What was dropped for itself alone did not stand alone.
        self.odd |= self._dropped.keys() & self._outlines.keys()
        return ((uid, group) for uid, group in self._outlines.items() if uid not in self.odd)

    def odd_places(self) -> list[int]:
        """Which events are for the exact path, in order."""
        return sorted(place for place, uid in self.uids.items() if uid in self.odd) if self.odd else []


def _check_utf8(event: bytes) -> None:
    """Raise UnusualError for another encoding, be it in an alarm: the exact path tells of it."""
    try:
        event.decode()
    except UnicodeDecodeError:
        _check_unfolded(event)


def _check_unfolded(event: bytes) -> None:
    # A line may be folded within a letter.
    try:
        unfold(event).decode()
    except UnicodeDecodeError as error:
        raise UnusualError from error
