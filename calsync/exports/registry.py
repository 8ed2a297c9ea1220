"""Which formats there are: ours first, then those of other people's packages."""

from collections import Counter
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from calsync.errors import CalsyncError, ConfigError, ExportError, PluginError
from calsync.exports.base import Exporter
from calsync.exports.to_csv import CsvExporter
from calsync.exports.to_json import JsonExporter
from calsync.exports.to_parquet import ParquetExporter
from calsync.exports.to_xlsx import XlsxExporter
from calsync.model.problem import Problem
from calsync.private_files import is_device

ENTRY_POINT_GROUP = "calsync.exporters"
"""The entry-point group in which another package names its formats, by suffix without the dot."""

BUILT_IN_EXPORTERS: dict[str, type[Exporter]] = {
    "csv": CsvExporter,
    "xlsx": XlsxExporter,
    "parquet": ParquetExporter,
    "json": JsonExporter,
}


def known_suffixes(plugins: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """The suffixes of files that can be written, with their dots: ours first."""
    points = _index_plugins(entry_points(group=ENTRY_POINT_GROUP) if plugins is None else plugins)
    return tuple(f".{name}" for name in (*BUILT_IN_EXPORTERS, *points))


def find_exporter(path: Path, plugins: Iterable[EntryPoint] | None = None) -> Exporter:
    """The exporter for a path, by its suffix; CSV for a device or a pipe that has none.

    Raises ExportError for a suffix nobody writes, ConfigError where two packages claim one, and
    PluginError where another package's exporter breaks. plugins: those installed, if not given.
    """
    points = _index_plugins(entry_points(group=ENTRY_POINT_GROUP) if plugins is None else plugins)
    name = path.suffix.lower().removeprefix(".") or ("csv" if is_device(path) else "")
    if name in BUILT_IN_EXPORTERS:
        return BUILT_IN_EXPORTERS[name]()
    if name in points:
        return _load_plugin(points[name])
    known = ", ".join(f".{known}" for known in (*BUILT_IN_EXPORTERS, *points))
    raise ExportError(f"no format is known by the suffix {path.suffix!r} of {path.name}", f"known: {known}")


def _index_plugins(plugins: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    points = sorted(plugins, key=lambda point: point.name)
    counts = Counter([*BUILT_IN_EXPORTERS, *(point.name for point in points)])
    doubles = [name for name, count in counts.items() if count > 1]
    if doubles:
        raise ConfigError([_conflict_problem(name, points) for name in doubles])
    return {point.name: point for point in points}


def _conflict_problem(name: str, points: Iterable[EntryPoint]) -> Problem:
    ours = ["calsync"] if name in BUILT_IN_EXPORTERS else []
    owners = " and ".join([*ours, *(_distribution_name(point) for point in points if point.name == name)])
    return Problem(f"exporter {name!r}", f"is claimed by {owners}", "remove one of these packages")


def _load_plugin(point: EntryPoint) -> Exporter:
    try:
        exporter = point.load()()
    except CalsyncError:
        raise
    except Exception as error:
        raise _plugin_error(point, f"cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(exporter, Exporter):
        raise _plugin_error(point, "is no exporter: it lacks carries_columns or write")
    return exporter


def _plugin_error(point: EntryPoint, what: str) -> PluginError:
    distribution = _distribution_name(point)
    hint = f"update or remove the package {distribution}, or ask its authors"
    return PluginError(distribution, f"the exporter {point.name!r} ({point.value}) {what}", hint)


def _distribution_name(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module
