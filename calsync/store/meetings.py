"""Meetings by calendar and by manager: a window is replaced whole, or nothing changes."""

from collections.abc import Hashable, Sequence
from dataclasses import replace as but
from datetime import UTC, date

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from calsync.model.classification import Classification
from calsync.model.meeting import Meeting
from calsync.model.span import Span
from calsync.store import calendars
from calsync.store.difference import apply, difference
from calsync.store.engine import Database
from calsync.store.rows import Row, clean, meeting_of, meeting_row, verdict_of
from calsync.store.schema import meetings as table
from calsync.store.states import CalendarState, Change


class Meetings:
    """What was read from every calendar, and how each calendar stands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, state: CalendarState, window: Span, meetings: Sequence[Meeting]) -> Change:
        """Make these the calendar's meetings in the window and keep its state, in one transaction.

        Rows that are equal are not touched. Rows that overlap the window and are not among these
        go; rows outside it stay. A meeting given twice (one id) is kept once, the last of them.
        """
        wanted: dict[Hashable, Row] = {m.id: meeting_row(state.calendar_id, m) for m in meetings}
        hull = _hull(window, list(wanted.values()))
        nearby = select(table).where(
            table.c.calendar_id == state.calendar_id, table.c.ends >= hull.start, table.c.starts <= hull.end
        )
        with self._database.writing() as connection:
            calendars.save(connection, state)
            rows = [dict(row) for row in connection.execute(nearby).mappings()]
            held: dict[Hashable, Row] = {
                row["id"]: row for row in rows if row["id"] in wanted or _span(row).overlaps(window)
            }
            work = difference(held, wanted)
            apply(connection, table, work)
        return but(work.change, repeated=len(meetings) - len(wanted))

    def verdicts(self, calendar_id: str, window: Span) -> dict[str, tuple[str, Classification]]:
        """By meeting id: the fingerprint under which it was judged, and the verdict."""
        query = select(table).where(table.c.calendar_id == calendar_id, overlapping(window))
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings()
            return {row["id"]: (row["fingerprint"], verdict_of({**row})) for row in rows}

    def count(self, calendar_id: str, window: Span) -> int:
        """How many meetings of this calendar overlap the window."""
        query = select(func.count()).where(table.c.calendar_id == calendar_id, overlapping(window))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def of_manager(self, manager_id: str, window: Span) -> list[Meeting]:
        """Every meeting of a manager that overlaps the window, by start then uid."""
        return self._read(select(table).where(table.c.manager_id == manager_id, overlapping(window)))

    def find(self, uid: str) -> list[Meeting]:
        """Every meeting with this uid, in every calendar, by start."""
        return self._read(select(table).where(table.c.uid == clean(uid)))

    def _read(self, query: Select[tuple[object, ...]]) -> list[Meeting]:
        with self._database.reading() as connection:
            found = [meeting_of({**row}) for row in connection.execute(query).mappings()]
        # Here, for the two databases order text differently.
        return sorted(found, key=lambda m: (m.start.astimezone(UTC), m.uid, m.id))

    def state(self, calendar_id: str) -> CalendarState | None:
        """How a calendar stands; None if it is unknown or retired."""
        with self._database.reading() as connection:
            return calendars.state(connection, calendar_id)

    def states(self, manager_id: str | None = None) -> list[CalendarState]:
        """How every calendar stands, of one manager or of all, by manager and id; not retired ones."""
        with self._database.reading() as connection:
            return calendars.states(connection, manager_id)

    def calendar_ids(self, manager_id: str) -> list[str]:
        """Every calendar of a manager of which anything is kept, retired ones too, sorted."""
        with self._database.reading() as connection:
            return calendars.ids(connection, manager_id)

    def note_failure(
        self, calendar_id: str, manager_id: str, source: str, shown: str, night: date, what: str, hint: str
    ) -> None:
        """Note that a calendar could not be read; its meetings stay, and the night it first failed."""
        failure = CalendarState(calendar_id, manager_id, source, shown, what=what, hint=hint)
        with self._database.writing() as connection:
            calendars.fail(connection, failure, night)

    def touch_good(self, calendar_id: str, night: date) -> None:
        """Note that a calendar was found unchanged tonight, and so is well."""
        with self._database.writing() as connection:
            calendars.touch_good(connection, calendar_id, night)

    def retire(self, calendar_id: str) -> None:
        """List a calendar no longer; its meetings stay. It returns with its next `replace`."""
        with self._database.writing() as connection:
            calendars.retire(connection, calendar_id)

    def drop(self, calendar_id: str) -> None:
        """Erase a calendar with its meetings and the allocations of these."""
        with self._database.writing() as connection:
            calendars.drop(connection, calendar_id)


def overlapping(window: Span) -> ColumnElement[bool]:
    """The condition that a stored meeting overlaps the window, in the sense of `Span.overlaps`."""
    starts, ends = table.c.starts, table.c.ends
    if window.start == window.end:
        return and_(starts <= window.start, ends > window.start)
    # The first half alone can use an index; an empty meeting ends where it starts.
    return and_(ends >= window.start, starts < window.end, or_(ends > window.start, starts >= window.start))


def _hull(window: Span, rows: Sequence[Row]) -> Span:
    # A meeting that has grown into the window may be stored outside it, under the same id, and
    # an id fixes the start: all rows that may be meant start in the hull or overlap the window.
    starts = [row["starts"] for row in rows]
    return Span(min([window.start, *starts]), max([window.end, *starts]))


def _span(row: Row) -> Span:
    return Span(row["starts"], row["ends"])
