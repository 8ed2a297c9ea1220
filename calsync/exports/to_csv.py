"""Writes tables as CSV: UTF-8, ISO dates, and no cell that a spreadsheet would run as a formula.

There is no byte-order mark: some programs would read it as part of the first column's name. Excel guesses
another encoding for UTF-8 without a mark; for Excel there is .xlsx.
"""

from datetime import date, datetime
from typing import BinaryIO, ClassVar

import numpy as np
import pandas as pd

from calsync.disclosure.release import PublishedTable, require_published

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters of formulas (OWASP, CSV injection), including the full-width forms."""


class CsvExporter:
    """Comma-separated values."""

    carries_columns: ClassVar[bool] = False

    def write(self, table: PublishedTable, file: BinaryIO) -> None:
        """Write the table with a header row."""
        file.write(format_csv(table).encode())


def format_csv(table: PublishedTable) -> str:
    """Return the table as CSV with a header row: dates in ISO 8601, `true` and `false`, blank for unknown."""
    require_published(table)
    frame = table.frame
    plain = frame.map(_format_cell) if len(frame.columns) else frame
    return escape_formulas(plain).to_csv(index=False, lineterminator="\n")


def escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before every text and heading that could begin a formula.

    Titles and names come from other people's calendars. Numbers are not changed, even negative ones.
    Carriage returns within a text become line feeds.
    """
    return frame.map(_escape_cell).rename(columns=_escape_cell)


def _escape_cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    # Some programs end a row at a bare carriage return, which Python's csv module does not quote.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _format_cell(value: object) -> object:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() if not pd.isna(value) else None
    return value.isoformat() if isinstance(value, date) else value
