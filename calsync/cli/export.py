"""`calsync export`: writes tables for the data owner and for HR."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from calsync.analysis.periods import DateRange, PeriodLength, parse_period
from calsync.app.exports import build_stored_table, grades_without_cost
from calsync.app.wiring import store_url
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, load_usable_managers, parse_day
from calsync.cli.inputs import check_suffix
from calsync.cli.terminal import err, write_csv, write_plain, yellow
from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.disclosure.release import (
    PersonalRows,
    PublishedTable,
    RawTable,
    release_for_audit,
    release_to_hr,
)
from calsync.disclosure.threshold import ProtectedSplit
from calsync.exports.dictionary import dictionary_page
from calsync.exports.tables.base import TableDefinition, TableRequest
from calsync.exports.tables.registry import all_tables, find_table, table_names
from calsync.exports.to_csv import format_csv
from calsync.exports.writing import write_table
from calsync.store.database import open_store
from calsync.text import format_count

OldTableOption = Annotated[str | None, typer.Option("--table", hidden=True)]
OldFromOption = Annotated[date | None, typer.Option("--from", parser=parse_day, hidden=True)]
OldToOption = Annotated[list[str] | None, typer.Option("--to", hidden=True)]


@app.command()
def export(
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE",
            help="allocations (for the data owner only), split (for HR), or one that a package adds.",
        ),
    ] = None,
    period: Annotated[
        str,
        typer.Option(
            metavar="P", help="2026-11, 2026-Q3, 2026-FY (from April), or D..D without the last day."
        ),
    ] = "",
    by: Annotated[str, typer.Option(metavar="COLUMNS", help="department, grade, or both with a comma.")] = "",
    every: Annotated[
        PeriodLength, typer.Option(help="Cut the time into weeks or months.")
    ] = PeriodLength.WHOLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="F", help="The file.")] = None,
    dictionary: Annotated[
        bool, typer.Option("--dictionary", help="Print the data dictionary of all tables, as Markdown.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    old_table: OldTableOption = None,
    old_first: OldFromOption = None,
    old_to: OldToOption = None,
) -> None:
    """Write a table of time as .csv, .xlsx, .parquet or .json; without a file, CSV to standard output.

    Example: `calsync export split --period 2026-09 --by department -o split.xlsx`
    """
    if dictionary:
        write_plain(dictionary_page(all_tables()))
        return
    if old_table or old_first or old_to:
        if table or period or output:
            raise typer.BadParameter("--table, --from and --to are the old form: calsync export --help")
        table, (first, last), file = _parse_old_options(old_table, old_first, old_to or [])
    else:
        if table is None or not period:
            raise typer.BadParameter("name a table and a period: calsync export split --period 2026-09")
        (first, last), file = _parse_period_option(period), output
    definition = _find_table(table)
    if file is not None:
        check_suffix(file)
    settings = load_settings(config)
    load_usable_managers(settings)
    groups = [name.strip() for name in by.split(",") if name.strip()]
    with open_store(store_url(settings)) as store:
        request = TableRequest(first, last, tuple(groups), every)
        published = _release(build_stored_table(definition, settings, store, request), settings)
    if file is None:
        write_csv(format_csv(published))
        return
    for path in write_table(published, file):
        rows = format_count(len(published.frame), "row")
        err.print(f"{rows}: {path}" if path == file else f"columns explained: {path}")


def _parse_period_option(period: str) -> DateRange:
    try:
        return parse_period(period)
    except ValueError as error:
        forms = "2026-11, 2026-Q3, 2026-FY or 2026-09-01..2026-10-01"
        raise typer.BadParameter(f"--period {period!r}: {error}; write {forms}") from None


def _parse_old_options(
    table: str | None, first: date | None, given: list[str]
) -> tuple[str, DateRange, Path | None]:
    """Read `--table T --from D --to D --to FILE`, which works until version 1.0."""
    days = [text for text in given if _is_day(text)]
    files = [text for text in given if not _is_day(text)]
    if table is None or first is None or len(days) != 1 or len(files) > 1:
        raise typer.BadParameter("name a table and a period: calsync export split --period 2026-09")
    last = parse_day(days[0])
    if last <= first:
        raise typer.BadParameter(f"--to {last} must be later than --from {first}")
    name = f" -o {files[0]}" if files else ""
    now_written = f"calsync export {table} --period {first}..{last}{name}"
    err.print(f"This form ends with version 1.0; write: {now_written}")
    return table, (first, last), Path(files[0]) if files else None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _find_table(name: str) -> TableDefinition:
    if name not in (known := table_names()):
        raise typer.BadParameter(f"table {name!r} is none of {', '.join(known)}")
    return find_table(name)


def _release(raw: RawTable, settings: Settings) -> PublishedTable:
    """Release a table to those who may be given it, and print what disclosure control changed."""
    if isinstance(raw, PersonalRows):
        err.print(f"{raw.name} shows single managers: for the data owner, never for HR")
        return release_for_audit(raw)
    released = release_to_hr(raw, least=settings.privacy.least_group)
    _print_protection(released.protected)
    for grade in grades_without_cost(settings):
        subject = f"grade {grade!r}" if grade else "managers without a grade"
        what = "the cost of every group with such a manager is blank"
        err.print_line(yellow("!"), f" no hourly cost is known for {subject}: {what}; see [costs] file")
    return released.table


def _print_protection(protected: ProtectedSplit) -> None:
    too_few = f"fewer than {protected.least} people"
    counts = (
        (protected.below_threshold, "row", f"of {too_few} merged"),
        (protected.secondary, "larger row", "merged with them"),
        (protected.possible, "row", "without confirmed hours, or planned hours that can be shown, left out"),
        (protected.widened, "row", f"with bounds widened, or blank, to show no {too_few}"),
        (protected.blank, "other figure", f"of {too_few} left blank"),
        (protected.unpublished, "row", f"of periods in which {too_few} met left out"),
    )
    for number, row, what in counts:
        if number:
            err.print(f"{format_count(number, row)} {what}")
    for (first, last), covered in protected.read_in_part:
        err.print_line(
            yellow("!"),
            f" {first} to {last} (exclusive) was read in part: {covered:.1%} of the managers' "
            "working days have ended and were read; see the column `covered` and `calsync status`",
        )
