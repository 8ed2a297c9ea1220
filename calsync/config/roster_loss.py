"""A list of managers that lost so many at once that it is not believed."""

from collections.abc import Collection

from calsync.config.roster import listed
from calsync.config.settings import Doubt
from calsync.model.problem import Problem
from calsync.text import count_of

FEW = 4
"""A list of fewer managers than this may well lose half of them."""
_SHOWN = 10


def doubted_gone(before: Collection[str], named: Collection[str], doubt: Doubt) -> frozenset[str]:
    """Those of the last list who are missing, if they are too many to be believed; else nobody."""
    gone = frozenset(before).difference(named)
    too_many = len(before) >= FEW and len(gone) >= doubt.managers_gone * len(before)
    return gone if too_many else frozenset()


def gone_problem(gone: Collection[str], before: int, file: str) -> Problem:
    """That a list lost too many managers at once."""
    names = sorted(gone)
    if len(names) > _SHOWN:
        names = [*names[:_SHOWN], f"{len(names) - _SHOWN} more"]
    what = (
        f"{len(gone)} of the {count_of(before, 'manager')} of the last night are missing: {listed(names)}; "
        "what is held of them is kept"
    )
    return Problem(file, what, "if it is right: calsync run --accept-roster")
