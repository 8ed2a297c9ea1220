"""The format of log lines: one line for each event, with the local time and its zone, also for journald."""

import logging
import os
import sys
from datetime import datetime, tzinfo
from typing import TextIO

from calsync.text import make_visible

_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))
"""The priority (RFC 5424) of lines from each level on; journald reads it as `<4>` at the start of a line."""


class LineFormatter(logging.Formatter):
    r"""Formats an event as one line, so that no title and no address can forge another line.

    Line breaks and control characters are shown as escapes; the lines of a traceback begin with `  | `. zone:
    of the times; by default the machine's. in_journal: whether the lines have a priority in place of time and
    level, because journald adds the time.
    """

    def __init__(self, zone: tzinfo | None = None, *, in_journal: bool = False) -> None:
        super().__init__()
        self._zone = zone
        self._in_journal = in_journal

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, followed by the traceback if there is one."""
        is_own = record.name.partition(".")[0] == "calsync"
        text = make_visible(record.getMessage() if is_own else f"{record.name}: {record.getMessage()}")
        lines = [text if self._in_journal else f"{self._time(record)} {record.levelname.lower()}: {text}"]
        if record.exc_info:
            lines += [
                f"  | {make_visible(line)}" for line in self.formatException(record.exc_info).split("\n")
            ]
        if self._in_journal:
            lines = [f"<{_priority(record.levelno)}>{line}" for line in lines]
        return "\n".join(lines)

    def _time(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, self._zone)
        return f"{moment if self._zone else moment.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def log_to_stderr(level: int, zone: tzinfo | None = None) -> None:
    """Write calsync's log from this level on, and other packages' warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(zone, in_journal=_is_journal(sys.stderr)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("calsync").setLevel(level)
    # A failure after all retries is reported; single retries need no line.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    logging.captureWarnings(True)


def _priority(level: int) -> int:
    return next(priority for least, priority in _PRIORITIES if level >= least)


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd has connected the stream to its journal (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
