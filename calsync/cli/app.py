"""The `calsync` command: the list of commands, and the options, errors and output that commands share.

Exit codes: 0 success, 1 success with problems (each is printed), 2 wrong settings or arguments, 3 failure.
"""

import gc
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from calsync.cli.terminal import bold, dim, err, out, red
from calsync.errors import ConfigError
from calsync.model.problem import Problem, Severity
from calsync.version import __version__

if TYPE_CHECKING:
    from calsync.config.settings import Settings
    from calsync.model.people import Manager

COMMANDS = {
    "demo": "Run a night for a fictional council of 12 managers, offline, and name the files to open.",
    "init": "Ask five questions and write settings, a list of managers, agencies and a pack of your own.",
    "check": "Try settings, rules, store, mail and one calendar of each source; send nothing.",
    "run": "Run the nightly job once: fetch, classify, allocate, store, send.",
    "schedule": "Run the nightly job every night until stopped; `python scheduler.py` does the same.",
    "status": "Show the last nights, which calendars fail and since when, and which mails wait.",
    "mail": "Mails that wait, failed or may not have arrived.",
    "occurrences": "Print every occurrence that overlaps the window, by start then uid.",
    "classify": "Label a table of meetings: adds scope, partnership, activity, rule and evidence.",
    "explain": (
        "Show why a meeting got its label: each rule that matched, what it matched, and which one decided."
    ),
    "correct": "Set what a meeting is: overrides every rule, for one meeting or its whole series.",
    "export": (
        "Write a table of time as .csv, .xlsx, .parquet or .json; without a file, CSV to standard output."
    ),
    "rules": "Check, score and improve the rules.",
}
"""Each command, in the order in which a new user needs it, and its line in the help.

The module of a command has the same name. It is imported when the command runs or its own help is printed, so
that `calsync --help` and `calsync status` do not import pandas, Microsoft 365 and the rules.
"""


class CommandGroup(TyperGroup):
    """Imports a command's module on demand, and prints errors in arguments by `terminal.err`."""

    _shows_help = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Placeholders for commands that are not imported yet: for the help, and suggestions for mistyped
        # names.
        for name, line in COMMANDS.items():
            self.commands.setdefault(name, TyperCommand(name, help=line, rich_markup_mode="markdown"))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of `COMMANDS`, then other registered commands."""
        return [*COMMANDS, *(name for name in super().list_commands(ctx) if name not in COMMANDS)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command's module and return the command; for the help, return the placeholder."""
        if cmd_name not in COMMANDS or self._shows_help:
            return super().get_command(ctx, cmd_name)
        # Imported modules stay in memory; scanning them for garbage takes a tenth of the start-up time.
        gc.disable()
        try:
            importlib.import_module(f"calsync.cli.{cmd_name}")
        finally:
            gc.enable()
        built: Any = typer.main.get_command(app)
        return built.commands[cmd_name]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        self._shows_help = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._shows_help = False

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; in standalone mode, print errors in arguments and end the process."""
        run = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        try:
            code = run()
        except typer.Abort:
            err.print("Aborted.")
            code = 1
        except Exception as error:
            # Typer's class of errors in arguments is private, and in another module in each version.
            if not hasattr(error, "format_message"):
                raise
            _print_usage_error(error)
            code = 2
        sys.exit(code if isinstance(code, int) else 0)


def print_error(what: str, hint: str, where: str = "") -> None:
    """Print an error that ends the command, and its hint."""
    err.print_line(bold(where), f": {what}") if where else err.print_line(bold(what))
    if hint:
        err.print_line(f"  → {hint}")


def _print_usage_error(error: Any) -> None:
    context = getattr(error, "ctx", None)
    message = error.format_message().replace("Value error, ", "")  # pydantic adds it
    if context is not None and message:
        err.print(context.get_usage())
        err.print(f"Try `{context.command_path} --help`.")
    for text in filter(None, message.split("\n")):
        err.print(f"Error: {text}" if not text.startswith("\t") else f"  {text.strip()}")


app = typer.Typer(
    name="calsync",
    cls=CommandGroup,
    help="Where managers' partnership meeting time goes: process or service improvement.",
    epilog="Start with `calsync demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]
DEFAULT_CONFIG = Path("calsync.toml")


class OutputFormat(StrEnum):
    """How a command prints its list."""

    TABLE = "table"
    JSON = "json"


def _print_version(requested: bool) -> None:
    if requested:
        out.print(f"calsync {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Where managers' partnership meeting time goes: process or service improvement."""


def parse_day(text: str) -> date:
    """Parse a date written YYYY-MM-DD; anything else is an error in the arguments."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-11-16") from None


FromOption = Annotated[date, typer.Option("--from", parser=parse_day, metavar="D", help="The first day.")]
ToOption = Annotated[
    date, typer.Option("--to", parser=parse_day, metavar="D", help="The day after the last one.")
]


@contextmanager
def report_write_errors(where: Path) -> Iterator[None]:
    """Report a folder or file that cannot be written as an error in the arguments."""
    try:
        yield
    except OSError as error:
        problem = Problem(str(where), f"cannot be written: {error.strerror}", "choose another place")
        raise ConfigError([problem]) from error


def now() -> datetime:
    """Return the current time, aware, in this machine's zone."""
    return datetime.now().astimezone()


def print_lines(lines: Sequence[str]) -> None:
    """Print lines; a line break within a line is printed as an escape."""
    for line in lines:
        out.print(line)


def print_demo_day(settings: "Settings") -> None:
    """Print a note if the settings are those of a demo, which set the date of today."""
    if settings.demo.today is not None:
        err.print(f"Today is taken to be {settings.demo.today}: [demo] today in the settings.")


def load_usable_managers(settings: "Settings") -> "tuple[Manager, ...]":
    """Return the managers whose lines are valid; print the problems of other lines to standard error."""
    from calsync.config.roster import read_roster

    roster = read_roster(settings)
    print_problems(roster.problems)
    return roster.managers


def check_manager_ids(manager_ids: Iterable[str], settings: "Settings", *, option: str) -> None:
    """Raise ConfigError with every id that is not in the list of managers."""
    from calsync.config.roster import read_roster
    from calsync.validation import suggest_word

    listed = [manager.id for manager in read_roster(settings).managers]
    unknown = [manager_id for manager_id in manager_ids if manager_id not in listed]
    if unknown:
        what = f"is not an id in {settings.managers.file}"
        raise ConfigError(
            [
                Problem(f"{option} {manager_id}", what, suggest_word(manager_id, listed))
                for manager_id in unknown
            ]
        )


def print_problems(problems: Iterable[Problem]) -> bool:
    """Print each problem once with its hint, faults first; return whether one of them is a fault."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.severity is Severity.NOTE)
    for problem in ordered:
        mark = red("●") if problem.severity is Severity.FAULT else dim("○")
        hint = dim(f" → {problem.hint}") if problem.hint else ""
        err.print_line(mark, " ", bold(problem.where), f": {problem.what}", hint)
    return any(problem.severity is Severity.FAULT for problem in ordered)
