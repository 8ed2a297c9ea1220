"""Stores meetings by calendar, each window replaced whole, and reads them by manager."""

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

# SQLAlchemy's own rows look up a name at each access; with them, reading a meeting takes half as long again.
_MeetingRow = namedtuple("_MeetingRow", table.c.keys())  # type: ignore[misc]
COUNTED_COLUMNS = ("starts", "ends", "all_day", "status", "response", "show_as", "private",
           "scope", "partnerships", "activity", "label", "kind", "process_share")  # fmt: skip
"""The columns that minutes depend on; a change of the title, a guest or the evidence changes no minutes."""
_counted_cells = itemgetter(*COUNTED_COLUMNS)
_IS_NEARBY = and_(
    table.c.calendar_id == bindparam("calendar"),
    table.c.ends >= bindparam("first"),
    table.c.starts <= bindparam("last"),
)
# Built once, because building a query takes longer than running it.
_SELECT_NEARBY = select_all_columns(table).where(_IS_NEARBY)
_SELECT_NEARBY_UIDS = select(table.c.uid).where(_IS_NEARBY).distinct()
_SELECT_NEARBY_OF_UIDS = _SELECT_NEARBY.where(table.c.uid.in_(bindparam("uids", expanding=True)))
_COPY_DISTANCE = timedelta(days=366)
"""How far from the window copies of one meeting are searched."""


class Meetings:
    """The meetings of all calendars, and the state of each calendar.

    The table contains the classifications of the rules; corrections are applied when meetings are read.
    """

    def __init__(self, database: Database, corrections: Corrections) -> None:
        self._database = database
        self._corrections = corrections

    def replace(self, state: CalendarState, window: Span, meetings: Sequence[Meeting]) -> RowCounts:
        """Replace the calendar's meetings in the window and store its state, in one transaction."""
        rows = meeting_rows(state.calendar_id, meetings)
        (change,) = self.replace_all([CalendarReplacement(state, window, rows)])
        return change

    def replace_all(self, replacements: Sequence[CalendarReplacement]) -> list[RowCounts]:
        """Replace the meetings of several calendars, each named once, in one transaction.

        Equal rows are not written. Stored rows that overlap the window and are not given are removed, unless
        their uid is unchanged or could not be read. Rows outside the window stay. Of a meeting that is given
        twice (with one id), the last is stored. The spans whose minutes must be calculated again are noted
        too.

        Returns:
            How many rows changed, for each calendar.
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
            given_cancellations = {
                replacement.state.calendar_id: replacement.cancellations for replacement in replacements
            }
            changed = cancellations.replace_cancellations(connection, given_cancellations)
            allocation_states.note_changes(
                connection, _recalculation_spans(connection, replacements, differences, changed)
            )
        return [
            replace_fields(
                difference.change,
                repeated=len(replacement.rows) - len({row["id"] for row in replacement.rows}),
            )
            for replacement, difference in zip(replacements, differences, strict=True)
        ]

    def count(self, calendar_id: str, window: Span, is_counted: Callable[[str], bool] | None = None) -> int:
        """How many meetings of this calendar overlap the window; `is_counted` selects uids."""
        stored_rows = table.c.calendar_id == calendar_id, overlap_condition(window)
        with self._database.reading() as connection:
            if is_counted is None:
                return connection.execute(select(func.count()).where(*stored_rows)).scalar_one()
            by_uid = (
                select(table.c.uid, func.count().label("meetings")).where(*stored_rows).group_by(table.c.uid)
            )
            return sum(row.meetings for row in connection.execute(by_uid) if is_counted(row.uid))

    def of_manager(self, manager_id: str, window: Span) -> list[Meeting]:
        """Return a manager's meetings that overlap the window, by start then uid, with corrections.

        A meeting in several calendars of the manager is returned once (`model.copies`). A CANCEL message in
        one of the calendars applies to all of them.
        """
        in_own_calendars = table.c.calendar_id.in_(calendars.select_calendar_ids(manager_id))
        inside = overlap_condition(window)
        with self._database.reading() as connection:
            meetings = _load_meetings(connection, select_all_columns(table).where(in_own_calendars, inside))
            if len(calendars.list_calendar_ids(connection, manager_id)) > 1:
                # The copy that counts may lie outside the window, and one in the window be outdated.
                in_copy_distance = (
                    table.c.ends >= window.start - _COPY_DISTANCE,
                    table.c.starts <= window.end + _COPY_DISTANCE,
                )
                for condition in _copy_conditions(meetings):
                    query = select_all_columns(table).where(
                        in_own_calendars, not_(inside), *in_copy_distance, condition
                    )
                    meetings += _load_meetings(connection, query)
                cancelled = cancellations.load_for_manager(connection, manager_id)
                one_each = drop_duplicate_copies(apply_cancellations(meetings, cancelled))
                meetings = sorted((m for m in one_each if m.span.overlaps(window)), key=_meeting_order)
        return [self._corrections.apply_to(meeting) for meeting in meetings]

    def with_own_categories(self, window: Span, manager_id: str | None = None) -> list[Meeting]:
        """Return meetings with a category for calsync, of one manager or of all, by start then uid."""
        condition = text(OWN_CATEGORY_SQL[self._database.engine.dialect.name])
        query = select_all_columns(table).where(overlap_condition(window), condition)
        if manager_id is not None:
            query = query.where(table.c.manager_id == manager_id)
        with self._database.reading() as connection:
            return _load_meetings(connection, query)

    def left_out_at_other_times(self, window: Span) -> list[DroppedCopy]:
        """Return copies in the window that do not count because the copy that counts is at another time.

        Sorted by manager and start. Only copies with the same text as recurrence id are compared.
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
        dropped: list[DroppedCopy] = []
        uids: dict[str, set[str]] = defaultdict(set)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                uids[row.manager_id].add(row.uid)
            for manager_id in sorted(uids):
                in_own_calendars = table.c.calendar_id.in_(calendars.select_calendar_ids(manager_id))
                copies: list[Meeting] = []
                for part in split_for_query(sorted(uids[manager_id])):
                    copies += _load_meetings(
                        connection,
                        select_all_columns(table).where(
                            in_own_calendars, *in_copy_distance, table.c.uid.in_(part)
                        ),
                    )
                cancelled = cancellations.load_for_manager(connection, manager_id)
                dropped += find_copies_at_other_times(apply_cancellations(copies, cancelled))
        return [copy for copy in dropped if copy.dropped.span.overlaps(window)]

    def find_by_uid(self, uid: str) -> list[Meeting]:
        """Return all managers' meetings with this uid, by start; otherwise as `of_manager`."""
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
        """Return the meetings with this uid in all calendars, by start, as the rules classified them."""
        with self._database.reading() as connection:
            return _load_meetings(
                connection, select_all_columns(table).where(table.c.uid == storable_text(uid))
            )

    def calendar_state(self, calendar_id: str) -> CalendarState | None:
        """Return the state of a calendar; None if it is unknown or retired."""
        with self._database.reading() as connection:
            return calendars.load_state(connection, calendar_id)

    def calendar_states(self, manager_id: str | None = None) -> list[CalendarState]:
        """See `calendars.load_states`."""
        with self._database.reading() as connection:
            return calendars.load_states(connection, manager_id)

    def calendar_days(self) -> list[CalendarDays]:
        """See `calendars.load_days`."""
        with self._database.reading() as connection:
            return calendars.load_days(connection)

    def manager_ids(self) -> frozenset[str]:
        """Return the managers of all stored calendars, also of those that are retired or were never read."""
        with self._database.reading() as connection:
            return calendars.list_manager_ids(connection)

    def calendar_ids(self, manager_id: str) -> list[str]:
        """Return the ids of a manager's calendars, retired ones too, sorted."""
        with self._database.reading() as connection:
            return calendars.list_calendar_ids(connection, manager_id)

    def note_failure(
        self,
        calendar_id: str,
        manager_id: str,
        source: str,
        redacted_address: str,
        night: date,
        what: str,
        hint: str,
    ) -> None:
        """Store that a calendar could not be read; its meetings stay, and the night since which it fails."""
        failure = CalendarState(
            calendar_id=calendar_id,
            manager_id=manager_id,
            source=source,
            redacted_address=redacted_address,
            what=what,
            hint=hint,
        )
        with self._database.writing() as connection:
            calendars.save_failure(connection, failure, night)

    def mark_unchanged(self, calendar_ids: Sequence[str], night: date) -> None:
        """Store that calendars were read this night and had not changed."""
        with self._database.writing() as connection:
            calendars.mark_unchanged(connection, calendar_ids, night)

    def retire_calendar(self, calendar_id: str) -> None:
        """Mark a calendar as retired; its meetings stay. The next `replace` of it ends that."""
        with self._database.writing() as connection:
            calendars.retire_calendar(connection, calendar_id)

    def delete_calendar(self, calendar_id: str) -> None:
        """Delete a calendar with its meetings and their allocations."""
        with self._database.writing() as connection:
            calendars.delete_calendar(connection, calendar_id)


def overlap_condition(window: Span) -> ColumnElement[bool]:
    """Return the condition that a stored meeting overlaps the window, as `Span.overlaps` defines it."""
    starts, ends = table.c.starts, table.c.ends
    if window.start == window.end:
        return and_(starts <= window.start, ends > window.start)
    # Only the first two conditions can use an index; the third is for meetings that end where they start.
    return and_(ends >= window.start, starts < window.end, or_(ends > window.start, starts >= window.start))


def _compare_window(
    connection: Connection, replacement: CalendarReplacement, is_known: bool
) -> RowDifference:
    new_rows: dict[Hashable, Row] = {row["id"]: row for row in replacement.rows}
    stored_rows = _load_affected_rows(connection, replacement, new_rows) if is_known else {}
    return compare_rows(stored_rows, new_rows)


def _load_affected_rows(
    connection: Connection, replacement: CalendarReplacement, wanted: Mapping[Hashable, Row]
) -> dict[Hashable, Row]:
    """Return the stored rows that may change: those of the same ids, and removable ones in the window."""
    bounding_span = _bounding_span(replacement.window, list(wanted.values()))
    nearby = {
        "calendar": replacement.state.calendar_id,
        "first": bounding_span.start,
        "last": bounding_span.end,
    }
    if not replacement.unchanged_uids:
        rows = fetch_rows(connection, _SELECT_NEARBY, nearby)
    else:
        # Most uids are unchanged, so that reading the uids first and then few rows takes less time.
        uids = [
            uid
            for uid in connection.scalars(_SELECT_NEARBY_UIDS, nearby)
            if uid not in replacement.unchanged_uids
        ]
        rows = []
        for part in split_for_query(uids):
            rows += fetch_rows(connection, _SELECT_NEARBY_OF_UIDS, {**nearby, "uids": part})
    return {row["id"]: row for row in rows if row["id"] in wanted or _may_be_removed(row, replacement)}


def _may_be_removed(row: Row, replacement: CalendarReplacement) -> bool:
    overlaps = Span(row["starts"], row["ends"]).overlaps(replacement.window)
    return overlaps and not replacement.unread.must_keep(row["uid"])


def _bounding_span(window: Span, rows: Sequence[Row]) -> Span:
    # A meeting that became longer and now overlaps the window may be stored outside it, with the same id. An
    # id determines the start, so all rows with the new ids start in the bounding span or overlap the window.
    starts: list[datetime] = [row["starts"] for row in rows]
    return Span(min([window.start, *starts]), max([window.end, *starts]))


def _copy_conditions(meetings: Sequence[Meeting]) -> list[ColumnElement[bool]]:
    """Return conditions that all copies of these meetings fulfil, and few others.

    `drop_duplicate_copies` decides which are copies.
    """
    uids = sorted({uid for meeting in meetings for uid in (meeting.uid, series_uid(meeting.uid))})
    # Recurrence ids are ISO 8601, so text sorts as days do; in another zone one may be a day earlier or
    # later.
    days = sorted(meeting.recurrence_id[:10] for meeting in meetings if meeting.recurrence_id)
    recurrence_id = table.c.recurrence_id
    same_start = recurrence_id == ""
    if days:
        same_start = or_(same_start, recurrence_id.between(_shift_day(days[0], -1), _shift_day(days[-1], 2)))
    # `concat` prevents the index of uids, so that the index of calendar and time is used: a series has years
    # of meetings with one uid.
    return [and_(table.c.uid.concat("").in_(part), same_start) for part in split_for_query(uids)]


def _shift_day(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


def _load_meetings(connection: Connection, query: Select[Any]) -> list[Meeting]:
    """Return the meetings of a query of `select_all_columns`, by start, uid and id."""
    rows = map(_MeetingRow._make, connection.execute(query))
    # Sorted here, because the databases order text differently.
    return meetings_of(sorted(rows, key=attrgetter("starts", "uid", "id")))


def _meeting_order(meeting: Meeting) -> tuple[datetime, str, str]:
    return meeting.start.astimezone(UTC), meeting.uid, meeting.id


def _recalculation_spans(
    connection: Connection,
    replacements: Sequence[CalendarReplacement],
    differences: Sequence[RowDifference],
    changed_cancellations: frozenset[str],
) -> dict[str, Span]:
    """Return the span in which minutes may change, by manager id.

    With several calendars this is at least the window: a meeting that changed in one of them may decide
    whether a copy in another one counts, which may lie anywhere.
    """
    spans = _changed_spans(replacements, differences)
    windows = {
        replacement.state.manager_id: replacement.window
        for replacement, difference in zip(replacements, differences, strict=True)
        if difference.added
        or difference.changed
        or difference.removed
        or replacement.state.calendar_id in changed_cancellations
    }
    for manager_id in calendars.find_managers_with_several(connection, windows.keys()) if windows else ():
        window = windows[manager_id]
        changed = spans.get(manager_id, window)
        spans[manager_id] = Span(min(window.start, changed.start), max(window.end, changed.end))
    return spans


def _changed_spans(
    replacements: Sequence[CalendarReplacement], differences: Sequence[RowDifference]
) -> dict[str, Span]:
    """Return by manager id the span from the first to the last meeting whose minutes may change."""
    spans: dict[str, Span] = {}
    for replacement, difference in zip(replacements, differences, strict=True):
        manager_id = replacement.state.manager_id
        pairs = zip(difference.before, difference.changed, strict=True)
        changed = [
            (before, after) for before, after in pairs if _counted_cells(before) != _counted_cells(after)
        ]
        rows = (*difference.added, *difference.removed, *chain.from_iterable(changed))
        if rows:
            # A manager may have several calendars.
            other = spans.get(manager_id)
            starts = [row["starts"] for row in rows] + ([other.start] if other else [])
            ends = [row["ends"] for row in rows] + ([other.end] if other else [])
            spans[manager_id] = Span(min(starts).astimezone(UTC), max(ends).astimezone(UTC))
    return spans
