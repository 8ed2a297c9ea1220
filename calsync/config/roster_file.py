"""Reads the list of managers from a CSV file or a workbook, as text; `config.roster` validates the cells.

An unreadable row affects no other row. The lines of a CSV file are parsed one by one: otherwise a quotation
mark that is not closed would put all lines after it into one cell. A line that cannot be parsed alone is
parsed again together with the next lines, because Excel writes cells with line breaks.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from itertools import zip_longest
from pathlib import Path
from typing import Any

from calsync.errors import ConfigError
from calsync.model.problem import Problem

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_LINES_PER_ROW = 10
_MAX_BYTES = 50_000_000
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*', re.IGNORECASE)
"""The first line of some CSV files, which gives the separator to Excel; it is not a row."""
_FORMULA_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One row below the headings, with its cells by heading.

    Attributes:
        number: The number of its first line in the file, from 1.
        cells: The text of each cell by normalised heading.
        fault: What is wrong with the row as a whole, and a hint; None if it can be read.
    """

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _RawRow:
    """A row with its cells in order; the headings are one too. number and fault: as in `RosterLine`."""

    number: int
    cells: Sequence[str]
    fault: tuple[str, str] | None = None


def read_roster_lines(file: Path) -> tuple[list[str], list[RosterLine]]:
    """Return the normalised headings, and every row below them that is not empty.

    An empty file has no headings and no rows.

    Raises:
        ConfigError: The file or its line of headings cannot be read.
    """
    try:
        raw_rows = _read_workbook(file) if file.suffix.lower() == ".xlsx" else list(_read_csv(file))
    except FileNotFoundError as error:
        hint = "its path is [managers] file in the settings"
        raise ConfigError([Problem(str(file), "there is no such list of managers", hint)]) from error
    except (OSError, ValueError) as error:
        hint = "save it as CSV in UTF-8, or as .xlsx"
        raise ConfigError([Problem(str(file), f"cannot be read: {error}", hint)]) from error
    rows = [row for row in raw_rows if row.fault or any(cell.strip() for cell in row.cells)]
    if not rows:
        return [], []
    heading_row, *other_rows = rows
    if fault := heading_row.fault or _cell_fault(heading_row.cells):
        raise ConfigError([Problem(f"{file.name} line {heading_row.number}", *fault)])
    headings = [_normalise_heading(cell) for cell in heading_row.cells]
    # Spreadsheets may add empty cells to all lines, including the headings.
    max_cells = len(headings)
    while headings and not headings[-1]:
        headings.pop()
    return headings, [_to_roster_line(row, headings, max_cells) for row in other_rows]


def _normalise_heading(cell: str) -> str:
    return "_".join(cell.strip().lower().replace("-", " ").replace("_", " ").split())


def _to_roster_line(row: _RawRow, headings: Sequence[str], max_cells: int) -> RosterLine:
    cells = [cell.strip() for cell in row.cells]
    by_heading = {
        key: cell for key, cell in zip_longest(headings, cells[: len(headings)], fillvalue="") if key
    }
    return RosterLine(row.number, by_heading, row.fault or _row_fault(cells, len(headings), max_cells))


def _row_fault(cells: Sequence[str], heading_count: int, max_cells: int) -> tuple[str, str] | None:
    """Return the fault of a row, and a hint, as far as it does not depend on the meaning of the columns.

    max_cells: the number of headings and of the empty cells after them.
    """
    if len(cells) < heading_count:
        return f"has {len(cells)} cells, and there are {heading_count} headings", "is a comma missing?"
    if len(cells) > max_cells or any(cells[heading_count:]):
        hint = "put a cell with a comma into quotation marks, and leave cells beyond the headings empty"
        return f"has {len(cells)} cells, and there are {heading_count} headings", hint
    return _cell_fault(cells)


def _cell_fault(cells: Sequence[str]) -> tuple[str, str] | None:
    """Return the fault of the first cell that is not text or is an error of a formula, and a hint."""
    for cell in cells:
        if any("\ud800" <= char <= "\udfff" for char in cell):
            return "contains bytes that are not UTF-8", 'save the file as "CSV UTF-8"'
        if "\0" in cell:
            return "contains a control character (U+0000)", "type the cell again"
        if cell in _FORMULA_ERRORS:
            return f"contains the spreadsheet's error {cell}", "put the value itself into the cell"
    return None


def _read_csv(file: Path) -> Iterator[_RawRow]:
    content = file.read_bytes()
    if len(content) > _MAX_BYTES:
        raise ValueError("it is larger than 50 MB")
    if content.startswith(_UTF16_MARKS):
        text = content.decode("utf-16")
    else:
        # Bytes that are not UTF-8 become lone surrogates; `_cell_fault` reports their rows.
        text = content.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # The index of the next line to read.
    index = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if "\0" in lines[index]:
        raise ValueError("it is not text in UTF-8")
    separator = _SEPARATOR.fullmatch(lines[index])
    index += bool(separator)
    first = next((line for line in lines[index:] if line.strip()), "")
    # Excel writes semicolons in some locales, and tabs as "Unicode text".
    delimiter = separator.group(1) if separator else max(",;\t", key=first.count)
    column_count = len(_parse_csv_row(first, delimiter) or ())
    while index < len(lines):
        cells, line_count = _read_csv_row(lines, index, delimiter, column_count)
        if cells is None:
            yield _RawRow(index + 1, (), ("a quotation mark is not closed", "close it, or remove it"))
        else:
            yield _RawRow(index + 1, cells)
        index += line_count


def _read_csv_row(
    lines: Sequence[str], index: int, delimiter: str, column_count: int
) -> tuple[list[str] | None, int]:
    """Return the cells of the row that begins at an index, and its number of lines.

    The cells are None if a quotation mark is not closed.
    """
    cells = _parse_csv_row(lines[index], delimiter)
    if cells is not None:
        return cells, 1
    for line_count in range(2, _MAX_LINES_PER_ROW + 1):
        if index + line_count > len(lines):
            break
        last_line = lines[index + line_count - 1]
        if len(_parse_csv_row(last_line, delimiter) or ()) == column_count > 1:
            break  # the last line is a complete row, so the quotation mark above it is a typing error
        cells = _parse_csv_row("\n".join(lines[index : index + line_count]), delimiter)
        if cells is not None and len(cells) == column_count:
            return cells, line_count
    return None, 1


def _parse_csv_row(text: str, delimiter: str) -> list[str] | None:
    """Return the cells of a text that is one row, none if it is empty; None if it is not one complete row."""
    try:
        rows = list(csv.reader(text.splitlines(keepends=True) if "\n" in text else [text],
                               delimiter=delimiter, strict=True))  # fmt: skip
    except csv.Error:
        return None
    if not rows:
        return []
    return rows[0] if len(rows) == 1 else None


def _read_workbook(file: Path) -> list[_RawRow]:
    """Return the rows of the first sheet; a formula without a calculated result is a fault of its row."""
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        what = "is a workbook; openpyxl, which reads workbooks, is not installed"
        hint = "pip install openpyxl, or save the list as CSV"
        raise ConfigError([Problem(str(file), what, hint)]) from error
    try:
        with (
            closing(load_workbook(file, read_only=True, data_only=True)) as results,
            closing(load_workbook(file, read_only=True)) as formulas,
        ):
            sheets = results.worksheets[0], formulas.worksheets[0]
            for sheet in sheets:
                sheet.reset_dimensions()  # some programs write a wrong size; openpyxl would omit rows
            rows = zip(*(sheet.iter_rows() for sheet in sheets), strict=True)
            return _pad_rows([_to_raw_row(number, *row) for number, row in enumerate(rows, start=1)])
    except OSError:
        raise
    except Exception as error:  # zipfile, the XML parser and openpyxl raise unrelated exceptions
        raise ValueError(f"it is not a workbook ({type(error).__name__})") from error


def _to_raw_row(number: int, results: Sequence[Any], formulas: Sequence[Any]) -> _RawRow:
    cells = [_cell_text(cell.value) for cell in results]
    while cells and not cells[-1]:
        cells.pop()
    for result, formula in zip(results, formulas, strict=True):
        # A formula whose result is an empty text has the data type `str`; one without a result has not.
        if result.value is None and formula.value is not None and result.data_type != "str":
            what = f"contains a formula without a result in cell {formula.coordinate}"
            hint = "put the value itself into the cell, or save the workbook with a spreadsheet program"
            return _RawRow(number, cells, (what, hint))
    return _RawRow(number, cells)


def _pad_rows(rows: Sequence[_RawRow]) -> list[_RawRow]:
    """Add empty cells at the ends of rows, up to the number of headings: workbooks omit them."""
    heading_count = next((len(row.cells) for row in rows if row.cells), 0)
    return [replace(row, cells=[*row.cells, *[""] * (heading_count - len(row.cells))]) for row in rows]


def _cell_text(value: object) -> str:
    """Return the value of a cell of a workbook as a CSV file has it: a midnight as a date, 1.0 as 1."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
