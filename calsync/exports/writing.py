"""A table to a private file: whole or not at all, with the meaning of its columns beside it."""

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

    Each file is 0600. One that exists is replaced in one step once the new one is whole. `split.csv`
    comes with `split.columns.csv`, which explains the columns, unless the format has room for that.

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
    """Write a table as `write_table` does, without a file of meanings."""
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
