"""Widths of the bars in mails, which are table cells: many mail clients block images, none blocks cells."""

from collections.abc import Sequence

_MIN_WIDTH = 2


def bar_widths(parts: Sequence[float]) -> tuple[int, ...]:
    """Return the widths of the cells of a bar in whole per cents, in the order of the parts.

    They add up to 100, or are all 0. A part above 0 gets at least 2, so that it is visible.
    """
    total = sum(parts)
    if total <= 0:
        return (0,) * len(parts)
    exact = [100 * part / total for part in parts]
    whole = [max(_MIN_WIDTH, int(share)) if part > 0 else 0 for part, share in zip(parts, exact, strict=True)]
    missing = max(0, 100 - sum(whole))
    # The largest remainders are rounded up first.
    for index in sorted(range(len(parts)), key=lambda i: whole[i] - exact[i])[:missing]:
        whole[index] += exact[index] > 0
    # The width that was added to small parts is taken from the longest.
    whole[whole.index(max(whole))] += 100 - sum(whole)
    return tuple(whole)
