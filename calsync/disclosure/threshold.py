"""Protects the split: every figure stands for at least five people, and so does every combination of figures.

Small cells are not blanked but merged, because a blank can be computed by subtraction from a total, or from a
share. Every published figure, row or total, is a sum over blocks of cells, each block of at least `least`
people, so sums and differences of figures consist of whole blocks, and totals still add up. (Primary
suppression: a cell below the threshold joins a block. Secondary suppression: a cell that is large enough
joins one because the small cells are not enough people by themselves.)

The other columns are protected so that all of them together disclose no more than the hours do:

- `hours_low`, `hours_high`: exact where that is safe, else computed from published figures alone
  (`calsync.disclosure.bounds`);
- `hours_planned`, `meetings`, `attendances`: blank where they, or their differences, are a few people's;
- `share_of_diarised`: the row's hours by those of all rows of the group, so it follows from `hours`;
- `share_of_contracted`, `covered`: of a whole group's contracted time and working days;
- `cost_…`: the row's hours times one rate for the group, computed from the list of managers alone.
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
"""The smallest group that can be published; settings can raise it and not lower it."""


@dataclass(frozen=True)
class ProtectedSplit:
    """A split that may be given to HR, and counts of the changes that protect it.

    below_threshold: rows that stood for fewer than `least` people. secondary: larger rows that were merged
    with those. possible: rows that were left out because they have neither confirmed hours nor planned hours
    that may be published. widened: rows with a bound that is computed from published figures, or blank.
    blank: cells of other columns that were left blank. unpublished: rows that were left out because fewer
    than `least` people had hours in the period. read_in_part: periods of which not all working days of all
    managers were read, with the share that was read.
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

    Merged rows contain "(small groups)" in every column that is merged. Only a single table is protected:
    HR may be given one grouping of each period, and once only.

    Args:
        allocations, people, contracted, by, periods, costs: See `split_hours`.
        least: The smallest number of people that a figure may stand for.

    Raises:
        ConfigError: If `least` is below 5 or periods overlap.
    """
    _check_arguments(least, periods)
    lines = build_contributions(allocations, people, by=by, periods=periods)
    keys = key_columns(by)
    has_confirmed = lines.groupby(keys)["hours"].transform("sum") > 0
    merged = merge_small(lines[has_confirmed], by=by, least=least)
    renamed = _rename_all(lines, merged, by)
    renamed["row"] = renamed.groupby(keys, sort=False).ngroup()
    confirmed = set(renamed.loc[renamed["hours"] > 0, "row"])
    planned = _safe_sums(renamed[renamed["hours_planned"] > 0], "hours_planned", least)
    published = renamed[renamed["row"].isin(confirmed | planned)]
    due = _rename_groups(contracted_hours(contracted, people, by=by, periods=periods), merged, by)
    rates = _rename_groups(hourly_costs(people, costs, by=by, periods=periods), merged, by)
    table = aggregate_contributions(_merge_lines_of_allocations(published, keys), due, rates, by=by)
    first_lines = published.drop_duplicates("row")
    numbers = dict(zip(row_keys(first_lines, by), first_lines["row"], strict=True))
    table["row"] = [numbers[key] for key in row_keys(table, by)]
    table, widened = safe_bounds(table, published, least)
    table, blank = _blank_unsafe_cells(table, published, due, planned, by, least)
    left_out = lines[~lines.index.isin(published.index)].groupby(keys).ngroups
    return ProtectedSplit(
        table=table.drop(columns="row"),
        least=least,
        below_threshold=merged.below_threshold,
        secondary=merged.secondary,
        possible=left_out - merged.unpublished,
        widened=widened,
        blank=blank,
        unpublished=merged.unpublished,
        read_in_part=tuple(_find_periods_read_in_part(due)),
    )


def _check_arguments(least: int, periods: Sequence[DateRange]) -> None:
    problems = []
    if least < MIN_LEAST_GROUP:
        problems.append(
            Problem("least_group", f"{least} is below {MIN_LEAST_GROUP}", "it can be raised, not lowered")
        )
    for (start, end), (later_start, _) in combinations(sorted(set(periods)), 2):
        if later_start < end:
            what = f"the period from {later_start} overlaps the one from {start} to {end}"
            problems.append(
                Problem("periods", what, "their difference would show small groups: export them separately")
            )
    if problems:
        raise ConfigError(problems)


def _rename_all(lines: pd.DataFrame, merged: MergedRows, by: Sequence[str]) -> pd.DataFrame:
    """Give all lines the keys of blocks; rows without confirmed hours get the group of a block only.

    A period whose confirmed hours cannot be published is left out as a whole: 0 hours would be wrong.
    """
    keys = key_columns(by)
    own_keys = row_keys(lines.drop_duplicates(keys), by)
    confirmed = set(row_keys(lines[lines["hours"] > 0].drop_duplicates(keys), by))
    unpublished = {key.group.period for key in confirmed - merged.block_keys.keys()}
    names = {
        key: merged.block_keys.get(key, key._replace(group=merged.block_groups.get(key.group, key.group)))
        for key in own_keys
        if key.group.period not in unpublished
    }
    return rename_rows(lines, by, names)


def _rename_groups(frame: pd.DataFrame, merged: MergedRows, by: Sequence[str]) -> pd.DataFrame:
    """Give lines about people the groups of blocks."""
    groups = group_keys(frame.drop_duplicates([*by, *PERIOD_COLUMNS]), by)
    names = {key: merged.block_groups.get(key, key) for key in groups}
    return rename_groups(frame, by, names)


def _merge_lines_of_allocations(lines: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One line for each allocation in a row.

    Where process and unclear are merged, an unclear allocation counts once in the upper bound of the block.
    """
    line_keys = [*keys, "allocation", "manager_id", "meeting_id", "meeting"]
    sums = {name: (name, "sum") for name in ("hours", "hours_low", "hours_planned")}
    return lines.groupby(line_keys).agg(**sums, hours_high=("hours_high", "max")).reset_index()


def _safe_sums(lines: pd.DataFrame, amount: str, least: int) -> set[Hashable]:
    """The rows in which this sum of hours may be published; rows of more people have precedence."""
    return safe_figures(
        build_parts(measure_entry_shares(lines, "row", amount)), _rows_by_people(lines), least
    )


def _safe_counts(confirmed: pd.DataFrame, columns: Sequence[str], least: int) -> set[Hashable]:
    """The rows for which the number of distinct values in these columns may be published.

    A value in several rows, such as a meeting of two departments, is counted in each of them, so that the
    difference of two rows counts the values that are in one of them only.
    """
    rows: defaultdict[tuple[object, ...], set[Hashable]] = defaultdict(set)
    people: defaultdict[tuple[object, ...], set[object]] = defaultdict(set)
    counted = confirmed[list(columns)].itertuples(index=False, name=None)
    for row, person, values in zip(confirmed["row"], confirmed["manager_id"], counted, strict=True):
        rows[values].add(row)
        people[values].add(person)
    pieces = (([(row, 1.0) for row in members], people[values]) for values, members in rows.items())
    return safe_figures(join_parts(pieces), _rows_by_people(confirmed), least)


def _rows_by_people(lines: pd.DataFrame) -> list[Hashable]:
    people = lines.groupby("row")["manager_id"].nunique()
    return sorted(people.index, key=lambda row: (-people[row], row))


def _blank_unsafe_cells(
    table: pd.DataFrame,
    published: pd.DataFrame,
    due: pd.DataFrame,
    planned: Collection[Hashable],
    by: Sequence[str],
    least: int,
) -> tuple[pd.DataFrame, int]:
    """Return the table with the figures of too few people blank, and the number of these cells."""
    confirmed = published[published["hours"] > 0]
    group = [*by, *PERIOD_COLUMNS]
    people_with_days = due[due["days"] > 0].groupby(group)["manager_id"].nunique()
    people_with_hours = due[due["hours"] > 0].groupby(group)["manager_id"].nunique()
    groups = pd.MultiIndex.from_frame(table[group])
    has_meetings = table["managers"] > 0
    blanks = {
        "meetings": has_meetings & ~table["row"].isin(_safe_counts(confirmed, ["meeting"], least)),
        "attendances": has_meetings
        & ~table["row"].isin(_safe_counts(confirmed, ["manager_id", "meeting"], least)),
        "hours_planned": (table["hours_planned"] > 0) & ~table["row"].isin(planned),
        "covered": table["covered"].notna() & ~people_with_days.reindex(groups).ge(least).to_numpy(),
        "share_of_contracted": table["share_of_contracted"].notna()
        & ~people_with_hours.reindex(groups).ge(least).to_numpy(),
    }
    total = 0
    for column, blank in blanks.items():
        if blank.any():
            # Int64 has blanks; int64 would become float64.
            is_integer = table[column].dtype.kind == "i"
            table[column] = (table[column].astype("Int64") if is_integer else table[column]).mask(blank)
            total += int(blank.sum())
    return table, total


def _find_periods_read_in_part(due: pd.DataFrame) -> Iterator[tuple[DateRange, float]]:
    sums = due.groupby(list(PERIOD_COLUMNS))[["days", "covered"]].sum().reset_index()
    for start, end, days, covered in sums.itertuples(index=False, name=None):
        if covered < days:
            yield (start, end), covered / days
