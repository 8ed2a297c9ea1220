"""`calsync status`: the last nights, failing calendars and open mails."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from calsync.cli.app import (
    DEFAULT_CONFIG,
    ConfigOption,
    OutputFormat,
    app,
    now,
    print_demo_day,
    print_problems,
)
from calsync.cli.mail import mail_to_json, print_open_mails, to_json_text
from calsync.cli.terminal import dim, out, red, write_json
from calsync.config.load import load_settings
from calsync.mail.open_mails import short_ids
from calsync.store.records import NightRecord

if TYPE_CHECKING:
    from calsync.cli.system_status import SystemStatus
    from calsync.config.settings import Settings


@app.command()
def status(
    form: Annotated[OutputFormat, typer.Option("--format", help="How to print it.")] = OutputFormat.TABLE,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Show the last nights, which calendars fail and since when, and which mails wait.

    Exits with 1 if the last due night did not run to its end, a calendar fails, a line of the list of
    managers cannot be used, or a mail is overdue: failed, unknown, or waiting for more than an hour past
    its next try. Managers who have left are no failure.
    Example: `calsync status || page-somebody`
    """
    from calsync.cli.system_status import collect_status

    settings = load_settings(config)
    print_demo_day(settings)
    found = collect_status(settings, now())
    if form is OutputFormat.JSON:
        _print_status_json(found, settings)
    else:
        _print_status(found, settings)
    if not found.is_good:
        raise typer.Exit(1)


def _print_status(found: "SystemStatus", settings: "Settings") -> None:
    out.print(_nights_table(found.nights) if found.nights else "No night has run yet: `calsync run`.")
    if found.is_late:
        last = found.last_good or "none"
        out.print_line(
            red("●"), f" the night of {found.due_night} has not run to its end (last good: {last})"
        )
    if found.future_nights:
        noun = "night" if len(found.future_nights) == 1 else "nights"
        nights = f"{noun} {', '.join(map(str, found.future_nights))}"
        out.print_line(dim("○"), f" left aside, for dated after today, {found.today}: {nights}")
    print_problems(found.problems)
    for state in found.failing:
        out.print_line(
            red("●"),
            f" {state.shown} fails since {state.failing_since} "
            f"({f'last read {state.last_good}' if state.last_good else 'never read'}): {state.what}",
            dim(f" → {state.hint}"),
        )
    print_open_mails(found.mails, settings, found.moment)


def _print_status_json(found: "SystemStatus", settings: "Settings") -> None:
    """Print the same as one JSON object, with the keys that docs/operators/operating.md lists."""
    ids = short_ids(found.mails)
    content = {
        "good": found.is_good,
        "moment": found.moment.astimezone(settings.organisation.zone),
        "today": found.today,
        "due_night": found.due_night,
        "last_good_night": found.last_good,
        "late": found.is_late,
        "nights": [
            asdict(record) | {"ahead": record.night in found.future_nights} for record in found.nights
        ],
        "failing_calendars": [
            {
                "calendar": state.shown,
                "manager_id": state.manager_id,
                "source": state.source,
                "failing_since": state.failing_since,
                "last_read": state.last_good,
                "what": state.what,
                "hint": state.hint,
            }
            for state in found.failing
        ],
        "problems": [asdict(problem) for problem in found.problems],
        "mails": [mail_to_json(mail, ids[mail.mail_id], found.moment) for mail in found.mails],
    }
    write_json(json.dumps(content, indent=2, default=to_json_text) + "\n")


def _nights_table(nights: Sequence[NightRecord]) -> Table:
    table = Table("night", "outcome", "tries", "calendars", "failed", "problems", "mails", box=None)
    for record in nights:
        counts = record.counts
        table.add_row(
            str(record.night),
            record.state,
            str(record.attempt),
            *(str(counts.get(name, 0)) for name in ("calendars", "failed")),
            str(record.problems),
            str(counts.get("mails", 0)),
        )
    return table
