"""A table to a file: whole or not at all, with the meaning of its columns beside it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from calsync.errors import ExportError
from calsync.exports.base import Table
from calsync.exports.dictionary import dictionary_frame
from calsync.exports.registry import exporter_for
from calsync.exports.to_csv import csv_text


def write_table(table: Table, path: Path) -> tuple[Path, ...]:
    """Write a table in the format of the path's suffix and return the files written, the table first.

    A file that exists is replaced in one step once the new one is whole. `split.csv` comes with
    `split.columns.csv`, which says what the columns mean, unless the format has room for it.
    Raises ExportError.
    """
    exporter = exporter_for(path)
    _replace(path, lambda file: exporter.write(table, file))
    if exporter.carries_columns:
        return (path,)
    meanings = path.with_name(f"{path.stem}.columns.csv")
    _replace(meanings, lambda file: _write_meanings(table, file))
    return path, meanings


def write_alone(table: Table, path: Path) -> None:
    """Write a table in the format of the path's suffix, without a file of meanings; raises ExportError."""
    exporter = exporter_for(path)
    _replace(path, lambda file: exporter.write(table, file))


def _write_meanings(table: Table, file: BinaryIO) -> None:
    file.write(csv_text(dictionary_frame(table)).encode())


def _replace(path: Path, write: Callable[[BinaryIO], None]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror or error}"
        raise ExportError(what, "close it elsewhere, or choose another file with --to") from error
