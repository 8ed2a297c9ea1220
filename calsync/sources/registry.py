"""Finds sources by their type, built-in ones and those of other packages, and opens them from settings."""

from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from calsync.errors import CalsyncError, ConfigError, PluginError
from calsync.model.problem import Problem
from calsync.sources.base import Source
from calsync.validation import suggest_word, validation_problems

ENTRY_POINT_GROUP = "calsync.sources"
"""The entry-point group in which another package registers its sources."""

# By name, not imported: reading files must not load the libraries of Microsoft 365.
BUILT_IN_SOURCES = {
    "ics": "calsync.sources.ics:IcsSource",
    "caldav": "calsync.sources.caldav.source:CaldavSource",
    "m365": "calsync.sources.m365.source:M365Source",
}


class SourceTypes(Mapping[str, type[Source]]):
    """Source classes by the `type` in the settings; each is imported when it is looked up."""

    def __init__(self, points: Mapping[str, EntryPoint]) -> None:
        self._points = points

    def __getitem__(self, name: str) -> type[Source]:
        return _load_source_type(self._points[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)


def source_types() -> SourceTypes:
    """Every type of source, built-in ones first.

    Raises:
        ConfigError: two packages register the same type.
    """
    built_in = [EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in BUILT_IN_SOURCES.items()]
    points = [*built_in, *sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)]
    counts = Counter(point.name for point in points)
    duplicates = [name for name, count in counts.items() if count > 1]
    if duplicates:
        raise ConfigError([_duplicate_type_problem(name, points) for name in duplicates])
    return SourceTypes({point.name: point for point in points})


def open_source(name: str, table: Mapping[str, Any], *, base: Path) -> Source:
    """Open the source of the settings table `[sources.<name>]`.

    Args:
        name: of the source.
        table: its settings, with `type`.
        base: where relative paths start.

    Raises:
        ConfigError: with every fault of the table.
        PluginError: the source of another package cannot be loaded.
    """
    where = f"[sources.{name}]"
    source_class = _source_class(where, table)
    options = {key: value for key, value in table.items() if key != "type"}
    try:
        valid = source_class.Options.model_validate(options, context={"base": base})
    except ValidationError as error:
        raise ConfigError(validation_problems(error, where, source_class.Options)) from error
    return source_class(name, valid)


def _source_class(where: str, table: Mapping[str, Any]) -> type[Source]:
    types = source_types()
    known = f"known: {', '.join(types)}"
    if "type" not in table:
        raise ConfigError([Problem(f"{where} type", "is missing", f"add it; {known}")])
    type_name = str(table["type"])
    if type_name not in types:
        hint = suggest_word(type_name.lower(), list(types))
        raise ConfigError([Problem(f"{where} type", f"no such type of source: {type_name!r}", hint)])
    return types[type_name]


def _load_source_type(point: EntryPoint) -> type[Source]:
    if point.dist is None:  # built-in: a fault in it is a bug, which is raised as it is
        return point.load()  # type: ignore[no-any-return]
    try:
        source_class = point.load()
    except CalsyncError:
        raise
    except Exception as error:
        raise _plugin_error(point, f"cannot be loaded: {type(error).__name__}: {error}") from error
    missing = [part for part in ("Options", "calendars", "fetch", "close") if not hasattr(source_class, part)]
    if missing:
        raise _plugin_error(point, f"is no source: it lacks {', '.join(missing)}")
    if not (isinstance(source_class.Options, type) and issubclass(source_class.Options, BaseModel)):
        raise _plugin_error(point, "is no source: its Options are no pydantic model")
    return source_class  # type: ignore[no-any-return]


def _plugin_error(point: EntryPoint, what: str) -> PluginError:
    distribution = _distribution_name(point)
    hint = f"update or remove the package {distribution}, or ask its authors"
    return PluginError(distribution, f"the source {point.name!r} ({point.value}) {what}", hint)


def _duplicate_type_problem(name: str, points: list[EntryPoint]) -> Problem:
    packages = " and ".join(_distribution_name(point) for point in points if point.name == name)
    return Problem(f"source type {name!r}", f"is claimed by {packages}", "remove one of these packages")


def _distribution_name(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "calsync"
