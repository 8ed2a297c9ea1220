"""Computes the split, hours by group, period, partnership, activity and label, before disclosure control."""

from collections.abc import Sequence

import pandas as pd

from calsync.analysis.contributions import (
    ACTIVITY_ROWS,
    COST_BASES,
    PERIOD_COLUMNS,
    ROW_COLUMNS,
    build_contributions,
    contracted_hours,
    hourly_costs,
)
from calsync.analysis.periods import DateRange

SPLIT_COLUMNS = (
    *PERIOD_COLUMNS,
    *ROW_COLUMNS,
    "managers",
    "meetings",
    "attendances",
    "hours",
    "hours_low",
    "hours_high",
    "estimate",
    "hours_planned",
    "share_of_contracted",
    "share_of_diarised",
    "covered",
    "cost_contract",
    "cost_productive",
)
_SUMS = ("hours", "hours_low", "hours_high", "hours_planned")
_COUNTS = ("managers", "meetings", "attendances")


def split_hours(
    allocations: pd.DataFrame,
    people: pd.DataFrame,
    contracted: pd.DataFrame,
    *,
    by: Sequence[str],
    periods: Sequence[DateRange],
    costs: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compute hours by group, period, partnership, activity and label, with their bounds.

    Args:
        allocations: See `build_contributions`.
        people: Columns manager_id, the by-columns, and grade for costs. A manager who is not listed is in the
            group "".
        contracted: See `contracted_hours`.
        by: The columns of `people` to group by, the widest group first.
        periods: May overlap.
        costs: Columns grade, contract, productive (money an hour).

    Returns:
        The by-columns, then `SPLIT_COLUMNS`. `hours` over all rows of a period add up to the confirmed hours
        that have happened. See `calsync.analysis.contributions` for the bounds, `aggregate_contributions` for
        the cost.
    """
    return aggregate_contributions(
        build_contributions(allocations, people, by=by, periods=periods),
        contracted_hours(contracted, people, by=by, periods=periods),
        hourly_costs(people, costs, by=by, periods=periods),
        by=by,
    )


def aggregate_contributions(
    lines: pd.DataFrame, contracted: pd.DataFrame, rates: pd.DataFrame, *, by: Sequence[str]
) -> pd.DataFrame:
    """Sum contributions by row.

    Cost is the row's hours times one rate for its group: the mean hourly cost of all managers listed in the
    group, with hours or without. The rate depends on the list of managers and the costs alone. If each hour
    had the rate of its own manager, hours and two costs would be three equations for the hours of three
    grades, one of which may be one person's.

    Args:
        lines: As `build_contributions` returns them.
        contracted: As `contracted_hours` returns it.
        rates: As `hourly_costs` returns them.
        by: The by-columns.
    """
    keys = [*by, *PERIOD_COLUMNS, *ROW_COLUMNS]
    rows = lines.groupby(keys)[list(_SUMS)].sum()
    confirmed = lines[lines["hours"] > 0]
    rows["managers"] = confirmed.groupby(keys)["manager_id"].nunique()
    rows["meetings"] = confirmed.groupby(keys)["meeting"].nunique()
    rows["attendances"] = confirmed.drop_duplicates([*keys, "manager_id", "meeting"]).groupby(keys).size()
    counts = dict.fromkeys(_COUNTS, 0)
    rows = rows.fillna(counts).astype(dict.fromkeys(_COUNTS, "int64"))
    rows = rows.reset_index().assign(estimate="bounds")
    group = [*by, *PERIOD_COLUMNS]
    diarised = lines.groupby(group)["hours"].sum().rename("diarised")
    due = contracted.groupby(group)[["hours", "days", "covered"]].sum().rename(columns={"hours": "due"})
    rows = rows.join(diarised, on=group).join(due, on=group).join(_mean_hourly_costs(rates, group), on=group)
    rows["share_of_diarised"] = rows["hours"] / rows["diarised"].where(rows["diarised"] > 0)
    rows["share_of_contracted"] = rows["hours"] / rows["due"].where(rows["due"] > 0)
    rows["covered"] = rows["covered"] / rows["days"].where(rows["days"] > 0)
    for basis in COST_BASES:
        rows[f"cost_{basis}"] = rows["hours"] * rows[basis]
    return sort_rows(rows, by)[[*by, *SPLIT_COLUMNS]]


def _mean_hourly_costs(rates: pd.DataFrame, group: Sequence[str]) -> pd.DataFrame:
    """The mean hourly cost of each group's managers; NA if one of them is unknown.

    A mean of the known ones would look like that of all.
    """
    sums = rates.groupby(list(group))[list(COST_BASES)].sum(skipna=False)
    return sums.div(rates.groupby(list(group)).size(), axis=0)


def sort_rows(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Sort rows by group, period, partnership ("" last), activity (as in `ACTIVITY_ROWS`) and label."""
    rank = {str(activity): number for number, activity in enumerate(ACTIVITY_ROWS)}
    ranked = rows.assign(
        _last=rows["partnership"] == "", _rank=rows["activity"].map(rank).fillna(len(rank)).astype("int64")
    )
    order = [*by, *PERIOD_COLUMNS, "_last", "partnership", "_rank", "activity", "label"]
    return ranked.sort_values(order, kind="stable").drop(columns=["_last", "_rank"]).reset_index(drop=True)
