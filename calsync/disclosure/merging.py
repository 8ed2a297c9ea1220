"""Merge rows that stand for too few people into blocks, so that no sum of blocks shows a few people.

Each period is merged by itself, from the widest group inwards: groups with too few people merge with
others that share the by-columns before theirs (grades of a department first, then departments); then,
within each group, the labels of one partnership and activity (names that a pack of rules gives); then
partnerships of one activity; then, where those are still too few, activities.

Rows that have time in common are merged together: process and service improvement of a partnership,
because a mixed hour counts in both, and partnerships that share a meeting in a true tie. The difference
of two such rows is what belongs to one of them only, and that too must be many people's
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

    names: for each row, by its own key, the key of its block; rows that cannot be shown have none.
    groups: for each group the group of its block.
    below_threshold: how many rows stood for too few people. secondary: how many larger ones were merged
    with those. unpublished: how many cannot be shown.
    """

    lines: pd.DataFrame
    names: Mapping[RowKey, RowKey]
    groups: Mapping[GroupKey, GroupKey]
    below_threshold: int
    secondary: int
    unpublished: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A row: its own key, the key of its block so far, and the people behind it."""

    origin: RowKey
    name: RowKey
    people: frozenset[object]


@dataclass(frozen=True, slots=True)
class _Cells:
    """All rows by number, and the time in them: each part with the numbers of the rows that count it.

    touching: for each row the profiles of the parts in it.
    """

    cells: list[Cell]
    parts: Parts
    touching: Mapping[Hashable, Sequence[Profile]]


Suffices = Callable[[_Cells, Sequence[int], Callable[[RowKey], RowKey], int], bool]
"""Whether rows (by number), under the keys that a function gives them, stand for enough people."""
Unit = tuple[object, ...]
"""The rows that are merged as a whole at one level; its text orders units of equal size."""


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of merging: units of rows that do not suffice merge with others of the same bucket.

    block: the key after merging. suffices: tested on a unit as it is; merged_suffices: tested on what
    merges. linked: whether units that have time in common are one. alone: whether a unit that is alone in
    its bucket takes the key of a block, too; otherwise it is left to the next level.
    """

    unit: Callable[[RowKey], Unit]
    bucket: Callable[[RowKey], Unit]
    block: Callable[[RowKey], RowKey]
    suffices: Suffices
    merged_suffices: Suffices
    linked: bool = False
    alone: bool = True


def merge_small(lines: pd.DataFrame, *, by: Sequence[str], least: int) -> MergedRows:
    """Rename rows until each key stands for at least `least` people with confirmed hours.

    lines: contributions of rows with confirmed hours. Periods with fewer people in all are left out.
    """
    start = _cells(lines, by)
    before = after = start.cells
    has_labels = any(cell.origin.label for cell in before)
    for level in _levels(len(by), has_labels):
        after = _merge(replace(start, cells=after), level, least)
    people_of: defaultdict[RowKey, set[object]] = defaultdict(set)
    for cell in after:
        people_of[cell.name] |= cell.people
    names = {cell.origin: cell.name for cell in after if len(people_of[cell.name]) >= least}
    return MergedRows(
        lines=rename_rows(lines, by, names),
        names=names,
        groups={cell.origin.group: cell.name.group for cell in after},
        below_threshold=sum(len(cell.people) < least for cell in before),
        secondary=sum(cell.name != cell.origin and len(cell.people) >= least for cell in after),
        unpublished=len(after) - len(names),
    )


def _levels(width: int, has_labels: bool) -> Iterator[_Level]:
    """The levels of merging, for so many by-columns. has_labels: whether any row has a label."""
    label = MERGED_VALUE if has_labels else ""
    for kept in reversed(range(width)):
        yield _group_level(kept)
    if has_labels:
        # Rows of several partnerships that have time in common are left to the next level, which merges them.
        yield _Level(
            unit=lambda key: (*_partnership_unit(key), key.label),
            bucket=_partnership_unit,
            block=lambda key: key._replace(label=MERGED_VALUE),
            suffices=_each_row_suffices,
            merged_suffices=_each_row_suffices,
            alone=False,
        )
    yield _Level(
        unit=_partnership_unit,
        bucket=lambda key: (*_group_unit(key), _pair(key)),
        block=lambda key: key._replace(partnership=MERGED_VALUE, label=label),
        suffices=_each_row_suffices,
        merged_suffices=_each_row_suffices,
        linked=True,
    )
    yield _Level(
        unit=_partnership_unit,
        bucket=_group_unit,
        block=lambda key: key._replace(partnership=MERGED_VALUE, activity=MERGED_VALUE, label=label),
        suffices=_each_row_suffices,
        merged_suffices=_sum_suffices,
        linked=True,
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
        suffices=_sum_suffices,
        merged_suffices=_sum_suffices,
    )


def _group_unit(key: RowKey) -> Unit:
    return (*key.group.by_values, *key.group.period)


def _partnership_unit(key: RowKey) -> Unit:
    return (*_group_unit(key), key.partnership, _pair(key))


def _pair(key: RowKey) -> object:
    """Process and service improvement are merged together: a mixed hour counts in both."""
    return _PAIR if key.activity in _PAIR else key.activity


def _sum_suffices(
    all_: _Cells, chosen: Sequence[int], _named: Callable[[RowKey], RowKey], least: int
) -> bool:
    """Whether all these rows together stand for enough people."""
    return len(_people(all_, chosen)) >= least


def _each_row_suffices(
    all_: _Cells, chosen: Sequence[int], named: Callable[[RowKey], RowKey], least: int
) -> bool:
    """Whether each row stands for enough people, and so does every difference of rows."""
    names: dict[Hashable, RowKey] = {number: named(all_.cells[number].name) for number in chosen}
    profiles = {profile for number in chosen for profile in all_.touching[number]}
    parts = join_parts(
        ([(names[number], share) for number, share in profile if number in names], all_.parts[profile])
        for profile in profiles
    )
    return not exposes_few_people(parts, least)


def _people(all_: _Cells, chosen: Iterable[int]) -> frozenset[object]:
    return frozenset[object]().union(*(all_.cells[number].people for number in chosen))


def _cells(lines: pd.DataFrame, by: Sequence[str]) -> _Cells:
    """The rows with confirmed hours, and the parts of their time."""
    keys = key_columns(by)
    confirmed = lines[lines["hours"] > 0]
    confirmed = confirmed.assign(cell=confirmed.groupby(keys, sort=False).ngroup())
    names = row_keys(confirmed.drop_duplicates("cell").sort_values("cell"), by)
    people_of: defaultdict[int, set[object]] = defaultdict(set)
    members = confirmed[["cell", "manager_id"]].drop_duplicates()
    for number, person in zip(members["cell"], members["manager_id"], strict=True):
        people_of[number].add(person)
    cells = [Cell(name, name, frozenset(people_of[number])) for number, name in enumerate(names)]
    parts = build_parts(measure_entry_shares(confirmed, "cell", "hours"))
    touching: defaultdict[Hashable, list[Profile]] = defaultdict(list)
    for profile in parts:
        for number, _ in profile:
            touching[number].append(profile)
    return _Cells(cells, parts, touching)


def build_parts(shares: pd.DataFrame) -> Parts:
    """The parts of people's time. Columns: manager_id, meeting_id, day, figure, share (of that time)."""
    shares_by_entry: defaultdict[tuple[object, ...], list[tuple[Hashable, float]]] = defaultdict(list)
    columns = ["manager_id", "meeting_id", "day", "figure", "share"]
    for manager_id, meeting_id, day, figure, share in shares[columns].itertuples(index=False, name=None):
        shares_by_entry[manager_id, meeting_id, day].append((figure, round(share, 6)))
    people: defaultdict[tuple[tuple[Hashable, float], ...], set[object]] = defaultdict(set)
    for (manager_id, _, _), profile in shares_by_entry.items():
        people[tuple(profile)].add(manager_id)
    return join_parts(people.items())


def measure_entry_shares(lines: pd.DataFrame, figure: str, amount: str) -> pd.DataFrame:
    """How each meeting of each person on each day is divided among figures; for `parts_of`."""
    entry = ["manager_id", "meeting_id", "day"]
    sums = lines.groupby([*entry, figure], sort=False)[amount].sum().reset_index()
    whole = sums.groupby(entry, sort=False)[amount].transform("sum")
    return sums.assign(figure=sums[figure], share=sums[amount] / whole)


def _merge(all_: _Cells, level: _Level, least: int) -> list[Cell]:
    units: defaultdict[Unit, list[int]] = defaultdict(list)
    for number, unit in enumerate(_units(all_, level)):
        units[unit].append(number)
    buckets: defaultdict[Unit, dict[Unit, list[int]]] = defaultdict(dict)
    for unit, numbers in units.items():
        buckets[level.bucket(all_.cells[numbers[0]].name)][unit] = numbers
    chosen = {
        number
        for bucket in buckets.values()
        if level.alone or len(bucket) > 1
        for unit in _units_to_merge(all_, bucket, level, least)
        for number in bucket[unit]
    }
    return [
        replace(cell, name=level.block(cell.name)) if number in chosen else cell
        for number, cell in enumerate(all_.cells)
    ]


def _units(all_: _Cells, level: _Level) -> list[Unit]:
    """The unit of each row. Units that have time in common are one, named as the first of them."""
    own = [level.unit(cell.name) for cell in all_.cells]
    if not level.linked:
        return own
    unit_of: dict[Hashable, Unit] = dict(enumerate(own))
    first = {unit: unit for unit in own}

    def root(unit: Unit) -> Unit:
        while first[unit] != unit:
            unit = first[unit]
        return unit

    for profile in all_.parts:
        roots = sorted({root(unit_of[number]) for number, _ in profile}, key=str)
        for other in roots[1:]:
            first[other] = roots[0]
    return [root(unit) for unit in own]


def _units_to_merge(
    all_: _Cells, units: Mapping[Unit, Sequence[int]], level: _Level, least: int
) -> set[Unit]:
    """The units that must merge: all that do not suffice, and the smallest others until they do."""
    chosen = {
        unit for unit, numbers in units.items() if not level.suffices(all_, numbers, lambda key: key, least)
    }
    sizes = {unit: len(_people(all_, numbers)) for unit, numbers in units.items()}
    others = sorted(
        units.keys() - chosen, key=lambda unit: (MERGED_VALUE not in unit, sizes[unit], str(unit))
    )
    for unit in others if chosen else ():
        together = [number for name in chosen for number in units[name]]
        if level.merged_suffices(all_, together, level.block, least):
            break
        chosen.add(unit)
    return chosen
