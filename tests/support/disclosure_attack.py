"""Simulates an attacker who has all data but the hours: the list of managers, the rates, and who met whom.

The attacker has a table for HR and takes all its numbers as exact. The dependence of each number on the hours
is measured: one person's time in one meeting is changed a little, and the table is computed again. Rows of
that matrix may be combined in any way. The attack succeeds if a combination depends on some people's hours,
and on those of fewer people than the least group.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

Publish = Callable[[pd.DataFrame], pd.DataFrame]
RELATIVE_STEP = 1e-6
"""The relative change of a time; proportional, so that an agenda divides it as before."""
TOLERANCE = 1e-5
COUNTS = ("managers", "meetings", "attendances")


def find_isolated_people(table: np.ndarray, people: Sequence[frozenset], least: int) -> frozenset | None:
    """Find fewer than `least` people with a figure that is a combination of the rows; None if there are none.

    people: the people of each column.
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
    for group in combinations(everybody, min(least - 1, len(everybody))):
        columns_of_others = known[:, [not column_people <= set(group) for column_people in people]]
        if _rank(columns_of_others) < len(known):
            return frozenset(group)
    return None


def _has_large_columns(known: np.ndarray, people: Sequence[frozenset], least: int) -> bool:
    """Whether the directions of enough people have full rank: then every combination contains one of them."""
    people_of: defaultdict[tuple, set] = defaultdict(set)
    for column, column_people in zip(known.T, people, strict=True):
        length = np.linalg.norm(column)
        if length > TOLERANCE:
            people_of[tuple(np.round(column / length, 4))] |= column_people
    large = [direction for direction, members in people_of.items() if len(members) >= least]
    return bool(large) and _rank(np.array(large).T) == len(known)


def _rank(matrix: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(matrix, tol=TOLERANCE)) if matrix.size else 0


def measure_dependence(
    publish: Publish, allocations: pd.DataFrame, units: Iterable[Hashable]
) -> dict[Hashable, tuple[np.ndarray, list[tuple], list[Hashable]]]:
    """Measure for each unit how every published number depends on every atom of it.

    Args:
        publish: Computes the table, with a column `unit`.
        allocations: With columns `unit` and `atom`. Units (periods) have no number in common, so one atom of
            each is changed at a time. An atom is the time in one meeting of people who are equal in
            everything that the table may treat differently.
        units: The units to measure.

    Returns:
        By unit: the matrix, the (row, column) of the table for each of its rows, and the atoms of its
        columns.
    """
    start = publish(allocations)
    numbers = [
        name for name in start.columns if pd.api.types.is_numeric_dtype(start[name]) and name not in COUNTS
    ]
    atoms_of = {unit: list(dict.fromkeys(part["atom"])) for unit, part in allocations.groupby("unit")}
    changes: dict[Hashable, list[pd.DataFrame]] = {unit: [] for unit in units}
    for turn in range(max(map(len, atoms_of.values()))):
        chosen = {names[turn] for names in atoms_of.values() if turn < len(names)}
        changed = allocations.assign(
            minutes=allocations["minutes"] * (1 + RELATIVE_STEP * allocations["atom"].isin(chosen).to_numpy())
        )
        table = publish(changed)
        assert len(table) == len(start)
        for unit, names in atoms_of.items():
            if unit in changes and turn < len(names):
                is_unit = table["unit"] == unit
                changes[unit].append(
                    (table.loc[is_unit, numbers] - start.loc[is_unit, numbers]) / RELATIVE_STEP
                )
    measured = {}
    for unit, columns in changes.items():
        matrix = np.array([part.astype("float64").fillna(0.0).to_numpy().ravel() for part in columns]).T
        labels = [(row, name) for row in columns[0].index for name in numbers] if columns else []
        measured[unit] = matrix, labels, atoms_of[unit]
    return measured
