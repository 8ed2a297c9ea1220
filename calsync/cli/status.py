"""`calsync status`: prints the last nights, failing calendars and open mails."""

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
    system_status = collect_status(settings, now())
    if form is OutputFormat.JSON:
        _print_status_json(system_status, settings)
    else:
        _print_status(system_status, settings)
    if not system_status.is_good:
        raise typer.Exit(1)


def _print_status(system_status: "SystemStatus", settings: "Settings") -> None:
    out.print(
        _nights_table(system_status.nights)
        if system_status.nights
        else "No night has run yet: `calsync run`."
    )
    if system_status.is_late:
        last = system_status.last_good or "none"
        out.print_line(
            red("●"), f" the night of {system_status.due_night} has not run to its end (last good: {last})"
        )
    if system_status.future_nights:
        noun = "night" if len(system_status.future_nights) == 1 else "nights"
        nights = f"{noun} {', '.join(map(str, system_status.future_nights))}"
        out.print_line(
            dim("○"), f" ignored, because they are dated after today, {system_status.today}: {nights}"
        )
    print_problems(system_status.problems)
    for state in system_status.failing:
        out.print_line(
            red("●"),
            f" {state.redacted_address} fails since {state.failing_since} "
            f"({f'last read {state.last_good}' if state.last_good else 'never read'}): {state.what}",
            dim(f" → {state.hint}"),
        )
    print_open_mails(system_status.mails, settings, system_status.moment)


def _print_status_json(system_status: "SystemStatus", settings: "Settings") -> None:
    """Print the status as a JSON object, with the keys that docs/operators/operating.md lists."""
    ids = short_ids(system_status.mails)
    content = {
        "good": system_status.is_good,
        "moment": system_status.moment.astimezone(settings.organisation.zone),
        "today": system_status.today,
        "due_night": system_status.due_night,
        "last_good_night": system_status.last_good,
        "late": system_status.is_late,
        "nights": [
            asdict(record) | {"ahead": record.night in system_status.future_nights}
            for record in system_status.nights
        ],
        "failing_calendars": [
            {
                "calendar": state.redacted_address,
                "manager_id": state.manager_id,
                "source": state.source,
                "failing_since": state.failing_since,
                "last_read": state.last_good,
                "what": state.what,
                "hint": state.hint,
            }
            for state in system_status.failing
        ],
        "problems": [asdict(problem) for problem in system_status.problems],
        "mails": [
            mail_to_json(mail, ids[mail.mail_id], system_status.moment) for mail in system_status.mails
        ],
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
