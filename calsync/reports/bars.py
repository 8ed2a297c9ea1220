"""Bars made of table cells: a mail client may show no picture, but every one draws a cell."""

from collections.abc import Sequence

_MIN_WIDTH = 2


def bar_widths(parts: Sequence[float]) -> tuple[int, ...]:
    """Whole per cents for the cells of a bar: they add up to 100 (or are all 0), in the order given.

    What is more than nothing gets at least 2, so that it can be seen.
    """
    total = sum(parts)
    if total <= 0:
        return (0,) * len(parts)
    exact = [100 * part / total for part in parts]
    whole = [max(_MIN_WIDTH, int(share)) if part > 0 else 0 for part, share in zip(parts, exact, strict=True)]
    for index in sorted(range(len(parts)), key=lambda i: whole[i] - exact[i])[: max(0, 100 - sum(whole))]:
        whole[index] += exact[index] > 0
    # Small parts that were widened take their room from the longest.
    whole[whole.index(max(whole))] += 100 - sum(whole)
    return tuple(whole)
