"""The interface of file formats: an exporter writes a released table to a file."""

from typing import BinaryIO, ClassVar, Protocol, runtime_checkable

from calsync.disclosure.release import PublishedTable


@runtime_checkable
class Exporter(Protocol):
    """A file format. Instances are created without arguments; the suffix of a path selects the format.

    carries_columns: whether files of this format include the meanings of the columns. For other formats
    a `.columns.csv` is written next to the file.
    """

    carries_columns: ClassVar[bool]

    def write(self, table: PublishedTable, file: BinaryIO) -> None:
        """Write a table to a file opened for bytes.

        Raises:
            ExportError: If the table cannot be written in this format.
        """
        ...
