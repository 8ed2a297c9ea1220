"""How much time the labels cover: hours that are unclear, mixed, private or unconfirmed."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from calsync.model.classification import Activity


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """Hours of one or more managers.

    confirmed: all confirmed time, which includes unclear (between agencies, and no rule matched), mixed
    (without an agenda to split it by) and private (only the times are known). unconfirmed: not part of it.
    """

    confirmed: float = 0.0
    unclear: float = 0.0
    mixed: float = 0.0
    private: float = 0.0
    unconfirmed: float = 0.0

    @property
    def labelled_share(self) -> float | None:
        """The labelled share of the confirmed time that is not private; None if there is no such time."""
        visible = self.confirmed - self.private
        return (visible - self.unclear) / visible if visible > 0 else None


def measure_label_coverage(allocations: pd.DataFrame, private: Collection[str] = ()) -> LabelCoverage:
    """Sum the hours of allocations by how well they are known.

    Args:
        allocations: As `allocations_frame` returns them.
        private: Ids of the private meetings.
    """
    confirmed = allocations[allocations["confirmed"]]
    is_private = confirmed["meeting_id"].isin(list(private))
    visible = confirmed[~is_private]
    return LabelCoverage(
        confirmed=_sum_hours(confirmed),
        unclear=_sum_hours(visible[visible["activity"] == Activity.UNCLEAR.value]),
        mixed=_sum_hours(visible[visible["activity"] == Activity.MIXED.value]),
        private=_sum_hours(confirmed[is_private]),
        unconfirmed=_sum_hours(allocations[~allocations["confirmed"]]),
    )


def _sum_hours(frame: pd.DataFrame) -> float:
    return float(frame["minutes"].sum()) / 60
