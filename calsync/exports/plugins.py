"""Entry points by which other packages provide formats and tables."""

from collections import Counter
from collections.abc import Collection, Iterable
from importlib.metadata import EntryPoint, entry_points

from calsync.errors import CalsyncError, ConfigError, PluginError
from calsync.model.problem import Problem


def find_entry_points(
    group: str, kind: str, built_in: Collection[str], plugins: Iterable[EntryPoint] | None = None
) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name, sorted.

    Args:
        group: Such as `calsync.exporters`.
        kind: What they provide, for messages: `exporter`.
        built_in: Names that calsync itself provides.
        plugins: The entry points; by default those of the installed packages.

    Raises:
        ConfigError: If two packages provide one name.
    """
    points = sorted(entry_points(group=group) if plugins is None else plugins, key=lambda point: point.name)
    counts = Counter([*built_in, *(point.name for point in points)])
    if duplicates := [name for name, count in counts.items() if count > 1]:
        raise ConfigError([_duplicate_problem(kind, name, built_in, points) for name in duplicates])
    return {point.name: point for point in points}


def load_entry_point(point: EntryPoint, kind: str) -> object:
    """Import the object of an entry point; raises PluginError where that fails."""
    try:
        return point.load()
    except CalsyncError:
        raise
    except Exception as error:
        raise plugin_error(point, kind, f"cannot be loaded: {type(error).__name__}: {error}") from error


def plugin_error(point: EntryPoint, kind: str, what: str) -> PluginError:
    """The error for an object of another package that cannot be used."""
    distribution = _distribution(point)
    hint = f"update or remove the package {distribution}, or ask its authors"
    return PluginError(distribution, f"the {kind} {point.name!r} ({point.value}) {what}", hint)


def _duplicate_problem(
    kind: str, name: str, built_in: Collection[str], points: Iterable[EntryPoint]
) -> Problem:
    owners = ["calsync"] if name in built_in else []
    owners += [_distribution(point) for point in points if point.name == name]
    return Problem(
        f"{kind} {name!r}", f"is registered by {' and '.join(owners)}", "remove one of these packages"
    )


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module
