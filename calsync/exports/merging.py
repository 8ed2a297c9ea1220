"""Small cells into blocks: each of enough people, so that a sum of blocks never shows a few.

Each period by itself, from the outside in: groups with too few people join others that share the
by-columns before theirs (grades of a department first, then departments); then, within each group,
partnerships of one activity; then, where those are still too few, activities.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from calsync.analysis.contributions import PERIOD

SMALL = "(small groups)"
"""What merged rows are called, in every column that is merged."""
Key = tuple[object, ...]
"""By-values, first day, day after, partnership, activity."""


@dataclass(frozen=True)
class Merged:
    """Contributions under the names of their blocks.

    groups: for each group in a period (by-values, first day, day after) the by-values of its block.
    small, joined, unpublished: how many rows were too small, had to join such, could not be shown.
    """

    lines: pd.DataFrame
    groups: Mapping[Key, Key]
    small: int
    joined: int
    unpublished: int


@dataclass(frozen=True, slots=True)
class _Cell:
    """A row: its own key, what it is called now, and the people behind it."""

    origin: Key
    name: Key
    people: frozenset[object]


@dataclass(frozen=True, slots=True)
class _Level:
    """One round of merging: units, told apart by some places of the key, merge where `within` agrees."""

    unit: tuple[int, ...]
    within: tuple[int, ...]

    def block(self, name: Key) -> Key:
        """The name after merging: what tells units apart is lost."""
        lost = set(self.unit) - set(self.within)
        return tuple(SMALL if place in lost else value for place, value in enumerate(name))


def merge_small(lines: pd.DataFrame, *, by: Sequence[str], least: int) -> Merged:
    """Rename cells until each name stands for at least `least` people with confirmed hours.

    lines: contributions of rows with confirmed hours. Periods with fewer people in all are left out.
    """
    keys = [*by, *PERIOD, "partnership", "activity"]
    before = after = list(_cells(lines, keys))
    for level in _levels(len(by)):
        after = _merge(after, level, least)
    behind = _people(after, tuple(range(len(keys))))
    names = {cell.origin: cell.name for cell in after if len(behind[cell.name]) >= least}
    width = len(by)
    return Merged(
        lines=_renamed(lines, keys, names),
        groups={cell.origin[: width + 2]: cell.name[:width] for cell in after},
        small=sum(len(cell.people) < least for cell in before),
        joined=sum(cell.name != cell.origin and len(cell.people) >= least for cell in after),
        unpublished=len(after) - len(names),
    )


def _levels(width: int) -> Iterator[_Level]:
    first, last, partnership, activity = range(width, width + 4)
    group = (*range(width), first, last)
    for outer in reversed(range(width)):
        yield _Level(unit=group, within=(*range(outer), first, last))
    yield _Level(unit=(*group, partnership, activity), within=(*group, activity))
    yield _Level(unit=(*group, partnership, activity), within=group)


def _cells(lines: pd.DataFrame, keys: Sequence[str]) -> Iterator[_Cell]:
    behind: defaultdict[Key, set[object]] = defaultdict(set)
    sure = lines.loc[lines["hours"] > 0, [*keys, "manager_id"]].drop_duplicates()
    for row in sure.itertuples(index=False, name=None):
        behind[row[:-1]].add(row[-1])
    for key, people in behind.items():
        yield _Cell(key, key, frozenset(people))


def _merge(cells: Sequence[_Cell], level: _Level, least: int) -> list[_Cell]:
    buckets: defaultdict[Key, dict[Key, frozenset[object]]] = defaultdict(dict)
    for unit, people in _people(cells, level.unit).items():
        places = dict(zip(level.unit, unit, strict=True))
        buckets[tuple(places[place] for place in level.within)][unit] = people
    chosen = {unit for units in buckets.values() for unit in _chosen(units, least)}
    return [
        replace(cell, name=level.block(cell.name)) if _at(cell.name, level.unit) in chosen else cell
        for cell in cells
    ]


def _chosen(units: Mapping[Key, frozenset[object]], least: int) -> set[Key]:
    """The units that must merge: all that are too small, and the smallest others until they are enough."""
    chosen = {unit for unit, people in units.items() if len(people) < least}
    people = frozenset[object]().union(*(units[unit] for unit in chosen))
    others = sorted(units.keys() - chosen, key=lambda unit: (SMALL not in unit, len(units[unit]), str(unit)))
    for unit in others if chosen else ():
        if len(people) >= least:
            break
        chosen.add(unit)
        people |= units[unit]
    return chosen


def _people(cells: Sequence[_Cell], places: Sequence[int]) -> dict[Key, frozenset[object]]:
    behind: defaultdict[Key, frozenset[object]] = defaultdict(frozenset)
    for cell in cells:
        behind[_at(cell.name, places)] |= cell.people
    return dict(behind)


def _at(name: Key, places: Sequence[int]) -> Key:
    return tuple(name[place] for place in places)


def _renamed(lines: pd.DataFrame, keys: Sequence[str], names: Mapping[Key, Key]) -> pd.DataFrame:
    own = [names.get(key) for key in lines[list(keys)].itertuples(index=False, name=None)]
    kept = lines[pd.Series([name is not None for name in own], index=lines.index, dtype="bool")]
    renamed = pd.DataFrame([name for name in own if name], columns=list(keys), index=kept.index)
    return kept.assign(**{key: renamed[key].astype(kept[key].dtype) for key in keys})
