"""How far the figures reach: hours that nobody can label, see, or be sure of."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from calsync.model.classification import Activity


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """Hours of one or many managers.

    confirmed: all confirmed time. Of it: unclear (between agencies, and no rule could tell), mixed
    (no agenda told how to split it) and private (only its times are known). unconfirmed comes on top.
    """

    confirmed: float = 0.0
    unclear: float = 0.0
    mixed: float = 0.0
    private: float = 0.0
    unconfirmed: float = 0.0

    @property
    def labelled_share(self) -> float | None:
        """The part of the confirmed, visible time that a rule could label; None if there is none."""
        visible = self.confirmed - self.private
        return (visible - self.unclear) / visible if visible > 0 else None


def measure_label_coverage(allocations: pd.DataFrame, private: Collection[str] = ()) -> LabelCoverage:
    """Add up what is known and what is not; private: ids of the meetings whose content is hidden."""
    sure = allocations[allocations["confirmed"]]
    hidden = sure["meeting_id"].isin(list(private))
    seen = sure[~hidden]
    return LabelCoverage(
        confirmed=_sum_hours(sure),
        unclear=_sum_hours(seen[seen["activity"] == Activity.UNCLEAR.value]),
        mixed=_sum_hours(seen[seen["activity"] == Activity.MIXED.value]),
        private=_sum_hours(sure[hidden]),
        unconfirmed=_sum_hours(allocations[~allocations["confirmed"]]),
    )


def _sum_hours(frame: pd.DataFrame) -> float:
    return float(frame["minutes"].sum()) / 60
