"""Find whether published figures, added and subtracted, give a figure of a few people.

A figure is a sum over parts: the parts are unknown, the coefficient of each part in the figure is known.
Time (or a meeting) that has the same coefficient in every figure is one part, because no combination
separates it. A combination of figures is again a sum over parts. It is safe if it is zero, or if it
holds a part of enough people.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

import numpy as np

Profile = tuple[tuple[Hashable, float], ...]
"""The figures that count a part: (figure, coefficient), each figure once, sorted."""
Parts = Mapping[Profile, frozenset[object]]
"""The people behind each part."""
_TINY = 1e-7


def join_parts(pieces: Iterable[tuple[Iterable[tuple[Hashable, float]], Iterable[object]]]) -> Parts:
    """Join pieces of (figure, coefficient) and people into parts: pieces with equal profiles are one part.

    Coefficients of a figure that a piece names twice are added.
    """
    joined: defaultdict[Profile, set[object]] = defaultdict(set)
    for given, people in pieces:
        sums: defaultdict[Hashable, float] = defaultdict(float)
        for figure, coefficient in given:
            sums[figure] += coefficient
        profile = tuple(sorted(((f, round(c, 6)) for f, c in sums.items() if c > _TINY), key=repr))
        if profile:
            joined[profile] |= set(people)
    return {profile: frozenset(people) for profile, people in joined.items()}


def exposes_few_people(parts: Parts, least: int) -> bool:
    """Whether some combination of all the figures is of fewer than `least` people.

    Exact for one and two figures; for more it may return True where there is none.
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
        matrix, people = _matrix(parts, figures)
        return _rank(matrix[:, people >= least]) < _rank(matrix)
    # Two figures can be combined so that one direction vanishes, and never two directions at once.
    directions: defaultdict[float, set[object]] = defaultdict(set)
    for profile, behind in parts.items():
        vector = dict(profile)
        one, other = (vector.get(figure, 0.0) for figure in figures)
        directions[round(one / (one + other), 5)] |= behind
    for gone in directions:
        left = set().union(*(behind for direction, behind in directions.items() if direction != gone))
        if 0 < len(left) < least:
            return True
    return False


def safe_figures(
    parts: Parts, wanted: Sequence[Hashable], least: int, *, given: Collection[Hashable] = ()
) -> set[Hashable]:
    """Those of the wanted figures, the first ones first, that may be published along with the given.

    Call the parts of at least `least` people large. A figure is taken if no combination of what is then
    published leaves out all large parts without being zero: so every combination that is not zero holds a
    large part. given: figures that are published and known to be safe. A figure that follows from those
    published adds no information and is always taken.
    """
    taken = set(given)
    for together, own in _components(parts, [*given, *wanted]):
        known = [figure for figure in together if figure in taken]
        taken |= _take_safe(own, known, [figure for figure in together if figure not in taken], least)
    return taken


def _take_safe(
    parts: Parts, given: Sequence[Hashable], wanted: Sequence[Hashable], least: int
) -> set[Hashable]:
    matrix, people = _matrix(parts, [*given, *wanted])
    many = people >= least
    whole, large = _Basis(matrix.shape[1]), _Basis(int(many.sum()))
    for row in matrix[: len(given)]:
        whole.add(row)
        large.add(row[many])
    closed = len(whole) != len(large)
    taken = set(given)
    for figure, row in zip(wanted, matrix[len(given) :], strict=True):
        if not whole.reaches(row):
            if closed or large.reaches(row[many]):
                continue
            whole.add(row)
            large.add(row[many])
        taken.add(figure)
    return taken


def _components(parts: Parts, figures: Sequence[Hashable]) -> list[tuple[list[Hashable], Parts]]:
    """The figures, divided where no part is in both, in the order given; each with the parts in them."""
    first = {figure: figure for figure in figures}

    def root(figure: Hashable) -> Hashable:
        while first[figure] != figure:
            first[figure] = first[first[figure]]
            figure = first[figure]
        return figure

    inside: list[tuple[Hashable, Profile]] = []
    for profile in parts:
        known = [figure for figure, _ in profile if figure in first]
        for other in known[1:]:
            first[root(other)] = root(known[0])
        inside += [(known[0], profile)] if known else []
    together: defaultdict[Hashable, list[Hashable]] = defaultdict(list)
    for figure in figures:
        together[root(figure)].append(figure)
    own: defaultdict[Hashable, dict[Profile, frozenset[object]]] = defaultdict(dict)
    for figure, profile in inside:
        own[root(figure)][profile] = parts[profile]
    return [(members, own[name]) for name, members in together.items()]


def _matrix(parts: Parts, figures: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (a row a figure, a column a part), and the number of people behind each part.

    Parts with equal coefficients in these figures are one column.
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
    """An orthonormal basis that grows by one row at a time."""

    def __init__(self, width: int) -> None:
        self._rows = np.zeros((0, width))

    def __len__(self) -> int:
        return len(self._rows)

    def reaches(self, row: np.ndarray) -> bool:
        """Whether the row is a combination of the rows so far."""
        return self._rest(row) is None

    def add(self, row: np.ndarray) -> None:
        """Take in a row, unless it is a combination of those so far."""
        rest = self._rest(row)
        if rest is not None:
            self._rows = np.vstack([self._rows, rest])

    def _rest(self, row: np.ndarray) -> np.ndarray | None:
        length = np.linalg.norm(row)
        if length < _TINY:
            return None
        rest = row / length
        for _ in range(2):  # twice: after one pass rounding leaves a remainder of the rows in it
            rest = rest - self._rows.T @ (self._rows @ rest)
        length = np.linalg.norm(rest)
        return rest / length if length > _TINY else None
