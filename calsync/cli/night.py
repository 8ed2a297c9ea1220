"""`calsync run`, `schedule` and `status`: the nightly job and its ledger."""

import json
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from calsync import scheduler
from calsync.cli.app import (
    DEFAULT_CONFIG,
    ConfigOption,
    app,
    check_manager_ids,
    now,
    parse_day,
    print_demo_day,
    print_problems,
)
from calsync.cli.logs import log_to_stderr
from calsync.cli.mail import mail_to_json, print_open_mails, to_json_text
from calsync.cli.terminal import bold, dim, err, out, red, shows_progress, write_json
from calsync.config.load import load_settings
from calsync.mail.open_mails import short_ids
from calsync.store.records import NightRecord, RunState

if TYPE_CHECKING:
    from calsync.app.run_report import RunReport
    from calsync.cli.watching import SystemStatus
    from calsync.config.settings import Settings


def _ignore_progress(_what: str, _done: int, _total: int) -> None:
    """Take the place of a bar."""


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each step of the night on standard error, on a terminal only."""
    if not shows_progress():
        yield _ignore_progress
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as bars:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


@contextmanager
def _stop_on_signals() -> Iterator[Event]:
    stop = Event()

    def end(*_: object) -> None:
        if not stop.is_set():
            # Not by the console: the signal may have come while it was writing.
            os.write(2, b"Stopping after the calendar in hand; the next run resumes this night.\n")
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@app.command()
def run(
    config: ConfigOption = DEFAULT_CONFIG,
    night: Annotated[
        date | None,
        typer.Option(parser=parse_day, metavar="D", help="Run as if it were this night; today if left out."),
    ] = None,
    accept_empty: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="A manager whose calendar has rightly become empty; may be repeated."
        ),
    ] = None,
    accept_roster: Annotated[
        bool, typer.Option("--accept-roster", help="Those missing from the list of managers have left.")
    ] = False,
) -> None:
    """Run the nightly job once: read, judge, allocate, keep, send. A night after today is refused.

    Example: `calsync run --config calsync.toml`
    """
    from calsync.app.night import check_not_after_today, run_night

    settings = load_settings(config)
    print_demo_day(settings)
    day = night or settings.today(now())
    check_not_after_today(settings, day, now())
    if accept_empty:
        check_manager_ids(accept_empty, settings, option="--accept-empty")
    with progress_bar() as progress, _stop_on_signals() as stop:
        report = run_night(
            config,
            day,
            now=now,
            stop=stop,
            progress=progress,
            accept_empty=accept_empty or (),
            accept_roster=accept_roster,
        )
    print_report(report)
    if report.outcome is not RunState.GOOD:
        raise typer.Exit(1)


def print_report(report: "RunReport") -> None:
    """Print what a night did, its problems first."""
    print_problems(report.problems)
    out.print_line(f"Night of {report.night:%A %-d %B %Y}: ", bold(report.outcome), f". {report.summary}")


@app.command()
def schedule(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the nightly job every night until told to stop; `python scheduler.py` does the same.

    Example: `calsync schedule --config /etc/calsync/calsync.toml`
    """
    settings = load_settings(config)
    print_demo_day(settings)
    log_to_stderr(logging.INFO, settings.organisation.zone)
    scheduler.serve(config)


class OutputFormat(StrEnum):
    """How the status is printed."""

    TABLE = "table"
    JSON = "json"


@app.command()
def status(
    form: Annotated[OutputFormat, typer.Option("--format", help="How to print it.")] = OutputFormat.TABLE,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say how the last nights went, which calendars fail and since when, and which mails wait.

    Exits with 1 if the last due night did not run to its end, a calendar fails, a line of the list of
    managers cannot be used, or a mail is overdue: failed, unknown, or waiting for more than an hour past
    its next try. Managers who have left are no failure.
    Example: `calsync status || page-somebody`
    """
    from calsync.cli.watching import collect_status

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
        nights = f"{'night' if len(found.future_nights) == 1 else 'nights'} {', '.join(map(str, found.future_nights))}"
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
    """Print the same as one JSON object; docs/operators/operating.md lists its keys, which stay as they are."""
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
