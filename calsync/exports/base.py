"""The door for file formats: what a table is, and what an exporter does with it."""

from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Protocol, runtime_checkable

import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """What a column means. unit: "" where it has none; kind: text, date, boolean, number or count."""

    name: str
    meaning: str
    unit: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """A table ready to be written: every column of the frame is explained, in its order.

    Raises ValueError if one is not.
    """

    name: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        explained = [column.name for column in self.columns]
        if explained != list(self.frame.columns):
            raise ValueError(f"table {self.name}: columns {list(self.frame.columns)}, explained {explained}")


@runtime_checkable
class Exporter(Protocol):
    """A file format, made without arguments and known by the suffix of a path.

    carries_columns: whether a file of this format holds the meaning of its columns itself; beside any
    other file a `.columns.csv` is written.
    """

    carries_columns: ClassVar[bool]

    def write(self, table: Table, file: BinaryIO) -> None:
        """Write a whole table to a file opened for bytes; raises ExportError if it cannot be."""
        ...
