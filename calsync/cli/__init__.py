"""The command line: reads arguments, prints, and turns outcomes into exit codes (`cli/app.py`)."""

import gc
import logging
import sys
import traceback
from collections.abc import Sequence

from calsync.cli.app import app
from calsync.cli.logs import log_to_stderr
from calsync.cli.terminal import err, make_streams_safe

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what nobody expected ends with 3 and its traceback."""
    make_streams_safe()
    log_to_stderr(logging.WARNING)
    try:
        app(arguments)
    except Exception as error:
        for line in "".join(traceback.format_exception(error)).rstrip("\n").split("\n"):
            err.print(line)
        err.print("This is a fault in calsync: please report it, with the lines above.")
        sys.exit(3)
    finally:
        # Python looks through everything once more before it ends, which is a quarter of `status`.
        gc.freeze()
