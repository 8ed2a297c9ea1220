"""Meetings by calendar and by manager: a window is replaced whole, or nothing changes."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace as but
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, not_, or_, select, text

from calsync.model.copies import LeftOut, apply_cancellations, left_out_at_other_times, one_of_each
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Status
from calsync.model.span import Span
from calsync.model.uids import series_uid
from calsync.store import calendars, cancellations, reckonings
from calsync.store.bulk import every_column, parts
from calsync.store.corrections import Corrections
from calsync.store.difference import Difference, apply, difference
from calsync.store.engine import Database
from calsync.store.rows import Row, clean, meeting_of, meeting_rows
from calsync.store.schema import OWN_CATEGORY
from calsync.store.schema import calendars as calendar_table
from calsync.store.schema import meetings as table
from calsync.store.states import CalendarDays, CalendarState, Change, Replacement

_NAMES = [column.name for column in table.c]
_ID, _UID, _STARTS, _ENDS = (_NAMES.index(name) for name in ("id", "uid", "starts", "ends"))
COUNTED = ("starts", "ends", "all_day", "status", "response", "show_as", "private",
           "scope", "partnerships", "activity", "kind", "process_share")  # fmt: skip
"""The columns that minutes rest on: another title, another guest or other evidence moves none."""
_COUNTED = itemgetter(*map(_NAMES.index, COUNTED))
_IS_NEARBY = and_(
    table.c.calendar_id == bindparam("calendar"),
    table.c.ends >= bindparam("first"),
    table.c.starts <= bindparam("last"),
)
# Made once, for to put a query together takes longer than to run it.
_NEARBY = every_column(table).where(_IS_NEARBY)
_NEARBY_UIDS = select(table.c.uid).where(_IS_NEARBY).distinct()
_OF_UIDS = _NEARBY.where(table.c.uid.in_(bindparam("uids", expanding=True)))


_MOVED_BY = timedelta(days=366)
"""How far apart copies of one meeting are looked for."""


class Meetings:
    """What was read from every calendar, and how each calendar stands.

    The table holds the verdicts of the rules; what people say is put in when meetings are read.
    """

    def __init__(self, database: Database, corrections: Corrections) -> None:
        self._database = database
        self._corrections = corrections

    def replace(self, state: CalendarState, window: Span, meetings: Sequence[Meeting]) -> Change:
        """Make these the calendar's meetings in the window and keep its state, in one transaction."""
        rows = meeting_rows(state.calendar_id, meetings)
        return self.replace_all([Replacement(state, window, rows)])[0]

    def replace_all(self, replacements: Sequence[Replacement]) -> list[Change]:
        """Make these the meetings of several calendars, each named once, in one transaction.

        Rows that are equal are not touched. Rows that overlap the window and are not among these
        go, unless their uid stands or could not be read; rows outside it stay. A meeting given twice
        (one id) is kept once, the last of them. Whose minutes must be reckoned again is noted with it.
        """
        with self._database.writing() as connection:
            known = calendars.save(connection, [one.state for one in replacements])
            works = [_work(connection, one, one.state.calendar_id in known) for one in replacements]
            apply(connection, table, works)
            given = {one.state.calendar_id: one.cancellations for one in replacements}
            changed = cancellations.replace(connection, given)
            reckonings.note_changes(connection, _changed(connection, replacements, works, changed))
        return [
            but(work.change, repeated=len(one.rows) - len({row[_ID] for row in one.rows}))
            for one, work in zip(replacements, works, strict=True)
        ]

    def count(self, calendar_id: str, window: Span, is_counted: Callable[[str], bool] | None = None) -> int:
        """How many meetings of this calendar overlap the window; is_counted: asked of each uid."""
        query = select(func.count()).where(table.c.calendar_id == calendar_id, overlapping(window))
        with self._database.reading() as connection:
            if is_counted is None:
                return connection.execute(query).scalar_one()
            by_uid = query.add_columns(table.c.uid).group_by(table.c.uid)
            return sum(count for count, uid in connection.execute(by_uid) if is_counted(uid))

    def of_manager(self, manager_id: str, window: Span) -> list[Meeting]:
        """Every meeting of a manager that overlaps the window, by start then uid.

        A meeting that is in several of their calendars is there once (`copies`), and what a message in one
        of them cancels is cancelled.
        """
        theirs = table.c.calendar_id.in_(calendars.named(manager_id))
        inside = overlapping(window)
        with self._database.reading() as connection:
            found = _read(connection, every_column(table).where(theirs, inside))
            if len(calendars.ids(connection, manager_id)) > 1:
                # The copy that counts may lie outside the window, and one in the window be outdated.
                near = table.c.ends >= window.start - _MOVED_BY, table.c.starts <= window.end + _MOVED_BY
                for condition in _copies_of(found):
                    query = every_column(table).where(theirs, not_(inside), *near, condition)
                    found += _read(connection, query)
                cancelled = cancellations.of_manager(connection, manager_id)
                one_each = one_of_each(apply_cancellations(found, cancelled))
                found = sorted((m for m in one_each if m.span.overlaps(window)), key=_in_order)
        return [self._corrections.put_in(meeting) for meeting in found]

    def with_own_categories(self, window: Span, manager_id: str | None = None) -> list[Meeting]:
        """Meetings in the window with a category for calsync, of one manager or of all, by start then uid."""
        condition = text(OWN_CATEGORY[self._database.engine.dialect.name])
        query = every_column(table).where(overlapping(window), condition)
        if manager_id is not None:
            query = query.where(table.c.manager_id == manager_id)
        with self._database.reading() as connection:
            return _read(connection, query)

    def left_out_at_other_times(self, window: Span) -> list[LeftOut]:
        """Copies in the window that do not count because the one that counts is at another time.

        By manager and start. Only copies whose recurrence ids are written alike are compared.
        """
        columns = calendar_table.c.manager_id, table.c.uid
        near = table.c.ends >= window.start - _MOVED_BY, table.c.starts <= window.end + _MOVED_BY
        query = (
            select(*columns)
            .join(calendar_table, calendar_table.c.id == table.c.calendar_id)
            .where(calendar_table.c.manager_id.in_(calendars.with_several()), *near)
            .where(table.c.status != Status.CANCELLED.value)
            .group_by(*columns, table.c.recurrence_id)
            .having(
                func.min(table.c.calendar_id) != func.max(table.c.calendar_id),
                func.min(table.c.starts) != func.max(table.c.starts),
            )
        )
        found: list[LeftOut] = []
        uids: dict[str, set[str]] = defaultdict(set)
        with self._database.reading() as connection:
            for manager_id, uid in connection.execute(query):
                uids[manager_id].add(uid)
            for manager_id in sorted(uids):
                theirs = table.c.calendar_id.in_(calendars.named(manager_id))
                copies: list[Meeting] = []
                for some in parts(sorted(uids[manager_id])):
                    copies += _read(
                        connection, every_column(table).where(theirs, *near, table.c.uid.in_(some))
                    )
                cancelled = cancellations.of_manager(connection, manager_id)
                found += left_out_at_other_times(apply_cancellations(copies, cancelled))
        return [one for one in found if one.copy.span.overlaps(window)]

    def find(self, uid: str) -> list[Meeting]:
        """Every meeting with this uid, of every manager once, by start; see `of_manager`."""
        counting: list[Meeting] = []
        by_manager: dict[str, list[Meeting]] = {}
        for meeting in self.ruled(uid):
            by_manager.setdefault(meeting.manager_id, []).append(meeting)
        with self._database.reading() as connection:
            for manager_id, meetings in by_manager.items():
                cancelled = cancellations.of_manager(connection, manager_id)
                counting += one_of_each(apply_cancellations(meetings, cancelled))
        return [self._corrections.put_in(meeting) for meeting in sorted(counting, key=_in_order)]

    def ruled(self, uid: str) -> list[Meeting]:
        """Every meeting with this uid in every calendar, by start, with the verdicts of the rules alone."""
        with self._database.reading() as connection:
            return _read(connection, every_column(table).where(table.c.uid == clean(uid)))

    def state(self, calendar_id: str) -> CalendarState | None:
        """How a calendar stands; None if it is unknown or retired."""
        with self._database.reading() as connection:
            return calendars.state(connection, calendar_id)

    def states(self, manager_id: str | None = None) -> list[CalendarState]:
        """How every calendar stands, of one manager or of all, by manager and id; not retired ones."""
        with self._database.reading() as connection:
            return calendars.states(connection, manager_id)

    def calendar_days(self) -> list[CalendarDays]:
        """The days that were read of every calendar, retired ones too, by manager and id."""
        with self._database.reading() as connection:
            return calendars.days(connection)

    def managers(self) -> frozenset[str]:
        """Every manager of whom a calendar is kept, be it one that was never read or is retired."""
        with self._database.reading() as connection:
            return calendars.managers(connection)

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

    def touch_good(self, calendar_ids: Sequence[str], night: date) -> None:
        """Note that calendars were found unchanged tonight, and so are well."""
        with self._database.writing() as connection:
            calendars.touch_good(connection, calendar_ids, night)

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


def _work(connection: Connection, one: Replacement, known: bool) -> Difference:
    wanted: dict[Hashable, Row] = {row[_ID]: row for row in one.rows}
    held = _held(connection, one, wanted) if known else {}
    return difference(held, wanted)


def _held(connection: Connection, one: Replacement, wanted: Mapping[Hashable, Row]) -> dict[Hashable, Row]:
    """What is held and may change: rows in the window whose uid does not stand, and rows of the same id."""
    hull = _hull(one.window, list(wanted.values()))
    nearby = {"calendar": one.state.calendar_id, "first": hull.start, "last": hull.end}
    rows: list[Any]
    if not one.standing:
        rows = [*connection.execute(_NEARBY, nearby)]
    else:
        # Most stand, so it is asked whose they are before any is read.
        uids = [uid for uid in connection.scalars(_NEARBY_UIDS, nearby) if uid not in one.standing]
        rows = [row for some in parts(uids) for row in connection.execute(_OF_UIDS, {**nearby, "uids": some})]
    return {row[_ID]: tuple(row) for row in rows if row[_ID] in wanted or _may_go(row, one)}


def _may_go(row: Any, one: Replacement) -> bool:
    return not one.unread.keeps(row[_UID]) and _span(row).overlaps(one.window)


def _hull(window: Span, rows: Sequence[Row]) -> Span:
    # A meeting that has grown into the window may be stored outside it, under the same id, and
    # an id fixes the start: all rows that may be meant start in the hull or overlap the window.
    starts: list[datetime] = [row[_STARTS] for row in rows]
    return Span(min([window.start, *starts]), max([window.end, *starts]))


def _span(row: Sequence[datetime]) -> Span:
    return Span(row[_STARTS], row[_ENDS])


def _copies_of(meetings: Sequence[Meeting]) -> list[ColumnElement[bool]]:
    """Conditions that all copies of these meetings fulfil, and few others: `one_of_each` decides."""
    uids = sorted({uid for meeting in meetings for uid in (meeting.uid, series_uid(meeting.uid))})
    # Original starts are ISO 8601, so that text is ordered as days are; in another zone one may be a day off.
    days = sorted(meeting.recurrence_id[:10] for meeting in meetings if meeting.recurrence_id)
    original = table.c.recurrence_id
    alike = original == ""
    if days:
        alike = or_(alike, original.between(_day_after(days[0], -1), _day_after(days[-1], 2)))
    # As an expression, so that the index of calendar and time is used: a series has years of one uid.
    return [and_(table.c.uid.concat("").in_(some), alike) for some in parts(uids)]


def _day_after(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


def _read(connection: Connection, query: Select[tuple[object, ...]]) -> list[Meeting]:
    # Sorted here, for the two databases order text differently.
    rows = sorted(connection.execute(query).all(), key=lambda row: (row[_STARTS], row[_UID], row[_ID]))
    return [meeting_of(row) for row in rows]


def _in_order(meeting: Meeting) -> tuple[datetime, str, str]:
    return meeting.start.astimezone(UTC), meeting.uid, meeting.id


def _changed(
    connection: Connection,
    replacements: Sequence[Replacement],
    works: Sequence[Difference],
    cancelled: frozenset[str],
) -> dict[str, Span]:
    """By manager, the time in which minutes may differ.

    Of a manager with several calendars all of the window: a meeting that changed in one of them may make a
    copy in another count that lies anywhere, or count no longer.
    """
    spans = _hulls(replacements, works)
    touched = {
        one.state.manager_id: one.window
        for one, work in zip(replacements, works, strict=True)
        if work.added or work.changed or work.removed or one.state.calendar_id in cancelled
    }
    for manager_id in calendars.several(connection, touched.keys()) if touched else ():
        window, moved = touched[manager_id], spans.get(manager_id, touched[manager_id])
        spans[manager_id] = Span(min(window.start, moved.start), max(window.end, moved.end))
    return spans


def _hulls(replacements: Sequence[Replacement], works: Sequence[Difference]) -> dict[str, Span]:
    """By manager, from the start of the first meeting whose minutes may differ to the end of the last."""
    hulls: dict[str, Span] = {}
    for one, work in zip(replacements, works, strict=True):
        pairs = zip(work.before, work.changed, strict=True)
        moved = [pair for pair in pairs if _COUNTED(pair[0]) != _COUNTED(pair[1])]
        rows = (*work.added, *work.removed, *chain.from_iterable(moved))
        if rows:
            mine = hulls.get(one.state.manager_id)
            starts = [row[_STARTS] for row in rows] + ([mine.start] if mine else [])
            ends = [row[_ENDS] for row in rows] + ([mine.end] if mine else [])
            hulls[one.state.manager_id] = Span(min(starts).astimezone(UTC), max(ends).astimezone(UTC))
    return hulls
