"""`calsync occurrences`: what a calendar holds, expanded."""

import re
from collections.abc import Sequence
from datetime import datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pandas as pd
import typer
from rich.table import Table

from calsync.app.plan import calendar_of
from calsync.cli.app import (
    DEFAULT_CONFIG,
    ConfigOption,
    FromOption,
    ToOption,
    app,
    load_usable_managers,
    print_problems,
)
from calsync.cli.terminal import dim, err, out, write_csv, write_json
from calsync.config.load import load_settings
from calsync.errors import ConfigError, SourceError
from calsync.exports.to_csv import escape_formulas
from calsync.model.copies import Cancellation, apply_cancellations
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.sources.base import Calendar, Source
from calsync.sources.registry import open_source
from calsync.text import format_count
from calsync.validation import suggest_word


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command()
def occurrences(
    calendar: Annotated[
        str, typer.Argument(metavar="CAL", help="A file, a folder, a URL or a manager's id.")
    ],
    first: FromOption,
    last: ToOption,
    form: Annotated[OutputFormat, typer.Option("--format", help="How to print them.")] = OutputFormat.TABLE,
    config: ConfigOption = DEFAULT_CONFIG,
    zone: Annotated[str, typer.Option(help="The zone of all-day and floating times.")] = "Europe/London",
) -> None:
    """Print every occurrence that overlaps the window, by start then uid.

    Example: `calsync occurrences diary.ics --from 2026-09-01 --to 2026-10-01 --format csv`
    """
    if last <= first:
        raise typer.BadParameter(f"--to {last} must be later than --from {first}")
    source, named = _find_calendar(calendar, config, zone)
    window = Span(*(datetime.combine(day, time(0), named.zone) for day in (first, last)))
    found, problems = _fetch_occurrences(source, named, window)
    frame = occurrences_table(found)
    if form is OutputFormat.CSV:
        write_csv(escape_formulas(frame).to_csv(index=False, lineterminator="\n"))
    elif form is OutputFormat.JSON:
        write_json(frame.to_json(orient="records", force_ascii=False, indent=2) + "\n")
    else:
        _print_table(frame)
    if print_problems(problems):
        raise typer.Exit(1)


def _find_calendar(text: str, config: Path, zone: str) -> tuple[Source, Calendar]:
    """A manager's calendar where the settings know that id; otherwise a file, folder or URL."""
    zone_found = _parse_zone(zone)
    is_name = "://" not in text and not Path(text).exists()
    if config.exists() and is_name:
        settings = load_settings(config)
        managers = {manager.id: manager for manager in load_usable_managers(settings)}
        if manager := managers.get(text):
            table = settings.sources[manager.source]
            source = open_source(manager.source, table, base=settings.file.parent)
            return source, calendar_of(manager, settings)
        if _may_be_an_id(text):
            what = f"is no manager's id in {settings.managers.file}, and there is no such file or folder here"
            raise ConfigError([Problem(text, what, suggest_word(text, list(managers)))])
    elif is_name and _may_be_an_id(text):
        what = f"there is no such file or folder here, and no {config} that lists a manager of this id"
        hint = "name the settings file with --config, or the calendar by its path"
        raise ConfigError([Problem(text, what, hint)])
    # Whoever types an address may ask that host, wherever it is; redirects to others are guarded.
    own = {"private_hosts": [host]} if (host := _extract_host(text)) else {}
    return open_source("given", {"type": "ics", **own}, base=Path.cwd()), Calendar(
        "given", "ics", text, frozenset(), zone_found
    )


def _may_be_an_id(text: str) -> bool:
    return not re.search(r"[/\\.]", text)


def _parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        what = f"no such time zone: {name!r}; use a name such as Europe/London"
        raise typer.BadParameter(what) from None


def _extract_host(text: str) -> str:
    try:
        host = (urlsplit(text).hostname or "") if "://" in text else ""
    except ValueError:
        return ""
    return host if re.fullmatch(r"[\w.-]+|[0-9a-f:.]+", host) else ""


def _fetch_occurrences(
    source: Source, named: Calendar, window: Span
) -> tuple[list[Occurrence], list[Problem]]:
    found: list[Occurrence] = []
    problems: list[Problem] = []
    cancellations: list[Cancellation] = []
    read = 0
    for calendar in source.calendars(named):
        try:
            fetched = source.fetch(calendar, window)
        except SourceError as error:
            problems.append(Problem(str(calendar), error.what, error.hint))
            continue
        read += 1
        found += fetched.occurrences
        cancellations += fetched.cancellations
        problems += fetched.problems
    source.close()
    if not read:
        print_problems(problems)
        raise typer.Exit(3)
    found = apply_cancellations(found, cancellations)
    return sorted(found, key=lambda o: (o.start, o.uid)), problems


def occurrences_table(found: Sequence[Occurrence]) -> pd.DataFrame:
    """Occurrences as a table of text, one row each.

    Columns: uid, recurrence_id, start, end (ISO 8601 with offset; dates for all-day, end exclusive),
    all_day (true or false), status, response, show_as, sensitivity, summary, organizer_domain,
    attendee_domains and categories (joined by ";").
    """
    columns = [
        "uid", "recurrence_id", "start", "end", "all_day", "status", "response", "show_as",
        "sensitivity", "summary", "organizer_domain", "attendee_domains", "categories",
    ]  # fmt: skip
    return pd.DataFrame([_to_row(occurrence) for occurrence in found], columns=columns, dtype="string")


def _to_row(o: Occurrence) -> tuple[str, ...]:
    return (
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


def _format_time(moment: datetime, all_day: bool) -> str:
    return moment.date().isoformat() if all_day else moment.isoformat()


def _print_table(frame: pd.DataFrame) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("when", "title", "shown as", "answer"):
        table.add_column(name, no_wrap=name != "title", overflow="fold")
    for row in frame.itertuples():
        title = str(row.summary) if row.sensitivity == "normal" else dim("(private)")
        table.add_row(_format_times(str(row.start), str(row.end)), title, str(row.show_as), str(row.response))
    out.print_table(table)
    err.print(format_count(len(frame), "occurrence"))


def _format_times(start: str, end: str) -> str:
    """Day and times for people; the day of the end only where it is another."""
    first, last = start.replace("T", " ")[:16], end.replace("T", " ")[:16]
    return f"{first} - {last[11:] if first[:10] == last[:10] else last}"
