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

from calsync.analysis.contributions import PERIOD, contracted_hours, contributions, hourly_costs
from calsync.analysis.periods import Period
from calsync.analysis.split import tabulate
from calsync.errors import ConfigError
from calsync.exports.bounds import safe_bounds
from calsync.exports.isolation import gather, safe_figures
from calsync.exports.merging import SMALL, Key, Merged, merge_small, parts_of, renamed, shares_of
from calsync.model.problem import Problem

LEAST = 5
"""The smallest group that is shown; can be raised, not lowered."""


@dataclass(frozen=True)
class Protected:
    """A split that may be given to HR, and what was done to it.

    small: rows that stood for fewer than `least` people. joined: larger ones that had to join them.
    possible: rows with neither confirmed nor planned hours that may be shown, left out. widened: rows
    with a bound that is drawn from published figures, or blank. blank: cells of other columns left blank.
    unpublished: rows of periods in which fewer than `least` people had any hours at all: left out.
    read_in_part: periods of which not all working days of all managers were read, with the share read.
    """

    table: pd.DataFrame
    least: int
    small: int
    joined: int
    possible: int
    widened: int
    blank: int
    unpublished: int
    read_in_part: tuple[tuple[Period, float], ...]


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
    lines = contributions(allocations, people, by=by, periods=periods)
    keys = [*by, *PERIOD, "partnership", "activity"]
    sure = lines.groupby(keys)["hours"].transform("sum") > 0
    merged = merge_small(lines[sure], by=by, least=least)
    every = _with_names(lines, merged, keys, len(by))
    every["row"] = every.groupby(keys, sort=False).ngroup()
    confirmed = set(every.loc[every["hours"] > 0, "row"])
    ahead = every[every["hours_planned"] > 0]
    planned = _safe_sums(ahead, "hours_planned", least)
    shown = every[every["row"].isin(confirmed | planned)]
    due, rates = (
        _moved(frame, merged, by)
        for frame in (
            contracted_hours(contracted, people, by=by, periods=periods),
            hourly_costs(people, costs, by=by, periods=periods),
        )
    )
    table = tabulate(_once(shown, keys), due, rates, by=by)
    numbers = shown.drop_duplicates("row").set_index(keys)["row"]
    table["row"] = [numbers[key] for key in table[keys].itertuples(index=False, name=None)]
    table, widened = safe_bounds(table, shown, least)
    table, blank = _without_few(table, shown, due, planned, by, least)
    hidden = lines[~lines.index.isin(shown.index)].groupby(keys).ngroups
    return Protected(
        table=table.drop(columns="row"),
        least=least,
        small=merged.small,
        joined=merged.joined,
        possible=hidden - merged.unpublished,
        widened=widened,
        blank=blank,
        unpublished=merged.unpublished,
        read_in_part=tuple(_read_in_part(due)),
    )


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


def _with_names(lines: pd.DataFrame, merged: Merged, keys: Sequence[str], width: int) -> pd.DataFrame:
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
    return renamed(lines, keys, names)


def _moved(frame: pd.DataFrame, merged: Merged, by: Sequence[str]) -> pd.DataFrame:
    """What is known of people by group, in the groups as they are after merging."""
    group = [*by, *PERIOD]
    names = {
        key: (*merged.groups.get(key, key[: len(by)]), *key[len(by) :])
        for key in frame[group].drop_duplicates().itertuples(index=False, name=None)
    }
    return renamed(frame, group, names)


def _once(lines: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One line for each allocation in a row: where process and unclear meet, it may be either only once."""
    kept = [*keys, "allocation", "manager_id", "meeting_id", "meeting"]
    sums = {name: (name, "sum") for name in ("hours", "hours_low", "hours_planned")}
    return lines.groupby(kept).agg(**sums, hours_high=("hours_high", "max")).reset_index()


def _safe_sums(lines: pd.DataFrame, amount: str, least: int) -> set[Hashable]:
    """The rows in which this sum of hours may be shown, those of most people first."""
    return safe_figures(parts_of(shares_of(lines, "row", amount)), _by_people(lines), least)


def _safe_counts(sure: pd.DataFrame, what: Sequence[str], least: int) -> set[Hashable]:
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
    return safe_figures(gather(pieces), _by_people(sure), least)


def _by_people(lines: pd.DataFrame) -> list[Hashable]:
    people = lines.groupby("row")["manager_id"].nunique()
    return sorted(people.index, key=lambda row: (-people[row], row))


def _without_few(
    table: pd.DataFrame,
    shown: pd.DataFrame,
    due: pd.DataFrame,
    planned: Collection[Hashable],
    by: Sequence[str],
    least: int,
) -> tuple[pd.DataFrame, int]:
    """The table with every cell blank that would show a few people's, and how many these are."""
    sure = shown[shown["hours"] > 0]
    group = [*by, *PERIOD]
    known = due[due["days"] > 0].groupby(group)["manager_id"].nunique()
    timed = due[due["hours"] > 0].groupby(group)["manager_id"].nunique()
    groups = [key if len(group) > 1 else key[0] for key in table[group].itertuples(index=False, name=None)]
    counted = table["managers"] > 0
    blanks = {
        "meetings": counted & ~table["row"].isin(_safe_counts(sure, ["meeting"], least)),
        "attendances": counted & ~table["row"].isin(_safe_counts(sure, ["manager_id", "meeting"], least)),
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


def _read_in_part(due: pd.DataFrame) -> Iterator[tuple[Period, float]]:
    sums = due.groupby(list(PERIOD))[["days", "covered"]].sum().reset_index()
    for start, end, days, covered in sums.itertuples(index=False, name=None):
        if covered < days:
            yield (start, end), covered / days


__all__ = ["LEAST", "SMALL", "Key", "Protected", "protected_split"]
