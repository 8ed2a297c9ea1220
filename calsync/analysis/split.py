"""Process against improvement: the table of hours by group, period, partnership and activity."""

from collections.abc import Sequence

import pandas as pd

from calsync.analysis.contributions import PERIOD, ROWS, contracted_hours, contributions
from calsync.analysis.periods import Period

SPLIT_COLUMNS = (
    *PERIOD,
    "partnership",
    "activity",
    "managers",
    "meetings",
    "hours",
    "hours_low",
    "hours_high",
    "estimate",
    "share_of_contracted",
    "share_of_diarised",
    "cost_contract",
    "cost_productive",
)
_SUMS = ("hours", "hours_low", "hours_high")
_COSTS = ("cost_contract", "cost_productive")


def split(
    allocations: pd.DataFrame,
    people: pd.DataFrame,
    contracted: pd.DataFrame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    costs: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Hours by group, period, partnership and activity, with their bounds.

    allocations: as `allocations_frame` gives them. people: manager_id and the by-columns, and grade
    for costs; a manager who is not listed stands in the group "". contracted: manager_id, day,
    minutes. costs: grade, contract, productive (money an hour). periods: (first day, day after).
    Columns: the by-columns, then `SPLIT_COLUMNS`. `hours` over all rows of a period add up to the
    confirmed hours; see `calsync.analysis.contributions` for the bounds. `meetings` counts
    attendances: one meeting in three managers' calendars is three.
    """
    lines = contributions(allocations, people, by=by, periods=periods, costs=costs)
    return tabulate(lines, contracted_hours(contracted, people, by=by, periods=periods), by=by)


def tabulate(lines: pd.DataFrame, contracted: pd.DataFrame, *, by: Sequence[str]) -> pd.DataFrame:
    """Add contributions up to rows; contracted as `contracted_hours` gives it, in the same groups."""
    keys = [*by, *PERIOD, "partnership", "activity"]
    rows = lines.groupby(keys)[list(_SUMS)].sum()
    # One unknown rate makes the whole cost unknown: a part of it would look like all of it.
    rows = rows.join(lines.groupby(keys)[list(_COSTS)].sum(skipna=False))
    sure = lines[lines["hours"] > 0].groupby(keys)
    rows["managers"] = sure["manager_id"].nunique()
    rows["meetings"] = sure["meeting_id"].nunique()
    rows = rows.fillna({"managers": 0, "meetings": 0}).astype({"managers": "int64", "meetings": "int64"})
    rows = rows.reset_index().assign(estimate="bounds")
    group = [*by, *PERIOD]
    diarised = lines.groupby(group)["hours"].sum().rename("diarised")
    due = contracted.groupby(group)["hours"].sum().rename("due")
    rows = rows.join(diarised, on=group).join(due, on=group)
    rows["share_of_diarised"] = rows["hours"] / rows["diarised"].where(rows["diarised"] > 0)
    rows["share_of_contracted"] = rows["hours"] / rows["due"].where(rows["due"] > 0)
    return in_order(rows, by)[[*by, *SPLIT_COLUMNS]]


def in_order(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Rows by group, period, partnership (none of them last), then activity in the order of `ROWS`."""
    rank = {str(activity): place for place, activity in enumerate(ROWS)}
    ranked = rows.assign(
        _last=rows["partnership"] == "", _rank=rows["activity"].map(rank).fillna(len(rank)).astype("int64")
    )
    order = [*by, *PERIOD, "_last", "partnership", "_rank", "activity"]
    return ranked.sort_values(order, kind="stable").drop(columns=["_last", "_rank"]).reset_index(drop=True)
