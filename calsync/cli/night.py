"""`calsync run`, `schedule` and `status`: the nightly job and its ledger."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from calsync import scheduler
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, now, parse_day, print_problems
from calsync.cli.logs import log_to_stderr
from calsync.cli.terminal import bold, dim, err, out, red, shows_progress
from calsync.config.load import load_settings
from calsync.config.settings import store_url
from calsync.store.database import open_store
from calsync.store.states import RunState
from calsync.text import count_of

if TYPE_CHECKING:
    from calsync.nightly.report import RunReport


def _ignore_progress(_what: str, _done: int, _total: int) -> None:
    """Take the place of a bar."""


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each step of the night, on standard error, where somebody watches it."""
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
def _stopped_by_signals() -> Iterator[Event]:
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
) -> None:
    """Run the nightly job once: read, judge, allocate, keep, send.

    Example: `calsync run --config calsync.toml`
    """
    from calsync.nightly.run import run_night

    settings = load_settings(config)
    day = night or now().astimezone(settings.organisation.zone).date()
    with progress_bar() as progress, _stopped_by_signals() as stop:
        report = run_night(
            config, day, now=now, stop=stop, progress=progress, accept_empty=accept_empty or ()
        )
    tell(report)
    if report.outcome is not RunState.GOOD:
        raise typer.Exit(1)


def tell(report: "RunReport") -> None:
    """Print what a night did, its problems first."""
    print_problems(report.problems)
    out.print_line(f"Night of {report.night:%A %-d %B %Y}: ", bold(report.outcome), f". {report.summary}")


@app.command()
def schedule(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the nightly job every night until told to stop; `python scheduler.py` does the same.

    Example: `calsync schedule --config /etc/calsync/calsync.toml`
    """
    log_to_stderr(logging.INFO, load_settings(config).organisation.zone)
    scheduler.serve(config)


@app.command()
def status(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Say how the last nights went, which calendars fail and since when, and which mails wait.

    Exits with 1 if the last due night did not run to its end, a calendar fails or a mail is stuck:
    for monitors. Example: `calsync status || page-somebody`
    """
    settings = load_settings(config)
    due = scheduler.due_night(now(), settings)
    with open_store(store_url(settings)) as store:
        nights, good = store.runs.nights(7), store.runs.last_good()
        failing = [state for state in store.meetings.states() if state.failing_since]
        waiting = store.outbox.waiting()
    table = Table("night", "outcome", "tries", "calendars", "failed", "problems", "mails", box=None)
    for entered in nights:
        counts = entered.counts
        table.add_row(
            str(entered.night),
            entered.state,
            str(entered.attempt),
            *(str(counts.get(name, 0)) for name in ("calendars", "failed")),
            str(entered.problems),
            str(counts.get("mails", 0)),
        )
    out.print(table if nights else "No night has run yet: `calsync run`.")
    late = good is None or good < due
    if late:
        out.print_line(red("●"), f" the night of {due} has not run to its end (last good: {good or 'none'})")
    for state in failing:
        out.print_line(
            red("●"),
            f" {state.shown} fails since {state.failing_since} "
            f"(last read {state.last_good or 'never'}): {state.what}",
            dim(f" → {state.hint}"),
        )
    for name, count in waiting.items():
        out.print(f"{count_of(count, 'mail')} {name}")
    if late or failing or waiting.get("unknown") or waiting.get("failed"):
        raise typer.Exit(1)
