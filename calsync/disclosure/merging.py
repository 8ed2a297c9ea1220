"""Merges rows of too few people into blocks, so that no sum of blocks is a few people's.

Each period is merged by itself, from the widest group inwards: groups with too few people merge with
others that share the by-columns before theirs (grades of a department first, then departments); then,
within each group, the labels of one partnership and activity (names that a pack of rules gives); then
partnerships of one activity; then, where those are still too few, activities.

Rows that have time in common are merged together: process and service improvement of a partnership,
because a mixed hour counts in both, and partnerships that share a meeting in a true tie. The difference
of two such rows is the time that belongs to one of them only, and that must be of enough people, too
(`calsync.disclosure.isolation`).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from calsync.disclosure.isolation import Parts, Profile, exposes_few_people, join_parts
from calsync.disclosure.row_keys import MERGED_VALUE, GroupKey, RowKey, key_columns, rename_rows, row_keys
from calsync.model.classification import Activity

_PAIR = (Activity.PROCESS.value, Activity.SERVICE_IMPROVEMENT.value)


@dataclass(frozen=True)
class MergedRows:
    """Contributions under the keys of their blocks.

    block_keys: for each row, by its own key, the key of its block; rows that cannot be published have none.
    block_groups: for each group, the group of its block.
    below_threshold: how many rows stood for too few people. secondary: how many larger rows were merged with
    those. unpublished: how many rows cannot be published.
    """

    lines: pd.DataFrame
    block_keys: Mapping[RowKey, RowKey]
    block_groups: Mapping[GroupKey, GroupKey]
    below_threshold: int
    secondary: int
    unpublished: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A row: its own key, the key of its block so far, and its people."""

    row_key: RowKey
    block_key: RowKey
    people: frozenset[object]


@dataclass(frozen=True, slots=True)
class _CellTable:
    """All rows by number, and the parts of their time, each with the numbers of the rows that count it.

    profiles_of: for each row, the profiles of the parts in it.
    """

    cells: list[Cell]
    parts: Parts
    profiles_of: Mapping[Hashable, Sequence[Profile]]


IsSufficient = Callable[[_CellTable, Sequence[int], Callable[[RowKey], RowKey], int], bool]
"""Whether rows (by number) have enough people, under the keys that the function returns for them."""
Unit = tuple[object, ...]
"""The key of rows that are merged as a whole at one level; its text orders units of equal size."""


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of merging: units of rows that are not sufficient merge with others of the same bucket.

    block: the key after merging. is_sufficient: the test of a unit as it is. is_merged_sufficient: the test
    of the units that merge. is_linked: whether units that have time in common are one. renames_single:
    whether a unit that is the only one in its bucket also gets the key of a block; if not, it is left to the
    next level.
    """

    unit: Callable[[RowKey], Unit]
    bucket: Callable[[RowKey], Unit]
    block: Callable[[RowKey], RowKey]
    is_sufficient: IsSufficient
    is_merged_sufficient: IsSufficient
    is_linked: bool = False
    renames_single: bool = True


def merge_small(lines: pd.DataFrame, *, by: Sequence[str], least: int) -> MergedRows:
    """Rename rows until each key has at least `least` people with confirmed hours.

    Args:
        lines: Contributions of rows with confirmed hours.
        by: The by-columns, the widest group first.
        least: The smallest number of people. Periods with fewer people in all are left out.
    """
    start = _build_cells(lines, by)
    before = after = start.cells
    has_labels = any(cell.row_key.label for cell in before)
    for level in _levels(len(by), has_labels):
        after = _merge_level(replace(start, cells=after), level, least)
    people_of: defaultdict[RowKey, set[object]] = defaultdict(set)
    for cell in after:
        people_of[cell.block_key] |= cell.people
    block_keys = {cell.row_key: cell.block_key for cell in after if len(people_of[cell.block_key]) >= least}
    return MergedRows(
        lines=rename_rows(lines, by, block_keys),
        block_keys=block_keys,
        block_groups={cell.row_key.group: cell.block_key.group for cell in after},
        below_threshold=sum(len(cell.people) < least for cell in before),
        secondary=sum(cell.block_key != cell.row_key and len(cell.people) >= least for cell in after),
        unpublished=len(after) - len(block_keys),
    )


def _levels(width: int, has_labels: bool) -> Iterator[_Level]:
    """Yield the levels of merging. width: number of by-columns. has_labels: whether any row has a label."""
    label = MERGED_VALUE if has_labels else ""
    for kept in reversed(range(width)):
        yield _group_level(kept)
    if has_labels:
        # Rows of different partnerships that have time in common are left to the next level, which merges
        # them.
        yield _Level(
            unit=lambda key: (*_partnership_unit(key), key.label),
            bucket=_partnership_unit,
            block=lambda key: key._replace(label=MERGED_VALUE),
            is_sufficient=_has_sufficient_rows,
            is_merged_sufficient=_has_sufficient_rows,
            renames_single=False,
        )
    yield _Level(
        unit=_partnership_unit,
        bucket=lambda key: (*_group_unit(key), _pair(key)),
        block=lambda key: key._replace(partnership=MERGED_VALUE, label=label),
        is_sufficient=_has_sufficient_rows,
        is_merged_sufficient=_has_sufficient_rows,
        is_linked=True,
    )
    yield _Level(
        unit=_partnership_unit,
        bucket=_group_unit,
        block=lambda key: key._replace(partnership=MERGED_VALUE, activity=MERGED_VALUE, label=label),
        is_sufficient=_has_sufficient_rows,
        is_merged_sufficient=_has_sufficient_sum,
        is_linked=True,
    )


def _group_level(kept: int) -> _Level:
    """Merge groups that share the first `kept` by-columns."""

    def block(key: RowKey) -> RowKey:
        values = key.group.by_values
        merged = (*values[:kept], *[MERGED_VALUE] * (len(values) - kept))
        return key._replace(group=key.group._replace(by_values=merged))

    return _Level(
        unit=_group_unit,
        bucket=lambda key: (*key.group.by_values[:kept], *key.group.period),
        block=block,
        is_sufficient=_has_sufficient_sum,
        is_merged_sufficient=_has_sufficient_sum,
    )


def _group_unit(key: RowKey) -> Unit:
    return (*key.group.by_values, *key.group.period)


def _partnership_unit(key: RowKey) -> Unit:
    return (*_group_unit(key), key.partnership, _pair(key))


def _pair(key: RowKey) -> object:
    """Process and service improvement are merged together: a mixed hour counts in both."""
    return _PAIR if key.activity in _PAIR else key.activity


def _has_sufficient_sum(
    table: _CellTable, chosen: Sequence[int], _rename: Callable[[RowKey], RowKey], least: int
) -> bool:
    """Whether all these rows together have enough people; implements `IsSufficient`."""
    return len(_union_people(table, chosen)) >= least


def _has_sufficient_rows(
    table: _CellTable, chosen: Sequence[int], rename: Callable[[RowKey], RowKey], least: int
) -> bool:
    """Whether each row has enough people, and every difference of rows; implements `IsSufficient`."""
    keys: dict[Hashable, RowKey] = {number: rename(table.cells[number].block_key) for number in chosen}
    profiles = {profile for number in chosen for profile in table.profiles_of[number]}
    parts = join_parts(
        ([(keys[number], share) for number, share in profile if number in keys], table.parts[profile])
        for profile in profiles
    )
    return not exposes_few_people(parts, least)


def _union_people(table: _CellTable, chosen: Iterable[int]) -> frozenset[object]:
    return frozenset[object]().union(*(table.cells[number].people for number in chosen))


def _build_cells(lines: pd.DataFrame, by: Sequence[str]) -> _CellTable:
    """The rows with confirmed hours, and the parts of their time."""
    keys = key_columns(by)
    confirmed = lines[lines["hours"] > 0]
    confirmed = confirmed.assign(cell=confirmed.groupby(keys, sort=False).ngroup())
    cell_keys = row_keys(confirmed.drop_duplicates("cell").sort_values("cell"), by)
    people_of: defaultdict[int, set[object]] = defaultdict(set)
    members = confirmed[["cell", "manager_id"]].drop_duplicates()
    for number, person in zip(members["cell"], members["manager_id"], strict=True):
        people_of[number].add(person)
    cells = [Cell(key, key, frozenset(people_of[number])) for number, key in enumerate(cell_keys)]
    parts = build_parts(measure_entry_shares(confirmed, "cell", "hours"))
    profiles_of: defaultdict[Hashable, list[Profile]] = defaultdict(list)
    for profile in parts:
        for number, _ in profile:
            profiles_of[number].append(profile)
    return _CellTable(cells, parts, profiles_of)


def build_parts(shares: pd.DataFrame) -> Parts:
    """Build the parts of people's time.

    Args:
        shares: Columns manager_id, meeting_id, day, figure, share (of the time of that meeting and day).
    """
    shares_by_entry: defaultdict[tuple[object, ...], list[tuple[Hashable, float]]] = defaultdict(list)
    columns = ["manager_id", "meeting_id", "day", "figure", "share"]
    for manager_id, meeting_id, day, figure, share in shares[columns].itertuples(index=False, name=None):
        shares_by_entry[manager_id, meeting_id, day].append((figure, round(share, 6)))
    people: defaultdict[tuple[tuple[Hashable, float], ...], set[object]] = defaultdict(set)
    for (manager_id, _, _), profile in shares_by_entry.items():
        people[tuple(profile)].add(manager_id)
    return join_parts(people.items())


def measure_entry_shares(lines: pd.DataFrame, figure: str, amount: str) -> pd.DataFrame:
    """Return how the time of each person's meeting on each day is divided among figures, for `build_parts`.

    Args:
        lines: Contributions.
        figure: The column that identifies the figure.
        amount: The column of hours.
    """
    entry = ["manager_id", "meeting_id", "day"]
    sums = lines.groupby([*entry, figure], sort=False)[amount].sum().reset_index()
    whole = sums.groupby(entry, sort=False)[amount].transform("sum")
    return sums.assign(figure=sums[figure], share=sums[amount] / whole)


def _merge_level(table: _CellTable, level: _Level, least: int) -> list[Cell]:
    units: defaultdict[Unit, list[int]] = defaultdict(list)
    for number, unit in enumerate(_find_units(table, level)):
        units[unit].append(number)
    buckets: defaultdict[Unit, dict[Unit, list[int]]] = defaultdict(dict)
    for unit, numbers in units.items():
        buckets[level.bucket(table.cells[numbers[0]].block_key)][unit] = numbers
    chosen = {
        number
        for bucket in buckets.values()
        if level.renames_single or len(bucket) > 1
        for unit in _units_to_merge(table, bucket, level, least)
        for number in bucket[unit]
    }
    return [
        replace(cell, block_key=level.block(cell.block_key)) if number in chosen else cell
        for number, cell in enumerate(table.cells)
    ]


def _find_units(table: _CellTable, level: _Level) -> list[Unit]:
    """The unit of each row. Linked units that have time in common are one, with the key of the first."""
    units = [level.unit(cell.block_key) for cell in table.cells]
    if not level.is_linked:
        return units
    unit_of: dict[Hashable, Unit] = dict(enumerate(units))
    # Disjoint sets (union-find): each unit has a parent, and the root is the key of the set.
    parents = {unit: unit for unit in units}

    def root(unit: Unit) -> Unit:
        while parents[unit] != unit:
            unit = parents[unit]
        return unit

    for profile in table.parts:
        roots = sorted({root(unit_of[number]) for number, _ in profile}, key=str)
        for other in roots[1:]:
            parents[other] = roots[0]
    return [root(unit) for unit in units]


def _units_to_merge(
    table: _CellTable, units: Mapping[Unit, Sequence[int]], level: _Level, least: int
) -> set[Unit]:
    """The units that merge: all insufficient ones, and the smallest others until they are sufficient."""
    chosen = {
        unit
        for unit, numbers in units.items()
        if not level.is_sufficient(table, numbers, lambda key: key, least)
    }
    sizes = {unit: len(_union_people(table, numbers)) for unit, numbers in units.items()}
    others = sorted(
        units.keys() - chosen, key=lambda unit: (MERGED_VALUE not in unit, sizes[unit], str(unit))
    )
    for unit in others if chosen else ():
        together = [number for name in chosen for number in units[name]]
        if level.is_merged_sufficient(table, together, level.block, least):
            break
        chosen.add(unit)
    return chosen
