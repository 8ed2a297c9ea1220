"""Expands all series of a calendar to the occurrences in a window, for the full parser.

A series that cannot be expanded is left out and reported; the other series are not affected.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.budget import CalendarBudget
from calsync.sources.ical.content import ContentReader, EventContent
from calsync.sources.ical.event import CANCEL_METHOD, SCHEDULING_METHODS, DateOrTime, Event
from calsync.sources.ical.expand import Instance, expand_series, rule_ends_before_dtstart
from calsync.sources.ical.occurrence_order import sort_occurrences, with_sort_key
from calsync.sources.ical.problem_location import EventLocator
from calsync.sources.ical.recurrence_rule import RecurrenceRuleError
from calsync.sources.ical.series import Series
from calsync.sources.ical.time_values import clamp_to_utc_range, shift_out_of_gap, to_datetime, to_naive_utc
from calsync.text import format_count

_MAX_LISTED_EVENTS = 5


class CalendarExpansion:
    """Collects the occurrences of a calendar's series in a window.

    Attributes:
        problems: Series that were left out or never take place, and texts that cannot be decoded.
        unread_uids: The uids of the series that were left out.
    """

    def __init__(self, window: Span, zone: ZoneInfo, owners: frozenset[str], locator: EventLocator) -> None:
        self.problems: list[Problem] = []
        self.unread_uids: set[str] = set()
        self._window = window
        self._window_start, self._window_end = to_naive_utc(window.start), to_naive_utc(window.end)
        self._zone = zone
        self._locator = locator
        self._content_reader = ContentReader(owners)
        self._budget = CalendarBudget(window)
        self._occurrence_by_key: dict[tuple[str, str, datetime], tuple[Event, Occurrence]] = {}
        self._event_numbers_without_end: set[int] = set()

    def add_series(self, series: Series) -> None:
        """Add the occurrences of one series, or a problem if it cannot be expanded."""
        check_time_limit()
        try:
            if rule_ends_before_dtstart(series):
                what = "its rule ends (UNTIL) before the series begins, so it never takes place"
                self._add_problem(series, what, "delete it if it is no longer wanted", Severity.NOTE)
            instances = expand_series(series, self._window, self._zone, self._budget.for_series())
        except RecurrenceRuleError as error:
            self.unread_uids.add(series.uid)
            self._add_problem(series, f"{error}; the series was left out", error.hint)
        except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, AssertionError) as error:
            # Whatever a library raises, only this series is left out and not the calendar.
            self.unread_uids.add(series.uid)
            what = f"it cannot be expanded ({type(error).__name__}); the event was left out"
            self._add_problem(series, what, "enter it again in the calendar")
        else:
            self._add_instances(instances)

    def _add_problem(self, series: Series, what: str, hint: str, severity: Severity = Severity.FAULT) -> None:
        event = series.master or series.overrides[0]
        where = self._locator.describe_event(event.number, event.text)
        self.problems.append(Problem(where, what, hint, severity))

    def _add_instances(self, instances: Iterable[Instance]) -> None:
        content_by_event: dict[int, EventContent] = {}
        for instance in instances:
            event = instance.event
            start = clamp_to_utc_range(self._to_datetime(instance.start))
            end = clamp_to_utc_range(self._to_datetime(instance.end))
            start_utc = to_naive_utc(start)
            if not self._overlaps_window(start_utc, to_naive_utc(end)):
                continue
            # By identity, since comparing two events compares their whole texts.
            content = content_by_event.get(id(event))
            if content is None:
                content = content_by_event[id(event)] = self._read_content(event)
            recurrence_id = "" if instance.recurrence_id is None else instance.recurrence_id.isoformat()
            key = (event.uid, recurrence_id, start_utc)
            earlier = self._occurrence_by_key.get(key)
            if earlier is None or earlier[0].version_key < event.version_key:
                occurrence = Occurrence(event.uid, recurrence_id, start, end, event.all_day, *content)
                self._occurrence_by_key[key] = (event, occurrence)

    def _to_datetime(self, time: DateOrTime) -> datetime:
        if isinstance(time, datetime):
            return time
        # Some zones change the clock at midnight, so that a day may have no 00:00.
        return shift_out_of_gap(to_datetime(time, self._zone))

    def _overlaps_window(self, start: datetime, end: datetime) -> bool:
        """Return what `Span.overlaps` returns for the window; the times are naive and in UTC."""
        if start == end:
            return self._window_start <= start < self._window_end
        if self._window_start == self._window_end:
            return start <= self._window_start < end
        return start < self._window_end and self._window_start < end

    def _read_content(self, event: Event) -> EventContent:
        """Read the content of an event in the window; record a missing end and undecodable texts."""
        content = self._content_reader.read_content(
            event.text,
            is_cancelled=event.method == CANCEL_METHOD,
            is_scheduling_message=event.method in SCHEDULING_METHODS,
        )
        if event.has_no_end:
            self._event_numbers_without_end.add(event.number)
        if faults := self._content_reader.faults:
            what = f"a text cannot be decoded and stays as it is written: {'; '.join(faults)}"
            where = self._locator.describe_event(event.number, event.text)
            self.problems.append(Problem(where, what, "save it again in the calendar", Severity.NOTE))
        return content

    def occurrences(self) -> tuple[Occurrence, ...]:
        """Return the occurrences in order, each (uid, recurrence id, start) once."""
        return sort_occurrences(
            with_sort_key(occurrence) for _, occurrence in self._occurrence_by_key.values()
        )

    def missing_end_notes(self, missing_end: timedelta) -> list[Problem]:
        """Return one note on the events in the window that have times and no end; [] if there are none.

        Args:
            missing_end: The duration with which such an event was read.
        """
        if not self._event_numbers_without_end:
            return []
        numbers = sorted(self._event_numbers_without_end)
        where = self._locator.event_locations(numbers[:_MAX_LISTED_EVENTS])
        where += ", …" if len(numbers) > _MAX_LISTED_EVENTS else ""
        meetings = format_count(len(numbers), "meeting gives", "meetings give")
        minutes = missing_end // timedelta(minutes=1)
        counted = f"counted as {format_count(minutes, 'minute')} long" if minutes else "counted as no time"
        what = f"{meetings} no end (no DTEND and no DURATION), {counted}"
        hint = "enter an end, or set [hours] missing_end_minutes"
        return [Problem(where, what, hint, Severity.NOTE)]
