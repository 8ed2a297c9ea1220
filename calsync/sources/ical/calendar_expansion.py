"""All series of one calendar to the occurrences of one window; what goes wrong in one costs that one only."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.budget import CalendarBudget
from calsync.sources.ical.content import ContentReader, EventContent
from calsync.sources.ical.event import CANCEL_METHOD, SCHEDULING_METHODS, DateOrTime, Event
from calsync.sources.ical.expand import Instance, expand_series, rule_ends_before_dtstart
from calsync.sources.ical.problem_location import EventLocator
from calsync.sources.ical.recurrence_rule import RuleError
from calsync.sources.ical.series import Series
from calsync.sources.ical.time_values import clamp_to_utc_range, shift_out_of_gap, to_datetime, to_naive_utc
from calsync.text import format_count

_MAX_LISTED = 5


class CalendarExpansion:
    """The occurrences in a window, the `problems` met on the way, and the uids of `unread` series."""

    def __init__(self, window: Span, zone: ZoneInfo, owners: frozenset[str], locator: EventLocator) -> None:
        self.problems: list[Problem] = []
        self.unread: set[str] = set()
        self._first, self._last = to_naive_utc(window.start), to_naive_utc(window.end)
        self._window = window
        self._zone = zone
        self._namer = locator
        self._reader = ContentReader(owners)
        self._budget = CalendarBudget(window)
        self._found: dict[tuple[str, str, datetime], tuple[Event, Occurrence]] = {}
        self._without_end: dict[int, None] = {}

    def add_series(self, series: Series) -> None:
        """Take in one series, or name it in a problem."""
        check_time_limit()
        self._add_instances(self._expand_or_report(series))

    def _expand_or_report(self, series: Series) -> list[Instance]:
        try:
            if rule_ends_before_dtstart(series):
                what = "its rule ends (UNTIL) before it begins, so it never takes place"
                self._add_problem(series, what, "delete it if it is no longer wanted", Severity.NOTE)
            return expand_series(series, self._window, self._zone, self._budget.for_series())
        except RuleError as error:
            self._report_left_out(series, f"{error}; the series was left out", error.hint)
        except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, AssertionError) as error:
            # A library's fault costs one event, never the calendar.
            what = f"it cannot be expanded ({type(error).__name__}); the event was left out"
            self._report_left_out(series, what, "enter it again in the calendar")
        return []

    def _report_left_out(self, series: Series, what: str, hint: str) -> None:
        self.unread.add(series.uid)
        self._add_problem(series, what, hint)

    def occurrences(self) -> tuple[Occurrence, ...]:
        """What was found, by start then uid, each (uid, recurrence id, start) once."""
        kept = (occurrence for _, occurrence in self._found.values())
        return tuple(sorted(kept, key=lambda o: (to_naive_utc(o.start), o.uid, o.recurrence_id)))

    def _add_instances(self, instances: Iterable[Instance]) -> None:
        content_by_event: dict[int, EventContent] = {}
        for instance in instances:
            start = clamp_to_utc_range(self._at_midnight(instance.start))
            end = clamp_to_utc_range(self._at_midnight(instance.end))
            utc, last = to_naive_utc(start), to_naive_utc(end)
            if not self._overlaps_window(utc, last):
                continue
            event = instance.event
            if id(event) not in content_by_event:
                content_by_event[id(event)] = self._reader.read_content(
                    event.text,
                    cancelled=event.method == CANCEL_METHOD,
                    message=event.method in SCHEDULING_METHODS,
                )
                self._note_faults(event)
            original = _iso_or_empty(instance.recurrence_id)
            name = (event.uid, original, utc)
            earlier = self._found.get(name)
            if earlier is None or earlier[0].version_key < event.version_key:
                found = Occurrence(
                    event.uid, original, start, end, event.all_day, *content_by_event[id(event)]
                )
                self._found[name] = (event, found)

    def _overlaps_window(self, start: datetime, end: datetime) -> bool:
        """As `Span.overlaps` with the window, for times in UTC."""
        if start == end:
            return self._first <= start < self._last
        if self._first == self._last:
            return start <= self._first < end
        return start < self._last and self._first < end

    def _note_faults(self, event: Event) -> None:
        """Note what is wrong with an event that takes place in the window and is read all the same."""
        if event.has_no_end:
            self._without_end[event.number] = None
        if self._reader.faults:
            what = f"a text cannot be decoded and was kept as it is written: {'; '.join(self._reader.faults)}"
            where = self._namer.describe_event(event.number, event.text)
            self.problems.append(Problem(where, what, "save it again in the calendar", Severity.NOTE))

    def missing_end_notes(self, missing_end: timedelta) -> list[Problem]:
        """One note on the events in the window that say when they start and not when they end."""
        if not self._without_end:
            return []
        numbers = sorted(self._without_end)
        places = self._namer.event_locations(numbers[:_MAX_LISTED]) + (
            ", …" if len(numbers) > _MAX_LISTED else ""
        )
        meetings = format_count(len(numbers), "meeting gives", "meetings give")
        minutes = missing_end // timedelta(minutes=1)
        counted = f"counted as {format_count(minutes, 'minute')} long" if minutes else "counted as no time"
        what = f"{meetings} no end (no DTEND and no DURATION), {counted}"
        hint = "enter an end, or set [hours] missing_end_minutes"
        return [Problem(places, what, hint, Severity.NOTE)]

    def _at_midnight(self, moment: DateOrTime) -> datetime:
        return moment if isinstance(moment, datetime) else shift_out_of_gap(to_datetime(moment, self._zone))

    def _add_problem(self, series: Series, what: str, hint: str, severity: Severity = Severity.FAULT) -> None:
        event = series.master or series.overrides[0]
        self.problems.append(
            Problem(self._namer.describe_event(event.number, event.text), what, hint, severity)
        )


def _iso_or_empty(original: date | None) -> str:
    return original.isoformat() if original is not None else ""
