"""Divides events into those far from the window, those read here, and those for the full parser."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.fast.errors import EventNeedsFullParser
from calsync.sources.ical.fast.event_times import EventTimes, EventTimesReader
from calsync.sources.ical.fast.prefilter import Prefilter
from calsync.sources.ical.fast.split_events import SplitCalendar

_CHECKED_EVERY = 100


class EventPartition:
    """The times of the events that may take place in the window, by UID.

    Attributes:
        full_parser_uids: The UIDs of which the full parser reads every event.
    """

    def __init__(
        self, split_calendar: SplitCalendar, times_reader: EventTimesReader, prefilter: Prefilter
    ) -> None:
        self.full_parser_uids: set[str] = set()
        self._split_calendar = split_calendar
        self._times_reader = times_reader
        self._prefilter = prefilter
        self._event_times: dict[str, list[EventTimes]] = defaultdict(list)

    def partition_events(self, indices: Iterable[int]) -> None:
        """Take in these events, which must be all events of their UIDs."""
        uids, far_events = self._split_calendar.uids, self._prefilter.far_events()
        self.full_parser_uids |= {uids[index] for index in self._split_calendar.full_parser_events}
        far_by_uid: dict[str, list[int]] = defaultdict(list)
        for number, index in enumerate(indices):
            if number % _CHECKED_EVERY == 0:
                check_time_limit()
            uid = uids[index]
            if uid in self.full_parser_uids:
                continue
            if index in far_events:
                far_by_uid[uid].append(index)
            else:
                self._read_event_times(index, uid)
        for uid, far_indices in far_by_uid.items():
            # Far events may be dropped one by one, unless they make a difference to others of their UID.
            is_alone = len(far_indices) == 1 and uid not in self._event_times
            if is_alone or (
                all(map(self._prefilter.is_override, far_indices))
                and self._prefilter.can_drop_overrides(self._event_times.get(uid, []))
            ):
                continue
            for index in far_indices:
                self._read_event_times(index, uid)

    def _read_event_times(self, index: int, uid: str) -> None:
        try:
            self._event_times[uid].append(self._times_reader.read_event_times(index))
        except EventNeedsFullParser:
            self.full_parser_uids.add(uid)

    def groups(self) -> Iterator[tuple[str, list[EventTimes]]]:
        """Yield each UID with the times of its events, but those UIDs that the full parser reads."""
        return ((uid, group) for uid, group in self._event_times.items() if uid not in self.full_parser_uids)

    def full_parser_indices(self) -> list[int]:
        """Return the indices of the events that the full parser reads, in order."""
        if not self.full_parser_uids:
            return []
        return [index for index, uid in enumerate(self._split_calendar.uids) if uid in self.full_parser_uids]
