"""The `calsync` command: which module holds which command, errors and exit codes, options in common.

0 good, 1 good with problems (each named), 2 wrong settings or arguments, 3 failed.
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

A command's module has its name. It is imported when the command runs, or its own help is shown, so that
`calsync --help` and `calsync status` do not wait for pandas, Microsoft 365 and the rules.
"""


class CommandGroup(TyperGroup):
    """Imports a command's module on demand, and prints what is wrong with arguments by our console."""

    _shows_help = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # By these, commands that are not imported yet are listed, and a mistyped name gets a suggestion.
        for name, line in COMMANDS.items():
            self.commands.setdefault(name, TyperCommand(name, help=line, rich_markup_mode="markdown"))

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of `COMMANDS`, then those that were registered otherwise."""
        return [*COMMANDS, *(name for name in super().list_commands(ctx) if name not in COMMANDS)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, its module imported; for the list of commands only its name and line."""
        if cmd_name not in COMMANDS or self._shows_help:
            return super().get_command(ctx, cmd_name)
        # Imported modules stay alive: scanning them for garbage takes a tenth of the start-up time.
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
        """Run the command line; in standalone mode a wrong argument is printed and ends the process."""
        run = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        try:
            code = run()
        except typer.Abort:
            err.print("Aborted.")
            code = 1
        except Exception as error:
            # Typer's own class of errors in arguments is private, and has another home in each version.
            if not hasattr(error, "format_message"):
                raise
            _print_usage_error(error)
            code = 2
        sys.exit(code if isinstance(code, int) else 0)


def print_error(what: str, hint: str, where: str = "") -> None:
    """Print an error that ends the command, and the way out."""
    err.print_line(bold(where), f": {what}") if where else err.print_line(bold(what))
    if hint:
        err.print_line(f"  → {hint}")


def _print_usage_error(error: Any) -> None:
    context = getattr(error, "ctx", None)
    message = error.format_message().replace("Value error, ", "")  # pydantic's words, by way of typer
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
    """How a command prints what it lists."""

    TABLE = "table"
    JSON = "json"


def _print_version(asked: bool) -> None:
    if asked:
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
    """A date written YYYY-MM-DD; anything else is refused as an argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2026-11-16") from None


FromOption = Annotated[date, typer.Option("--from", parser=parse_day, metavar="D", help="The first day.")]
ToOption = Annotated[
    date, typer.Option("--to", parser=parse_day, metavar="D", help="The day after the last one.")
]


@contextmanager
def report_write_errors(where: Path) -> Iterator[None]:
    """Report a folder or file that cannot be written as the wrong argument that it is."""
    try:
        yield
    except OSError as error:
        problem = Problem(str(where), f"cannot be written: {error.strerror}", "choose another place")
        raise ConfigError([problem]) from error


def now() -> datetime:
    """The time, aware, in this machine's zone."""
    return datetime.now().astimezone()


def print_lines(lines: Sequence[str]) -> None:
    """Print a text that was made line by line; a line break within a line is shown, not obeyed."""
    for line in lines:
        out.print(line)


def print_demo_day(settings: "Settings") -> None:
    """Say that the settings are those of a demo, which carry a day of their own."""
    if settings.demo.today is not None:
        err.print(f"Today is {settings.demo.today} here: a demo's own day, by [demo] today in the settings.")


def load_usable_managers(settings: "Settings") -> "tuple[Manager, ...]":
    """The managers whose lines can be used; the other lines are named on standard error."""
    from calsync.config.roster import read_roster

    roster = read_roster(settings)
    print_problems(roster.problems)
    return roster.managers


def check_manager_ids(manager_ids: Iterable[str], settings: "Settings", *, option: str) -> None:
    """Raise ConfigError with every id that is on no line of the list of managers."""
    from calsync.config.roster import read_roster
    from calsync.validation import suggest_word

    listed = [manager.id for manager in read_roster(settings).managers]
    unknown = [manager_id for manager_id in manager_ids if manager_id not in listed]
    if unknown:
        what = f"is no id in {settings.managers.file}"
        raise ConfigError(
            [
                Problem(f"{option} {manager_id}", what, suggest_word(manager_id, listed))
                for manager_id in unknown
            ]
        )


def print_problems(problems: Iterable[Problem]) -> bool:
    """Print each problem once with its way out, faults first; True if one of them is a fault."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.severity is Severity.NOTE)
    for problem in ordered:
        mark = red("●") if problem.severity is Severity.FAULT else dim("○")
        hint = dim(f" → {problem.hint}") if problem.hint else ""
        err.print_line(mark, " ", bold(problem.where), f": {problem.what}", hint)
    return any(problem.severity is Severity.FAULT for problem in ordered)
