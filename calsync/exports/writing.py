"""Writes a table to a private file, atomically, with the meanings of its columns next to it."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from calsync.disclosure.release import PublishedTable, require_published
from calsync.errors import ExportError
from calsync.exports.registry import find_exporter
from calsync.exports.to_csv import format_csv
from calsync.private_files import is_device, replace_private_file


def write_table(table: PublishedTable, path: Path) -> tuple[Path, ...]:
    """Write a table in the format of the path's suffix and return the files written, the table first.

    Each file has mode 0600. An existing file is replaced in one step, when the new one is complete. Next to
    `split.csv`, a file `split.columns.csv` describes the columns, unless the format includes the meanings.

    Raises:
        TypeError: If the table has not been released by `calsync.disclosure.release`.
        ExportError: If it cannot be written.
    """
    require_published(table)
    exporter = find_exporter(path)
    _replace_file(path, lambda file: exporter.write(table, file))
    if exporter.carries_columns or is_device(path):
        return (path,)
    meanings = path.with_name(f"{path.stem}.columns.csv")
    _replace_file(meanings, lambda file: file.write(format_csv(table.describe_columns()).encode()))
    return path, meanings


def write_table_only(table: PublishedTable, path: Path) -> None:
    """Write a table as `write_table` does, without a file that describes its columns."""
    require_published(table)
    exporter = find_exporter(path)
    _replace_file(path, lambda file: exporter.write(table, file))


def _replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    try:
        with replace_private_file(path) as file:
            write(file)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror or error}"
        raise ExportError(what, "close it elsewhere, or choose another file with --to") from error
