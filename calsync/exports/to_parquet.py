"""Writes tables as Parquet: typed columns, for pandas, R, DuckDB and similar programs."""

from typing import BinaryIO, ClassVar

from calsync.disclosure.release import Column, PublishedTable, require_published
from calsync.errors import ExportError

_TYPES = {"text": "string", "date": "date32", "boolean": "bool_", "number": "float64", "count": "int64"}


class ParquetExporter:
    """Apache Parquet, by pyarrow."""

    carries_columns: ClassVar[bool] = False

    def write(self, table: PublishedTable, file: BinaryIO) -> None:
        """Write typed columns; the type is that of the column's kind, even if the table is empty."""
        require_published(table)
        try:
            import pyarrow as pa  # type: ignore[import-untyped]
            from pyarrow import parquet
        except ImportError as error:
            raise ExportError(
                "Parquet needs pyarrow, which is not installed",
                "pip install pyarrow (it comes with calsync[parquet]), or write a .csv or .json file",
            ) from error
        fields = [
            pa.field(c.name, getattr(pa, _TYPES[c.kind])(), metadata=_column_metadata(c))
            for c in table.columns
        ]
        arrow = pa.Table.from_pandas(table.frame, schema=pa.schema(fields), preserve_index=False)
        parquet.write_table(arrow, file)


def _column_metadata(column: Column) -> dict[str, str]:
    return {"meaning": column.meaning, "unit": column.unit}
