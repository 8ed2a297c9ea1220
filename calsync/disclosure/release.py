"""Raw and published tables: only tables that are released here can be written.

A table's builder returns a `RawTable`. Exporters take a `PublishedTable`, and only the functions of this
module create one:

    GroupRows     --release_to_hr-->      figures of groups, small groups merged, for HR
    PersonalRows  --release_for_audit-->  rows about single managers, for the data owner only
    SuppliedRows  --release_supplied-->   rows from a file of the user, with added columns
"""

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from enum import StrEnum
from typing import Final, Never, final
from weakref import WeakSet

import pandas as pd

from calsync.analysis.periods import DateRange
from calsync.disclosure.threshold import ProtectedSplit, protect_split

DECIMALS = 6
"""Figures are rounded to this many decimals: sums are correct to the second, and files are readable."""


class DisclosureClass(StrEnum):
    """Who may be given a table."""

    GROUPS = "groups"
    """Figures of groups of people: for HR, after `release_to_hr`."""
    PERSONAL = "personal"
    """Rows about single managers: for the data owner, never for HR; after `release_for_audit`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        name: The heading.
        meaning: One sentence for the data dictionary.
        unit: "" where it has none.
        kind: text, date, boolean, number or count.
    """

    name: str
    meaning: str
    unit: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class PersonalRows:
    """Rows about single managers, not yet released. frame: with exactly these columns."""

    name: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame


@dataclass(frozen=True)
class GroupRows:
    """The data that figures of groups are computed from, not yet released.

    Args:
        name: The table's name.
        columns: Columns of the published table: those of `by`, then any of `SPLIT_COLUMNS`.
        by: The columns of `people` that managers are grouped by, the widest group first.
        periods: They do not overlap.
        allocations, people, contracted, costs: See `calsync.analysis.split.split_hours`.
    """

    name: str
    columns: tuple[Column, ...]
    by: tuple[str, ...]
    periods: Sequence[DateRange]
    allocations: pd.DataFrame
    people: pd.DataFrame
    contracted: pd.DataFrame
    costs: pd.DataFrame | None = None


@dataclass(frozen=True)
class SuppliedRows:
    """Rows from a file of the user, not yet released; they contain nothing from the store."""

    name: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame


RawTable = GroupRows | PersonalRows


@final
class _ReleaseKey:
    """Proves that a function of this module creates the table."""


_KEY: Final = _ReleaseKey()


@final
@dataclass(frozen=True, eq=False)
class PublishedTable:
    """A table that may be written. `columns` describes every column of the frame, in its order.

    Its constructor is private to this module. mypy reports any other call, because other modules have no
    `_ReleaseKey`; at run time it raises TypeError, and exporters reject copies and forged instances.
    """

    name: str
    columns: tuple[Column, ...]
    disclosure: DisclosureClass | None
    """None for rows that the user supplied."""
    _frame: pd.DataFrame = field(repr=False)
    key: InitVar[_ReleaseKey]

    def __post_init__(self, key: _ReleaseKey) -> None:
        if key is not _KEY:
            raise TypeError("a published table is created by calsync.disclosure.release only")
        described = [column.name for column in self.columns]
        if described != list(self._frame.columns):
            raise ValueError(f"table {self.name}: columns {list(self._frame.columns)}, described {described}")
        _RELEASED.add(self)

    def __init_subclass__(cls) -> Never:
        raise TypeError("PublishedTable has no subclasses")

    def __reduce__(self) -> Never:
        raise TypeError("a published table is neither copied nor pickled")

    @property
    def frame(self) -> pd.DataFrame:
        """The rows; a change of this frame does not change the table."""
        return self._frame.copy(deep=False)  # pandas copies on write

    def describe_columns(self) -> "PublishedTable":
        """Return the data dictionary of the table, itself a table: table, column, meaning, unit, type."""
        rows = [(self.name, c.name, c.meaning, c.unit, c.kind) for c in self.columns]
        frame = pd.DataFrame(rows, columns=[column.name for column in _DICTIONARY])
        return PublishedTable("columns", _DICTIONARY, self.disclosure, frame, _KEY)


_RELEASED: WeakSet[PublishedTable] = WeakSet()
"""The tables that were created by this module."""
_DICTIONARY = (
    Column("table", "Name of the table"),
    Column("column", "Name of the column"),
    Column("meaning", "What it means"),
    Column("unit", "Unit of the figures"),
    Column("type", "text, date, boolean, number or count"),
)


def require_published(table: object) -> None:
    """Raise TypeError unless this object was released here."""
    if not (isinstance(table, PublishedTable) and table in _RELEASED):
        raise TypeError(f"{type(table).__name__} has not been released by calsync.disclosure.release")


@dataclass(frozen=True)
class HrRelease:
    """A table for HR. protected: the split it was made from, with counts of changed rows and cells."""

    table: PublishedTable
    protected: ProtectedSplit


def release_to_hr(raw: GroupRows, *, least: int) -> HrRelease:
    """Compute the figures of groups and apply disclosure control to them.

    Args:
        raw: The data that the figures are computed from.
        least: The smallest number of people that a figure may stand for, 5 or more.

    Raises:
        ConfigError: If `least` is below 5, periods overlap, or a by-column is unknown.
    """
    protected = protect_split(
        raw.allocations,
        raw.people,
        raw.contracted,
        by=raw.by,
        periods=raw.periods,
        costs=raw.costs,
        least=least,
    )
    frame = protected.table[[column.name for column in raw.columns]].round(DECIMALS)
    table = PublishedTable(raw.name, raw.columns, DisclosureClass.GROUPS, frame, _KEY)
    return HrRelease(table, protected)


def release_for_audit(raw: PersonalRows) -> PublishedTable:
    """Release rows about single managers, rounded, for the data owner; never for HR."""
    return PublishedTable(raw.name, raw.columns, DisclosureClass.PERSONAL, raw.frame.round(DECIMALS), _KEY)


def release_supplied(raw: SuppliedRows) -> PublishedTable:
    """Release rows from a file of the user."""
    return PublishedTable(raw.name, raw.columns, None, raw.frame, _KEY)
