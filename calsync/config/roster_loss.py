"""Detects a list of managers that lost so many managers at once that the loss is probably a mistake."""

from collections.abc import Collection

from calsync.config.settings import DoubtSettings
from calsync.model.problem import Problem
from calsync.text import format_count, join_with_and

MIN_MANAGERS = 4
"""A list of fewer managers is never doubted: losing half of them is plausible."""
_MAX_NAMES = 10


def find_doubtful_loss(
    previous_ids: Collection[str], listed_ids: Collection[str], limits: DoubtSettings
) -> frozenset[str]:
    """The ids of the last list that are missing, if they are too many to be plausible; otherwise none."""
    gone = frozenset(previous_ids).difference(listed_ids)
    too_many = len(previous_ids) >= MIN_MANAGERS and len(gone) >= limits.managers_gone * len(previous_ids)
    return gone if too_many else frozenset()


def roster_loss_problem(missing_ids: Collection[str], previous_count: int, file: str) -> Problem:
    """The problem that reports a list from which too many managers are missing."""
    names = sorted(missing_ids)
    if len(names) > _MAX_NAMES:
        names = [*names[:_MAX_NAMES], f"{len(names) - _MAX_NAMES} more"]
    what = (
        f"{len(missing_ids)} of the {format_count(previous_count, 'manager')} of the last night are missing: "
        f"{join_with_and(names)}; their stored meetings are kept"
    )
    return Problem(file, what, "if it is right: calsync run --accept-roster")
