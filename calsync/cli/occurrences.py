"""`calsync occurrences`: prints the occurrences of a calendar, series expanded."""

from datetime import datetime, time
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import pandas as pd
import typer
from rich.table import Table

from calsync.app.occurrences import build_occurrences_table, find_calendar, read_occurrences
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, FromOption, ToOption, app, print_problems
from calsync.cli.terminal import dim, err, out, write_csv, write_json
from calsync.exports.to_csv import escape_formulas
from calsync.model.span import Span
from calsync.text import format_count


class OccurrencesFormat(StrEnum):
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
    form: Annotated[
        OccurrencesFormat, typer.Option("--format", help="How to print them.")
    ] = OccurrencesFormat.TABLE,
    config: ConfigOption = DEFAULT_CONFIG,
    zone: Annotated[str, typer.Option(help="The zone of all-day and floating times.")] = "Europe/London",
) -> None:
    """Print every occurrence that overlaps the window, by start then uid.

    Example: `calsync occurrences diary.ics --from 2026-09-01 --to 2026-10-01 --format csv`
    """
    if last <= first:
        raise typer.BadParameter(f"--to {last} must be later than --from {first}")
    source, calendar_to_read = find_calendar(calendar, config, _parse_zone(zone), report=print_problems)
    window = Span(*(datetime.combine(day, time(0), calendar_to_read.zone) for day in (first, last)))
    reading = read_occurrences(source, calendar_to_read, window)
    if not reading.calendars_read:
        print_problems(reading.problems)
        raise typer.Exit(3)
    frame = build_occurrences_table([occurrence for _, occurrence in reading.occurrences])
    if form is OccurrencesFormat.CSV:
        write_csv(escape_formulas(frame).to_csv(index=False, lineterminator="\n"))
    elif form is OccurrencesFormat.JSON:
        write_json(frame.to_json(orient="records", force_ascii=False, indent=2) + "\n")
    else:
        _print_table(frame)
    if print_problems(reading.problems):
        raise typer.Exit(1)


def _parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        what = f"no such time zone: {name!r}; use a name such as Europe/London"
        raise typer.BadParameter(what) from None


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
    """Format start and end; the day of the end only if it is another day."""
    first, last = start.replace("T", " ")[:16], end.replace("T", " ")[:16]
    return f"{first} - {last[11:] if first[:10] == last[:10] else last}"
