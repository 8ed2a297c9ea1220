"""The command itself, and what its parts share: consoles, options, arguments that are read."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from calsync import __version__
from calsync.errors import ConfigError
from calsync.model.problem import Problem, Severity

ORDER = (
    "demo", "init", "check", "run", "schedule", "status", "occurrences", "classify", "explain", "correct",
)  # fmt: skip


class InOrder(TyperGroup):
    """Lists commands in the order in which a new user meets them, not by the alphabet."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, known ones first."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    name="calsync",
    cls=InOrder,
    help="Where managers' partnership meeting time goes: process or service improvement.",
    epilog="Start with `calsync demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]
DEFAULT_CONFIG = Path("calsync.toml")


def _version(asked: bool) -> None:
    if asked:
        out.print(f"calsync {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
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
def writing(where: Path) -> Iterator[None]:
    """Tell a folder or file that cannot be written as the wrong argument that it is."""
    try:
        yield
    except OSError as error:
        problem = Problem(str(where), f"cannot be written: {error.strerror}", "choose another place")
        raise ConfigError([problem]) from error


def now() -> datetime:
    """The time, aware, in this machine's zone."""
    return datetime.now().astimezone()


def write(text: str) -> None:
    """Print data exactly as it is, for other programs to read."""
    sys.stdout.write(text)


def print_problems(problems: Iterable[Problem]) -> bool:
    """Print each problem once with its way out, faults first; True if one of them is a fault."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.severity is Severity.NOTE)
    for problem in ordered:
        mark = "[red]●[/]" if problem.severity is Severity.FAULT else "[dim]○[/]"
        hint = f" [dim]→ {escape(problem.hint)}[/]" if problem.hint else ""
        err.print(f"{mark} [bold]{escape(problem.where)}[/]: {escape(problem.what)}{hint}")
    return any(problem.severity is Severity.FAULT for problem in ordered)
