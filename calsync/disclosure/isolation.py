"""Finds whether linear combinations of published figures give a figure of a few people.

A figure is a sum over parts: the parts are unknown, the coefficient of each part in the figure is known.
Time (or a meeting) that has the same coefficient in every figure is one part, because no combination
separates it. A combination of figures is again a sum over parts. It is safe if it is zero, or if it
contains a part of enough people.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

import numpy as np

Profile = tuple[tuple[Hashable, float], ...]
"""The figures that contain a part: (figure, coefficient), each figure once, sorted."""
Parts = Mapping[Profile, frozenset[object]]
"""The people of each part."""
_TOLERANCE = 1e-7


def join_parts(pieces: Iterable[tuple[Iterable[tuple[Hashable, float]], Iterable[object]]]) -> Parts:
    """Join pieces into parts: pieces with equal profiles are one part.

    Args:
        pieces: Pairs of (figure, coefficient) of a piece, and its people. If a piece lists a figure twice,
            the coefficients are added.
    """
    joined: defaultdict[Profile, set[object]] = defaultdict(set)
    for coefficients, people in pieces:
        sums: defaultdict[Hashable, float] = defaultdict(float)
        for figure, coefficient in coefficients:
            sums[figure] += coefficient
        profile = tuple(sorted(((f, round(c, 6)) for f, c in sums.items() if c > _TOLERANCE), key=repr))
        if profile:
            joined[profile] |= set(people)
    return {profile: frozenset(people) for profile, people in joined.items()}


def exposes_few_people(parts: Parts, least: int) -> bool:
    """Whether a combination of all the figures is a figure of fewer than `least` people.

    Exact for one and two figures; for more it may return True although there is none.
    """
    figures = sorted({figure for profile in parts for figure, _ in profile}, key=repr)
    people_of = {
        figure: frozenset[object]().union(*(p for profile, p in parts.items() if figure in dict(profile)))
        for figure in figures
    }
    if any(len(people) < least for people in people_of.values()):
        return True
    if len(figures) < 2:
        return False
    if len(figures) > 2:
        matrix, people = _build_matrix(parts, figures)
        return _rank(matrix[:, people >= least]) < _rank(matrix)
    # A combination of two figures can cancel the parts of one direction, and never those of two.
    directions: defaultdict[float, set[object]] = defaultdict(set)
    for profile, part_people in parts.items():
        coefficients = dict(profile)
        first, second = (coefficients.get(figure, 0.0) for figure in figures)
        directions[round(first / (first + second), 5)] |= part_people
    for cancelled in directions:
        remaining = set().union(
            *(people for direction, people in directions.items() if direction != cancelled)
        )
        if 0 < len(remaining) < least:
            return True
    return False


def safe_figures(
    parts: Parts, wanted: Sequence[Hashable], least: int, *, given: Collection[Hashable] = ()
) -> set[Hashable]:
    """Select the figures that may be published together.

    Call the parts of at least `least` people large. A figure is selected if every non-zero combination of the
    figures that are then published contains a large part. A figure that follows from those already selected
    adds no information and is always selected.

    Args:
        parts: The parts of all figures.
        wanted: The figures to select from; earlier ones have precedence.
        least: The smallest number of people that a combination may stand for.
        given: Figures that are published in any case and known to be safe.

    Returns:
        The given figures, and the selected ones.
    """
    selected = set(given)
    for figures, component_parts in _split_into_components(parts, [*given, *wanted]):
        published = [figure for figure in figures if figure in selected]
        candidates = [figure for figure in figures if figure not in selected]
        selected |= _select_safe(component_parts, published, candidates, least)
    return selected


def _select_safe(
    parts: Parts, given: Sequence[Hashable], wanted: Sequence[Hashable], least: int
) -> set[Hashable]:
    # A combination without large parts is one that is zero in the columns of large parts. None but zero is,
    # as long as the rows have the same rank in these columns alone as in all columns.
    matrix, people = _build_matrix(parts, [*given, *wanted])
    is_large = people >= least
    all_columns, large_columns = _Basis(matrix.shape[1]), _Basis(int(is_large.sum()))
    for row in matrix[: len(given)]:
        all_columns.add(row)
        large_columns.add(row[is_large])
    is_unsafe = len(all_columns) != len(large_columns)
    selected = set(given)
    for figure, row in zip(wanted, matrix[len(given) :], strict=True):
        if not all_columns.spans(row):
            if is_unsafe or large_columns.spans(row[is_large]):
                continue
            all_columns.add(row)
            large_columns.add(row[is_large])
        selected.add(figure)
    return selected


def _split_into_components(parts: Parts, figures: Sequence[Hashable]) -> list[tuple[list[Hashable], Parts]]:
    """Split the figures into sets that have no part in common; each with its parts, in the order given.

    Each set is checked by itself, so that the matrices stay small.
    """
    # Disjoint sets (union-find): each figure has a parent, and the root is the set's name.
    parents = {figure: figure for figure in figures}

    def root(figure: Hashable) -> Hashable:
        while parents[figure] != figure:
            parents[figure] = parents[parents[figure]]
            figure = parents[figure]
        return figure

    first_figures: list[tuple[Hashable, Profile]] = []
    for profile in parts:
        members = [figure for figure, _ in profile if figure in parents]
        for other in members[1:]:
            parents[root(other)] = root(members[0])
        if members:
            first_figures.append((members[0], profile))
    figures_by_root: defaultdict[Hashable, list[Hashable]] = defaultdict(list)
    for figure in figures:
        figures_by_root[root(figure)].append(figure)
    parts_by_root: defaultdict[Hashable, dict[Profile, frozenset[object]]] = defaultdict(dict)
    for figure, profile in first_figures:
        parts_by_root[root(figure)][profile] = parts[profile]
    return [(members, parts_by_root[name]) for name, members in figures_by_root.items()]


def _build_matrix(parts: Parts, figures: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients (a row per figure, a column per part), and the number of people of each part.

    Parts with equal coefficients in these figures share a column.
    """
    row_of = {figure: number for number, figure in enumerate(figures)}
    columns: defaultdict[tuple[tuple[int, float], ...], set[object]] = defaultdict(set)
    for profile, people in parts.items():
        column = tuple(sorted((row_of[f], c) for f, c in profile if f in row_of))
        if column:
            columns[column] |= people
    matrix = np.zeros((len(figures), len(columns)))
    for number, column in enumerate(columns):
        for row, coefficient in column:
            matrix[row, number] = coefficient
    return matrix, np.array([len(people) for people in columns.values()], dtype="int64")


def _rank(matrix: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(matrix)) if matrix.size else 0


class _Basis:
    """An orthonormal basis to which rows are added one at a time (Gram-Schmidt)."""

    def __init__(self, width: int) -> None:
        self._rows = np.zeros((0, width))

    def __len__(self) -> int:
        return len(self._rows)

    def spans(self, row: np.ndarray) -> bool:
        """Whether the row is a combination of the rows so far."""
        return self._remainder(row) is None

    def add(self, row: np.ndarray) -> None:
        """Add a row, unless it is a combination of those so far."""
        remainder = self._remainder(row)
        if remainder is not None:
            self._rows = np.vstack([self._rows, remainder])

    def _remainder(self, row: np.ndarray) -> np.ndarray | None:
        """The direction of the row that is orthogonal to the basis; None if there is none."""
        length = np.linalg.norm(row)
        if length < _TOLERANCE:
            return None
        remainder = row / length
        # Twice: after one pass, rounding errors leave small components along the basis.
        for _ in range(2):
            remainder = remainder - self._rows.T @ (self._rows @ remainder)
        length = np.linalg.norm(remainder)
        return remainder / length if length > _TOLERANCE else None
