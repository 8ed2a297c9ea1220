"""The Python API: calendars, labels, minutes, the store and its tables as DataFrames.

`import calsync` loads this module when one of its functions is first used. The functions do what the
commands and the nightly run do, with the same code and the same figures. The page
docs/analysts/python-api.md shows each of them and explains every column.

    read_calendar   a calendar's occurrences in a period        as `calsync occurrences`
    classify        adds labels to meetings                     as `calsync classify`
    allocate        puts every minute on one meeting            as a night does
    open_store      what the nights have stored
    export          a table for HR or for the data owner        as `calsync export`

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
    """Return the occurrences of a calendar that overlap a period, by start then uid; series are expanded.

    A problem with one event, or with one file of a folder, is a CalsyncWarning, and the rest is returned.
    Nothing is stored. Of private meetings title, place, text and people are removed.

    Args:
        calendar: A file, a folder, a URL, or, with `config`, a manager's id.
        period: Midnights are those of the calendar's zone.
        config: The settings that list the manager and the manager's source.
        owners: Mail addresses of the owner of a file or URL, by which the owner's answer to an invitation
            is found; a manager's are in the list of managers.
        zone: The zone of all-day and floating times of a file or URL; a manager's calendar has the
            organisation's.

    Returns:
        Columns: manager_id ("" for a file or URL), meeting_id, uid, recurrence_id, start, end (in the zone
        of the calendar, end exclusive), all_day, status, response, show_as, sensitivity, sequence, stamp,
        summary, organizer_domain, attendee_domains, categories, location, description, attendees. Lists
        are joined by ";".

    Raises:
        ConfigError: If the calendar, the period, the zone or the settings cannot be used.
        SourceError: If no calendar of the address could be read.
    """
    first, last = _parse_days(period)
    source, address = find_calendar(
        str(calendar), Path(config) if config else None, _parse_zone(zone), report=_warn, owners=owners
    )
    worktime = WorkingTime(address.zone)
    reading = read_occurrences(source, address, Span(worktime.midnight(first), worktime.midnight(last)))
    if not reading.calendars_read and reading.problems:
        problem = reading.problems[0]
        raise SourceError(problem.where, f"{problem.where}: {problem.what}", problem.hint)
    _warn(reading.problems)
    manager_id = "" if address.manager_id == NO_MANAGER else address.manager_id
    return build_calendar_frame(reading.occurrences, manager_id, address.zone)


def classify(
    meetings: pd.DataFrame, *, config: str | Path | None = None, packs: Sequence[str] = ("uk",)
) -> pd.DataFrame:
    """Return the meetings with their labels, as the rules give them.

    Corrections that people made are in the store and are not applied here.

    Args:
        meetings: The columns of `read_calendar`, or any table with `title` (or `summary`) and, where known,
            organizer_domain, attendee_domains, duration_minutes, recurring, description, location,
            categories, attendees, sensitivity. Rows that are not of normal sensitivity are private.
        config: The settings that name the packs, the folder of own rules and the organisation's domains.
        packs: The shipped packs, where no `config` is given.

    Returns:
        The same rows and columns, with scope, partnership (an id; several, joined by ";", in a true tie),
        activity, label (a pack's own name of the activity), kind, process_share (of `mixed` meetings with
        an agenda, 0 to 1, else NaN), rule and evidence at the end.

    Raises:
        ConfigError: If there is no column `title`, or the settings cannot be used.
        RulePackError: If a pack cannot be used; also a ConfigError.
    """
    if not {"title", "summary"} & set(meetings.columns):
        raise ConfigError([Problem("column title", "is missing", "rename the column that holds the titles")])
    if config:
        settings = load_settings(Path(config))
        own_domains: Sequence[str] = settings.organisation.domains
        book, problems = open_rules(settings)
    else:
        own_domains = ()
        book, problems = load_rules(packs)
    _warn(problems)
    return add_labels(
        meetings, [classify_facts(facts, book) for facts in facts_of_meetings(meetings, own_domains)]
    )


def allocate(meetings: pd.DataFrame, period: Period, *, config: str | Path | None = None) -> pd.DataFrame:
    """Put every minute of a period on one meeting: a day's minutes add up to the time that was taken.

    The counting rules are those of docs/managers/counting.md. Travel at the edge of the period may serve a
    meeting beyond it: read a day more on either side, as the nightly run does.

    Args:
        meetings: The columns of `classify`, of one or more managers. Required: start and end (with a zone),
            scope, partnership, activity; see docs/analysts/python-api.md for the others.
        period: Days are those of the organisation's zone; without `config` of Europe/London.
        config: The settings with the working day and the list of managers. Without them everybody
            works from Monday to Friday, 37 hours a week, 09:00 to 17:00, with the public holidays of Wales.

    Returns:
        Columns: manager_id, day (dates), meeting_id, partnership, activity, kind, confirmed, in_hours and
        minutes (real ones, double bookings already shared); by manager, day, and the meeting's start.

    Raises:
        ConfigError: If a column is missing or holds unknown terms, or a manager is not in the list.
    """
    first, last = _parse_days(period)
    by_manager = meetings_of_frame(meetings)
    if config:
        settings = load_settings(Path(config))
        managers, worktime = _find_managers(settings, by_manager), worktime_of(settings)
    else:
        managers = {manager_id: Manager(manager_id, email="", name="") for manager_id in by_manager}
        worktime = WorkingTime()
    days = Span(worktime.midnight(first), worktime.midnight(last))
    allocated = [
        part
        for manager_id, own_meetings in sorted(by_manager.items())
        for part in allocation.allocate(
            managers[manager_id], drop_duplicate_copies(own_meetings), worktime, days
        )
    ]
    frame = allocation.allocations_frame(allocated)
    # As in the store: rows that differ only in the minutes, such as two parts of one meeting, are added up.
    keys = [name for name in frame.columns if name != "minutes"]
    return frame.groupby(keys, sort=False, dropna=False)["minutes"].sum().reset_index()


class StoreReader:
    """What the nights have stored, as DataFrames; made by `open_store`, closed by `with` or `close`.

    All its frames name single managers: they are for the data owner and the analyst, never for HR. A table
    for HR is made by `export`.
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
        """Return the stored meetings that overlap a period, by manager and start.

        A meeting in several calendars of one manager is there once; corrections are applied.

        Args:
            period: Days are those of the organisation's zone.
            manager_ids: All listed managers, if not given.

        Returns:
            The columns of `classify`, without location, description and attendees, which are never stored;
            summary is empty where the settings do not keep titles. `allocate` takes the frame as it is.
        """
        first, last = _parse_days(period)
        worktime = worktime_of(self.settings)
        window = Span(worktime.midnight(first), worktime.midnight(last))
        wanted = manager_ids if manager_ids is not None else [m.id for m in _read_managers(self.settings)]
        meetings = [
            meeting
            for manager_id in sorted(set(wanted))
            for meeting in self.store.meetings.of_manager(manager_id, window)
        ]
        return build_meetings_frame(meetings, worktime.zone)

    def allocations(self, period: Period, manager_ids: Collection[str] | None = None) -> pd.DataFrame:
        """Return the stored minutes of a period.

        Args:
            period: The days.
            manager_ids: Everybody whose calendar was ever read, if not given.

        Returns:
            The columns of `allocate`; planned: whether the day had not ended when the calendar was last
            read; meeting: the same for one meeting in several managers' calendars.
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
    """Open the store that the settings name; it is created or migrated where necessary.

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

    The table `split` is for HR: it passes through disclosure control, so that no figure is about fewer
    people than the settings allow. The table `allocations` names single managers; a CalsyncWarning says so.

    Args:
        store: An open store.
        table: `split` or `allocations`; the columns are in docs/hr/data-dictionary.md.
        period: The days; the figures end with the last night.
        by: What groups people: department, grade, or both, the widest first.
        every: How the days are cut into periods: `whole`, `month` or `week`.
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
    raw = build_stored_table(find_table(table), store.settings, store.store, request)
    if isinstance(raw, PersonalRows):
        _warn([Problem(table, "rows name single managers: for the data owner, never for HR")])
        published = release_for_audit(raw)
    else:
        released = release_to_hr(raw, least=store.settings.privacy.least_group)
        published = released.table
        _warn(
            Problem(f"{start} to {end} (exclusive)", f"was read in part: {covered:.1%} of the working days")
            for (start, end), covered in released.protected.read_in_part
        )
        _warn(
            Problem(f"grade {grade!r}", "no hourly cost is known, so that costs of its groups are blank")
            for grade in grades_without_cost(store.settings)
        )
    if output:
        write_table(published, Path(output))
    return published.frame


def _parse_days(period: Period) -> DateRange:
    """Return the first day and the day after the last."""
    forms = "write 2026-11, 2026-Q3, 2026-FY, 2026-09-01..2026-10-01, or a pair of dates"
    if isinstance(period, str):
        try:
            return parse_period(period)
        except ValueError as error:
            raise ConfigError([Problem(f"period {period!r}", str(error), forms)]) from error
    first, last = period
    if first >= last:
        raise ConfigError([Problem(f"period {first} to {last}", "has no day", forms)])
    return first, last


def _parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError([Problem(f"zone {name!r}", "is no time zone", "such as Europe/London")]) from error


def _parse_every(text: str) -> PeriodLength:
    try:
        return PeriodLength(text)
    except ValueError as error:
        hint = suggest_word(text, [str(length) for length in PeriodLength])
        raise ConfigError([Problem(f"every {text!r}", "is no length of a period", hint)]) from error


def _read_managers(settings: Settings) -> tuple[Manager, ...]:
    roster = read_roster(settings)
    _warn(roster.problems)
    return roster.managers


def _find_managers(settings: Settings, manager_ids: Iterable[str]) -> dict[str, Manager]:
    """Return the managers of these ids; raises ConfigError with each id that is not in the list."""
    listed = {manager.id: manager for manager in _read_managers(settings)}
    unknown = [
        Problem(
            f"manager_id {name!r}", f"is no id in {settings.managers.file}", suggest_word(name, list(listed))
        )
        for name in manager_ids
        if name not in listed
    ]
    if unknown:
        raise ConfigError(unknown)
    return listed


def _warn(problems: Iterable[Problem]) -> None:
    for problem in dict.fromkeys(problems):
        warnings.warn(str(problem), CalsyncWarning, stacklevel=3)
