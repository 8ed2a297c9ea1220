"""Events to their outlines by UID; those dropped at a glance and those left to the exact path set apart."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from calsync.model.stopping import check_stopped
from calsync.sources.ical.outlines import Outline, Outliner
from calsync.sources.ical.sieve import Sieve
from calsync.sources.ical.skim import OddError
from calsync.sources.ical.slices import Slices

_CHECKED_EVERY = 100


class Sorter:
    """Sorts the events of one calendar. odd: the UIDs of which the exact path reads every event."""

    def __init__(self, slices: Slices, outliner: Outliner, sieve: Sieve) -> None:
        self.odd: set[str] = set()
        self._slices = slices
        self._outliner = outliner
        self._sieve = sieve
        self._outlines: dict[str, list[Outline]] = defaultdict(list)

    def take(self, places: Iterable[int]) -> None:
        """Sort these events, which are all of their UIDs."""
        uids, far = self._slices.uids, self._sieve.far()
        self.odd |= {uids[place] for place in self._slices.odd}
        dropped: dict[str, list[int]] = defaultdict(list)
        for number, place in enumerate(places):
            if number % _CHECKED_EVERY == 0:
                check_stopped()
            uid = uids[place]
            if uid in self.odd:
                continue
            if place in far:
                dropped[uid].append(place)
            else:
                self._outline(place, uid)
        for uid, group in dropped.items():
            if (len(group) > 1 or uid in self._outlines) and not self._is_no_loss(uid, group):
                for place in group:
                    self._outline(place, uid)

    def _is_no_loss(self, uid: str, dropped: list[int]) -> bool:
        """Whether what was dropped of a UID, each for itself, is nothing to the rest of it."""
        return all(map(self._sieve.is_override, dropped)) and self._sieve.spares(self._outlines.get(uid, []))

    def _outline(self, place: int, uid: str) -> None:
        try:
            self._outlines[uid].append(self._outliner.outline(place))
        except OddError:
            self.odd.add(uid)

    def groups(self) -> Iterator[tuple[str, list[Outline]]]:
        """The outlines of each UID, where they are all there is of it."""
        return ((uid, group) for uid, group in self._outlines.items() if uid not in self.odd)

    def odd_places(self) -> list[int]:
        """Which events are for the exact path, in order."""
        if not self.odd:
            return []
        return [place for place, uid in enumerate(self._slices.uids) if uid in self.odd]
