"""Lower and upper bounds of the split that disclose no small group's hours; `disclosure.threshold` calls it.

A bound is published exactly only if no combination of it with all rows' hours gives the mixed, unclear or
unconfirmed time of a few people. Otherwise it is the widest bound that the published figures allow:

- mixed time counts half in process and half in service improvement, so it is at most twice the smaller
  of these two rows' hours: the lower bound is the difference of the rows, the upper one adds the smaller;
- unclear time that may belong to a row is at most the hours of the row in which it is counted;
- unconfirmed time that may belong to a row is at most all unconfirmed time of its kind in the period, or of
  every kind if one of them is a few people's. If all of it is a few people's, the upper bound is blank.

A bound that is computed from published figures adds no information. Rounding would not be enough: two rounded
figures that differ by a published amount can leave only a narrow interval.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping

import pandas as pd

from calsync.disclosure.isolation import safe_figures
from calsync.disclosure.merging import build_parts, measure_entry_shares
from calsync.model.classification import Activity

_ENTRY = ["manager_id", "meeting_id", "day"]
_FIXED_ACTIVITIES = (str(Activity.OPERATIONAL), str(Activity.NONE))
"""Unconfirmed time of these stays in its row; that of the others may belong to each other's rows."""


def safe_bounds(table: pd.DataFrame, lines: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """Replace the bounds that may not be published.

    Args:
        table: With exact bounds, and the column `row`, the row's number.
        lines: Contributions to the rows, with the same column.
        least: The smallest number of people that a figure may stand for.

    Returns:
        The table with bounds that may be published, and the number of rows with a bound that is not exact.
    """
    past = lines[lines["hours_high"] > 0]
    low, high, exact = _bound_confirmed(table, past[past["confirmed"]], least)
    added, exact_added = _bound_unconfirmed(table, past[~past["confirmed"]], least)
    rows = table["row"]
    bounded = table.assign(hours_low=rows.map(low), hours_high=rows.map(high) + rows.map(added))
    is_exact = rows.isin(exact & exact_added)
    bounded["hours_low"] = bounded["hours_low"].mask(is_exact, table["hours_low"])
    bounded["hours_high"] = bounded["hours_high"].mask(is_exact, table["hours_high"])
    return bounded, int((~is_exact).sum())


def _bound_confirmed(
    table: pd.DataFrame, confirmed: pd.DataFrame, least: int
) -> tuple[dict[int, float], dict[int, float], set[int]]:
    """Return lower and upper bounds of the confirmed time by row, and the rows in which both are exact."""
    hours: dict[int, float] = dict(zip(table["row"], table["hours"], strict=True))
    row_numbers = list(hours)
    shares = _shares_of_bounds(confirmed)
    wanted = [f"{name}/{row}" for name in ("hours_low", "hours_high") for row in row_numbers]
    published = [f"hours/{row}" for row in row_numbers]
    safe = safe_figures(build_parts(shares), wanted, least, given=published)
    allocations = _merge_lines_of_allocations(confirmed)
    exact_low, exact_high = (
        allocations.groupby("row")[name].sum().to_dict() for name in ("hours_low", "hours_high")
    )
    others = _counted_elsewhere(confirmed)
    low, high = {}, {}
    for row, own in hours.items():
        mixed = sum(hours[other] for other, kind in others[row] if kind == Activity.MIXED)
        more = sum(
            min(own, hours[other]) if kind == Activity.MIXED else hours[other] for other, kind in others[row]
        )
        low[row] = exact_low.get(row, 0.0) if f"hours_low/{row}" in safe else max(0.0, own - mixed)
        high[row] = exact_high.get(row, 0.0) if f"hours_high/{row}" in safe else own + more
    exact = {row for row in row_numbers if f"hours_low/{row}" in safe and f"hours_high/{row}" in safe}
    return low, high, exact


def _shares_of_bounds(confirmed: pd.DataFrame) -> pd.DataFrame:
    """The share of each person's meeting in the hours and in the bounds of each row, for `build_parts`."""
    allocations = _merge_lines_of_allocations(confirmed)
    minutes = confirmed.drop_duplicates("allocation").groupby(_ENTRY)["minutes"].sum().rename("all")
    sums = allocations.groupby([*_ENTRY, "row"])[["hours", "hours_low", "hours_high"]].sum().reset_index()
    sums = sums.join(minutes, on=_ENTRY)
    parts = [
        sums.assign(figure=name + "/" + sums["row"].astype("str"), share=sums[name] * 60 / sums["all"])
        for name in ("hours", "hours_low", "hours_high")
    ]
    return pd.concat(parts, ignore_index=True)


def _merge_lines_of_allocations(lines: pd.DataFrame) -> pd.DataFrame:
    """One line for each allocation in a row, so that it counts once in the row's upper bound."""
    grouped = lines.groupby([*_ENTRY, "row", "allocation"], sort=False)
    return grouped.agg(
        hours=("hours", "sum"), hours_low=("hours_low", "sum"), hours_high=("hours_high", "max")
    ).reset_index()


def _counted_elsewhere(confirmed: pd.DataFrame) -> Mapping[int, set[tuple[int, str]]]:
    """For each row, the other rows in which time that may belong to it is counted, and its activity."""
    possible = confirmed[["allocation", "source", "row"]]
    counted = confirmed.loc[confirmed["hours"] > 0, ["allocation", "row"]]
    pairs = possible.merge(counted, on="allocation", suffixes=("", "_other"))
    pairs = pairs.loc[pairs["row"] != pairs["row_other"], ["row", "row_other", "source"]].drop_duplicates()
    elsewhere: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    for row, other, source in pairs.itertuples(index=False, name=None):
        elsewhere[row].add((other, source))
    return elsewhere


def _bound_unconfirmed(
    table: pd.DataFrame, unconfirmed: pd.DataFrame, least: int
) -> tuple[dict[int, float], set[int]]:
    """Return upper bounds of the unconfirmed time that may belong to a row, and the rows with exact ones."""
    row_numbers: list[int] = table["row"].tolist()
    once = unconfirmed.drop_duplicates(["allocation", "row"]).assign(
        hours=lambda frame: frame["minutes"] / 60
    )
    once["pool"] = _assign_pools(once, least)
    pooled = once.drop_duplicates("allocation")
    shares = pd.concat(
        [measure_entry_shares(pooled, "pool", "hours"), _shares_of_rows(once, pooled)], ignore_index=True
    )
    pools: dict[Hashable, float] = pooled.groupby("pool")["hours"].sum().to_dict()
    safe = safe_figures(build_parts(shares), [*pools, *row_numbers], least)
    exact = once.groupby("row")["hours"].sum().to_dict()
    pools_of_row = once.groupby("row")["pool"].agg(set).to_dict()
    added = {
        row: exact.get(row, 0.0)
        if row in safe
        else sum(pools[pool] if pool in safe else float("nan") for pool in pools_of_row[row])
        for row in row_numbers
    }
    return added, {row for row in row_numbers if row in safe}


def _shares_of_rows(once: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """The share of each person's meeting in the unconfirmed time of each row, for `build_parts`."""
    sums = once.groupby([*_ENTRY, "row"])["hours"].sum().reset_index()
    whole = pooled.groupby(_ENTRY)["hours"].sum().rename("all")
    sums = sums.join(whole, on=_ENTRY)
    return sums.assign(figure=sums["row"], share=sums["hours"] / sums["all"])


def _assign_pools(unconfirmed: pd.DataFrame, least: int) -> pd.Series:
    """The pool of each line: its period and kind, or its period alone if any kind is a few people's."""
    period = unconfirmed["period_start"].astype("str")
    kind = unconfirmed["source"].where(unconfirmed["source"].isin(_FIXED_ACTIVITIES), "open")
    people = unconfirmed.groupby([period, kind])["manager_id"].transform("nunique")
    has_small_kind = (people < least).groupby(period).transform("any")
    return period + "/" + kind.mask(has_small_kind.astype("bool"), "every")
