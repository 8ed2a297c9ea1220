"""The command line: `main` runs a command, and prints errors with exit codes (see `cli.app`)."""

import gc
import logging
import sys
import traceback
from collections.abc import Sequence

from calsync.cli.app import app, print_error
from calsync.cli.logs import log_to_stderr
from calsync.cli.terminal import err, make_streams_safe
from calsync.errors import CalsyncError, ConfigError

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an unexpected error exits with 3 and prints its traceback."""
    make_streams_safe()
    log_to_stderr(logging.WARNING)
    try:
        app(arguments)
    except ConfigError as error:
        for problem in error.problems:
            print_error(problem.what, problem.hint, problem.where)
        sys.exit(2)
    except CalsyncError as error:
        print_error(error.what, error.hint)
        sys.exit(3)
    except Exception as error:
        if isinstance(error, UnicodeEncodeError) and (undecodable := _undecodable_arguments(arguments)):
            print_error("is not UTF-8", "type it again, in a UTF-8 terminal", undecodable[0])
            sys.exit(2)
        for line in "".join(traceback.format_exception(error)).rstrip("\n").split("\n"):
            err.print(line)
        err.print("This is a fault in calsync: please report it, with the lines above.")
        sys.exit(3)
    finally:
        # Python collects garbage once more at exit, which takes a quarter of the time of `status`.
        gc.freeze()


def _undecodable_arguments(arguments: Sequence[str] | None) -> list[str]:
    """Return the arguments that are not UTF-8: they may be file names, and cannot be printed or stored."""
    given = sys.argv[1:] if arguments is None else arguments
    return [text for text in given if any("\ud800" <= character <= "\udfff" for character in text)]
