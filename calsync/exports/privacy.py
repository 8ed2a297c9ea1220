"""Groups too small to show: no figure stands for fewer than five people, nor can one be worked out.

Cells are not blanked but merged. A blank can be found again: by subtraction from a total, or from a
share. Here every published figure, row or total, is a sum over blocks of cells, each block of at
least `least` people; whatever is added or subtracted, what comes out is made of whole blocks. And
the totals still add up. (Primary suppression: a cell that is too small joins a block. Secondary: a
cell that is large enough joins one because the small ones do not yet make a block by themselves.)

The other columns, one by one, so that all of them together show no more than the hours do:

- `hours_low`, `hours_high`: exact where that is safe, else drawn from published figures alone
  (`calsync.exports.bounds`);
- `hours_planned`, `meetings`, `attendances`: blank where they, or their differences, are a few people's;
- `share_of_diarised`: the row's hours by those of all rows of the group, so it follows from `hours`;
- `share_of_contracted`, `covered`: of a whole group's contracted time and working days;
- `cost_…`: the row's hours by one rate for the group, drawn from the list of managers alone.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from calsync.analysis.contributions import PERIOD_COLUMNS, build_contributions, contracted_hours, hourly_costs
from calsync.analysis.periods import DateRange
from calsync.analysis.split import aggregate_contributions
from calsync.errors import ConfigError
from calsync.exports.bounds import protect_bounds
from calsync.exports.isolation import join_parts, select_safe_figures
from calsync.exports.merging import (
    MERGED_NAME,
    CellKey,
    MergedCells,
    build_parts,
    divide_among_figures,
    merge_small_cells,
    rename_cells,
)
from calsync.model.problem import Problem

MIN_THRESHOLD = 5
"""The smallest group that is shown; can be raised, not lowered."""


@dataclass(frozen=True)
class ProtectedSplit:
    """A split that may be given to HR, and what was done to it.

    small: rows that stood for fewer than `least` people. joined: larger ones that had to join them.
    possible: rows with neither confirmed nor planned hours that may be shown, left out. widened: rows
    with a bound that is drawn from published figures, or blank. blank: cells of other columns left blank.
    unpublished: rows of periods in which fewer than `least` people had any hours at all: left out.
    partly_read: periods of which not all working days of all managers were read, with the share read.
    """

    table: pd.DataFrame
    threshold: int
    below_threshold: int
    secondary: int
    omitted: int
    widened: int
    blanked: int
    suppressed: int
    partly_read: tuple[tuple[DateRange, float], ...]


def protect_split(
    allocations: pd.DataFrame,
    people: pd.DataFrame,
    contracted: pd.DataFrame,
    *,
    by: Sequence[str],
    periods: Sequence[DateRange],
    costs: pd.DataFrame | None = None,
    threshold: int = MIN_THRESHOLD,
) -> ProtectedSplit:
    """The split, as `calsync.analysis.split.split_hours` makes it, with small groups merged.

    Merged rows read "(small groups)" where a name would be. Raises ConfigError if `least` is below 5
    or periods overlap. It protects one table: give HR one cut of each period, and give it once.
    """
    _check_threshold_and_periods(threshold, periods)
    lines = build_contributions(allocations, people, by=by, periods=periods)
    keys = [*by, *PERIOD_COLUMNS, "partnership", "activity"]
    sure = lines.groupby(keys)["hours"].transform("sum") > 0
    merged = merge_small_cells(lines[sure], by=by, threshold=threshold)
    all_lines = _assign_block_names(lines, merged, keys, len(by))
    all_lines["row"] = all_lines.groupby(keys, sort=False).ngroup()
    confirmed = set(all_lines.loc[all_lines["hours"] > 0, "row"])
    ahead = all_lines[all_lines["hours_planned"] > 0]
    planned = _safe_sums(ahead, "hours_planned", threshold)
    published_lines = all_lines[all_lines["row"].isin(confirmed | planned)]
    contracted_hours_by_person, rates = (
        _regroup(frame, merged, by)
        for frame in (
            contracted_hours(contracted, people, by=by, periods=periods),
            hourly_costs(people, costs, by=by, periods=periods),
        )
    )
    table = aggregate_contributions(
        _one_line_per_allocation(published_lines, keys), contracted_hours_by_person, rates, by=by
    )
    numbers = published_lines.drop_duplicates("row").set_index(keys)["row"]
    table["row"] = [numbers[key] for key in table[keys].itertuples(index=False, name=None)]
    table, widened = protect_bounds(table, published_lines, threshold)
    table, blank = _blank_disclosive_cells(
        table, published_lines, contracted_hours_by_person, planned, by, threshold
    )
    hidden = lines[~lines.index.isin(published_lines.index)].groupby(keys).ngroups
    return ProtectedSplit(
        table=table.drop(columns="row"),
        threshold=threshold,
        below_threshold=merged.below_threshold,
        secondary=merged.secondary,
        omitted=hidden - merged.suppressed,
        widened=widened,
        blanked=blank,
        suppressed=merged.suppressed,
        partly_read=tuple(_partly_read_periods(contracted_hours_by_person)),
    )


def _check_threshold_and_periods(threshold: int, periods: Sequence[DateRange]) -> None:
    problems = []
    if threshold < MIN_THRESHOLD:
        problems.append(
            Problem("least_group", f"{threshold} is below {MIN_THRESHOLD}", "it can be raised, not lowered")
        )
    for one, other in combinations(sorted(set(periods)), 2):
        if other[0] < one[1]:
            what = f"the period from {other[0]} overlaps the one from {one[0]} to {one[1]}"
            problems.append(
                Problem("periods", what, "their difference would show small groups: export them apart")
            )
    if problems:
        raise ConfigError(problems)


def _assign_block_names(
    lines: pd.DataFrame, merged: MergedCells, keys: Sequence[str], width: int
) -> pd.DataFrame:
    """All lines under the names of blocks; a row without confirmed hours keeps its own in its group's block.

    Where the confirmed hours of a period cannot be shown, nothing of it is: 0 hours would be untrue.
    """
    whole = slice(width, width + 2)
    origins = set(lines[list(keys)].drop_duplicates().itertuples(index=False, name=None))
    confirmed = set(
        lines.loc[lines["hours"] > 0, list(keys)].drop_duplicates().itertuples(index=False, name=None)
    )
    unpublished = {key[whole] for key in confirmed - merged.names.keys()}
    names = {
        key: merged.names.get(key, (*merged.groups.get(key[: width + 2], key[:width]), *key[width:]))
        for key in origins
        if key[whole] not in unpublished
    }
    return rename_cells(lines, keys, names)


def _regroup(frame: pd.DataFrame, merged: MergedCells, by: Sequence[str]) -> pd.DataFrame:
    """What is known of people by group, in the groups as they are after merging."""
    group = [*by, *PERIOD_COLUMNS]
    names = {
        key: (*merged.groups.get(key, key[: len(by)]), *key[len(by) :])
        for key in frame[group].drop_duplicates().itertuples(index=False, name=None)
    }
    return rename_cells(frame, group, names)


def _one_line_per_allocation(lines: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One line for each allocation in a row: where process and unclear meet, it may be either only once."""
    kept = [*keys, "allocation", "manager_id", "meeting_id", "meeting"]
    sums = {name: (name, "sum") for name in ("hours", "hours_low", "hours_planned")}
    return lines.groupby(kept).agg(**sums, hours_high=("hours_high", "max")).reset_index()


def _safe_sums(lines: pd.DataFrame, amount: str, threshold: int) -> set[Hashable]:
    """The rows in which this sum of hours may be shown, those of most people first."""
    return select_safe_figures(
        build_parts(divide_among_figures(lines, "row", amount)), _rows_by_people(lines), threshold
    )


def _rows_with_safe_counts(sure: pd.DataFrame, what: Sequence[str], threshold: int) -> set[Hashable]:
    """The rows whose number of different values in these columns may be shown.

    One that stands in several rows, as a meeting of two departments does, is counted in each, so that
    the difference of two rows counts those that stand in one of them only.
    """
    rows: defaultdict[tuple[object, ...], set[Hashable]] = defaultdict(set)
    people: defaultdict[tuple[object, ...], set[object]] = defaultdict(set)
    for row, person, *counted in sure[["row", "manager_id", *what]].itertuples(index=False, name=None):
        rows[tuple(counted)].add(row)
        people[tuple(counted)].add(person)
    pieces = (([(row, 1.0) for row in found], people[counted]) for counted, found in rows.items())
    return select_safe_figures(join_parts(pieces), _rows_by_people(sure), threshold)


def _rows_by_people(lines: pd.DataFrame) -> list[Hashable]:
    people = lines.groupby("row")["manager_id"].nunique()
    return sorted(people.index, key=lambda row: (-people[row], row))


def _blank_disclosive_cells(
    table: pd.DataFrame,
    shown: pd.DataFrame,
    due: pd.DataFrame,
    safe_planned: Collection[Hashable],
    by: Sequence[str],
    threshold: int,
) -> tuple[pd.DataFrame, int]:
    """The table with every cell blank that would show a few people's, and how many these are."""
    sure = shown[shown["hours"] > 0]
    group = [*by, *PERIOD_COLUMNS]
    known = due[due["days"] > 0].groupby(group)["manager_id"].nunique()
    timed = due[due["hours"] > 0].groupby(group)["manager_id"].nunique()
    groups = [key if len(group) > 1 else key[0] for key in table[group].itertuples(index=False, name=None)]
    counted = table["managers"] > 0
    blanks = {
        "meetings": counted & ~table["row"].isin(_rows_with_safe_counts(sure, ["meeting"], threshold)),
        "attendances": counted
        & ~table["row"].isin(_rows_with_safe_counts(sure, ["manager_id", "meeting"], threshold)),
        "hours_planned": (table["hours_planned"] > 0) & ~table["row"].isin(safe_planned),
        "covered": table["covered"].notna() & ~known.reindex(groups).ge(threshold).to_numpy(),
        "share_of_contracted": table["share_of_contracted"].notna()
        & ~timed.reindex(groups).ge(threshold).to_numpy(),
    }
    total = 0
    for column, blank in blanks.items():
        if blank.any():
            whole = table[column].dtype.kind == "i"
            table[column] = (table[column].astype("Int64") if whole else table[column]).mask(blank)
            total += int(blank.sum())
    return table, total


def _partly_read_periods(due: pd.DataFrame) -> Iterator[tuple[DateRange, float]]:
    sums = due.groupby(list(PERIOD_COLUMNS))[["days", "covered"]].sum().reset_index()
    for start, end, days, covered in sums.itertuples(index=False, name=None):
        if covered < days:
            yield (start, end), covered / days


__all__ = ["MIN_THRESHOLD", "MERGED_NAME", "CellKey", "ProtectedSplit", "protect_split"]
