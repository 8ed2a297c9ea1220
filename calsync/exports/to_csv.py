"""Tables as CSV: UTF-8, ISO dates, and no cell that a spreadsheet would run as a formula.

No byte-order mark: every reader of data takes plain UTF-8, and some take a mark for a part of the
first column's name. Excel guesses another encoding for plain UTF-8; for Excel there is .xlsx.
"""

from datetime import date, datetime
from typing import BinaryIO, ClassVar

import numpy as np
import pandas as pd

from calsync.disclosure.release import PublishedTable, require_published

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a formula may begin (OWASP, CSV injection), in full width too."""


class CsvExporter:
    """Comma-separated values."""

    carries_columns: ClassVar[bool] = False

    def write(self, table: PublishedTable, file: BinaryIO) -> None:
        """Write the table with a header row."""
        file.write(format_csv(table).encode())


def format_csv(table: PublishedTable) -> str:
    """The table as CSV text with a header row: dates in ISO 8601, true and false, blanks for unknown."""
    require_published(table)
    frame = table.frame
    plain = frame.map(_format_cell) if len(frame.columns) else frame
    return escape_formulas(plain).to_csv(index=False, lineterminator="\n")


def escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table, with an apostrophe before every text and heading that could begin a formula.

    Titles and names come from other people's calendars; numbers stay numbers, negative ones too.
    Carriage returns within a text become line feeds.
    """
    return frame.map(_escape_cell).rename(columns=_escape_cell)


def _escape_cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    # A bare carriage return ends a row for some readers, and Python's writer does not quote it.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _format_cell(value: object) -> object:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() if not pd.isna(value) else None
    return value.isoformat() if isinstance(value, date) else value
