"""Raw and published tables: no table is written that has not been released here.

A table's builder returns a `RawTable`. Exporters take a `PublishedTable`, and only the functions of this
module create one:

    GroupRows     --release_to_hr-->      figures of groups, small groups merged, for HR
    PersonalRows  --release_for_audit-->  rows that name single managers, for the data owner only
    SuppliedRows  --release_supplied-->   rows that the user gave in a file, with what was added to them
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
"""Figures are rounded to so many decimals: sums are true to the second, and files are readable."""


class DisclosureClass(StrEnum):
    """Who may be given a table of what is stored."""

    GROUPS = "groups"
    """Figures of groups of people: for HR, after `release_to_hr`."""
    PERSONAL = "personal"
    """Rows that name single managers: for the data owner, never for HR; after `release_for_audit`."""


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
    """Rows that name single managers, not yet released. frame: with exactly these columns."""

    name: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame


@dataclass(frozen=True)
class GroupRows:
    """What the figures of groups are computed from, not yet released.

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
    """Rows that the user gave in a file: nothing in them comes from the store."""

    name: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame


RawTable = GroupRows | PersonalRows


@final
class _ReleaseKey:
    """Shows that a function of this module creates the table."""


_KEY: Final = _ReleaseKey()


@final
@dataclass(frozen=True, eq=False)
class PublishedTable:
    """A table that may be written; every column is explained, in the order of the frame.

    Its constructor is private to this module. mypy reports any other call, because nobody else has a
    `_ReleaseKey`; at run time it raises TypeError, and exporters refuse copies and forged instances.
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
        explained = [column.name for column in self.columns]
        if explained != list(self._frame.columns):
            raise ValueError(f"table {self.name}: columns {list(self._frame.columns)}, explained {explained}")
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
"""The tables that went through a constructor call of this module."""
_DICTIONARY = (
    Column("table", "Name of the table"),
    Column("column", "Name of the column"),
    Column("meaning", "What it means"),
    Column("unit", "Unit of the figures"),
    Column("type", "text, date, boolean, number or count"),
)


def require_published(table: object) -> None:
    """Raise TypeError unless this very object was released here."""
    if not (isinstance(table, PublishedTable) and table in _RELEASED):
        raise TypeError(f"{type(table).__name__} has not been released by calsync.disclosure.release")


@dataclass(frozen=True)
class HrRelease:
    """A table for HR. protected: what disclosure control did to it."""

    table: PublishedTable
    protected: ProtectedSplit


def release_to_hr(raw: GroupRows, *, least: int) -> HrRelease:
    """Compute the figures of groups and apply disclosure control to them.

    Args:
        raw: What the figures are computed from.
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
    """Release rows that name single managers, unchanged but rounded: for the data owner, never for HR."""
    return PublishedTable(raw.name, raw.columns, DisclosureClass.PERSONAL, raw.frame.round(DECIMALS), _KEY)


def release_supplied(raw: SuppliedRows) -> PublishedTable:
    """Release rows that the user gave in a file, for the user."""
    return PublishedTable(raw.name, raw.columns, None, raw.frame, _KEY)
