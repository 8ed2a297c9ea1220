"""`calsync run`: runs one night, with a progress bar; signals stop it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

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
from calsync.cli.terminal import bold, err, out, shows_progress
from calsync.config.load import load_settings
from calsync.store.records import RunState

if TYPE_CHECKING:
    from calsync.app.run_report import RunReport


def _ignore_progress(_what: str, _done: int, _total: int) -> None:
    """Accept progress without a bar."""


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

        def update_bar(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield update_bar


@contextmanager
def _stop_on_signals() -> Iterator[Event]:
    stop = Event()

    def request_stop(*_: object) -> None:
        if not stop.is_set():
            # os.write and not the console, because the signal may have interrupted the console.
            os.write(2, b"Stopping after the current calendar; the next run resumes this night.\n")
        stop.set()

    previous_handlers = {
        number: signal.signal(number, request_stop) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in previous_handlers.items():
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
        typer.Option(metavar="ID", help="A manager whose calendar is empty on purpose; may be repeated."),
    ] = None,
    accept_roster: Annotated[
        bool, typer.Option("--accept-roster", help="Those missing from the list of managers have left.")
    ] = False,
) -> None:
    """Run the nightly job once: fetch, classify, allocate, store, send.

    A night after today is an error.

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
    """Print the problems, outcome and summary of a night."""
    print_problems(report.problems)
    out.print_line(f"Night of {report.night:%A %-d %B %Y}: ", bold(report.outcome), f". {report.summary}")
