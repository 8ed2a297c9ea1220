"""Which sources there are: ours by name first, then those of other people's packages."""

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
"""The entry-point group in which another package names its sources."""

# Named, not imported: who reads files only does not load the libraries of Microsoft 365.
BUILT_IN_SOURCES = {
    "ics": "calsync.sources.ics:IcsSource",
    "caldav": "calsync.sources.caldav.source:CaldavSource",
    "m365": "calsync.sources.m365.source:M365Source",
}


class SourceTypes(Mapping[str, type[Source]]):
    """Sources by the `type` that settings give; each is imported when it is asked for."""

    def __init__(self, points: Mapping[str, EntryPoint]) -> None:
        self._points = points

    def __getitem__(self, name: str) -> type[Source]:
        return _load_source_type(self._points[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)


def source_types() -> SourceTypes:
    """Every kind of source by name, ours first; raises ConfigError where two packages claim one name."""
    ours = [EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in BUILT_IN_SOURCES.items()]
    points = [*ours, *sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)]
    counts = Counter(point.name for point in points)
    doubles = [name for name, count in counts.items() if count > 1]
    if doubles:
        raise ConfigError([_duplicate_type_problem(name, points) for name in doubles])
    return SourceTypes({point.name: point for point in points})


def open_source(name: str, table: Mapping[str, Any], *, base: Path) -> Source:
    """The source that the settings table `[sources.<name>]` describes; relative paths start at `base`.

    Raises ConfigError with every fault of the table, PluginError where another package's source breaks.
    """
    where = f"[sources.{name}]"
    kind = _source_type(where, table)
    options = {key: value for key, value in table.items() if key != "type"}
    try:
        valid = kind.Options.model_validate(options, context={"base": base})
    except ValidationError as error:
        raise ConfigError(validation_problems(error, where, kind.Options)) from error
    return kind(name, valid)


def _source_type(where: str, table: Mapping[str, Any]) -> type[Source]:
    types = source_types()
    known = f"known: {', '.join(types)}"
    if "type" not in table:
        raise ConfigError([Problem(f"{where} type", "is missing", f"add it; {known}")])
    wanted = str(table["type"])
    if wanted not in types:
        hint = suggest_word(wanted.lower(), list(types))
        raise ConfigError([Problem(f"{where} type", f"no such kind of source: {wanted!r}", hint)])
    return types[wanted]


def _load_source_type(point: EntryPoint) -> type[Source]:
    if point.dist is None:  # one of ours: a fault in it is a bug and keeps its traceback
        return point.load()  # type: ignore[no-any-return]
    try:
        found = point.load()
    except CalsyncError:
        raise
    except Exception as error:
        raise _plugin_error(point, f"cannot be loaded: {type(error).__name__}: {error}") from error
    lacking = [part for part in ("Options", "calendars", "fetch", "close") if not hasattr(found, part)]
    if lacking:
        raise _plugin_error(point, f"is no source: it lacks {', '.join(lacking)}")
    if not (isinstance(found.Options, type) and issubclass(found.Options, BaseModel)):
        raise _plugin_error(point, "is no source: its Options are no pydantic model")
    return found  # type: ignore[no-any-return]


def _plugin_error(point: EntryPoint, what: str) -> PluginError:
    distribution = _distribution_name(point)
    hint = f"update or remove the package {distribution}, or ask its authors"
    return PluginError(distribution, f"the source {point.name!r} ({point.value}) {what}", hint)


def _duplicate_type_problem(name: str, points: list[EntryPoint]) -> Problem:
    owners = " and ".join(_distribution_name(point) for point in points if point.name == name)
    return Problem(f"source type {name!r}", f"is claimed by {owners}", "remove one of these packages")


def _distribution_name(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "calsync"
