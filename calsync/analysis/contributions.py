"""What each allocation adds to which row of the split: hours, lower bound, upper bound.

    allocation               row                    hours   low    high
    confirmed pure           its own                  1      1      1
    confirmed mixed          process                  1/2    0      1
                             service_improvement      1/2    0      1
    confirmed unclear        unclear                  1      1      1
                             process, service_impr.   0      0      1
    unconfirmed              as above                 0      0      1

So `hours` over all rows of a group add up to its confirmed hours. `low` and `high` do not add up: an
unclear hour may turn out to be process or service improvement, and stands in the upper bound of both.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calsync.analysis.periods import Period
from calsync.errors import ConfigError
from calsync.model.classification import Activity
from calsync.model.problem import Problem

ROWS = (
    Activity.PROCESS,
    Activity.SERVICE_IMPROVEMENT,
    Activity.OPERATIONAL,
    Activity.NONE,
    Activity.UNCLEAR,
)
"""The activities that a table shows, in its order; `mixed` is divided between the first two."""
PERIOD = ("period_start", "period_end")
_OPEN = (Activity.PROCESS, Activity.SERVICE_IMPROVEMENT)
_RESERVED = frozenset({"manager_id", "partnership", "activity", "hours", *PERIOD})


def _weights() -> pd.DataFrame:
    rows: list[tuple[str, bool, str, float, float, float]] = []
    for confirmed in (True, False):
        for activity in ROWS:
            rows.append((activity, confirmed, activity, confirmed, confirmed, 1))
        for row in _OPEN:
            rows.append((Activity.MIXED, confirmed, row, confirmed / 2, 0, 1))
            rows.append((Activity.UNCLEAR, confirmed, row, 0, 0, 1))
    columns = ["activity", "confirmed", "row", "hours", "hours_low", "hours_high"]
    frame = pd.DataFrame([(str(a), c, str(r), *w) for a, c, r, *w in rows], columns=columns)
    # Floats from the start: True, 0.5 and 0 in one column would make it, and all that follows, objects.
    figures = dict.fromkeys(("hours", "hours_low", "hours_high"), "float64")
    return frame.astype({"activity": "str", "row": "str", **figures})


WEIGHTS = _weights()


def contributions(
    allocations: pd.DataFrame,
    people: pd.DataFrame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    costs: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One line for each row of the split that an allocation adds to.

    Columns: the by-columns, period_start, period_end, partnership, activity (of the row), manager_id,
    meeting_id, allocation (a number), source (the allocation's own activity, with "?" if unconfirmed),
    hours, hours_low, hours_high, cost_contract, cost_productive (NA where the grade has no rate).
    Raises ConfigError for a by-column that `people` lacks.
    """
    staff = _staff(people, by, costs)
    lines = allocations.assign(allocation=np.arange(len(allocations)))
    lines = lines.merge(staff, on="manager_id", how="left")
    lines[list(by)] = lines[list(by)].fillna("")
    lines = in_periods(lines, periods).merge(WEIGHTS, on=["activity", "confirmed"])
    lines["source"] = lines["activity"] + np.where(lines["confirmed"], "", "?")
    lines["activity"] = lines["row"]
    for name in ("hours", "hours_low", "hours_high"):
        lines[name] *= lines["minutes"] / 60
    for basis in ("contract", "productive"):
        cost = lines["hours"] * lines[f"rate_{basis}"]
        lines[f"cost_{basis}"] = cost.where(lines["hours"] > 0, 0.0)
    return lines[[*by, *PERIOD, *_CONTRIBUTED]]


_CONTRIBUTED = (
    "partnership",
    "activity",
    "manager_id",
    "meeting_id",
    "allocation",
    "source",
    "hours",
    "hours_low",
    "hours_high",
    "cost_contract",
    "cost_productive",
)


def contracted_hours(
    contracted: pd.DataFrame, people: pd.DataFrame, *, by: Sequence[str], periods: Sequence[Period]
) -> pd.DataFrame:
    """Contracted hours of each manager in each period.

    Columns: the by-columns, period_start, period_end, manager_id, hours.
    """
    staff = _staff(people, by, None)[["manager_id", *by]]
    lines = in_periods(contracted.merge(staff, on="manager_id", how="left"), periods)
    lines[list(by)] = lines[list(by)].fillna("")
    lines["hours"] = lines["minutes"] / 60
    return lines.groupby([*by, *PERIOD, "manager_id"])["hours"].sum().reset_index()


def in_periods(frame: pd.DataFrame, periods: Sequence[Period]) -> pd.DataFrame:
    """The rows whose `day` lies in a period, with period_start and period_end; once for each period."""
    days = pd.to_datetime(frame["day"]).to_numpy()
    found = [
        frame[(days >= np.datetime64(start)) & (days < np.datetime64(end))].assign(
            period_start=start, period_end=end
        )
        for start, end in periods
    ]
    kept = [part for part in found if len(part)]
    return (
        pd.concat(kept, ignore_index=True) if kept else frame.head(0).assign(period_start=[], period_end=[])
    )


def _staff(people: pd.DataFrame, by: Sequence[str], costs: pd.DataFrame | None) -> pd.DataFrame:
    check_columns(people, by)
    staff = people[["manager_id", *by]].drop_duplicates("manager_id")
    staff = staff.astype(dict.fromkeys(by, "str"))
    if costs is None or "grade" not in people:
        return staff.assign(rate_contract=np.nan, rate_productive=np.nan)
    rates = costs.drop_duplicates("grade").rename(
        columns={"contract": "rate_contract", "productive": "rate_productive"}
    )
    grades = (
        people[["manager_id", "grade"]].drop_duplicates("manager_id").merge(rates, on="grade", how="left")
    )
    return staff.merge(grades[["manager_id", "rate_contract", "rate_productive"]], on="manager_id")


def check_columns(people: pd.DataFrame, by: Sequence[str]) -> None:
    """Raise ConfigError, naming every by-column that is not known of people, or given twice."""
    known = [name for name in people.columns if name not in _RESERVED]
    faults = [name for name in dict.fromkeys(by) if name not in known or list(by).count(name) > 1]
    if faults:
        hint = f"known: {', '.join(known)}; each once"
        raise ConfigError(
            [Problem(f"--by {name}", "cannot be used to group people", hint) for name in faults]
        )
