"""Reads the occurrences of one address, for `calsync occurrences` and `calsync.read_calendar`."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pandas as pd

from calsync.app.plan import calendar_of
from calsync.config.load import load_settings
from calsync.config.roster import read_roster
from calsync.errors import ConfigError, SourceError
from calsync.model.copies import Cancellation, apply_cancellations
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.sources.base import Calendar, Source
from calsync.sources.registry import open_source
from calsync.validation import suggest_word

NO_MANAGER = "given"
"""The manager's id of a calendar that is given by its address."""

OCCURRENCE_COLUMNS = (
    "uid", "recurrence_id", "start", "end", "all_day", "status", "response", "show_as",
    "sensitivity", "summary", "organizer_domain", "attendee_domains", "categories",
)  # fmt: skip


@dataclass(frozen=True)
class CalendarReading:
    """What was read of the calendars of one address.

    Attributes:
        occurrences: Each with its calendar, by start then uid.
        problems: What was left out and why.
        calendars_read: How many calendars were read; the others are among the problems.
    """

    occurrences: tuple[tuple[Calendar, Occurrence], ...]
    problems: tuple[Problem, ...]
    calendars_read: int


def find_calendar(
    text: str,
    config: Path | None,
    zone: ZoneInfo,
    *,
    report: Callable[[Iterable[Problem]], object],
    owners: Collection[str] = (),
) -> tuple[Source, Calendar]:
    """Return the calendar of a manager where the settings list that id; otherwise a file, folder or URL.

    Args:
        text: A manager's id, a path or a URL.
        config: The settings file; not needed where `text` is a path or a URL.
        zone: For all-day and floating times of a path or URL; a manager's calendar has the organisation's.
        report: Called with the problems of the list of managers.
        owners: The mail addresses of the owner of a path or URL.

    Raises:
        ConfigError: If `text` looks like an id and is none, or settings are wrong.
    """
    is_name = "://" not in text and not Path(text).exists()
    may_be_an_id = not re.search(r"[/\\.]", text)
    if config and config.exists() and is_name:
        settings = load_settings(config)
        roster = read_roster(settings)
        report(roster.problems)
        managers = {manager.id: manager for manager in roster.managers}
        if manager := managers.get(text):
            table = settings.sources[manager.source]
            source = open_source(manager.source, table, base=settings.file.parent)
            return source, calendar_of(manager, settings)
        if may_be_an_id:
            what = f"is no manager's id in {settings.managers.file}, and there is no such file or folder here"
            raise ConfigError([Problem(text, what, suggest_word(text, list(managers)))])
    elif is_name and may_be_an_id:
        listing = config or "settings file"
        what = f"there is no such file or folder here, and no {listing} that lists a manager of this id"
        hint = "name the settings file with --config, or the calendar by its path"
        raise ConfigError([Problem(text, what, hint)])
    # A host that the user types may be requested, wherever it is; redirects to others are guarded.
    own = {"private_hosts": [host]} if (host := _extract_host(text)) else {}
    source = open_source(NO_MANAGER, {"type": "ics", **own}, base=Path.cwd())
    return source, Calendar(NO_MANAGER, "ics", text, frozenset(map(str.lower, owners)), zone)


def _extract_host(text: str) -> str:
    try:
        host = (urlsplit(text).hostname or "") if "://" in text else ""
    except ValueError:
        return ""
    return host if re.fullmatch(r"[\w.-]+|[0-9a-f:.]+", host) else ""


def read_occurrences(source: Source, address: Calendar, window: Span) -> CalendarReading:
    """Read the calendars of an address; one that cannot be read is a problem. Closes the source."""
    pairs: list[tuple[Calendar, Occurrence]] = []
    problems: list[Problem] = []
    cancellations: list[Cancellation] = []
    calendars_read = 0
    try:
        for calendar in source.calendars(address):
            try:
                fetched = source.fetch(calendar, window)
            except SourceError as error:
                problems.append(Problem(str(calendar), error.what, error.hint))
                continue
            calendars_read += 1
            pairs += [(calendar, occurrence) for occurrence in fetched.occurrences]
            cancellations += fetched.cancellations
            problems += fetched.problems
    finally:
        source.close()
    # A CANCEL message may lie in another calendar of the set than the meeting, hence only now.
    occurrences = apply_cancellations([occurrence for _, occurrence in pairs], cancellations)
    calendars = [calendar for calendar, _ in pairs]
    pairs = list(zip(calendars, occurrences, strict=True))
    pairs.sort(key=lambda pair: (pair[1].start, pair[1].uid))
    return CalendarReading(tuple(pairs), tuple(problems), calendars_read)


def build_occurrences_table(occurrences: Sequence[Occurrence]) -> pd.DataFrame:
    """Return occurrences as a table of text, one row each, in the format of `calsync occurrences`.

    Columns: `OCCURRENCE_COLUMNS`. start, end: ISO 8601 with offset; dates for all-day, end exclusive.
    all_day: true or false. attendee_domains and categories are joined by ";".
    """
    rows = [
        (
            o.uid,
            o.recurrence_id,
            _format_time(o.start, o.all_day),
            _format_time(o.end, o.all_day),
            "true" if o.all_day else "false",
            o.status,
            o.response,
            o.show_as,
            o.sensitivity,
            o.title,
            o.organizer_domain,
            ";".join(o.attendee_domains),
            ";".join(o.categories),
        )
        for o in occurrences
    ]
    return pd.DataFrame(rows, columns=list(OCCURRENCE_COLUMNS), dtype="string")


def _format_time(moment: datetime, all_day: bool) -> str:
    return moment.date().isoformat() if all_day else moment.isoformat()
