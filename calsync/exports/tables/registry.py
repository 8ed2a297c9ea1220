"""Finds and builds tables: calsync's own, and those of other packages."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint

from calsync.disclosure.release import DisclosureClass, GroupRows, PersonalRows, RawTable
from calsync.errors import ConfigError
from calsync.exports.plugins import find_entry_points, load_entry_point, plugin_error
from calsync.exports.tables import allocations, split
from calsync.exports.tables.base import TableData, TableDefinition, TableRequest, by_columns
from calsync.model.problem import Problem
from calsync.validation import suggest_word

TABLE_ENTRY_POINTS = "calsync.tables"
"""The entry-point group for tables of other packages; each entry point is a `TableDefinition`."""

BUILT_IN_TABLES = {table.name: table for table in (allocations.TABLE, split.TABLE)}
_RAW_TYPES: dict[DisclosureClass, type[RawTable]] = {
    DisclosureClass.GROUPS: GroupRows,
    DisclosureClass.PERSONAL: PersonalRows,
}


def table_names(plugins: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """Return the names of all tables, calsync's own first; raises ConfigError if two packages provide one."""
    return (*BUILT_IN_TABLES, *find_entry_points(TABLE_ENTRY_POINTS, "table", BUILT_IN_TABLES, plugins))


def find_table(name: str, plugins: Iterable[EntryPoint] | None = None) -> TableDefinition:
    """Return the table of this name.

    Raises:
        ConfigError: If there is none, or two packages provide it.
        PluginError: If another package's table cannot be used.
    """
    if name in BUILT_IN_TABLES:
        return BUILT_IN_TABLES[name]
    points = find_entry_points(TABLE_ENTRY_POINTS, "table", BUILT_IN_TABLES, plugins)
    if name not in points:
        hint = suggest_word(name, [*BUILT_IN_TABLES, *points])
        raise ConfigError([Problem(f"table {name}", "there is no such table", hint)])
    point = points[name]
    table = load_entry_point(point, "table")
    if not isinstance(table, TableDefinition):
        raise plugin_error(point, "table", "is no TableDefinition")
    if table.name != name:
        raise plugin_error(point, "table", f"has another name: {table.name!r}")
    return table


def all_tables(plugins: Iterable[EntryPoint] | None = None) -> list[TableDefinition]:
    """Return all tables, calsync's own first; raises as `find_table` does."""
    points = None if plugins is None else list(plugins)
    return [find_table(name, points) for name in table_names(points)]


def build_table(definition: TableDefinition, data: TableData, request: TableRequest) -> RawTable:
    """Build a table and compare it with its definition.

    Raises:
        ConfigError: If its name, disclosure class or columns are not those of the definition.
    """
    raw = definition.build(data, request)
    expected = (
        (*by_columns(request.by), *definition.columns) if isinstance(raw, GroupRows) else definition.columns
    )
    faults = []
    if not isinstance(raw, _RAW_TYPES[definition.disclosure]):
        faults.append(f"is of class {definition.disclosure}, and its builder returns {type(raw).__name__}")
    if (raw.name, raw.columns) != (definition.name, expected):
        faults.append("has other columns than its definition")
    if faults:
        hint = "ask the authors of the table"
        raise ConfigError([Problem(f"table {definition.name}", fault, hint) for fault in faults])
    return raw
