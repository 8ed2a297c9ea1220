"""`calsync classify`: adds labels to a table of meetings."""

from pathlib import Path
from typing import Annotated

import typer

from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app
from calsync.cli.inputs import PacksOption, check_suffix, load_rule_book, read_meetings_table
from calsync.cli.terminal import err, write_csv
from calsync.errors import ConfigError
from calsync.exports.labelled import build_labelled_table
from calsync.exports.to_csv import format_csv
from calsync.exports.writing import write_table_only
from calsync.model.classification import Activity
from calsync.model.problem import Problem
from calsync.rules.tables import classify_table
from calsync.text import format_count


@app.command()
def classify(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="Meetings, one per row.")],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The same rows, labelled: .csv, .xlsx, .parquet or .json; - prints CSV."
        ),
    ],
    packs: PacksOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Label a table of meetings: adds scope, partnership, activity, rule and evidence.

    The columns of IN.csv are title, organiser_domain, attendee_domains (joined by ";"), duration_minutes,
    recurring and description; all but title may be missing.
    Example: `calsync classify meetings.csv labelled.xlsx`
    """
    is_stdout = str(target) == "-"
    if not is_stdout:
        check_suffix(target)
        if target.exists() and source.exists() and target.samefile(source):
            hint = "name another file for the labelled table"
            raise ConfigError(
                [Problem(str(target), "is also the table to read; it would be overwritten", hint)]
            )
    meetings = read_meetings_table(source)
    rule_book = load_rule_book(config, packs)
    labelled = classify_table(meetings, rule_book)
    table = build_labelled_table(labelled)
    if "attendee_domains" not in meetings.columns:
        err.print("No column attendee_domains: every meeting is classified as if nobody were invited.")
    if is_stdout:
        write_csv(format_csv(table))
    else:
        write_table_only(table, target)
    unclear = int(labelled["activity"].isin(rule_book.names_counted_as(Activity.UNCLEAR)).sum())
    destination = "" if is_stdout else f": {target}"
    err.print(f"{format_count(len(labelled), 'meeting')} labelled, {unclear} of them unclear{destination}")
