"""Finds the class of a source by its type, built-in or from a plug-in, and opens sources from settings."""

from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from calsync.errors import CalsyncError, ConfigError, PluginError
from calsync.model.problem import Problem
from calsync.sources.base import Source
from calsync.validation import suggest_word, validation_problems

ENTRY_POINT_GROUP = "calsync.sources"
"""The entry-point group in which another package registers its sources."""

# Names of classes, which are imported when they are needed: a night that reads only files must not load the
# libraries of Microsoft 365.
BUILT_IN_SOURCES = {
    "ics": "calsync.sources.ics:IcsSource",
    "caldav": "calsync.sources.caldav.source:CaldavSource",
    "m365": "calsync.sources.m365.source:M365Source",
}


class SourceTypes(Mapping[str, type[Source]]):
    """Maps the `type` in the settings to the class of the source, which is imported when it is looked up."""

    def __init__(self, entry_point_by_type: Mapping[str, EntryPoint]) -> None:
        self._entry_point_by_type = entry_point_by_type

    def __getitem__(self, type_name: str) -> type[Source]:
        return _load_source_class(self._entry_point_by_type[type_name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entry_point_by_type)

    def __len__(self) -> int:
        return len(self._entry_point_by_type)


def source_types() -> SourceTypes:
    """Return all types of sources, the built-in ones first.

    Raises:
        ConfigError: Two packages register the same type.
    """
    built_in = [EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in BUILT_IN_SOURCES.items()]
    all_entry_points = [*built_in, *sorted(entry_points(group=ENTRY_POINT_GROUP), key=attrgetter("name"))]
    counts = Counter(entry_point.name for entry_point in all_entry_points)
    duplicates = [name for name, count in counts.items() if count > 1]
    if duplicates:
        raise ConfigError([_duplicate_type_problem(name, all_entry_points) for name in duplicates])
    return SourceTypes({entry_point.name: entry_point for entry_point in all_entry_points})


def open_source(name: str, table: Mapping[str, Any], *, base: Path) -> Source:
    """Open the source of the settings table `[sources.<name>]`.

    Args:
        name: The name of the source.
        table: Its settings, with `type`.
        base: The folder to which relative paths in the settings refer.

    Raises:
        ConfigError: The table has faults; the error contains all of them.
        PluginError: The source of another package cannot be loaded.
    """
    where = f"[sources.{name}]"
    source_class = _find_source_class(where, table)
    values = {key: value for key, value in table.items() if key != "type"}
    try:
        options = source_class.Options.model_validate(values, context={"base": base})
    except ValidationError as error:
        raise ConfigError(validation_problems(error, where, source_class.Options)) from error
    return source_class(name, options)


def _find_source_class(where: str, table: Mapping[str, Any]) -> type[Source]:
    types = source_types()
    known = f"known: {', '.join(types)}"
    if "type" not in table:
        raise ConfigError([Problem(f"{where} type", "is missing", f"add it; {known}")])
    type_name = str(table["type"])
    if type_name not in types:
        hint = suggest_word(type_name.lower(), list(types))
        raise ConfigError([Problem(f"{where} type", f"no such type of source: {type_name!r}", hint)])
    return types[type_name]


def _load_source_class(entry_point: EntryPoint) -> type[Source]:
    # A built-in source: an error in it is a bug of calsync and is not translated.
    if entry_point.dist is None:
        return entry_point.load()  # type: ignore[no-any-return]
    try:
        source_class = entry_point.load()
    except CalsyncError:
        raise
    except Exception as error:
        raise _plugin_error(entry_point, f"cannot be loaded: {type(error).__name__}: {error}") from error
    missing = [name for name in ("Options", "calendars", "fetch", "close") if not hasattr(source_class, name)]
    if missing:
        raise _plugin_error(entry_point, f"is not a source: it lacks {', '.join(missing)}")
    if not (isinstance(source_class.Options, type) and issubclass(source_class.Options, BaseModel)):
        raise _plugin_error(entry_point, "is not a source: its Options is not a pydantic model")
    return source_class  # type: ignore[no-any-return]


def _plugin_error(entry_point: EntryPoint, what: str) -> PluginError:
    distribution = _distribution_name(entry_point)
    hint = f"update or remove the package {distribution}, or ask its authors"
    return PluginError(distribution, f"the source {entry_point.name!r} ({entry_point.value}) {what}", hint)


def _duplicate_type_problem(name: str, all_entry_points: list[EntryPoint]) -> Problem:
    packages = " and ".join(
        _distribution_name(entry_point) for entry_point in all_entry_points if entry_point.name == name
    )
    return Problem(f"source type {name!r}", f"is registered by {packages}", "remove one of these packages")


def _distribution_name(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else "calsync"
