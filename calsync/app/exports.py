"""Reads what tables are built from: stored minutes, the list of managers, contracted time, costs.

`calsync export`, the Python API and the report page call it.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from functools import cached_property

import pandas as pd

from calsync.analysis.days_read import CalendarDaysRead, determine_day_coverage
from calsync.analysis.worktime import contracted_minutes
from calsync.app.plan import worktime_of
from calsync.config.roster import load_managers
from calsync.config.settings import Settings
from calsync.disclosure.release import DisclosureClass, HrRelease, RawTable, release_to_hr
from calsync.errors import ConfigError
from calsync.exports.tables import split
from calsync.exports.tables.base import TableDefinition, TableRequest
from calsync.exports.tables.registry import build_table
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.store.database import Store
from calsync.store.records import CalendarDays

GROUP_COLUMNS = ("department", "grade")
"""The columns that HR may group by; groups below the least size are merged whatever is chosen."""


class StoredTableData:
    """What is stored about the days from `first` to `last` (exclusive), for the builders of tables.

    The methods are those of `exports.tables.base.TableData`. people, contracted and costs are about the
    managers that are listed now.
    """

    def __init__(self, settings: Settings, store: Store, first: date, last: date) -> None:
        self._settings = settings
        self._store = store
        self._first = first
        self._last = last

    @cached_property
    def _managers(self) -> Sequence[Manager]:
        return load_managers(self._settings)

    def minutes(self, manager_ids: Collection[str] | None = None) -> pd.DataFrame:
        """See `load_minutes`."""
        return load_minutes(self._store, self._first, self._last, manager_ids)

    def people(self) -> pd.DataFrame:
        """Columns: manager_id, department, grade."""
        rows = [(manager.id, manager.department, manager.grade) for manager in self._managers]
        return pd.DataFrame(rows, columns=["manager_id", "department", "grade"], dtype="str")

    def contracted(self) -> pd.DataFrame:
        """Columns: manager_id, day, minutes, working, read."""
        return _build_contracted(self._settings, self._store, self._managers, self._first, self._last)

    def costs(self) -> pd.DataFrame | None:
        """Columns: grade, contract, productive."""
        return _load_costs(self._settings)


def build_stored_table(
    definition: TableDefinition, settings: Settings, store: Store, request: TableRequest
) -> RawTable:
    """Build a table from what is stored; raises ConfigError for a group that is not in `GROUP_COLUMNS`."""
    if definition.disclosure is DisclosureClass.GROUPS:
        problems = [
            Problem(f"--by {name}", "is no group of managers", f"known: {', '.join(GROUP_COLUMNS)}")
            for name in request.by
            if name not in GROUP_COLUMNS
        ]
        if problems:
            raise ConfigError(problems)
    data = StoredTableData(settings, store, request.first, request.last)
    return build_table(definition, data, request)


def release_split(settings: Settings, store: Store, first: date, last: date) -> HrRelease:
    """Return the split of all listed managers together, from `first` to `last` (exclusive), for HR."""
    data = StoredTableData(settings, store, first, last)
    return release_to_hr(split.build(data, TableRequest(first, last)), least=settings.privacy.least_group)


def load_minutes(
    store: Store, first: date, last: date, manager_ids: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the stored allocations from `first` to `last` (exclusive), of some managers or of all.

    Columns: those of `Allocations.frame`; planned: whether the day had not ended when the meeting's calendar
    was last read; meeting: the same text for one meeting in the calendars of several managers.
    """
    frame = store.allocations.frame(first, last, manager_ids)
    meetings = store.allocations.meetings_frame(first, last).set_index("meeting_id")
    read_until = {days.calendar_id: days.last for days in store.meetings.calendar_days()}
    until = frame["meeting_id"].map(meetings["calendar_id"].map(read_until).to_dict())
    names = {
        meeting_id: f"{uid}\x1f{_normalise_recurrence_id(recurrence_id)}"
        for meeting_id, uid, recurrence_id in zip(
            meetings.index, meetings["uid"], meetings["recurrence_id"], strict=True
        )
    }
    planned = [not pd.isna(last) and day >= last for day, last in zip(frame["day"], until, strict=True)]
    return frame.assign(
        planned=pd.Series(planned, index=frame.index, dtype="bool"),
        meeting=frame["meeting_id"].map(names).fillna(frame["meeting_id"]),
    )


def _normalise_recurrence_id(recurrence_id: str) -> str:
    """Return the original start in UTC: two managers' calendars may give it in two zones."""
    try:
        moment = datetime.fromisoformat(recurrence_id)
    except ValueError:
        return recurrence_id
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else recurrence_id


def _build_contracted(
    settings: Settings, store: Store, managers: Sequence[Manager], first: date, last: date
) -> pd.DataFrame:
    """Return the contracted minutes of each manager and day; columns as `StoredTableData.contracted`."""
    worktime = worktime_of(settings)
    span = Span(worktime.midnight(first), worktime.midnight(last))
    calendars: dict[str, list[CalendarDays]] = {}
    for calendar in store.meetings.calendar_days():
        calendars.setdefault(calendar.manager_id, []).append(calendar)
    frames = []
    for manager in managers:
        frame = contracted_minutes(
            manager, store.meetings.of_manager(manager.id, span), worktime, first, last
        )
        read = determine_day_coverage(_days_read(calendars.get(manager.id, [])), frame["day"])
        working = [worktime.is_working(manager, day) for day in frame["day"]]
        frames.append(frame.assign(working=working, read=list(map(str, read))))
    return pd.concat(frames, ignore_index=True)


def _days_read(calendars: Sequence[CalendarDays]) -> list[CalendarDaysRead]:
    """Return which days of one manager's calendars were read.

    An entry that was never read and began to fail after all others were last read is left out: it is the
    address of the others, which no longer answers, and the others have the days up to then.
    """
    last_read = max((days.last for days in calendars if days.is_listed and days.last), default=None)
    return [
        CalendarDaysRead(days.first, days.last, days.is_listed)
        for days in calendars
        if days.last or not (last_read and days.failing_since and last_read < days.failing_since)
    ]


def grades_without_cost(settings: Settings) -> list[str]:
    """Return the grades of listed managers that the file of costs lacks; none if there is no such file."""
    costs = _load_costs(settings)
    if costs is None:
        return []
    known = set(costs.dropna()["grade"])
    return sorted({manager.grade for manager in load_managers(settings)} - known)


def _load_costs(settings: Settings) -> pd.DataFrame | None:
    if settings.costs.file is None:
        return None
    file = settings.resolve(settings.costs.file)
    try:
        frame = pd.read_csv(file, dtype={"grade": "str"}, encoding="utf-8-sig")
        return frame[["grade", "contract", "productive"]].astype({"contract": float, "productive": float})
    except (OSError, ValueError, KeyError) as error:
        hint = "columns: grade, contract, productive (money an hour), source, year"
        raise ConfigError([Problem(file.name, f"cannot be read: {error}", hint)]) from error
