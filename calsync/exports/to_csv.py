"""Tables as CSV: UTF-8, ISO dates, and no cell that a spreadsheet would run as a formula.

No byte-order mark: every reader of data takes plain UTF-8, and some take a mark for a part of the
first column's name. Excel guesses another encoding for plain UTF-8; for Excel there is .xlsx.
"""

from datetime import date, datetime
from typing import BinaryIO, ClassVar

import numpy as np
import pandas as pd

from calsync.exports.base import Table

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a formula may begin (OWASP, CSV injection), in full width too."""


class CsvExporter:
    """Comma-separated values."""

    carries_columns: ClassVar[bool] = False

    def write(self, table: Table, file: BinaryIO) -> None:
        """Write the table with a header row."""
        file.write(csv_text(table.frame).encode())


def csv_text(frame: pd.DataFrame) -> str:
    """The table as CSV text with a header row: dates in ISO 8601, true and false, blanks for unknown."""
    plain = frame.map(_plain) if len(frame.columns) else frame
    return safe_cells(plain).to_csv(index=False, lineterminator="\n")


def safe_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table, with an apostrophe before every text and heading that could begin a formula.

    Titles and names come from other people's calendars; numbers stay numbers, negative ones too.
    Carriage returns within a text become line feeds.
    """
    return frame.map(_safe).rename(columns=_safe)


def _safe(value: object) -> object:
    if not isinstance(value, str):
        return value
    # A bare carriage return ends a row for some readers, and Python's writer does not quote it.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_RUNS) else text


def _plain(value: object) -> object:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() if not pd.isna(value) else None
    return value.isoformat() if isinstance(value, date) else value
