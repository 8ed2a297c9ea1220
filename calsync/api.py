"""The Python API: calendars, labels, minutes, the store and its tables as DataFrames.

`import calsync` loads this module when one of its functions is first used. The functions do what the
commands and the nightly run do, with the same code and the same figures. The page
docs/analysts/python-api.md shows each of them and explains every column.

    read_calendar   returns the occurrences of a calendar       as `calsync occurrences`
    classify        adds labels to meetings                     as `calsync classify`
    allocate        puts every minute on one meeting            as a night does
    open_store      opens what the nights have stored
    export          returns a table for HR or the data owner    as `calsync export`

Where a function takes `config`, it is the path of a `calsync.toml`. A period is written as for
`calsync export`: "2026-11", "2026-Q3", "2026-FY" or "2026-09-01..2026-10-01"; or it is a pair of dates, of
which the first is included and the last is not.
"""

import warnings
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import pandas as pd

from calsync.analysis import allocate as allocation
from calsync.analysis.periods import DateRange, PeriodLength, parse_period
from calsync.analysis.worktime import WorkingTime
from calsync.app.exports import build_stored_table, grades_without_cost, load_minutes
from calsync.app.frames import (
    add_labels,
    build_calendar_frame,
    build_meetings_frame,
    facts_of_meetings,
    meetings_of_frame,
)
from calsync.app.occurrences import NO_MANAGER, find_calendar, read_occurrences
from calsync.app.plan import worktime_of
from calsync.app.wiring import open_rules, store_url
from calsync.config.load import load_settings
from calsync.config.roster import read_roster
from calsync.config.settings import Settings
from calsync.disclosure.release import PersonalRows, release_for_audit, release_to_hr
from calsync.errors import CalsyncWarning, ConfigError, SourceError
from calsync.exports.tables.base import TableRequest
from calsync.exports.tables.registry import find_table, table_names
from calsync.exports.writing import write_table
from calsync.model.copies import drop_duplicate_copies
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.rules.classify import classify as classify_facts
from calsync.rules.packs.load import load_rules
from calsync.store import database
from calsync.validation import suggest_word

__all__ = ["StoreReader", "allocate", "classify", "export", "open_store", "read_calendar"]

Period = str | tuple[date, date]
"""`2026-11`, `2026-Q3`, `2026-FY`, `2026-09-01..2026-10-01`, or two dates; the last day is not included."""


def read_calendar(
    calendar: str | Path,
    period: Period,
    *,
    config: str | Path | None = None,
    owners: Collection[str] = (),
    zone: str = "Europe/London",
) -> pd.DataFrame:
    """Return the occurrences of a calendar that overlap a period, in order of start, then uid.

    A series is returned as its single occurrences.

    A problem with one event, or with one file of a folder, is reported by a CalsyncWarning, and the rest is
    returned. Nothing is stored. Title, place, text and people of private meetings are removed.

    Args:
        calendar: A file, a folder, a URL, or, with `config`, a manager's id.
        period: Its days begin and end at midnight in the zone of the calendar.
        config: The settings that list the manager and the manager's source.
        owners: Mail addresses of the owner of a file or URL. They are needed to find the owner's answer to an
            invitation. Those of a manager are in the list of managers.
        zone: The zone of all-day and floating times of a file or URL. A manager's calendar is in the zone of
            the organisation.

    Returns:
        Columns: manager_id ("" for a file or URL), meeting_id, uid, recurrence_id, start, end (in the zone
        of the calendar, end exclusive), all_day, status, response, show_as, sensitivity, sequence, stamp,
        summary, organizer_domain, attendee_domains, categories, location, description, attendees. Lists
        are joined by ";".

    Raises:
        ConfigError: If the calendar, the period, the zone or the settings cannot be used.
        SourceError: If none of the calendars at the address could be read.
    """
    first, last = _parse_days(period)
    source, requested = find_calendar(
        str(calendar), Path(config) if config else None, _parse_zone(zone), report=_warn, owners=owners
    )
    worktime = WorkingTime(requested.zone)
    result = read_occurrences(source, requested, Span(worktime.midnight(first), worktime.midnight(last)))
    if not result.calendars_read and result.problems:
        problem = result.problems[0]
        raise SourceError(problem.where, f"{problem.where}: {problem.what}", problem.hint)
    _warn(result.problems)
    manager_id = "" if requested.manager_id == NO_MANAGER else requested.manager_id
    return build_calendar_frame(result.occurrences, manager_id, requested.zone)


def classify(
    meetings: pd.DataFrame, *, config: str | Path | None = None, packs: Sequence[str] = ("uk",)
) -> pd.DataFrame:
    """Return the meetings with the labels that the rules assign.

    Corrections by people are in the store; they are not applied here.

    Args:
        meetings: The columns of `read_calendar`, or any table with `title` (or `summary`) and, where known,
            organizer_domain, attendee_domains, duration_minutes, recurring, description, location,
            categories, attendees, sensitivity. Rows whose sensitivity is not "normal"
            are treated as private.
        config: The settings, with the packs, the folder of own rules and the organisation's domains.
        packs: The shipped packs to use if no `config` is given.

    Returns:
        The same rows and columns, followed by scope, partnership (an id; several ids, joined by ";", if the
        rules cannot decide between them), activity, label (the name of one of your own activities as people
        see it, else ""), kind, process_share (0 to 1 for `mixed` meetings with an agenda, else NaN), rule
        and evidence.

    Raises:
        ConfigError: If there is no column `title`, or the settings cannot be used.
        RulePackError: If a pack cannot be used; also a ConfigError.
    """
    if not {"title", "summary"} & set(meetings.columns):
        raise ConfigError([Problem("column title", "is missing", "rename the column that holds the titles")])
    if config:
        settings = load_settings(Path(config))
        own_domains: Sequence[str] = settings.organisation.domains
        rule_book, problems = open_rules(settings)
    else:
        own_domains = ()
        rule_book, problems = load_rules(packs)
    _warn(problems)
    return add_labels(
        meetings, [classify_facts(facts, rule_book) for facts in facts_of_meetings(meetings, own_domains)]
    )


def allocate(meetings: pd.DataFrame, period: Period, *, config: str | Path | None = None) -> pd.DataFrame:
    """Put every minute of a period on one meeting: a day's minutes add up to the time that was taken.

    The counting rules are those of docs/managers/counting.md. Travel on the first or last day may belong
    to a meeting outside the period: read one day more on either side, as the nightly run does.

    Args:
        meetings: The columns of `classify`, of one or more managers. Required: start and end (with a zone),
            scope, partnership, activity; see docs/analysts/python-api.md for the others.
        period: Its days begin and end at midnight in the zone of the organisation, without `config` in
            Europe/London.
        config: The settings, with the working day and the list of managers. Without them every manager
            works from Monday to Friday, 37 hours a week, 09:00 to 17:00, with the public holidays of Wales.

    Returns:
        Columns: manager_id, day (dates), meeting_id, partnership, activity, kind, confirmed, in_hours and
        minutes (a float; the time of double bookings is already shared), in order of manager, day and start
        of the meeting.

    Raises:
        ConfigError: If a column is missing or contains unknown terms, or a manager is not in the list.
    """
    first, last = _parse_days(period)
    meetings_by_manager = meetings_of_frame(meetings)
    if config:
        settings = load_settings(Path(config))
        managers, worktime = _find_managers(settings, meetings_by_manager), worktime_of(settings)
    else:
        managers = {manager_id: Manager(manager_id, email="", name="") for manager_id in meetings_by_manager}
        worktime = WorkingTime()
    days = Span(worktime.midnight(first), worktime.midnight(last))
    allocations = [
        allocated
        for manager_id, of_manager in sorted(meetings_by_manager.items())
        for allocated in allocation.allocate(
            managers[manager_id], drop_duplicate_copies(of_manager), worktime, days
        )
    ]
    frame = allocation.allocations_frame(allocations)
    # One row for each combination of keys, as in the store. A meeting may be allocated in several parts.
    keys = [name for name in frame.columns if name != "minutes"]
    return frame.groupby(keys, sort=False, dropna=False)["minutes"].sum().reset_index()


class StoreReader:
    """What the nights have stored, as DataFrames; returned by `open_store`, closed by `with` or `close`.

    All its frames contain data of single managers: they are for the data owner and the analyst, never for
    HR. `export` returns a table for HR.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = database.open_store(store_url(settings))

    def managers(self) -> pd.DataFrame:
        """Return the listed managers. Columns: manager_id, department, grade, fte, hours_per_week."""
        names = ["manager_id", "department", "grade", "fte", "hours_per_week"]
        rows = [(m.id, m.department, m.grade, m.fte, m.hours_per_week) for m in _read_managers(self.settings)]
        return pd.DataFrame(rows, columns=names)

    def meetings(self, period: Period, manager_ids: Collection[str] | None = None) -> pd.DataFrame:
        """Return the stored meetings that overlap a period, in order of manager and start.

        A meeting in several calendars of one manager is returned once. Corrections are applied.

        Args:
            period: Its days begin and end at midnight in the zone of the organisation.
            manager_ids: The managers to read; by default all that are listed.

        Returns:
            The columns of `classify`, without location, description and attendees, which are never stored;
            summary is empty if titles are not stored according to the settings. The frame can be passed to
            `allocate` unchanged.
        """
        first, last = _parse_days(period)
        worktime = worktime_of(self.settings)
        window = Span(worktime.midnight(first), worktime.midnight(last))
        if manager_ids is None:
            manager_ids = [manager.id for manager in _read_managers(self.settings)]
        meetings = [
            meeting
            for manager_id in sorted(set(manager_ids))
            for meeting in self.store.meetings.of_manager(manager_id, window)
        ]
        return build_meetings_frame(meetings, worktime.zone)

    def allocations(self, period: Period, manager_ids: Collection[str] | None = None) -> pd.DataFrame:
        """Return the stored minutes of a period.

        Args:
            period: Days in the zone of the organisation.
            manager_ids: The managers to read; by default all whose calendar was ever read.

        Returns:
            The columns of `allocate`, and two more. planned: whether the day had not ended when the calendar
            was last read. meeting: an id that one meeting has in the calendars of all its managers.
        """
        return load_minutes(self.store, *_parse_days(period), manager_ids)

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(config: str | Path = "calsync.toml") -> StoreReader:
    """Open the store of the settings; create or migrate it where necessary.

    Args:
        config: The settings file.

    Raises:
        ConfigError: If the settings cannot be used.
        StoreError: If the database cannot be opened.
    """
    return StoreReader(load_settings(Path(config)))


def export(
    store: StoreReader,
    table: str,
    period: Period,
    *,
    by: str | Sequence[str] = (),
    every: str = "whole",
    output: str | Path | None = None,
) -> pd.DataFrame:
    """Return a table as `calsync export` writes it, and write it to a file if one is named.

    The table `split` is for HR: disclosure control is applied, so that no figure describes fewer people
    than the settings allow. The table `allocations` has rows of single managers, and is returned with a
    CalsyncWarning.

    Args:
        store: An open store.
        table: `split` or `allocations`; the columns are in docs/hr/data-dictionary.md.
        period: The days; there are no figures after the last night.
        by: The columns by which managers are grouped: department, grade, or both, the broader one first.
        every: The length of the periods into which the days are divided: `whole` (one period), `month` or
            `week`.
        output: A file: .csv, .xlsx, .parquet, .json, or a suffix that a plug-in adds.

    Raises:
        ConfigError: If the table, the period, the groups or the settings cannot be used.
        ExportError: If the file cannot be written.
    """
    if table not in (known := table_names()):
        raise ConfigError(
            [Problem(f"table {table}", "there is no such table", suggest_word(table, list(known)))]
        )
    first, last = _parse_days(period)
    groups = tuple(name.strip() for name in (by.split(",") if isinstance(by, str) else by) if name.strip())
    request = TableRequest(first, last, groups, _parse_every(every))
    unreleased = build_stored_table(find_table(table), store.settings, store.store, request)
    if isinstance(unreleased, PersonalRows):
        _warn([Problem(table, "rows name single managers: for the data owner, never for HR")])
        published = release_for_audit(unreleased)
    else:
        released = release_to_hr(unreleased, least=store.settings.privacy.least_group)
        published = released.table
        _warn(
            Problem(f"{start} to {end} (exclusive)", f"was read in part: {covered:.1%} of the working days")
            for (start, end), covered in released.protected.read_in_part
        )
        _warn(
            Problem(f"grade {grade!r}", "no hourly cost is known, so the costs of its groups are blank")
            for grade in grades_without_cost(store.settings)
        )
    if output:
        write_table(published, Path(output))
    return published.frame


def _parse_days(period: Period) -> DateRange:
    """Return the first day and the day after the last."""
    hint = "write 2026-11, 2026-Q3, 2026-FY, 2026-09-01..2026-10-01, or a pair of dates"
    if isinstance(period, str):
        try:
            return parse_period(period)
        except ValueError as error:
            raise ConfigError([Problem(f"period {period!r}", str(error), hint)]) from error
    first, last = period
    if first >= last:
        raise ConfigError([Problem(f"period {first} to {last}", "contains no day", hint)])
    return first, last


def _parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            [Problem(f"zone {name!r}", "is not a time zone", "write one such as Europe/London")]
        ) from error


def _parse_every(text: str) -> PeriodLength:
    try:
        return PeriodLength(text)
    except ValueError as error:
        hint = suggest_word(text, [str(length) for length in PeriodLength])
        raise ConfigError([Problem(f"every {text!r}", "is not a length of a period", hint)]) from error


def _read_managers(settings: Settings) -> tuple[Manager, ...]:
    roster = read_roster(settings)
    _warn(roster.problems)
    return roster.managers


def _find_managers(settings: Settings, manager_ids: Iterable[str]) -> dict[str, Manager]:
    """Return all listed managers by id; raises ConfigError with each of `manager_ids` that is not listed."""
    listed = {manager.id: manager for manager in _read_managers(settings)}
    unknown = [
        Problem(
            f"manager_id {manager_id!r}",
            f"is not in {settings.managers.file}",
            suggest_word(manager_id, list(listed)),
        )
        for manager_id in manager_ids
        if manager_id not in listed
    ]
    if unknown:
        raise ConfigError(unknown)
    return listed


def _warn(problems: Iterable[Problem]) -> None:
    # stacklevel: the line that called the function of the API, where that function calls this one directly.
    for problem in dict.fromkeys(problems):
        warnings.warn(str(problem), CalsyncWarning, stacklevel=3)
