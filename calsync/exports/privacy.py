"""Groups too small to show: no figure stands for fewer than five people, nor can one be worked out.

Cells are not blanked but merged. A blank can be found again: by subtraction from a total, or from a
share. Here every published figure, row or total, is a sum over blocks of cells, each block of at
least `least` people; whatever is added or subtracted, what comes out is made of whole blocks. And
the totals still add up. (Primary suppression: a cell that is too small joins a block. Secondary: a
cell that is large enough joins one because the small ones do not yet make a block by themselves.)
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from calsync.analysis.contributions import PERIOD, contracted_hours, contributions
from calsync.analysis.periods import Period
from calsync.analysis.split import tabulate
from calsync.errors import ConfigError
from calsync.exports.merging import SMALL, Key, Merged, merge_small
from calsync.model.problem import Problem

LEAST = 5
"""The smallest group that is shown; can be raised, not lowered."""
STEP_HOURS = 5
"""Bounds that would give away a few people's hours are rounded outwards to multiples of this."""


@dataclass(frozen=True)
class Protected:
    """A split that may be given to HR, and what was done to it.

    small: rows that stood for fewer than `least` people. joined: larger ones that had to join them.
    possible: rows without confirmed hours, left out. rounded: rows whose bounds are rounded outwards.
    unpublished: rows of periods in which fewer than `least` people had any hours at all: left out.
    """

    table: pd.DataFrame
    least: int
    small: int
    joined: int
    possible: int
    rounded: int
    unpublished: int


def protected_split(
    allocations: pd.DataFrame,
    people: pd.DataFrame,
    contracted: pd.DataFrame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    costs: pd.DataFrame | None = None,
    least: int = LEAST,
) -> Protected:
    """The split, as `calsync.analysis.split.split` makes it, with small groups merged.

    Merged rows read "(small groups)" where a name would be. Raises ConfigError if `least` is below 5
    or periods overlap. It protects one table: give HR one cut of each period, and give it once.
    """
    _check(least, periods)
    lines = contributions(allocations, people, by=by, periods=periods, costs=costs)
    keys = [*by, *PERIOD, "partnership", "activity"]
    sure = lines.groupby(keys)["hours"].transform("sum") > 0
    possible = lines[~sure].groupby(keys).ngroups
    merged = merge_small(lines[sure], by=by, least=least)
    due = _moved(contracted_hours(contracted, people, by=by, periods=periods), merged, by)
    table = tabulate(_once(merged.lines, keys), due, by=by)
    few = coarse(lines[sure], merged.lines, by, least)
    table, rounded = _rounded(table, few, by)
    return Protected(table, least, merged.small, merged.joined, possible, rounded, merged.unpublished)


def _check(least: int, periods: Sequence[Period]) -> None:
    problems = []
    if least < LEAST:
        problems.append(Problem("least_group", f"{least} is below {LEAST}", "it can be raised, not lowered"))
    for one, other in combinations(sorted(set(periods)), 2):
        if other[0] < one[1]:
            what = f"the period from {other[0]} overlaps the one from {one[0]} to {one[1]}"
            problems.append(
                Problem("periods", what, "their difference would show small groups: export them apart")
            )
    if problems:
        raise ConfigError(problems)


def _moved(due: pd.DataFrame, merged: Merged, by: Sequence[str]) -> pd.DataFrame:
    """Contracted hours in the groups as they are after merging."""
    group = [*by, *PERIOD]
    sums = due.groupby(group)["hours"].sum().reset_index()
    width = len(by)
    rows = [
        (*merged.groups.get(row[:-1], row[:width]), *row[width:])
        for row in sums.itertuples(index=False, name=None)
    ]
    return pd.DataFrame(rows, columns=[*group, "hours"])


def _once(lines: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One line for each allocation in a row: where process and unclear meet, it may be either only once."""
    kept = [*keys, "allocation", "manager_id", "meeting_id"]
    sums = {name: (name, "sum") for name in ("hours", "hours_low")}
    found = lines.groupby(kept).agg(**sums, hours_high=("hours_high", "max"))
    costs = lines.groupby(kept)[["cost_contract", "cost_productive"]].sum(skipna=False)
    return found.join(costs).reset_index()


def coarse(before: pd.DataFrame, after: pd.DataFrame, by: Sequence[str], least: int) -> set[Key]:
    """Partnerships (with group and period, as published) whose exact bounds would show a few people's hours.

    before, after: contributions under their own names and under those of their blocks, row by row.
    Bounds reach over a partnership's rows: an upper bound has its unclear hours in it. So they are
    exact only where every part, such as what is unconfirmed, is enough people's and nothing was merged.
    """
    family = [*by, *PERIOD, "partnership"]
    own = before.loc[after.index]
    behind = after.groupby([*family, "source"])["manager_id"].nunique()
    few = set(behind[behind < least].reset_index()[family].itertuples(index=False, name=None))
    moved = (own[[*family, "activity"]] != after[[*family, "activity"]]).any(axis=1)
    torn = moved.groupby([own[name] for name in family]).transform("any") if len(own) else moved
    return few | set(after.loc[torn, family].itertuples(index=False, name=None))


def _rounded(table: pd.DataFrame, few: Iterable[Key], by: Sequence[str]) -> tuple[pd.DataFrame, int]:
    family = (
        table[[*by, *PERIOD, "partnership"]].apply(tuple, axis=1) if len(table) else pd.Series(dtype="object")
    )
    chosen = family.isin(list(few))
    down = table["hours_low"].map(lambda hours: math.floor(hours / STEP_HOURS) * STEP_HOURS)
    up = table["hours_high"].map(lambda hours: math.ceil(hours / STEP_HOURS) * STEP_HOURS)
    changed = table.assign(
        hours_low=table["hours_low"].mask(chosen, down), hours_high=table["hours_high"].mask(chosen, up)
    )
    return changed, int(chosen.sum())


__all__ = ["LEAST", "SMALL", "STEP_HOURS", "Protected", "protected_split"]
