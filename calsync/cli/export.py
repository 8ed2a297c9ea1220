"""`calsync export`: tables for the data owner and for HR."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from calsync.analysis.periods import Every
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, FromOption, app, parse_day, usable_managers
from calsync.cli.rules import check_suffix
from calsync.cli.terminal import err, write_csv
from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.exports.base import Table
from calsync.exports.privacy import Protected
from calsync.exports.tables import allocations_to_write, split_to_write
from calsync.exports.to_csv import csv_text
from calsync.exports.writing import write_table
from calsync.nightly.opening import store_url
from calsync.nightly.tables import grades_without_cost, minutes_of_days, split_of
from calsync.store.database import Store, open_store
from calsync.text import count_of


class Tables(StrEnum):
    """The tables that can be taken out."""

    ALLOCATIONS = "allocations"
    SPLIT = "split"


@app.command()
def export(
    table: Annotated[Tables, typer.Option(help="allocations (for the data owner only) or split (for HR).")],
    first: FromOption,
    to: Annotated[
        list[str],
        typer.Option(metavar="D | F", help="The day after the last; given again, the file to write."),
    ],
    by: Annotated[str, typer.Option(metavar="COLUMNS", help="department, grade, or both with a comma.")] = "",
    every: Annotated[Every, typer.Option(help="Cut the time into weeks or months.")] = Every.WHOLE,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write a table of time as .csv, .xlsx, .parquet or .json; without a file, CSV to standard output.

    Example: `calsync export --table split --from 2026-09-01 --to 2026-10-01 --by department --to split.xlsx`
    """
    last, file = _to(to)
    if last <= first:
        raise typer.BadParameter(f"--to {last} must be later than --from {first}")
    if file is not None:
        check_suffix(file)
    settings = load_settings(config)
    usable_managers(settings)
    groups = [name.strip() for name in by.split(",") if name.strip()]
    with open_store(store_url(settings)) as store:
        made = _table(table, settings, store, (first, last), groups, every)
    if file is None:
        write_csv(csv_text(made.frame))
        return
    for path in write_table(made, file):
        rows = count_of(len(made.frame), "row")
        err.print(f"{rows}: {path}" if path == file else f"columns explained: {path}")


def _to(given: list[str]) -> tuple[date, Path | None]:
    """The two meanings of --to, told apart by whether the text is a date."""
    days = [text for text in given if _is_day(text)]
    files = [text for text in given if not _is_day(text)]
    if len(days) != 1 or len(files) > 1:
        raise typer.BadParameter("give --to a day once, and at most one file: --to 2026-10-01 --to split.csv")
    return parse_day(days[0]), Path(files[0]) if files else None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _table(
    table: Tables, settings: Settings, store: Store, days: tuple[date, date], by: list[str], every: Every
) -> Table:
    if table is Tables.ALLOCATIONS:
        err.print("allocations name single managers: for the data owner, never for HR")
        return allocations_to_write(minutes_of_days(store, *days))
    protected = split_of(settings, store, *days, by, every)
    _say_what_is_hidden(protected)
    for grade in grades_without_cost(settings):
        named = f"grade {grade!r}" if grade else "managers without a grade"
        what = "the cost of every group with such a manager is blank"
        err.print_line(f"! no hourly cost is known for {named}: {what}; see [costs] file")
    return split_to_write(protected.table, by)


def _say_what_is_hidden(protected: Protected) -> None:
    few = f"fewer than {protected.least} people"
    counts = (
        (protected.small, "row", f"of {few} merged"),
        (protected.joined, "larger row", "merged with them"),
        (protected.possible, "row", "without confirmed hours, or planned ones that can be shown, left out"),
        (protected.widened, "row", f"with bounds widened, or blank, to show no {few}"),
        (protected.blank, "other figure", f"of {few} left blank"),
        (protected.unpublished, "row", f"of periods in which {few} met left out"),
    )
    for number, row, what in counts:
        if number:
            err.print(f"{count_of(number, row)} {what}")
    for (first, last), covered in protected.read_in_part:
        err.print_line(
            f"! {first} to {last} (exclusive) was read in part: {covered:.1%} of the managers' "
            "working days lie behind us and were read; see the column `covered` and `calsync status`"
        )
