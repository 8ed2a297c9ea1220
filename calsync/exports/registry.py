"""Finds the file format for a path: calsync's own formats, then those of other packages."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path

from calsync.errors import CalsyncError, ExportError
from calsync.exports.base import Exporter
from calsync.exports.plugins import find_entry_points, load_entry_point, plugin_error
from calsync.exports.to_csv import CsvExporter
from calsync.exports.to_json import JsonExporter
from calsync.exports.to_parquet import ParquetExporter
from calsync.exports.to_xlsx import XlsxExporter
from calsync.private_files import is_device

EXPORTER_ENTRY_POINTS = "calsync.exporters"
"""The entry-point group for formats of other packages; names are suffixes without the dot."""

BUILT_IN_EXPORTERS: dict[str, type[Exporter]] = {
    "csv": CsvExporter,
    "xlsx": XlsxExporter,
    "parquet": ParquetExporter,
    "json": JsonExporter,
}


def known_suffixes(plugins: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """Return the suffixes of files that can be written, with their dots; calsync's own first."""
    points = find_entry_points(EXPORTER_ENTRY_POINTS, "exporter", BUILT_IN_EXPORTERS, plugins)
    return tuple(f".{name}" for name in (*BUILT_IN_EXPORTERS, *points))


def find_exporter(path: Path, plugins: Iterable[EntryPoint] | None = None) -> Exporter:
    """Return the exporter for a path, by its suffix; CSV for a device or a pipe without one.

    Args:
        path: The file to write.
        plugins: Entry points of other packages; by default those that are installed.

    Raises:
        ExportError: If no format has this suffix.
        ConfigError: If two packages provide one suffix.
        PluginError: If the exporter of another package cannot be used.
    """
    points = find_entry_points(EXPORTER_ENTRY_POINTS, "exporter", BUILT_IN_EXPORTERS, plugins)
    name = path.suffix.lower().removeprefix(".") or ("csv" if is_device(path) else "")
    if name in BUILT_IN_EXPORTERS:
        return BUILT_IN_EXPORTERS[name]()
    if name in points:
        return _load_plugin(points[name])
    known = ", ".join(f".{known}" for known in (*BUILT_IN_EXPORTERS, *points))
    raise ExportError(f"no format is known by the suffix {path.suffix!r} of {path.name}", f"known: {known}")


def _load_plugin(point: EntryPoint) -> Exporter:
    create = load_entry_point(point, "exporter")
    try:
        exporter = create()  # type: ignore[operator]
    except CalsyncError:
        raise
    except Exception as error:
        what = f"cannot be loaded: {type(error).__name__}: {error}"
        raise plugin_error(point, "exporter", what) from error
    if not isinstance(exporter, Exporter):
        raise plugin_error(point, "exporter", "is no exporter: it lacks carries_columns or write")
    return exporter
