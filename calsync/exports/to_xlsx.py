"""Writes tables as Excel workbooks: one sheet with the table, one with the meanings of its columns."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any, BinaryIO, ClassVar

import pandas as pd

from calsync.disclosure.release import PublishedTable, require_published
from calsync.errors import ExportError

MAX_SHEET_ROWS = 1_048_575
"""The most rows that a sheet can have below its header."""
_FORMATS = {"hours": "#,##0.0", "minutes": "#,##0.0", "share": "0.0%", "money": "#,##0"}
_WORKBOOK_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class XlsxExporter:
    """An Excel workbook, by XlsxWriter. Text is written as text, even if it looks like a formula."""

    carries_columns: ClassVar[bool] = True

    def write(self, table: PublishedTable, file: BinaryIO) -> None:
        """Write the table and its data dictionary, each with frozen headings and a filter."""
        require_published(table)
        if len(table.frame) > MAX_SHEET_ROWS:
            hint = "export a shorter time, or to .csv or .parquet"
            raise ExportError(f"{len(table.frame)} rows are more than a sheet can hold", hint)
        buffer = io.BytesIO()
        with _import_workbook()(buffer, _WORKBOOK_OPTIONS) as book:
            formats = {unit: book.add_format({"num_format": form}) for unit, form in _FORMATS.items()}
            formats["date"] = book.add_format({"num_format": "yyyy-mm-dd"})
            formats["bold"] = book.add_format({"bold": True, "bottom": 1})
            for sheet_table, name in ((table, table.name), (table.describe_columns(), "columns")):
                by_column = [
                    formats["date"] if c.kind == "date" else formats.get(c.unit) for c in sheet_table.columns
                ]
                _write_sheet(book.add_worksheet(name), sheet_table.frame, by_column, formats["bold"])
        file.write(buffer.getvalue())


def _import_workbook() -> Callable[..., Any]:
    try:
        from xlsxwriter import Workbook  # type: ignore[import-untyped]
    except ImportError as error:
        raise ExportError(
            "a workbook needs XlsxWriter, which is not installed",
            "pip install XlsxWriter (it comes with calsync[xlsx]), or write a .csv or .json file",
        ) from error
    return Workbook  # type: ignore[no-any-return]


def _write_sheet(sheet: Any, frame: pd.DataFrame, formats: list[Any], bold: Any) -> None:
    for number, (name, values) in enumerate(frame.items()):
        sheet.write_string(0, number, str(name), bold)
        sheet.set_column(number, number, _column_width(values, str(name)))
    for line, row in enumerate(frame.itertuples(index=False, name=None), start=1):
        cells = zip(frame.columns, row, formats, strict=True)
        for number, (name, value, cell_format) in enumerate(cells):
            if _write_cell(sheet, line, number, value, cell_format):
                raise ExportError(f"row {line}, {name}: the text is too long for a cell")
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)


def _write_cell(sheet: Any, line: int, column: int, value: Any, form: Any) -> int:
    """Write one value by its type and return 0, or a negative number if XlsxWriter left the cell out."""
    if isinstance(value, str):
        return int(sheet.write_string(line, column, value, form))
    if value is None or pd.isna(value):
        return 0
    if isinstance(value, date):
        return int(sheet.write_datetime(line, column, value, form))
    if isinstance(value, bool):
        return int(sheet.write_boolean(line, column, value, form))
    return int(sheet.write_number(line, column, float(value), form))


def _column_width(values: pd.Series, name: str) -> int:
    longest = max((len(str(value)) for value in values.head(200) if isinstance(value, str | date)), default=0)
    return min(max(longest, len(name), 8) + 2, 80)
