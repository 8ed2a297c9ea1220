"""Tests that every exporter must pass; the tests of each exporter inherit them.

A subclass has a fixture `exporter` and a method `read` that reads a written file with a usual reader of that
format: rows as dicts of text, "" for unknown.
"""

import io
from datetime import date

import pandas as pd
import pytest

from calsync.disclosure.release import Column, PublishedTable, SuppliedRows, release_supplied
from calsync.exports.base import Exporter

COLUMNS = (
    Column("department", "The department"),
    Column("day", "The day", kind="date"),
    Column("confirmed", "Whether it is", kind="boolean"),
    Column("managers", "How many", "people", "count"),
    Column("hours", "How long", "hours", "number"),
)
ROWS = [
    ("Gofal Cymdeithasol a Thŷ’r Gŵyr", date(2026, 11, 2), True, 5, 1.25),
    ('Care, "young" people\nand more', date(2026, 12, 31), False, 6, -2.5),
    ("", date(2027, 1, 1), False, 7, float("nan")),
]


def table(rows=ROWS) -> PublishedTable:
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    types = {"department": "str", "confirmed": "bool", "managers": "int64", "hours": "float64"}
    return release_supplied(SuppliedRows("split", COLUMNS, frame.astype(types)))


class ExporterContract:
    """Inherit it and define `exporter` and `read`."""

    def read(self, content: bytes) -> list[dict[str, str]]:
        raise NotImplementedError

    def written(self, exporter: Exporter, rows=ROWS) -> list[dict[str, str]]:
        return self.read(self.content(exporter, rows))

    def content(self, exporter: Exporter, rows=ROWS) -> bytes:
        file = io.BytesIO()
        exporter.write(table(rows), file)
        return file.getvalue()

    def test_it_is_an_exporter(self, exporter):
        assert isinstance(exporter, Exporter)

    def test_columns_keep_their_names_and_order(self, exporter):
        assert list(self.written(exporter)[0]) == [column.name for column in COLUMNS]

    def test_text_is_unchanged(self, exporter):
        assert [row["department"] for row in self.written(exporter)] == [row[0] for row in ROWS]

    def test_dates_are_iso_dates(self, exporter):
        assert [row["day"] for row in self.written(exporter)] == ["2026-11-02", "2026-12-31", "2027-01-01"]

    def test_figures_keep_their_value_and_unknown_ones_are_blank(self, exporter):
        rows = self.written(exporter)
        assert [float(row["hours"]) for row in rows[:2]] == [1.25, -2.5]
        assert rows[2]["hours"] == ""
        assert [int(float(row["managers"])) for row in rows] == [5, 6, 7]

    def test_booleans_are_true_or_false(self, exporter):
        assert [row["confirmed"].lower() for row in self.written(exporter)] == ["true", "false", "false"]

    def test_a_table_without_rows_is_written(self, exporter):
        assert self.written(exporter, []) == []

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(1)"])
    def test_no_text_is_a_formula(self, exporter, text):
        (row,) = self.written(exporter, [(text, *ROWS[0][1:])])
        assert row["department"].endswith(text.strip())
