"""The interface of file formats: what an exporter does with a table."""

from typing import BinaryIO, ClassVar, Protocol, runtime_checkable

from calsync.disclosure.release import PublishedTable


@runtime_checkable
class Exporter(Protocol):
    """A file format, created without arguments and found by the suffix of a path.

    carries_columns: whether a file of this format holds the meaning of its columns itself; next to any
    other file a `.columns.csv` is written.
    """

    carries_columns: ClassVar[bool]

    def write(self, table: PublishedTable, file: BinaryIO) -> None:
        """Write a whole table to a file opened for bytes; raises ExportError if it cannot be."""
        ...
