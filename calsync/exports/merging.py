"""Small cells into blocks: each of enough people, so that a sum of blocks never shows a few.

Each period by itself, from the outside in: groups with too few people join others that share the
by-columns before theirs (grades of a department first, then departments); then, within each group,
partnerships of one activity; then, where those are still too few, activities.

Process and service improvement of a partnership go together: a mixed hour stands half in each, so
that one less the other leaves what is purely one or the other, and that too must be many people's.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from calsync.analysis.contributions import PERIOD
from calsync.model.classification import Activity

SMALL = "(small groups)"
"""What merged rows are called, in every column that is merged."""
Key = tuple[object, ...]
"""By-values, first day, day after, partnership, activity."""
_PAIR = (Activity.PROCESS.value, Activity.SERVICE_IMPROVEMENT.value)


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
class Cell:
    """A row: its own key, what it is called now, and the people behind it.

    pure: those with time in it that is not mixed. mixed: whether any of it is.
    """

    origin: Key
    name: Key
    people: frozenset[object]
    pure: frozenset[object]
    mixed: bool


Suffices = Callable[[Sequence[Cell], int], bool]
"""Whether cells stand for so many people."""


@dataclass(frozen=True, slots=True)
class _Level:
    """One round of merging: units of cells that do not suffice merge with others in the same bucket.

    lost: the places of the key that read SMALL afterwards. suffices: asked of a unit as it is;
    merged: asked of what merges.
    """

    unit: Callable[[Key], Key]
    bucket: Callable[[Key], Key]
    lost: Collection[int]
    suffices: Suffices
    merged: Suffices

    def block(self, name: Key) -> Key:
        """The name after merging."""
        return tuple(SMALL if place in self.lost else value for place, value in enumerate(name))


def merge_small(lines: pd.DataFrame, *, by: Sequence[str], least: int) -> Merged:
    """Rename cells until each name stands for at least `least` people with confirmed hours.

    lines: contributions of rows with confirmed hours. Periods with fewer people in all are left out.
    """
    keys = [*by, *PERIOD, "partnership", "activity"]
    before = after = list(_cells(lines, keys))
    for level in _levels(len(by)):
        after = _merge(after, level, least)
    behind: defaultdict[Key, set[object]] = defaultdict(set)
    for cell in after:
        behind[cell.name] |= cell.people
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
    first, partnership, activity = width, width + 2, width + 3
    for outer in reversed(range(width)):
        yield _Level(
            unit=lambda name: name[:partnership],
            bucket=lambda name, outer=outer: (*name[:outer], *name[first:partnership]),  # type: ignore[misc]
            lost=range(outer, width),
            suffices=_together,
            merged=_together,
        )
    yield _Level(
        unit=_with_pair,
        bucket=lambda name: (*name[:partnership], _pair(name)),
        lost={partnership},
        suffices=_row_by_row,
        merged=_row_by_row,
    )
    yield _Level(
        unit=_with_pair,
        bucket=lambda name: name[:partnership],
        lost={partnership, activity},
        suffices=_row_by_row,
        merged=_together,
    )


def _with_pair(name: Key) -> Key:
    return (*name[:-1], _pair(name))


def _pair(name: Key) -> object:
    return _PAIR if name[-1] in _PAIR else name[-1]


def _together(cells: Sequence[Cell], least: int) -> bool:
    return len(_union(cell.people for cell in cells)) >= least


def _row_by_row(cells: Sequence[Cell], least: int) -> bool:
    """Whether each activity's row stands for enough people, and the difference of the pair too."""
    rows: defaultdict[object, list[Cell]] = defaultdict(list)
    for cell in cells:
        rows[cell.name[-1]].append(cell)
    pure = _union(cell.pure for cell in cells)
    linked = any(cell.mixed for cell in cells)
    return all(_together(row, least) for row in rows.values()) and (
        not linked or not pure or len(pure) >= least
    )


def _union(groups: Iterable[frozenset[object]]) -> frozenset[object]:
    return frozenset[object]().union(*groups)


def _cells(lines: pd.DataFrame, keys: Sequence[str]) -> Iterator[Cell]:
    people: defaultdict[Key, set[object]] = defaultdict(set)
    mixed: defaultdict[Key, set[object]] = defaultdict(set)
    pure: defaultdict[Key, set[object]] = defaultdict(set)
    sure = lines.loc[lines["hours"] > 0, [*keys, "source", "manager_id"]].drop_duplicates()
    for *key, source, person in sure.itertuples(index=False, name=None):
        name = tuple(key)
        people[name].add(person)
        (mixed if source == Activity.MIXED else pure)[name].add(person)
    for name, behind in people.items():
        yield Cell(name, name, frozenset(behind), frozenset(pure[name]), name in mixed)


def _merge(cells: Sequence[Cell], level: _Level, least: int) -> list[Cell]:
    buckets: defaultdict[Key, defaultdict[Key, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        buckets[level.bucket(cell.name)][level.unit(cell.name)].append(cell)
    chosen = {unit for units in buckets.values() for unit in _chosen(units, level, least)}
    return [
        replace(cell, name=level.block(cell.name)) if level.unit(cell.name) in chosen else cell
        for cell in cells
    ]


def _chosen(units: Mapping[Key, Sequence[Cell]], level: _Level, least: int) -> set[Key]:
    """The units that must merge: all that do not suffice, and the smallest others until they do."""
    chosen = {unit for unit, cells in units.items() if not level.suffices(cells, least)}
    sizes = {unit: len(_union(cell.people for cell in cells)) for unit, cells in units.items()}
    others = sorted(units.keys() - chosen, key=lambda unit: (SMALL not in unit, sizes[unit], str(unit)))
    for unit in others if chosen else ():
        if level.merged([cell for one in chosen for cell in units[one]], least):
            break
        chosen.add(unit)
    return chosen


def _renamed(lines: pd.DataFrame, keys: Sequence[str], names: Mapping[Key, Key]) -> pd.DataFrame:
    own = [names.get(key) for key in lines[list(keys)].itertuples(index=False, name=None)]
    kept = lines[pd.Series([name is not None for name in own], index=lines.index, dtype="bool")]
    renamed = pd.DataFrame([name for name in own if name], columns=list(keys), index=kept.index)
    return kept.assign(**{key: renamed[key].astype(kept[key].dtype) for key in keys})
