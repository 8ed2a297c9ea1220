"""Each format by its contract, and what is particular to it."""

import csv
import io
import json
import zipfile

import openpyxl
import pandas as pd
import pytest
from contracts.exporter_contract import ExporterContract, table
from pyarrow import parquet

from calsync.disclosure.release import Column, PublishedTable, SuppliedRows, release_supplied
from calsync.errors import ExportError
from calsync.exports import to_xlsx
from calsync.exports.to_csv import CsvExporter, escape_formulas, format_csv
from calsync.exports.to_json import JsonExporter
from calsync.exports.to_parquet import ParquetExporter
from calsync.exports.to_xlsx import XlsxExporter


def released(frame: pd.DataFrame) -> PublishedTable:
    return release_supplied(SuppliedRows("x", tuple(Column(name, "given") for name in frame), frame))


def csv_of(frame: pd.DataFrame) -> str:
    return format_csv(released(frame))


def shown(value: object) -> str:
    return "" if value is None else str(value)


class TestCsv(ExporterContract):
    @pytest.fixture
    def exporter(self):
        return CsvExporter()

    def read(self, content):
        return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))

    def test_it_begins_with_the_first_columns_name(self, exporter):
        assert self.content(exporter).startswith(b"department,day,")

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1"])
    def test_a_text_that_could_run_is_marked(self, exporter, text):
        (row,) = self.read(csv_of(pd.DataFrame({"title": [text]})).encode())
        assert row["title"] == f"'{text}".replace("\r", "\n")

    def test_a_heading_that_could_run_is_marked(self):
        assert csv_of(pd.DataFrame({"=cmd()": [1]})) == "'=cmd()\n1\n"

    def test_numbers_below_nought_stay_numbers(self):
        assert csv_of(pd.DataFrame({"hours": [-1.5]})) == "hours\n-1.5\n"

    def test_safe_cells_leave_the_table_that_was_given(self):
        frame = pd.DataFrame({"title": ["=1"]})
        assert escape_formulas(frame)["title"].tolist() == ["'=1"]
        assert frame["title"].tolist() == ["=1"]

    def test_times_are_iso_times_and_unknown_ones_blank(self):
        times = pd.DataFrame({"seen": [pd.Timestamp("2026-11-02T09:00+00:00"), pd.NaT]})
        assert csv_of(times) == 'seen\n2026-11-02T09:00:00+00:00\n""\n'

    def test_a_table_without_columns_is_an_empty_line(self):
        assert csv_of(pd.DataFrame()) == "\n"

    def test_a_carriage_return_does_not_end_a_row(self):
        rows = self.read(csv_of(pd.DataFrame({"title": ["a\rb", "c\r\nd"]})).encode())
        assert [row["title"] for row in rows] == ["a\nb", "c\nd"]


class TestJson(ExporterContract):
    @pytest.fixture
    def exporter(self):
        return JsonExporter()

    def read(self, content):
        return [{name: shown(value) for name, value in row.items()} for row in json.loads(content)]

    def test_unknown_is_null_and_truth_is_a_boolean(self, exporter):
        last = json.loads(self.content(exporter))[2]
        assert (last["hours"], last["confirmed"], last["managers"]) == (None, False, 7)

    def test_what_has_no_place_in_a_table_is_refused(self, exporter):
        with pytest.raises(TypeError, match="cannot contain set"):
            exporter.write(released(pd.DataFrame({"a": [{1}]})), io.BytesIO())


class TestParquet(ExporterContract):
    @pytest.fixture
    def exporter(self):
        return ParquetExporter()

    def read(self, content):
        rows = parquet.read_table(io.BytesIO(content)).to_pylist()
        return [{name: shown(value) for name, value in row.items()} for row in rows]

    def test_types_hold_without_a_row(self, exporter):
        schema = parquet.read_schema(io.BytesIO(self.content(exporter, [])))
        assert [str(field.type) for field in schema] == ["string", "date32[day]", "bool", "int64", "double"]

    def test_a_column_says_what_it_means(self, exporter):
        field = parquet.read_schema(io.BytesIO(self.content(exporter))).field("hours")
        assert field.metadata[b"meaning"] == b"How long"


class TestXlsx(ExporterContract):
    @pytest.fixture
    def exporter(self):
        return XlsxExporter()

    def read(self, content):
        head, *rows = openpyxl.load_workbook(io.BytesIO(content))["split"].iter_rows()
        names = [cell.value for cell in head]
        found = [[str(c.value.date()) if c.is_date else shown(c.value) for c in row] for row in rows]
        return [dict(zip(names, row, strict=True)) for row in found]

    def test_the_second_sheet_says_what_columns_mean(self, exporter):
        rows = list(openpyxl.load_workbook(io.BytesIO(self.content(exporter)))["columns"].values)
        assert rows[0] == ("table", "column", "meaning", "unit", "type")
        assert rows[5] == ("split", "hours", "How long", "hours", "number")

    def test_no_formula_stands_in_the_file(self, exporter):
        content = self.content(exporter, [("=1+1", *table().frame.iloc[0, 1:])])
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            sheets = [book.read(name) for name in book.namelist() if "worksheets/" in name]
        assert not any(b"<f>" in sheet for sheet in sheets)

    def test_more_rows_than_a_sheet_holds_are_refused_with_a_way_out(self, exporter, monkeypatch):
        monkeypatch.setattr(to_xlsx, "MAX_SHEET_ROWS", 2)
        with pytest.raises(ExportError, match=r"3 rows.*parquet"):
            self.content(exporter)

    def test_a_text_too_long_for_a_cell_is_named(self, exporter):
        with pytest.raises(ExportError, match="row 1, department: the text is too long"):
            self.content(exporter, [("x" * 40_000, *table().frame.iloc[0, 1:])])


@pytest.mark.parametrize(
    ("module", "exporter", "extra"),
    [("xlsxwriter", XlsxExporter, "xlsx"), ("pyarrow", ParquetExporter, "parquet")],
)
def test_a_missing_library_is_named_with_the_extra_that_brings_it(monkeypatch, module, exporter, extra):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ExportError, match=rf"calsync\[{extra}\]"):
        exporter().write(table(), io.BytesIO())
