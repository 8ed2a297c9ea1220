"""Writes tables as JSON: a list with one object per row, ISO dates, and null for unknown."""

import json
from datetime import date
from typing import BinaryIO, ClassVar

import pandas as pd

from calsync.disclosure.release import PublishedTable, require_published


class JsonExporter:
    """A list of objects."""

    carries_columns: ClassVar[bool] = False

    def write(self, table: PublishedTable, file: BinaryIO) -> None:
        """Write one object per row, each on its own line."""
        require_published(table)
        rows = [
            json.dumps(row, default=_encode_date, ensure_ascii=False, allow_nan=False)
            for row in _to_records(table.frame)
        ]
        text = "[\n" + ",\n".join(rows) + "\n]\n" if rows else "[]\n"
        file.write(text.encode())


def _to_records(frame: pd.DataFrame) -> list[dict[str, object]]:
    known = frame.astype("object").where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in known.to_dict("records")]


def _encode_date(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a table cannot contain {type(value).__name__}")
