"""Reads the rows of the list of managers, CSV or workbook; a line that cannot be read costs only itself.

A line is parsed by itself first, so that a quotation mark which is never closed does not swallow the
managers below it; a cell with line breaks, as Excel writes them, is put together from the lines after it.
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

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MAX_LINES_PER_ROW = 10
"""So many lines at most may one row take."""
_MAX_BYTES = 50_000_000
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*', re.IGNORECASE)
"""A first line by which Excel is given the separator of a CSV file; it is no row."""
_SHEET_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One row below the headings: its number in the file, its cells, and what is wrong with it as a whole."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _RawRow:
    number: int
    cells: Sequence[str]
    fault: tuple[str, str] | None = None


def read_roster_rows(file: Path) -> tuple[list[str], list[RosterLine]]:
    """The headings as they are compared, and every row that is not empty.

    Raises ConfigError where the file cannot be read at all.
    """
    try:
        raw = _read_workbook(file) if file.suffix.lower() == ".xlsx" else list(_read_csv(file))
    except FileNotFoundError as error:
        hint = "its place is [managers] file in the settings"
        raise ConfigError([Problem(str(file), "there is no such list of managers", hint)]) from error
    except (OSError, ValueError) as error:
        hint = "save it as CSV in UTF-8, or as .xlsx"
        raise ConfigError([Problem(str(file), f"cannot be read: {error}", hint)]) from error
    rows = [row for row in raw if row.fault or any(cell.strip() for cell in row.cells)]
    if not rows:
        return [], []
    head, *body = rows
    if fault := head.fault or _cell_fault(head.cells):
        raise ConfigError([Problem(f"{file.name} line {head.number}", *fault)])
    headings = [_normalise_heading(cell) for cell in head.cells]
    width = len(headings)  # spreadsheets write empty cells at the ends of all lines, of the headings, too
    while headings and not headings[-1]:
        headings.pop()
    return headings, [_to_line(row, headings, width) for row in body]


def _normalise_heading(cell: str) -> str:
    return "_".join(cell.strip().lower().replace("-", " ").replace("_", " ").split())


def _to_line(row: _RawRow, headings: Sequence[str], width: int) -> RosterLine:
    cells = [cell.strip() for cell in row.cells]
    named = {key: cell for key, cell in zip_longest(headings, cells[: len(headings)], fillvalue="") if key}
    return RosterLine(row.number, named, row.fault or _row_fault(cells, len(headings), width))


def _row_fault(cells: Sequence[str], wanted: int, width: int) -> tuple[str, str] | None:
    """What is wrong with a row, whatever its headings are."""
    if len(cells) < wanted:
        return f"has {len(cells)} cells, and there are {wanted} headings", "is a comma missing?"
    if len(cells) > width or any(cells[wanted:]):
        hint = "put a cell that holds a comma into quotation marks, and leave cells beyond the headings empty"
        return f"has {len(cells)} cells, and there are {wanted} headings", hint
    return _cell_fault(cells)


def _cell_fault(cells: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with the first cell that holds no text, whatever its heading is."""
    for cell in cells:
        if any("\ud800" <= sign <= "\udfff" for sign in cell):
            return "holds bytes that are not UTF-8", 'save the file as "CSV UTF-8"'
        if "\0" in cell:
            return "holds a control character (U+0000)", "type the cell anew"
        if cell in _SHEET_ERRORS:
            return f"holds the spreadsheet's error {cell}", "put the value itself into the cell"
    return None


def _read_csv(file: Path) -> Iterator[_RawRow]:
    content = file.read_bytes()
    if len(content) > _MAX_BYTES:
        raise ValueError("it is larger than 50 MB")
    if content.startswith(_UTF16):
        text = content.decode("utf-16")
    else:
        # Bytes that are no UTF-8 become lone surrogates, by which their line is found and named.
        text = content.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    index = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if "\0" in lines[index]:
        raise ValueError("it is no text in UTF-8")
    separator = _SEPARATOR.fullmatch(lines[index])
    index += bool(separator)
    first = next((line for line in lines[index:] if line.strip()), "")
    # Excel in other locales, and its "Unicode text".
    delimiter = separator.group(1) if separator else max(",;\t", key=first.count)
    column_count = len(_parse_csv_row(first, delimiter) or ())
    while index < len(lines):
        cells, line_count = _read_csv_row(lines, index, delimiter, column_count)
        if cells is None:
            yield _RawRow(index + 1, (), ("a quotation mark is not closed", "close it, or take it out"))
        else:
            yield _RawRow(index + 1, cells)
        index += line_count


def _read_csv_row(
    lines: Sequence[str], place: int, delimiter: str, wanted: int
) -> tuple[list[str] | None, int]:
    """The cells of the row that begins on a line, and how many lines it takes; None if it has no end."""
    cells = _parse_csv_row(lines[place], delimiter)
    if cells is not None:
        return cells, 1
    for line_count in range(2, _MAX_LINES_PER_ROW + 1):
        if place + line_count > len(lines):
            break
        last = lines[place + line_count - 1]
        if len(_parse_csv_row(last, delimiter) or ()) == wanted > 1:
            break  # a whole row of its own: the mark above it was a slip
        cells = _parse_csv_row("\n".join(lines[place : place + line_count]), delimiter)
        if cells is not None and len(cells) == wanted:
            return cells, line_count
    return None, 1


def _parse_csv_row(text: str, delimiter: str) -> list[str] | None:
    """The cells of a text that is one whole row; None where a quotation mark is left open."""
    try:
        rows = list(csv.reader(text.splitlines(keepends=True) if "\n" in text else [text],
                               delimiter=delimiter, strict=True))  # fmt: skip
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else [] if not rows else None


def _read_workbook(file: Path) -> list[_RawRow]:
    """The rows of the first sheet; a formula that was never calculated is a fault of its row."""
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        what = "is a workbook, and openpyxl, which reads it, is not installed"
        hint = "pip install openpyxl, or save the list as CSV"
        raise ConfigError([Problem(str(file), what, hint)]) from error
    try:
        with (
            closing(load_workbook(file, read_only=True, data_only=True)) as results,
            closing(load_workbook(file, read_only=True)) as formulas,
        ):
            sheets = results.worksheets[0], formulas.worksheets[0]
            for sheet in sheets:
                sheet.reset_dimensions()  # some programs write a wrong size, and rows would be missing
            rows = zip(*(sheet.iter_rows() for sheet in sheets), strict=True)
            return _pad_rows([_to_raw_row(number, *row) for number, row in enumerate(rows, start=1)])
    except OSError:
        raise
    except Exception as error:  # zipfile, XML and openpyxl each raise their own
        raise ValueError(f"it is no workbook ({type(error).__name__})") from error


def _to_raw_row(number: int, results: Sequence[Any], formulas: Sequence[Any]) -> _RawRow:
    cells = [_cell_text(cell.value) for cell in results]
    while cells and not cells[-1]:
        cells.pop()
    for result, formula in zip(results, formulas, strict=True):
        # A formula whose result is an empty text has the type `str`; one without a result has none.
        if result.value is None and formula.value is not None and result.data_type != "str":
            what = f"holds a formula without a result in cell {formula.coordinate}"
            hint = "put the value itself into the cell, or save the workbook with a spreadsheet program"
            return _RawRow(number, cells, (what, hint))
    return _RawRow(number, cells)


def _pad_rows(rows: Sequence[_RawRow]) -> list[_RawRow]:
    """The rows with empty cells at their ends, which a workbook leaves out, as far as the headings go."""
    width = next((len(row.cells) for row in rows if row.cells), 0)
    return [replace(row, cells=[*row.cells, *[""] * (width - len(row.cells))]) for row in rows]


def _cell_text(value: object) -> str:
    """A cell as it would be written in CSV."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
