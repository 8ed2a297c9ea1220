"""The interface of tables: the definition in a table's module, and the data that its builder reads.

A table is one `TableDefinition`, in one module. Another package adds one by an entry point of the group
`calsync.tables` that refers to such an object.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd

from calsync.analysis.periods import DateRange, PeriodLength, split_into_periods
from calsync.disclosure.release import Column, DisclosureClass, RawTable


@dataclass(frozen=True)
class TableRequest:
    """The days, groups and periods of a requested table.

    Args:
        first: The first day.
        last: The day after the last.
        by: The columns by which people are grouped, the widest group first; personal tables ignore them.
        every: How the days are cut into periods.
    """

    first: date
    last: date
    by: tuple[str, ...] = ()
    every: PeriodLength = PeriodLength.WHOLE

    @property
    def periods(self) -> list[DateRange]:
        """The periods, each with its first day and the day after its last."""
        return split_into_periods(self.first, self.last, self.every)


class TableData(Protocol):
    """The stored data of the requested days, as frames."""

    def minutes(self, manager_ids: Collection[str] | None = None) -> pd.DataFrame:
        """The allocations of some managers, or of all managers whose calendars were ever read.

        Columns: those of `calsync.model.allocation.Allocation`; planned: whether the day had not ended when
        the meeting's calendar was last read; meeting: the name of the meeting in everybody's calendars.
        """
        ...

    def people(self) -> pd.DataFrame:
        """The listed managers. Columns: manager_id, department, grade."""
        ...

    def contracted(self) -> pd.DataFrame:
        """Contracted minutes of every listed manager and day.

        Columns: manager_id, day, minutes, working, read (see `analysis.contributions.contracted_hours`).
        """
        ...

    def costs(self) -> pd.DataFrame | None:
        """Money an hour by grade, or None if the settings name no file of costs.

        Columns: grade, contract, productive.
        """
        ...


@dataclass(frozen=True)
class TableDefinition:
    """A table that `calsync export` offers.

    Args:
        name: One word; the name on the command line and in files.
        row: The meaning of a row, in Markdown, for the data dictionary.
        columns: All columns in their order, for tables of groups without the by-columns.
        disclosure: Who may be given it. It decides which raw table `build` returns: `PersonalRows` for
            PERSONAL, `GroupRows` for GROUPS.
        build: Computes the raw table; it raises no error if nothing is stored of the requested days.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    disclosure: DisclosureClass
    build: Callable[[TableData, TableRequest], RawTable]


_KNOWN_BY_COLUMNS = {
    "department": Column("department", "The managers' department, as in the list of managers"),
    "grade": Column("grade", "The managers' grade, as in the list of managers"),
}


def by_columns(by: Sequence[str]) -> tuple[Column, ...]:
    """Return the first columns of a table of groups."""
    return tuple(
        _KNOWN_BY_COLUMNS.get(name, Column(name, "The group, as in the list of managers")) for name in by
    )
