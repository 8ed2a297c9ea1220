"""Tables for groups of at least five people: no figure stands for fewer, nor can one be worked out.

Cells are not blanked but merged. A blank can be found again: by subtraction from a total, or from a
share. Here every published figure, row or total, is a sum over blocks of cells, each block of at
least `least` people; whatever is added or subtracted, the result consists of whole blocks. And the
totals still add up. (Primary suppression: a cell below the threshold joins a block. Secondary: a
cell that is large enough joins one because the small ones do not yet make a block by themselves.)

The other columns, one by one, so that all of them together show no more than the hours do:

- `hours_low`, `hours_high`: exact where that is safe, else computed from published figures alone
  (`calsync.disclosure.bounds`);
- `hours_planned`, `meetings`, `attendances`: blank where they, or their differences, are a few people's;
- `share_of_diarised`: the row's hours by those of all rows of the group, so it follows from `hours`;
- `share_of_contracted`, `covered`: of a whole group's contracted time and working days;
- `cost_…`: the row's hours by one rate for the group, computed from the list of managers alone.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from calsync.analysis.contributions import PERIOD_COLUMNS, build_contributions, contracted_hours, hourly_costs
from calsync.analysis.periods import DateRange
from calsync.analysis.split import aggregate_contributions
from calsync.disclosure.bounds import safe_bounds
from calsync.disclosure.isolation import join_parts, safe_figures
from calsync.disclosure.merging import MergedRows, build_parts, measure_entry_shares, merge_small
from calsync.disclosure.row_keys import (
    group_keys,
    key_columns,
    rename_groups,
    rename_rows,
    row_keys,
)
from calsync.errors import ConfigError
from calsync.model.problem import Problem

MIN_LEAST_GROUP = 5
"""The smallest group that is shown; can be raised, not lowered."""


@dataclass(frozen=True)
class ProtectedSplit:
    """A split that may be given to HR, and what was done to it.

    below_threshold: rows that stood for fewer than `least` people. secondary: larger ones that were merged
    with those. possible: rows with neither confirmed hours nor planned ones that may be shown, left out.
    widened: rows with a bound that is computed from published figures, or blank. blank: cells of other
    columns left blank. unpublished: rows of periods in which fewer than `least` people had any hours at
    all: left out. read_in_part: periods of which not all working days of all managers were read, with the
    share read.
    """

    table: pd.DataFrame
    least: int
    below_threshold: int
    secondary: int
    possible: int
    widened: int
    blank: int
    unpublished: int
    read_in_part: tuple[tuple[DateRange, float], ...]


def protect_split(
    allocations: pd.DataFrame,
    people: pd.DataFrame,
    contracted: pd.DataFrame,
    *,
    by: Sequence[str],
    periods: Sequence[DateRange],
    costs: pd.DataFrame | None = None,
    least: int = MIN_LEAST_GROUP,
) -> ProtectedSplit:
    """Compute the split, as `calsync.analysis.split.split_hours` does, with small groups merged.

    Merged rows contain "(small groups)" in every column that is merged. It protects one table: give HR one
    cut of each period, and give it once.

    Raises:
        ConfigError: If `least` is below 5 or periods overlap.
    """
    _check(least, periods)
    lines = build_contributions(allocations, people, by=by, periods=periods)
    keys = key_columns(by)
    has_confirmed = lines.groupby(keys)["hours"].transform("sum") > 0
    merged = merge_small(lines[has_confirmed], by=by, least=least)
    renamed = _rename_all(lines, merged, by)
    renamed["row"] = renamed.groupby(keys, sort=False).ngroup()
    confirmed = set(renamed.loc[renamed["hours"] > 0, "row"])
    planned = _safe_sums(renamed[renamed["hours_planned"] > 0], "hours_planned", least)
    shown = renamed[renamed["row"].isin(confirmed | planned)]
    due = _rename_groups(contracted_hours(contracted, people, by=by, periods=periods), merged, by)
    rates = _rename_groups(hourly_costs(people, costs, by=by, periods=periods), merged, by)
    table = aggregate_contributions(_count_once(shown, keys), due, rates, by=by)
    firsts = shown.drop_duplicates("row")
    numbers = dict(zip(row_keys(firsts, by), firsts["row"], strict=True))
    table["row"] = [numbers[key] for key in row_keys(table, by)]
    table, widened = safe_bounds(table, shown, least)
    table, blank = _blank_few_peoples(table, shown, due, planned, by, least)
    hidden = lines[~lines.index.isin(shown.index)].groupby(keys).ngroups
    return ProtectedSplit(
        table=table.drop(columns="row"),
        least=least,
        below_threshold=merged.below_threshold,
        secondary=merged.secondary,
        possible=hidden - merged.unpublished,
        widened=widened,
        blank=blank,
        unpublished=merged.unpublished,
        read_in_part=tuple(_read_in_part(due)),
    )


def _check(least: int, periods: Sequence[DateRange]) -> None:
    problems = []
    if least < MIN_LEAST_GROUP:
        problems.append(
            Problem("least_group", f"{least} is below {MIN_LEAST_GROUP}", "it can be raised, not lowered")
        )
    for (start, end), (later_start, _) in combinations(sorted(set(periods)), 2):
        if later_start < end:
            what = f"the period from {later_start} overlaps the one from {start} to {end}"
            problems.append(
                Problem("periods", what, "their difference would show small groups: export them apart")
            )
    if problems:
        raise ConfigError(problems)


def _rename_all(lines: pd.DataFrame, merged: MergedRows, by: Sequence[str]) -> pd.DataFrame:
    """All lines under the keys of blocks; a row without confirmed hours keeps its own in its group's block.

    Where the confirmed hours of a period cannot be shown, nothing of it is: 0 hours would be untrue.
    """
    keys = key_columns(by)
    origins = row_keys(lines.drop_duplicates(keys), by)
    confirmed = set(row_keys(lines[lines["hours"] > 0].drop_duplicates(keys), by))
    unpublished = {key.group.period for key in confirmed - merged.names.keys()}
    names = {
        key: merged.names.get(key, key._replace(group=merged.groups.get(key.group, key.group)))
        for key in origins
        if key.group.period not in unpublished
    }
    return rename_rows(lines, by, names)


def _rename_groups(frame: pd.DataFrame, merged: MergedRows, by: Sequence[str]) -> pd.DataFrame:
    """What is known of people by group, in the groups as they are after merging."""
    groups = group_keys(frame.drop_duplicates([*by, *PERIOD_COLUMNS]), by)
    names = {key: merged.groups.get(key, key) for key in groups}
    return rename_groups(frame, by, names)


def _count_once(lines: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One line for each allocation in a row: where process and unclear are merged, it may be either, once."""
    kept = [*keys, "allocation", "manager_id", "meeting_id", "meeting"]
    sums = {name: (name, "sum") for name in ("hours", "hours_low", "hours_planned")}
    return lines.groupby(kept).agg(**sums, hours_high=("hours_high", "max")).reset_index()


def _safe_sums(lines: pd.DataFrame, amount: str, least: int) -> set[Hashable]:
    """The rows in which this sum of hours may be shown, those of most people first."""
    return safe_figures(build_parts(measure_entry_shares(lines, "row", amount)), _by_people(lines), least)


def _safe_counts(confirmed: pd.DataFrame, what: Sequence[str], least: int) -> set[Hashable]:
    """The rows whose number of different values in these columns may be shown.

    One that belongs to several rows, as a meeting of two departments does, is counted in each, so that
    the difference of two rows counts those that belong to one of them only.
    """
    rows: defaultdict[tuple[object, ...], set[Hashable]] = defaultdict(set)
    people: defaultdict[tuple[object, ...], set[object]] = defaultdict(set)
    counted = confirmed[list(what)].itertuples(index=False, name=None)
    for row, person, values in zip(confirmed["row"], confirmed["manager_id"], counted, strict=True):
        rows[values].add(row)
        people[values].add(person)
    pieces = (([(row, 1.0) for row in members], people[values]) for values, members in rows.items())
    return safe_figures(join_parts(pieces), _by_people(confirmed), least)


def _by_people(lines: pd.DataFrame) -> list[Hashable]:
    people = lines.groupby("row")["manager_id"].nunique()
    return sorted(people.index, key=lambda row: (-people[row], row))


def _blank_few_peoples(
    table: pd.DataFrame,
    shown: pd.DataFrame,
    due: pd.DataFrame,
    planned: Collection[Hashable],
    by: Sequence[str],
    least: int,
) -> tuple[pd.DataFrame, int]:
    """The table with every cell blank that would show a few people's, and how many these are."""
    confirmed = shown[shown["hours"] > 0]
    group = [*by, *PERIOD_COLUMNS]
    known = due[due["days"] > 0].groupby(group)["manager_id"].nunique()
    timed = due[due["hours"] > 0].groupby(group)["manager_id"].nunique()
    groups = pd.MultiIndex.from_frame(table[group])
    counted = table["managers"] > 0
    blanks = {
        "meetings": counted & ~table["row"].isin(_safe_counts(confirmed, ["meeting"], least)),
        "attendances": counted
        & ~table["row"].isin(_safe_counts(confirmed, ["manager_id", "meeting"], least)),
        "hours_planned": (table["hours_planned"] > 0) & ~table["row"].isin(planned),
        "covered": table["covered"].notna() & ~known.reindex(groups).ge(least).to_numpy(),
        "share_of_contracted": table["share_of_contracted"].notna()
        & ~timed.reindex(groups).ge(least).to_numpy(),
    }
    total = 0
    for column, blank in blanks.items():
        if blank.any():
            whole = table[column].dtype.kind == "i"
            table[column] = (table[column].astype("Int64") if whole else table[column]).mask(blank)
            total += int(blank.sum())
    return table, total


def _read_in_part(due: pd.DataFrame) -> Iterator[tuple[DateRange, float]]:
    sums = due.groupby(list(PERIOD_COLUMNS))[["days", "covered"]].sum().reset_index()
    for start, end, days, covered in sums.itertuples(index=False, name=None):
        if covered < days:
            yield (start, end), covered / days
