"""Standard output and standard error; all commands print by this module.

Strings are printed as text, never as markup: `bold`, `red` and so on make styled text, and `[red]` or
`[link=…]` in a meeting's title is printed unchanged. Every string is one line, with control, bidirectional
and invisible characters made visible; a line break within it is printed as `\\n`.
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
"""The width in columns of tables that are written to a file or another program."""


class VisibleConsole(Console):
    """A console that makes control characters visible and interprets none."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def print_line(self, *parts: str | Text) -> None:
        """Print one line that consists of plain and styled parts."""
        self.print(Text.assemble(*(make_visible(part) if isinstance(part, str) else part for part in parts)))

    def print_table(self, table: Table) -> None:
        """Print a table as wide as the terminal; for files and other programs `PIPE_WIDTH` columns wide."""
        if not self.is_terminal and "COLUMNS" not in os.environ:
            self.width = PIPE_WIDTH
        self.print(table, soft_wrap=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Convert a string to text; rich calls this for all strings, including those in tables."""
        return super().render_str(make_visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render anything; text that did not pass `render_str` is made visible here, except line breaks."""
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
    """The text dimmed, for explanations."""
    return Text(make_visible(str(text)), "dim")


def red(text: object) -> Text:
    """The text in red, for faults."""
    return Text(make_visible(str(text)), "red")


def yellow(text: object) -> Text:
    """The text in yellow, for warnings."""
    return Text(make_visible(str(text)), "yellow")


def green(text: object) -> Text:
    """The text in green, for success."""
    return Text(make_visible(str(text)), "green")


def write_csv(text: str) -> None:
    """Write CSV to standard output, as `write_plain` does."""
    write_plain(text)


def write_plain(text: str) -> None:
    """Write text to standard output: only control characters are escaped for files and other programs."""
    sys.stdout.write(_visible_lines(text) if out.is_terminal else make_controls_visible(text))


def write_json(text: str) -> None:
    """Write JSON to standard output, with invisible and control characters as JSON escapes."""
    sys.stdout.write(escape_json(text))


def shows_progress() -> bool:
    """Whether standard error is a terminal that can redraw a line, and not a CI log."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown") and not _is_ci()


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def make_streams_safe() -> None:
    """Write characters that the terminal's encoding lacks as escapes, so that they do not end a command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
