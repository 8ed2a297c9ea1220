"""Standard output and standard error: the only way by which a command prints.

A string that is printed is text, never markup: what is bold or red is made by `bold`, `red` and so on,
so `[red]` or `[link=…]` in a meeting's title is shown as it stands. Every string is one line, with
control, bidirectional and invisible characters made visible; a line break within it shows as `\\n`.
"""

import os
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from calsync.text import escape_json, make_controls_visible, make_visible

PIPE_WIDTH = 400
"""Columns of a table that goes to a file or another program."""


class VisibleConsole(Console):
    """A console that shows every character it is given and obeys none of them."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def print_line(self, *parts: str | Text) -> None:
        """Print one line that is put together from plain and styled parts."""
        self.print(Text.assemble(*(make_visible(part) if isinstance(part, str) else part for part in parts)))

    def print_table(self, table: Table) -> None:
        """Print a table as wide as the terminal; to a file or another program, rows are hardly folded."""
        if not self.is_terminal and "COLUMNS" not in os.environ:
            self.width = PIPE_WIDTH
        self.print(table, soft_wrap=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Turn a string into text: the way by which rich reads all strings, those in tables too."""
        return super().render_str(make_visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render anything; whatever came past `render_str` is made visible here, line breaks apart."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(_visible_lines(segment.text), segment.style)


def _visible_lines(text: str) -> str:
    return "\n".join(map(make_visible, text.split("\n")))


out = VisibleConsole()
err = VisibleConsole(stderr=True)


def bold(text: object) -> Text:
    """The text in bold."""
    return Text(make_visible(str(text)), "bold")


def dim(text: object) -> Text:
    """The text faint: what explains."""
    return Text(make_visible(str(text)), "dim")


def red(text: object) -> Text:
    """The text in red: what is wrong."""
    return Text(make_visible(str(text)), "red")


def yellow(text: object) -> Text:
    """The text in yellow: what needs attention."""
    return Text(make_visible(str(text)), "yellow")


def green(text: object) -> Text:
    """The text in green: what is right."""
    return Text(make_visible(str(text)), "green")


def write_csv(text: str) -> None:
    """Write CSV to standard output, as `write_plain` does."""
    write_plain(text)


def write_plain(text: str) -> None:
    """Write text to standard output: whole for another program, every character visible on a terminal."""
    _write_output(
        "\n".join(map(make_visible, text.split("\n"))) if out.is_terminal else make_controls_visible(text)
    )


def write_json(text: str) -> None:
    """Write JSON to standard output, with what is not seen or is obeyed as JSON's own escapes."""
    _write_output(escape_json(text))


def _write_output(text: str) -> None:
    sys.stdout.write(text)


def shows_progress() -> bool:
    """Whether standard error is a terminal that can redraw a line, and not a CI log."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown") and not _is_ci()


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def make_streams_safe() -> None:
    """Let no character end a command: what the terminal's encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
