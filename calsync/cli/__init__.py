"""The command line: asks, prints, and turns outcomes into exit codes.

0 good, 1 good with problems (each named), 2 wrong settings or arguments, 3 failed.
"""

import logging
import sys

from rich.markup import escape

from calsync.cli import authors, check, correct, demo, export, init, look, mail, night, rules
from calsync.cli.app import app, err
from calsync.errors import CalsyncError, ConfigError

__all__ = [
    "app",
    "authors",
    "check",
    "correct",
    "demo",
    "export",
    "init",
    "look",
    "mail",
    "main",
    "night",
    "rules",
]


def main() -> None:
    """Run the command line; expected errors are told in plain words, anything else keeps its traceback."""
    # What fails after its retries is told; each retry is noise to somebody at a keyboard.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            err.print(f"[bold]{escape(problem.where)}[/]: {escape(problem.what)}", soft_wrap=True)
            if problem.hint:
                err.print(f"  → {escape(problem.hint)}", soft_wrap=True)
        sys.exit(2)
    except CalsyncError as error:
        err.print(f"[bold]{escape(error.what)}[/]", soft_wrap=True)
        if error.hint:
            err.print(f"  → {escape(error.hint)}", soft_wrap=True)
        sys.exit(3)
