"""An attacker who knows everything but the hours: the list of managers, the rates, who met whom and when.

What the attacker sees is a table for HR, all its numbers taken as exact. How each number depends on the
hours is found from outside: one person's time in one meeting is changed a little, and the table made
again. Rows of that matrix may be combined in any way. The attack succeeds if a combination depends on
some people's hours, and on those of fewer than the least group.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

Publish = Callable[[pd.DataFrame], pd.DataFrame]
RELATIVE_STEP = 1e-6
"""By what part of itself a time is changed: in proportion, for an agenda still divides it as before."""
TOLERANCE = 1e-5
COUNTS = ("managers", "meetings", "attendances")


def find_isolated_people(table: np.ndarray, people: Sequence[frozenset], least: int) -> frozenset | None:
    """Fewer than `least` people whose figure is a combination of the rows; None if there are none such.

    people: those behind each column.
    """
    known = table[np.abs(table).max(axis=1, initial=0) > 1e-9]
    if not len(known):
        return None
    known = known / np.abs(known).max(axis=1, keepdims=True)
    _, sizes, basis = np.linalg.svd(known, full_matrices=False)
    known = basis[sizes > TOLERANCE]
    if _has_large_columns(known, people, least):
        return None
    everybody = sorted(frozenset[object]().union(*people))
    for few in combinations(everybody, min(least - 1, len(everybody))):
        left = known[:, [not behind <= set(few) for behind in people]]
        if _rank(left) < len(known):
            return frozenset(few)
    return None


def _has_large_columns(known: np.ndarray, people: Sequence[frozenset], least: int) -> bool:
    """Whether the directions of enough people have full rank: then every combination holds one of them."""
    behind: defaultdict[tuple, set] = defaultdict(set)
    for column, some in zip(known.T, people, strict=True):
        length = np.linalg.norm(column)
        if length > TOLERANCE:
            behind[tuple(np.round(column / length, 4))] |= some
    large = [direction for direction, some in behind.items() if len(some) >= least]
    return bool(large) and _rank(np.array(large).T) == len(known)


def _rank(matrix: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(matrix, tol=TOLERANCE)) if matrix.size else 0


def measure_dependence(
    publish: Publish, allocations: pd.DataFrame, units: Iterable[Hashable]
) -> dict[Hashable, tuple[np.ndarray, list[tuple], list[Hashable]]]:
    """For each unit, how every published number depends on every atom of it.

    allocations: with `unit` and `atom`. Units have no number in common (periods), so that one atom of each
    is changed at a time. An atom is the time in one meeting of people who are alike in all that the table
    may treat differently. Gives the matrix, the (row, column) of its rows, and the atoms of its columns.
    """
    start = publish(allocations)
    numbers = [
        name for name in start.columns if pd.api.types.is_numeric_dtype(start[name]) and name not in COUNTS
    ]
    own = {unit: list(dict.fromkeys(found["atom"])) for unit, found in allocations.groupby("unit")}
    changes: dict[Hashable, list[pd.DataFrame]] = {unit: [] for unit in units}
    for turn in range(max(map(len, own.values()))):
        chosen = {names[turn] for names in own.values() if turn < len(names)}
        moved = allocations.assign(
            minutes=allocations["minutes"] * (1 + RELATIVE_STEP * allocations["atom"].isin(chosen).to_numpy())
        )
        table = publish(moved)
        assert len(table) == len(start)
        for unit, names in own.items():
            if unit in changes and turn < len(names):
                mine = table["unit"] == unit
                changes[unit].append((table.loc[mine, numbers] - start.loc[mine, numbers]) / RELATIVE_STEP)
    found = {}
    for unit, columns in changes.items():
        matrix = np.array([part.astype("float64").fillna(0.0).to_numpy().ravel() for part in columns]).T
        labels = [(row, name) for row in columns[0].index for name in numbers] if columns else []
        found[unit] = matrix, labels, own[unit]
    return found
