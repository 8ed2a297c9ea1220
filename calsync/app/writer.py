"""Stores what `calsync.app.fetch` read in few transactions, each calendar whole in one of them."""

from datetime import date
from types import TracebackType
from typing import Self

from calsync.app.allocate import store_minutes
from calsync.app.run_report import RunReport
from calsync.store.database import Store
from calsync.store.records import CalendarReplacement, CalendarState, Recalculation

MAX_ROWS, MAX_CALENDARS = 4000, 200
"""How many rows and calendars one transaction stores at most.

This bounds the memory, and the work that is lost if the night is killed.
"""


class BatchWriter:
    """Collects what is to be stored, and stores it when there is enough of it and at the end."""

    def __init__(self, store: Store, night: date, report: RunReport) -> None:
        self._store, self._night, self._report = store, night, report
        self._replacements: list[CalendarReplacement] = []
        self._minutes: list[Recalculation] = []
        self._rows = 0
        self._unchanged: list[str] = []

    def add_replacement(self, replacement: CalendarReplacement) -> None:
        """Add a calendar that was read."""
        self._replacements.append(replacement)
        self._rows += len(replacement.rows)
        self._report.note(replacement.state.problems)
        if self._rows >= MAX_ROWS or len(self._replacements) >= MAX_CALENDARS:
            self._write()

    def add_minutes(self, minutes: Recalculation) -> None:
        """Add a new manager's minutes; they are stored after the meetings."""
        self._minutes.append(minutes)

    def add_unchanged(self, state: CalendarState) -> None:
        """Add a calendar that did not change; the problems of its last reading are still there."""
        self._unchanged.append(state.calendar_id)
        self._report.counts["unchanged"] += 1
        self._report.note(state.problems)
        if len(self._unchanged) >= MAX_CALENDARS:
            self._write()

    def _write(self) -> None:
        replacements, self._replacements, self._rows = self._replacements, [], 0
        minutes, self._minutes = self._minutes, []
        unchanged, self._unchanged = self._unchanged, []
        if unchanged:
            self._store.meetings.mark_unchanged(unchanged, self._night)
        if replacements:
            for change in self._store.meetings.replace_all(replacements):
                self._report.counts.update(added=change.added, changed=change.changed, removed=change.removed)
        # After the meetings: if the night is killed in between, the manager has no allocation state, and the
        # next night calculates the minutes.
        store_minutes(self._store, minutes, self._report)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write()
