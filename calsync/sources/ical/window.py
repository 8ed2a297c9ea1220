"""All series of one calendar to the occurrences of one window; what goes wrong in one costs that one only."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.stopping import check_stopped
from calsync.sources.ical.budget import StepBudget
from calsync.sources.ical.content import Content, ContentReader
from calsync.sources.ical.event import CANCEL, MESSAGES, Event, Moment
from calsync.sources.ical.expand import Instance, expand, never_happens
from calsync.sources.ical.moments import as_time, existing, in_utc_range, real
from calsync.sources.ical.naming import Namer
from calsync.sources.ical.rule import RuleError
from calsync.sources.ical.series import Series
from calsync.text import count_of

_NAMED = 5


class Expansion:
    """The occurrences in a window, the `problems` met on the way, and the uids of `unread` series."""

    def __init__(self, window: Span, zone: ZoneInfo, owners: frozenset[str], namer: Namer) -> None:
        self.problems: list[Problem] = []
        self.unread: set[str] = set()
        self._first, self._last = real(window.start), real(window.end)
        self._window = window
        self._zone = zone
        self._namer = namer
        self._reader = ContentReader(owners)
        self._budget = StepBudget(window)
        self._found: dict[tuple[str, str, datetime], tuple[Event, Occurrence]] = {}
        self._endless: dict[int, None] = {}

    def add(self, series: Series) -> None:
        """Take in one series, or name it in a problem."""
        check_stopped()
        self._keep(self._expanded(series))

    def _expanded(self, series: Series) -> list[Instance]:
        try:
            if never_happens(series):
                what = "its rule ends (UNTIL) before it begins, so it never takes place"
                self._tell(series, what, "delete it if it is no longer wanted", Severity.NOTE)
            return expand(series, self._window, self._zone, self._budget.for_series())
        except RuleError as error:
            self._leave_out(series, f"{error}; the series was left out", error.hint)
        except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, AssertionError) as error:
            # A library's fault costs one event, never the calendar.
            what = f"it cannot be expanded ({type(error).__name__}); the event was left out"
            self._leave_out(series, what, "enter it again in the calendar")
        return []

    def _leave_out(self, series: Series, what: str, hint: str) -> None:
        self.unread.add(series.uid)
        self._tell(series, what, hint)

    def occurrences(self) -> tuple[Occurrence, ...]:
        """What was found, by start then uid, each (uid, recurrence id, start) once."""
        kept = (occurrence for _, occurrence in self._found.values())
        return tuple(sorted(kept, key=lambda o: (real(o.start), o.uid, o.recurrence_id)))

    def _keep(self, instances: Iterable[Instance]) -> None:
        known: dict[int, Content] = {}
        for instance in instances:
            start = in_utc_range(self._midnight(instance.start))
            end = in_utc_range(self._midnight(instance.end))
            utc, last = real(start), real(end)
            if not self._overlaps(utc, last):
                continue
            event = instance.event
            if id(event) not in known:
                known[id(event)] = self._reader.read(
                    event.text, cancelled=event.method == CANCEL, message=event.method in MESSAGES
                )
                self._note(event)
            original = _iso(instance.original)
            name = (event.uid, original, utc)
            rival = self._found.get(name)
            if rival is None or rival[0].revision < event.revision:
                found = Occurrence(event.uid, original, start, end, event.all_day, *known[id(event)])
                self._found[name] = (event, found)

    def _overlaps(self, start: datetime, end: datetime) -> bool:
        """As `Span.overlaps` with the window, for times in UTC."""
        if start == end:
            return self._first <= start < self._last
        if self._first == self._last:
            return start <= self._first < end
        return start < self._last and self._first < end

    def _note(self, event: Event) -> None:
        """Note what is wrong with an event that takes place in the window and is read all the same."""
        if event.endless:
            self._endless[event.number] = None
        if self._reader.faults:
            what = f"a text cannot be decoded and was kept as it is written: {'; '.join(self._reader.faults)}"
            where = self._namer.by(event.number, event.text)
            self.problems.append(Problem(where, what, "save it again in the calendar", Severity.NOTE))

    def endless_events(self, missing_end: timedelta) -> list[Problem]:
        """One note on the events in the window that say when they start and not when they end."""
        if not self._endless:
            return []
        numbers = sorted(self._endless)
        places = self._namer.at_events(numbers[:_NAMED]) + (", …" if len(numbers) > _NAMED else "")
        meetings = count_of(len(numbers), "meeting gives", "meetings give")
        minutes = missing_end // timedelta(minutes=1)
        counted = f"counted as {count_of(minutes, 'minute')} long" if minutes else "counted as no time"
        what = f"{meetings} no end (no DTEND and no DURATION), {counted}"
        hint = "enter an end, or set [hours] missing_end_minutes"
        return [Problem(places, what, hint, Severity.NOTE)]

    def _midnight(self, moment: Moment) -> datetime:
        return moment if isinstance(moment, datetime) else existing(as_time(moment, self._zone))

    def _tell(self, series: Series, what: str, hint: str, severity: Severity = Severity.FAULT) -> None:
        event = series.master or series.overrides[0]
        self.problems.append(Problem(self._namer.by(event.number, event.text), what, hint, severity))


def _iso(original: date | None) -> str:
    return original.isoformat() if original is not None else ""
