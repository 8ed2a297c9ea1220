"""Events to their outlines by UID; those dropped at a glance and those left to the exact path set apart."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.fast.event_times import EventTimes, EventTimesReader
from calsync.sources.ical.fast.prefilter import Prefilter
from calsync.sources.ical.fast.scan_lines import EventNeedsFullParser
from calsync.sources.ical.fast.split_events import SplitCalendar

_CHECKED_EVERY = 100


class EventPartition:
    """Sorts the events of one calendar. odd: the UIDs of which the exact path reads every event."""

    def __init__(
        self, split_calendar: SplitCalendar, times_reader: EventTimesReader, prefilter: Prefilter
    ) -> None:
        self.full_parser_uids: set[str] = set()
        self._split_calendar = split_calendar
        self._times_reader = times_reader
        self._prefilter = prefilter
        self._event_times: dict[str, list[EventTimes]] = defaultdict(list)

    def partition_events(self, indices: Iterable[int]) -> None:
        """Sort these events, which are all of their UIDs."""
        uids, far = self._split_calendar.uids, self._prefilter.far_events()
        self.full_parser_uids |= {uids[place] for place in self._split_calendar.full_parser_events}
        dropped: dict[str, list[int]] = defaultdict(list)
        for number, place in enumerate(indices):
            if number % _CHECKED_EVERY == 0:
                check_time_limit()
            uid = uids[place]
            if uid in self.full_parser_uids:
                continue
            if place in far:
                dropped[uid].append(place)
            else:
                self._read_event_times(place, uid)
        for uid, group in dropped.items():
            if (len(group) > 1 or uid in self._event_times) and not self._may_drop(uid, group):
                for place in group:
                    self._read_event_times(place, uid)

    def _may_drop(self, uid: str, dropped: list[int]) -> bool:
        """Whether what was dropped of a UID, each for itself, is nothing to the rest of it."""
        return all(map(self._prefilter.is_override, dropped)) and self._prefilter.can_drop_overrides(
            self._event_times.get(uid, [])
        )

    def _read_event_times(self, index: int, uid: str) -> None:
        try:
            self._event_times[uid].append(self._times_reader.read_event_times(index))
        except EventNeedsFullParser:
            self.full_parser_uids.add(uid)

    def groups(self) -> Iterator[tuple[str, list[EventTimes]]]:
        """The outlines of each UID, where they are all there is of it."""
        return ((uid, group) for uid, group in self._event_times.items() if uid not in self.full_parser_uids)

    def full_parser_indices(self) -> list[int]:
        """Which events are for the exact path, in order."""
        if not self.full_parser_uids:
            return []
        return [place for place, uid in enumerate(self._split_calendar.uids) if uid in self.full_parser_uids]
