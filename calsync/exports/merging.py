"""Small cells into blocks: each of enough people, so that a sum of blocks never shows a few.

Each period by itself, from the outside in: groups with too few people join others that share the
by-columns before theirs (grades of a department first, then departments); then, within each group,
partnerships of one activity; then, where those are still too few, activities.

Rows that have time in common go together: process and service improvement of a partnership, for a mixed
hour stands in both, and partnerships that share a meeting in a true tie. One less the other leaves what
is purely one or the other, and that too must be many people's (`calsync.exports.isolation`).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from calsync.analysis.contributions import PERIOD_COLUMNS
from calsync.exports.isolation import FigureProfile, Parts, is_disclosive, join_parts
from calsync.model.classification import Activity

MERGED_NAME = "(small groups)"
"""What merged rows are called, in every column that is merged."""
CellKey = tuple[object, ...]
"""By-values, first day, day after, partnership, activity."""
_PAIR = (Activity.PROCESS.value, Activity.SERVICE_IMPROVEMENT.value)


@dataclass(frozen=True)
class MergedCells:
    """Contributions under the names of their blocks.

    names: for each row, by its own key, the name of its block; rows that cannot be shown have none.
    groups: for each group in a period (by-values, first day, day after) the by-values of its block.
    small, joined, unpublished: how many rows were too small, had to join such, could not be shown.
    """

    lines: pd.DataFrame
    names: Mapping[CellKey, CellKey]
    groups: Mapping[CellKey, CellKey]
    below_threshold: int
    secondary: int
    suppressed: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A row: its own key, what it is called now, and the people behind it."""

    origin: CellKey
    name: CellKey
    people: frozenset[object]


@dataclass(frozen=True, slots=True)
class _Cells:
    """All rows, and the time in them: each part with the numbers of the rows in which it stands.

    touching: for each row the profiles of the parts in it.
    """

    cells: list[Cell]
    parts: Parts
    touching: Mapping[Hashable, Sequence[FigureProfile]]


SafetyCheck = Callable[[_Cells, Sequence[int], Callable[[CellKey], CellKey], int], bool]
"""Whether rows (by number), called as a function of their names says, stand for so many people."""


@dataclass(frozen=True, slots=True)
class _MergeLevel:
    """One round of merging: units of cells that do not suffice merge with others in the same bucket.

    lost: the places of the key that read SMALL afterwards. suffices: asked of a unit as it is;
    merged: asked of what merges. linked: whether units that have time in common are one.
    """

    unit: Callable[[CellKey], CellKey]
    bucket: Callable[[CellKey], CellKey]
    merged_columns: Collection[int]
    is_safe_alone: SafetyCheck
    is_safe_merged: SafetyCheck
    linked: bool = False

    def merged_name(self, name: CellKey) -> CellKey:
        """The name after merging."""
        return tuple(
            MERGED_NAME if index in self.merged_columns else value for index, value in enumerate(name)
        )


def merge_small_cells(lines: pd.DataFrame, *, by: Sequence[str], threshold: int) -> MergedCells:
    """Rename cells until each name stands for at least `least` people with confirmed hours.

    lines: contributions of rows with confirmed hours. Periods with fewer people in all are left out.
    """
    keys = [*by, *PERIOD_COLUMNS, "partnership", "activity"]
    start = _build_cells(lines, keys)
    before = after = start.cells
    for level in _merge_levels(len(by)):
        after = _merge_level(replace(start, cells=after), level, threshold)
    behind: defaultdict[CellKey, set[object]] = defaultdict(set)
    for cell in after:
        behind[cell.name] |= cell.people
    names = {cell.origin: cell.name for cell in after if len(behind[cell.name]) >= threshold}
    width = len(by)
    return MergedCells(
        lines=rename_cells(lines, keys, names),
        names=names,
        groups={cell.origin[: width + 2]: cell.name[:width] for cell in after},
        below_threshold=sum(len(cell.people) < threshold for cell in before),
        secondary=sum(cell.name != cell.origin and len(cell.people) >= threshold for cell in after),
        suppressed=len(after) - len(names),
    )


def _merge_levels(width: int) -> Iterator[_MergeLevel]:
    first, partnership, activity = width, width + 2, width + 3
    for outer in reversed(range(width)):
        yield _MergeLevel(
            unit=lambda name: name[:partnership],
            bucket=lambda name, outer=outer: (*name[:outer], *name[first:partnership]),  # type: ignore[misc]
            merged_columns=range(outer, width),
            is_safe_alone=_has_enough_people,
            is_safe_merged=_has_enough_people,
        )
    yield _MergeLevel(
        unit=_with_activity_pair,
        bucket=lambda name: (*name[:partnership], _activity_pair(name)),
        merged_columns={partnership},
        is_safe_alone=_is_each_row_safe,
        is_safe_merged=_is_each_row_safe,
        linked=True,
    )
    yield _MergeLevel(
        unit=_with_activity_pair,
        bucket=lambda name: name[:partnership],
        merged_columns={partnership, activity},
        is_safe_alone=_is_each_row_safe,
        is_safe_merged=_has_enough_people,
        linked=True,
    )


def _with_activity_pair(name: CellKey) -> CellKey:
    return (*name[:-1], _activity_pair(name))


def _activity_pair(name: CellKey) -> object:
    return _PAIR if name[-1] in _PAIR else name[-1]


def _has_enough_people(
    all_: _Cells, chosen: Sequence[int], _called: Callable[[CellKey], CellKey], threshold: int
) -> bool:
    return len(_people_behind(all_, chosen)) >= threshold


def _is_each_row_safe(
    all_: _Cells, chosen: Sequence[int], called: Callable[[CellKey], CellKey], threshold: int
) -> bool:
    """Whether each row stands for enough people, and so does every difference of rows."""
    names: dict[Hashable, CellKey] = {number: called(all_.cells[number].name) for number in chosen}
    profiles = {profile for number in chosen for profile in all_.touching[number]}
    parts = join_parts(
        ([(names[number], share) for number, share in profile if number in names], all_.parts[profile])
        for profile in profiles
    )
    return not is_disclosive(parts, threshold)


def _people_behind(all_: _Cells, chosen: Iterable[int]) -> frozenset[object]:
    return frozenset[object]().union(*(all_.cells[number].people for number in chosen))


def _build_cells(lines: pd.DataFrame, keys: Sequence[str]) -> _Cells:
    """The rows with confirmed hours, and the parts of their time."""
    sure = lines[lines["hours"] > 0]
    sure = sure.assign(cell=sure.groupby(list(keys), sort=False).ngroup())
    names = sure.drop_duplicates("cell").sort_values("cell")[list(keys)]
    behind: defaultdict[int, set[object]] = defaultdict(set)
    for number, person in sure[["cell", "manager_id"]].drop_duplicates().itertuples(index=False, name=None):
        behind[number].add(person)
    cells = [
        Cell(name, name, frozenset(behind[number]))
        for number, name in enumerate(names.itertuples(index=False, name=None))
    ]
    parts = build_parts(divide_among_figures(sure, "cell", "hours"))
    touching: defaultdict[Hashable, list[FigureProfile]] = defaultdict(list)
    for profile in parts:
        for cell, _ in profile:
            touching[cell].append(profile)
    return _Cells(cells, parts, touching)


def build_parts(shares: pd.DataFrame) -> Parts:
    """The parts of people's time. Columns: manager_id, meeting_id, day, figure, share (of that time)."""
    shares_of: defaultdict[tuple[object, ...], list[tuple[Hashable, float]]] = defaultdict(list)
    columns = ["manager_id", "meeting_id", "day", "figure", "share"]
    for *entry, figure, share in shares[columns].itertuples(index=False, name=None):
        shares_of[tuple(entry)].append((figure, round(share, 6)))
    people: defaultdict[tuple[tuple[Hashable, float], ...], set[object]] = defaultdict(set)
    for (person, *_), stands in shares_of.items():
        people[tuple(stands)].add(person)
    return join_parts(people.items())


def divide_among_figures(lines: pd.DataFrame, figure: str, amount: str) -> pd.DataFrame:
    """How each meeting of each person on each day is divided among figures; for `build_parts`."""
    entry = ["manager_id", "meeting_id", "day"]
    sums = lines.groupby([*entry, figure], sort=False)[amount].sum().reset_index()
    whole = sums.groupby(entry, sort=False)[amount].transform("sum")
    return sums.assign(figure=sums[figure], share=sums[amount] / whole)


def _merge_level(all_: _Cells, level: _MergeLevel, threshold: int) -> list[Cell]:
    units: defaultdict[CellKey, list[int]] = defaultdict(list)
    for number, unit in enumerate(_units(all_, level)):
        units[unit].append(number)
    buckets: defaultdict[CellKey, dict[CellKey, list[int]]] = defaultdict(dict)
    for unit, numbers in units.items():
        buckets[level.bucket(all_.cells[numbers[0]].name)][unit] = numbers
    chosen = {
        number
        for bucket in buckets.values()
        for unit in _select_units(all_, bucket, level, threshold)
        for number in bucket[unit]
    }
    return [
        replace(cell, name=level.merged_name(cell.name)) if number in chosen else cell
        for number, cell in enumerate(all_.cells)
    ]


def _units(all_: _Cells, level: _MergeLevel) -> list[CellKey]:
    """The unit of each row. Units that have time in common are one, named as the first of them."""
    own = [level.unit(cell.name) for cell in all_.cells]
    if not level.linked:
        return own
    unit_of: dict[Hashable, CellKey] = dict(enumerate(own))
    first = {unit: unit for unit in own}

    def root(unit: CellKey) -> CellKey:
        while first[unit] != unit:
            unit = first[unit]
        return unit

    for profile in all_.parts:
        roots = sorted({root(unit_of[number]) for number, _ in profile}, key=str)
        for other in roots[1:]:
            first[other] = roots[0]
    return [root(unit) for unit in own]


def _select_units(
    all_: _Cells, units: Mapping[CellKey, Sequence[int]], level: _MergeLevel, threshold: int
) -> set[CellKey]:
    """The units that must merge: all that do not suffice, and the smallest others until they do."""
    chosen = {
        unit
        for unit, numbers in units.items()
        if not level.is_safe_alone(all_, numbers, lambda name: name, threshold)
    }
    sizes = {unit: len(_people_behind(all_, numbers)) for unit, numbers in units.items()}
    others = sorted(units.keys() - chosen, key=lambda unit: (MERGED_NAME not in unit, sizes[unit], str(unit)))
    for unit in others if chosen else ():
        together = [number for one in chosen for number in units[one]]
        if level.is_safe_merged(all_, together, level.merged_name, threshold):
            break
        chosen.add(unit)
    return chosen


def rename_cells(lines: pd.DataFrame, keys: Sequence[str], names: Mapping[CellKey, CellKey]) -> pd.DataFrame:
    """The lines under new names; those without one are left out."""
    own = [names.get(key) for key in lines[list(keys)].itertuples(index=False, name=None)]
    kept = lines[pd.Series([name is not None for name in own], index=lines.index, dtype="bool")]
    renamed = pd.DataFrame([name for name in own if name], columns=list(keys), index=kept.index)
    return kept.assign(**{key: renamed[key].astype(kept[key].dtype) for key in keys})
