"""A list of managers that lost so many at once that it is not believed."""

from collections.abc import Collection

from calsync.config.roster import join_with_and
from calsync.config.settings import DoubtSettings
from calsync.model.problem import Problem
from calsync.text import format_count

MIN_MANAGERS = 4
"""A list of fewer managers than this may well lose half of them."""
_SHOWN = 10


def find_doubtful_loss(
    previous_ids: Collection[str], listed_ids: Collection[str], limits: DoubtSettings
) -> frozenset[str]:
    """Those of the last list who are missing, if they are too many to be believed; else nobody."""
    gone = frozenset(previous_ids).difference(listed_ids)
    too_many = len(previous_ids) >= MIN_MANAGERS and len(gone) >= limits.managers_gone * len(previous_ids)
    return gone if too_many else frozenset()


def roster_loss_problem(missing_ids: Collection[str], previous_count: int, file: str) -> Problem:
    """That a list lost too many managers at once."""
    names = sorted(missing_ids)
    if len(names) > _SHOWN:
        names = [*names[:_SHOWN], f"{len(names) - _SHOWN} more"]
    what = (
        f"{len(missing_ids)} of the {format_count(previous_count, 'manager')} of the last night are missing: {join_with_and(names)}; "
        "what is held of them is kept"
    )
    return Problem(file, what, "if it is right: calsync run --accept-roster")
