"""The tables that `calsync export` writes, in their final columns and order."""

from collections.abc import Sequence

import pandas as pd

from calsync.analysis.split import SPLIT_COLUMNS
from calsync.exports.base import Table
from calsync.exports.dictionary import columns_of

ALLOCATION_COLUMNS = (
    "manager_id",
    "day",
    "partnership",
    "activity",
    "kind",
    "confirmed",
    "in_hours",
    "planned",
    "minutes",
)
DECIMALS = 6
"""Figures are rounded to so many places: sums stay true to the second, files stay readable."""


def arrange_allocations(frame: pd.DataFrame) -> pd.DataFrame:
    """The audit table: one row for each manager, day and share of a meeting, sorted.

    frame: as `calsync.analysis.allocate.allocations_frame` gives it, with `planned` (no time is, where
    that is absent). Never suppressed, so never for HR.
    """
    frame = frame if "planned" in frame else frame.assign(planned=False)
    order = [*ALLOCATION_COLUMNS[:2], "meeting_id", *ALLOCATION_COLUMNS[2:-1]]
    return (
        frame.sort_values(order, kind="stable")
        .round(DECIMALS)[list(ALLOCATION_COLUMNS)]
        .reset_index(drop=True)
    )


def arrange_split(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The table of hours by group, period, partnership and activity, figures rounded."""
    return frame[[*by, *SPLIT_COLUMNS]].round(DECIMALS)


def build_allocations_table(frame: pd.DataFrame) -> Table:
    """The audit table with its columns explained."""
    return Table("allocations", arrange_allocations(frame), columns_of("allocations"))


def build_split_table(frame: pd.DataFrame, by: Sequence[str]) -> Table:
    """The split with its columns explained."""
    return Table("split", arrange_split(frame, by), columns_of("split", by))
