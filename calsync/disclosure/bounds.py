"""Bounds that do not show a few people's hours: exact where that is safe, else from published figures.

A bound is published exactly only where, along with all rows' hours, no combination gives a few people's
mixed, unclear or unconfirmed time. Otherwise it is the widest that the published figures allow:

- mixed time counts half in process and half in service improvement, so it is at most twice the smaller
  of these two rows' hours: the lower bound is the difference of the rows, the upper one adds the smaller;
- unclear time that may belong here is at most the hours of the row in which it was counted;
- unconfirmed time that may belong here is at most all unconfirmed time of its kind in the period, or
  of every kind where one of them is a few people's. If all of it is, the upper bound is blank.

What is computed from published figures adds no information. Rounding is not enough: two roundings of
figures that differ by something published can meet in a narrow interval.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping

import pandas as pd

from calsync.disclosure.isolation import safe_figures
from calsync.disclosure.merging import build_parts, measure_entry_shares
from calsync.model.classification import Activity

_ENTRY = ["manager_id", "meeting_id", "day"]
_APART = (str(Activity.OPERATIONAL), str(Activity.NONE))
"""Activities whose unconfirmed time can be nothing else; the other activities may turn out as one another."""


def safe_bounds(table: pd.DataFrame, lines: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """The table with bounds that may be shown, and the number of rows with one that is not exact.

    table: with exact bounds. lines: contributions to its rows. Both have `row`, the row's number.
    """
    past = lines[lines["hours_high"] > 0]
    low, high, exact = _confirmed(table, past[past["confirmed"]], least)
    more, exact_more = _unconfirmed(table, past[~past["confirmed"]], least)
    rows = table["row"]
    bounded = table.assign(hours_low=rows.map(low), hours_high=rows.map(high) + rows.map(more))
    kept = rows.isin(exact & exact_more)
    bounded["hours_low"] = bounded["hours_low"].mask(kept, table["hours_low"])
    bounded["hours_high"] = bounded["hours_high"].mask(kept, table["hours_high"])
    return bounded, int((~kept).sum())


def _confirmed(
    table: pd.DataFrame, confirmed: pd.DataFrame, least: int
) -> tuple[dict[int, float], dict[int, float], set[int]]:
    """By row, the bounds of the confirmed time; and the rows where both are exact."""
    hours: dict[int, float] = dict(zip(table["row"], table["hours"], strict=True))
    named = list(hours)
    shares = _shares_of_bounds(confirmed)
    wanted = [f"{name}/{row}" for name in ("hours_low", "hours_high") for row in named]
    given = [f"hours/{row}" for row in named]
    safe = safe_figures(build_parts(shares), wanted, least, given=given)
    whole = _once(confirmed)
    exact_low, exact_high = (
        whole.groupby("row")[name].sum().to_dict() for name in ("hours_low", "hours_high")
    )
    others = _counted_elsewhere(confirmed)
    low, high = {}, {}
    for row, own in hours.items():
        mixed = sum(hours[other] for other, kind in others[row] if kind == Activity.MIXED)
        more = sum(min(own, hours[o]) if kind == Activity.MIXED else hours[o] for o, kind in others[row])
        low[row] = exact_low.get(row, 0.0) if f"hours_low/{row}" in safe else max(0.0, own - mixed)
        high[row] = exact_high.get(row, 0.0) if f"hours_high/{row}" in safe else own + more
    exact = {row for row in named if f"hours_low/{row}" in safe and f"hours_high/{row}" in safe}
    return low, high, exact


def _shares_of_bounds(confirmed: pd.DataFrame) -> pd.DataFrame:
    """The share of each meeting of a person in the hours and in the bounds of each row."""
    whole = _once(confirmed)
    minutes = confirmed.drop_duplicates("allocation").groupby(_ENTRY)["minutes"].sum().rename("all")
    sums = whole.groupby([*_ENTRY, "row"])[["hours", "hours_low", "hours_high"]].sum().reset_index()
    sums = sums.join(minutes, on=_ENTRY)
    parts = [
        sums.assign(figure=name + "/" + sums["row"].astype("str"), share=sums[name] * 60 / sums["all"])
        for name in ("hours", "hours_low", "hours_high")
    ]
    return pd.concat(parts, ignore_index=True)


def _once(lines: pd.DataFrame) -> pd.DataFrame:
    """One line for each allocation in a row; it counts once in the row's upper bound."""
    grouped = lines.groupby([*_ENTRY, "row", "allocation"], sort=False)
    return grouped.agg(
        hours=("hours", "sum"), hours_low=("hours_low", "sum"), hours_high=("hours_high", "max")
    ).reset_index()


def _counted_elsewhere(confirmed: pd.DataFrame) -> Mapping[int, set[tuple[int, str]]]:
    """For each row the other rows in which time that may belong to it is counted, and as what."""
    held = confirmed[["allocation", "source", "row"]]
    counted = confirmed.loc[confirmed["hours"] > 0, ["allocation", "row"]]
    pairs = held.merge(counted, on="allocation", suffixes=("", "_other"))
    pairs = pairs.loc[pairs["row"] != pairs["row_other"], ["row", "row_other", "source"]].drop_duplicates()
    elsewhere: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    for row, other, source in pairs.itertuples(index=False, name=None):
        elsewhere[row].add((other, source))
    return elsewhere


def _unconfirmed(
    table: pd.DataFrame, unconfirmed: pd.DataFrame, least: int
) -> tuple[dict[int, float], set[int]]:
    """By row, an upper bound of the unconfirmed time that may belong to it, and the rows with exact ones."""
    named: list[int] = table["row"].tolist()
    once = unconfirmed.drop_duplicates(["allocation", "row"]).assign(
        hours=lambda frame: frame["minutes"] / 60
    )
    once["pool"] = _pools(once, least)
    pooled = once.drop_duplicates("allocation")
    shares = pd.concat(
        [measure_entry_shares(pooled, "pool", "hours"), _shares_of_rows(once, pooled)], ignore_index=True
    )
    pools: dict[Hashable, float] = pooled.groupby("pool")["hours"].sum().to_dict()
    safe = safe_figures(build_parts(shares), [*pools, *named], least)
    exact = once.groupby("row")["hours"].sum().to_dict()
    touched = once.groupby("row")["pool"].agg(set).to_dict()
    more = {
        row: exact.get(row, 0.0)
        if row in safe
        else sum(pools[pool] if pool in safe else float("nan") for pool in touched[row])
        for row in named
    }
    return more, {row for row in named if row in safe}


def _shares_of_rows(once: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    sums = once.groupby([*_ENTRY, "row"])["hours"].sum().reset_index()
    whole = pooled.groupby(_ENTRY)["hours"].sum().rename("all")
    sums = sums.join(whole, on=_ENTRY)
    return sums.assign(figure=sums["row"], share=sums["hours"] / sums["all"])


def _pools(unconfirmed: pd.DataFrame, least: int) -> pd.Series:
    """The pool of each line: its period and kind, or its period alone where a kind is a few people's."""
    period = unconfirmed["period_start"].astype("str")
    kind = unconfirmed["source"].where(unconfirmed["source"].isin(_APART), "open")
    people = unconfirmed.groupby([period, kind])["manager_id"].transform("nunique")
    few = (people < least).groupby(period).transform("any")
    return period + "/" + kind.mask(few.astype("bool"), "every")
