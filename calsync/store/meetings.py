"""Meetings by calendar and by manager: a window is replaced whole, or nothing changes."""

from collections import defaultdict, namedtuple
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace as replace_fields
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, not_, or_, select, text

from calsync.model.copies import (
    DroppedCopy,
    apply_cancellations,
    drop_duplicate_copies,
    find_copies_at_other_times,
)
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Status
from calsync.model.span import Span
from calsync.model.uids import series_uid
from calsync.store import allocation_states, calendars, cancellations
from calsync.store.bulk import fetch_rows, select_all_columns, split_for_query
from calsync.store.connections import Database
from calsync.store.corrections import Corrections
from calsync.store.difference import RowDifference, apply_differences, compare_rows
from calsync.store.records import CalendarDays, CalendarReplacement, CalendarState, RowCounts
from calsync.store.rows import Row, meeting_rows, meetings_of, storable_text
from calsync.store.schema import OWN_CATEGORY_SQL
from calsync.store.schema import calendars as calendar_table
from calsync.store.schema import meetings as table

# SQLAlchemy's own rows look up each name again, which makes reading a meeting cost half as much again.
_MeetingRow = namedtuple("_MeetingRow", table.c.keys())  # type: ignore[misc]
COUNTED_COLUMNS = ("starts", "ends", "all_day", "status", "response", "show_as", "private",
           "scope", "partnerships", "activity", "label", "kind", "process_share")  # fmt: skip
"""The columns that minutes rest on: another title, another guest or other evidence moves none."""
_counted_cells = itemgetter(*COUNTED_COLUMNS)
_IS_NEARBY = and_(
    table.c.calendar_id == bindparam("calendar"),
    table.c.ends >= bindparam("first"),
    table.c.starts <= bindparam("last"),
)
# Made once, for to put a query together takes longer than to run it.
_SELECT_NEARBY = select_all_columns(table).where(_IS_NEARBY)
_SELECT_NEARBY_UIDS = select(table.c.uid).where(_IS_NEARBY).distinct()
_SELECT_NEARBY_OF_UIDS = _SELECT_NEARBY.where(table.c.uid.in_(bindparam("uids", expanding=True)))


_COPY_DISTANCE = timedelta(days=366)
"""How far apart copies of one meeting are looked for."""


class Meetings:
    """What was read from every calendar, and how each calendar stands.

    The table holds the verdicts of the rules; what people say is put in when meetings are read.
    """

    def __init__(self, database: Database, corrections: Corrections) -> None:
        self._database = database
        self._corrections = corrections

    def replace(self, state: CalendarState, window: Span, meetings: Sequence[Meeting]) -> RowCounts:
        """Make these the calendar's meetings in the window and keep its state, in one transaction."""
        rows = meeting_rows(state.calendar_id, meetings)
        (change,) = self.replace_all([CalendarReplacement(state, window, rows)])
        return change

    def replace_all(self, replacements: Sequence[CalendarReplacement]) -> list[RowCounts]:
        """Make these the meetings of several calendars, each named once, in one transaction.

        Rows that are equal are not touched. Rows that overlap the window and are not among these
        go, unless their uid stands or could not be read; rows outside it stay. A meeting given twice
        (one id) is kept once, the last of them. Whose minutes must be reckoned again is noted with it.
        """
        with self._database.writing() as connection:
            known_calendars = calendars.save_states(
                connection, [replacement.state for replacement in replacements]
            )
            differences = [
                _compare_window(connection, replacement, replacement.state.calendar_id in known_calendars)
                for replacement in replacements
            ]
            apply_differences(connection, table, differences)
            given = {replacement.state.calendar_id: replacement.cancellations for replacement in replacements}
            changed = cancellations.replace_cancellations(connection, given)
            allocation_states.note_changes(
                connection, _recalculation_spans(connection, replacements, differences, changed)
            )
        return [
            replace_fields(
                work.change, repeated=len(replacement.rows) - len({row["id"] for row in replacement.rows})
            )
            for replacement, work in zip(replacements, differences, strict=True)
        ]

    def count(self, calendar_id: str, window: Span, is_counted: Callable[[str], bool] | None = None) -> int:
        """How many meetings of this calendar overlap the window; is_counted: asked of each uid."""
        stored_rows = table.c.calendar_id == calendar_id, overlap_condition(window)
        with self._database.reading() as connection:
            if is_counted is None:
                return connection.execute(select(func.count()).where(*stored_rows)).scalar_one()
            by_uid = (
                select(table.c.uid, func.count().label("meetings")).where(*stored_rows).group_by(table.c.uid)
            )
            return sum(row.meetings for row in connection.execute(by_uid) if is_counted(row.uid))

    def of_manager(self, manager_id: str, window: Span) -> list[Meeting]:
        """Every meeting of a manager that overlaps the window, by start then uid.

        A meeting that is in several of their calendars is there once (`copies`), and what a message in one
        of them cancels is cancelled.
        """
        theirs = table.c.calendar_id.in_(calendars.select_calendar_ids(manager_id))
        inside = overlap_condition(window)
        with self._database.reading() as connection:
            found = _load_meetings(connection, select_all_columns(table).where(theirs, inside))
            if len(calendars.list_calendar_ids(connection, manager_id)) > 1:
                # The copy that counts may lie outside the window, and one in the window be outdated.
                in_copy_distance = (
                    table.c.ends >= window.start - _COPY_DISTANCE,
                    table.c.starts <= window.end + _COPY_DISTANCE,
                )
                for condition in _copy_conditions(found):
                    query = select_all_columns(table).where(
                        theirs, not_(inside), *in_copy_distance, condition
                    )
                    found += _load_meetings(connection, query)
                cancelled = cancellations.load_for_manager(connection, manager_id)
                one_each = drop_duplicate_copies(apply_cancellations(found, cancelled))
                found = sorted((m for m in one_each if m.span.overlaps(window)), key=_meeting_order)
        return [self._corrections.apply_to(meeting) for meeting in found]

    def with_own_categories(self, window: Span, manager_id: str | None = None) -> list[Meeting]:
        """Meetings in the window with a category for calsync, of one manager or of all, by start then uid."""
        condition = text(OWN_CATEGORY_SQL[self._database.engine.dialect.name])
        query = select_all_columns(table).where(overlap_condition(window), condition)
        if manager_id is not None:
            query = query.where(table.c.manager_id == manager_id)
        with self._database.reading() as connection:
            return _load_meetings(connection, query)

    def left_out_at_other_times(self, window: Span) -> list[DroppedCopy]:
        """Copies in the window that do not count because the one that counts is at another time.

        By manager and start. Only copies whose recurrence ids are written alike are compared.
        """
        columns = calendar_table.c.manager_id, table.c.uid
        in_copy_distance = (
            table.c.ends >= window.start - _COPY_DISTANCE,
            table.c.starts <= window.end + _COPY_DISTANCE,
        )
        query = (
            select(*columns)
            .join(calendar_table, calendar_table.c.id == table.c.calendar_id)
            .where(
                calendar_table.c.manager_id.in_(calendars.select_managers_with_several()), *in_copy_distance
            )
            .where(table.c.status != Status.CANCELLED.value)
            .group_by(*columns, table.c.recurrence_id)
            .having(
                func.min(table.c.calendar_id) != func.max(table.c.calendar_id),
                func.min(table.c.starts) != func.max(table.c.starts),
            )
        )
        found: list[DroppedCopy] = []
        uids: dict[str, set[str]] = defaultdict(set)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                uids[row.manager_id].add(row.uid)
            for manager_id in sorted(uids):
                theirs = table.c.calendar_id.in_(calendars.select_calendar_ids(manager_id))
                copies: list[Meeting] = []
                for some in split_for_query(sorted(uids[manager_id])):
                    copies += _load_meetings(
                        connection,
                        select_all_columns(table).where(theirs, *in_copy_distance, table.c.uid.in_(some)),
                    )
                cancelled = cancellations.load_for_manager(connection, manager_id)
                found += find_copies_at_other_times(apply_cancellations(copies, cancelled))
        return [replacement for replacement in found if replacement.dropped.span.overlaps(window)]

    def find_by_uid(self, uid: str) -> list[Meeting]:
        """Every meeting with this uid, of every manager once, by start; see `of_manager`."""
        counting: list[Meeting] = []
        by_manager: dict[str, list[Meeting]] = {}
        for meeting in self.find_uncorrected(uid):
            by_manager.setdefault(meeting.manager_id, []).append(meeting)
        with self._database.reading() as connection:
            for manager_id, meetings in by_manager.items():
                cancelled = cancellations.load_for_manager(connection, manager_id)
                counting += drop_duplicate_copies(apply_cancellations(meetings, cancelled))
        return [self._corrections.apply_to(meeting) for meeting in sorted(counting, key=_meeting_order)]

    def find_uncorrected(self, uid: str) -> list[Meeting]:
        """Every meeting with this uid in every calendar, by start, with the verdicts of the rules alone."""
        with self._database.reading() as connection:
            return _load_meetings(
                connection, select_all_columns(table).where(table.c.uid == storable_text(uid))
            )

    def calendar_state(self, calendar_id: str) -> CalendarState | None:
        """How a calendar stands; None if it is unknown or retired."""
        with self._database.reading() as connection:
            return calendars.load_state(connection, calendar_id)

    def calendar_states(self, manager_id: str | None = None) -> list[CalendarState]:
        """How every calendar stands, of one manager or of all, by manager and id; not retired ones."""
        with self._database.reading() as connection:
            return calendars.load_states(connection, manager_id)

    def calendar_days(self) -> list[CalendarDays]:
        """The days that were read of every calendar, retired ones too, by manager and id."""
        with self._database.reading() as connection:
            return calendars.load_days(connection)

    def manager_ids(self) -> frozenset[str]:
        """Every manager of whom a calendar is kept, be it one that was never read or is retired."""
        with self._database.reading() as connection:
            return calendars.list_manager_ids(connection)

    def calendar_ids(self, manager_id: str) -> list[str]:
        """Every calendar of a manager of which anything is kept, retired ones too, sorted."""
        with self._database.reading() as connection:
            return calendars.list_calendar_ids(connection, manager_id)

    def note_failure(
        self, calendar_id: str, manager_id: str, source: str, shown: str, night: date, what: str, hint: str
    ) -> None:
        """Note that a calendar could not be read; its meetings stay, and the night it first failed."""
        failure = CalendarState(
            calendar_id=calendar_id, manager_id=manager_id, source=source, shown=shown, what=what, hint=hint
        )
        with self._database.writing() as connection:
            calendars.save_failure(connection, failure, night)

    def mark_unchanged(self, calendar_ids: Sequence[str], night: date) -> None:
        """Note that calendars were found unchanged tonight, and so are well."""
        with self._database.writing() as connection:
            calendars.mark_unchanged(connection, calendar_ids, night)

    def retire_calendar(self, calendar_id: str) -> None:
        """List a calendar no longer; its meetings stay. It returns with its next `replace`."""
        with self._database.writing() as connection:
            calendars.retire_calendar(connection, calendar_id)

    def delete_calendar(self, calendar_id: str) -> None:
        """Erase a calendar with its meetings and the allocations of these."""
        with self._database.writing() as connection:
            calendars.delete_calendar(connection, calendar_id)


def overlap_condition(window: Span) -> ColumnElement[bool]:
    """The condition that a stored meeting overlaps the window, in the sense of `Span.overlaps`."""
    starts, ends = table.c.starts, table.c.ends
    if window.start == window.end:
        return and_(starts <= window.start, ends > window.start)
    # The first half alone can use an index; an empty meeting ends where it starts.
    return and_(ends >= window.start, starts < window.end, or_(ends > window.start, starts >= window.start))


def _compare_window(connection: Connection, one: CalendarReplacement, known: bool) -> RowDifference:
    new_rows: dict[Hashable, Row] = {row["id"]: row for row in one.rows}
    stored_rows = _load_affected_rows(connection, one, new_rows) if known else {}
    return compare_rows(stored_rows, new_rows)


def _load_affected_rows(
    connection: Connection, one: CalendarReplacement, wanted: Mapping[Hashable, Row]
) -> dict[Hashable, Row]:
    """What is held and may change: rows in the window whose uid does not stand, and rows of the same id."""
    bounding_span = _bounding_span(one.window, list(wanted.values()))
    nearby = {"calendar": one.state.calendar_id, "first": bounding_span.start, "last": bounding_span.end}
    if not one.unchanged_uids:
        rows = fetch_rows(connection, _SELECT_NEARBY, nearby)
    else:
        # Most stand, so it is asked whose they are before any is read.
        uids = [
            uid for uid in connection.scalars(_SELECT_NEARBY_UIDS, nearby) if uid not in one.unchanged_uids
        ]
        rows = []
        for some in split_for_query(uids):
            rows += fetch_rows(connection, _SELECT_NEARBY_OF_UIDS, {**nearby, "uids": some})
    return {row["id"]: row for row in rows if row["id"] in wanted or _may_be_removed(row, one)}


def _may_be_removed(row: Row, one: CalendarReplacement) -> bool:
    return not one.unread.must_keep(row["uid"]) and Span(row["starts"], row["ends"]).overlaps(one.window)


def _bounding_span(window: Span, rows: Sequence[Row]) -> Span:
    # A meeting that has grown into the window may be stored outside it, under the same id, and
    # an id fixes the start: all rows that may be meant start in the hull or overlap the window.
    starts: list[datetime] = [row["starts"] for row in rows]
    return Span(min([window.start, *starts]), max([window.end, *starts]))


def _copy_conditions(meetings: Sequence[Meeting]) -> list[ColumnElement[bool]]:
    """Conditions that all copies of these meetings fulfil, few others; `drop_duplicate_copies` decides."""
    uids = sorted({uid for meeting in meetings for uid in (meeting.uid, series_uid(meeting.uid))})
    # Original starts are ISO 8601, so that text is ordered as days are; in another zone one may be a day off.
    days = sorted(meeting.recurrence_id[:10] for meeting in meetings if meeting.recurrence_id)
    original = table.c.recurrence_id
    same_start = original == ""
    if days:
        same_start = or_(same_start, original.between(_shift_day(days[0], -1), _shift_day(days[-1], 2)))
    # As an expression, so that the index of calendar and time is used: a series has years of one uid.
    return [and_(table.c.uid.concat("").in_(some), same_start) for some in split_for_query(uids)]


def _shift_day(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


def _load_meetings(connection: Connection, query: Select[Any]) -> list[Meeting]:
    """The meetings of a query of `select_all_columns`, by start, uid and id."""
    rows = map(_MeetingRow._make, connection.execute(query))
    # Sorted here, for the two databases order text differently.
    return meetings_of(sorted(rows, key=attrgetter("starts", "uid", "id")))


def _meeting_order(meeting: Meeting) -> tuple[datetime, str, str]:
    return meeting.start.astimezone(UTC), meeting.uid, meeting.id


def _recalculation_spans(
    connection: Connection,
    replacements: Sequence[CalendarReplacement],
    works: Sequence[RowDifference],
    cancelled: frozenset[str],
) -> dict[str, Span]:
    """By manager, the time in which minutes may differ.

    Of a manager with several calendars all of the window: a meeting that changed in one of them may make a
    copy in another count that lies anywhere, or count no longer.
    """
    spans = _changed_spans(replacements, works)
    touched = {
        replacement.state.manager_id: replacement.window
        for replacement, work in zip(replacements, works, strict=True)
        if work.added or work.changed or work.removed or replacement.state.calendar_id in cancelled
    }
    for manager_id in calendars.find_managers_with_several(connection, touched.keys()) if touched else ():
        window, moved = touched[manager_id], spans.get(manager_id, touched[manager_id])
        spans[manager_id] = Span(min(window.start, moved.start), max(window.end, moved.end))
    return spans


def _changed_spans(
    replacements: Sequence[CalendarReplacement], works: Sequence[RowDifference]
) -> dict[str, Span]:
    """By manager, from the start of the first meeting whose minutes may differ to the end of the last."""
    hulls: dict[str, Span] = {}
    for replacement, work in zip(replacements, works, strict=True):
        pairs = zip(work.before, work.changed, strict=True)
        moved = [
            (before, after) for before, after in pairs if _counted_cells(before) != _counted_cells(after)
        ]
        rows = (*work.added, *work.removed, *chain.from_iterable(moved))
        if rows:
            mine = hulls.get(replacement.state.manager_id)
            starts = [row["starts"] for row in rows] + ([mine.start] if mine else [])
            ends = [row["ends"] for row in rows] + ([mine.end] if mine else [])
            hulls[replacement.state.manager_id] = Span(min(starts).astimezone(UTC), max(ends).astimezone(UTC))
    return hulls
