"""The contribution of each allocation to rows of the split: hours, lower bound, upper bound.

    allocation               row                    hours   low    high
    confirmed pure           its own                  1      1      1
    confirmed mixed          process                  1/2    0      1
                             service_improvement      1/2    0      1
    confirmed unclear        unclear                  1      1      1
                             process, service_impr.   0      0      1
    unconfirmed              as above                 0      0      1

So `hours` over all rows of a group add up to its confirmed hours. `low` and `high` do not add up: an
unclear hour may turn out to be process or service improvement, and is in the upper bound of both.
Time that has not happened yet adds to none of the three. If it is confirmed, it adds to `hours_planned`
as a confirmed hour adds to `hours`.

An activity that a pack of rules defines adds to rows of the activity that it counts as, with its own label.
Time that may turn out to be another activity adds to rows without a label.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calsync.analysis.days_read import DayCoverage
from calsync.analysis.periods import DateRange
from calsync.errors import ConfigError
from calsync.model.classification import Activity
from calsync.model.problem import Problem

ACTIVITY_ROWS = (
    Activity.PROCESS,
    Activity.SERVICE_IMPROVEMENT,
    Activity.OPERATIONAL,
    Activity.NONE,
    Activity.UNCLEAR,
)
"""The activities that a table shows, in its order; `mixed` is divided between the first two."""
PERIOD_COLUMNS = ("period_start", "period_end")
ROW_COLUMNS = ("partnership", "activity", "label")
"""The columns that identify a row of the split within a group and a period.

label: the name of an activity that a pack of rules defines, else "".
"""
COST_BASES = ("contract", "productive")
_UNDECIDED = (Activity.PROCESS, Activity.SERVICE_IMPROVEMENT)
_RESERVED = frozenset({"manager_id", "hours", *PERIOD_COLUMNS, *ROW_COLUMNS})


def _build_weights() -> pd.DataFrame:
    """The table in the module's docstring as a frame.

    has_label: whether the row has the allocation's label. A label names the current activity, so it does not
    apply where the time may turn out to be another activity.
    """
    rows = []
    for confirmed in (True, False):
        for activity in ACTIVITY_ROWS:
            rows.append(_weight_row(activity, confirmed, activity, hours=confirmed, low=confirmed))
        for activity in _UNDECIDED:
            rows.append(_weight_row(Activity.MIXED, confirmed, activity, hours=confirmed / 2))
            rows.append(_weight_row(Activity.UNCLEAR, confirmed, activity, has_label=False))
    # Floats, because True, 0.5 and 0 in one column would make it, and every result of it, dtype object.
    figures = dict.fromkeys(("hours", "hours_low", "hours_high"), "float64")
    return pd.DataFrame(rows).astype({"activity": "str", "row": "str", **figures})


def _weight_row(
    activity: Activity,
    confirmed: bool,
    row: Activity,
    *,
    hours: float = 0,
    low: float = 0,
    has_label: bool = True,
) -> dict[str, object]:
    return {
        "activity": str(activity),
        "confirmed": confirmed,
        "row": str(row),
        "hours": hours,
        "hours_low": low,
        "hours_high": 1,
        "has_label": has_label,
    }


CONTRIBUTION_WEIGHTS = _build_weights()


def build_contributions(
    allocations: pd.DataFrame, people: pd.DataFrame, *, by: Sequence[str], periods: Sequence[DateRange]
) -> pd.DataFrame:
    """Build one line for each row of the split that an allocation contributes to.

    Args:
        allocations: As `allocations_frame` returns them. Columns that may be absent: planned (whether the
            time was in the future when the calendar was last read; default no), meeting (the name of the
            meeting in everybody's calendars; default `meeting_id`), label (default "").
        people: Columns manager_id and the by-columns.
        by: The columns to group by.
        periods: An allocation contributes to every period that contains its day.

    Returns:
        Columns: the by-columns, period_start, period_end, partnership, activity and label (of the row),
        manager_id, meeting_id, meeting, day, allocation (a number), source (the allocation's own activity),
        confirmed, minutes (of the whole allocation), hours, hours_low, hours_high, hours_planned.

    Raises:
        ConfigError: If `people` lacks a by-column.
    """
    lines = allocations.assign(allocation=np.arange(len(allocations)))
    if "planned" not in lines:
        lines["planned"] = False
    if "meeting" not in lines:
        lines["meeting"] = lines["meeting_id"]
    if "label" not in lines:
        lines["label"] = ""
    lines = lines.merge(_group_people(people, by), on="manager_id", how="left")
    lines[list(by)] = lines[list(by)].fillna("")
    lines = assign_periods(lines, periods).merge(CONTRIBUTION_WEIGHTS, on=["activity", "confirmed"])
    lines = lines.rename(columns={"activity": "source", "row": "activity"})
    lines["label"] = lines["label"].where(lines["has_label"], "")
    planned = lines["planned"].astype("bool")
    lines["hours_planned"] = lines["hours"].where(planned, 0.0)
    for name in _PAST_FIGURES:
        lines[name] = lines[name].mask(planned, 0.0)
    for name in (*_PAST_FIGURES, "hours_planned"):
        lines[name] *= lines["minutes"] / 60
    contributes = (lines["hours_high"] > 0) | (lines["hours_planned"] > 0)
    return lines.loc[contributes, [*by, *PERIOD_COLUMNS, *_CONTRIBUTION_COLUMNS]].reset_index(drop=True)


_PAST_FIGURES = ("hours", "hours_low", "hours_high")
_CONTRIBUTION_COLUMNS = (
    *ROW_COLUMNS,
    "manager_id",
    "meeting_id",
    "meeting",
    "day",
    "allocation",
    "source",
    "confirmed",
    "minutes",
    *_PAST_FIGURES,
    "hours_planned",
)


def contracted_hours(
    contracted: pd.DataFrame, people: pd.DataFrame, *, by: Sequence[str], periods: Sequence[DateRange]
) -> pd.DataFrame:
    """Sum the contracted time of each manager in each period, and how much of it was read.

    Args:
        contracted: Columns manager_id, day, minutes. Columns that may be absent: working (whether the manager
            is due to work that day, leave not considered; default: whether there are minutes), read (a
            `DayCoverage`; default `all`).
        people: Columns manager_id and the by-columns.
        by: The columns to group by.
        periods: A day is summed in every period that contains it.

    Returns:
        Columns: the by-columns, period_start, period_end, manager_id, hours (of days that were read at least
        in part), days (working days), covered (working days that were read as a whole).
    """
    lines = contracted.merge(_group_people(people, by), on="manager_id", how="left")
    if "working" not in lines:
        lines["working"] = lines["minutes"] > 0
    if "read" not in lines:
        lines["read"] = str(DayCoverage.ALL)
    lines = assign_periods(lines, periods)
    lines[list(by)] = lines[list(by)].fillna("")
    lines["hours"] = (lines["minutes"] / 60).where(lines["read"] != str(DayCoverage.NONE), 0.0)
    lines["days"] = lines["working"].astype("int64")
    lines["covered"] = (lines["working"] & (lines["read"] == str(DayCoverage.ALL))).astype("int64")
    return (
        lines.groupby([*by, *PERIOD_COLUMNS, "manager_id"])[["hours", "days", "covered"]].sum().reset_index()
    )


def hourly_costs(
    people: pd.DataFrame, costs: pd.DataFrame | None, *, by: Sequence[str], periods: Sequence[DateRange]
) -> pd.DataFrame:
    """Return the hourly cost of each manager's grade, once for each period; NA where it is unknown.

    Returns:
        Columns: the by-columns, period_start, period_end, manager_id, contract, productive.
    """
    staff = _group_people(people, by)
    if costs is None or "grade" not in people:
        rated = staff.assign(contract=np.nan, productive=np.nan)
    else:
        grades = people[["manager_id", "grade"]].drop_duplicates("manager_id")
        grades = grades.merge(costs.drop_duplicates("grade"), on="grade", how="left")
        rated = staff.merge(grades[["manager_id", *COST_BASES]], on="manager_id")
    rated = rated[[*by, "manager_id", *COST_BASES]]
    parts = [rated.assign(period_start=start, period_end=end) for start, end in periods]
    return (
        pd.concat(parts, ignore_index=True) if parts else rated.head(0).assign(period_start=[], period_end=[])
    )


def assign_periods(frame: pd.DataFrame, periods: Sequence[DateRange]) -> pd.DataFrame:
    """Return the rows with a `day` in a period, with period_start and period_end; once for each period."""
    days = pd.to_datetime(frame["day"]).to_numpy()
    parts = [
        frame[(days >= np.datetime64(start)) & (days < np.datetime64(end))].assign(
            period_start=start, period_end=end
        )
        for start, end in periods
    ]
    nonempty = [part for part in parts if len(part)]
    return (
        pd.concat(nonempty, ignore_index=True)
        if nonempty
        else frame.head(0).assign(period_start=[], period_end=[])
    )


def _group_people(people: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    check_group_columns(people, by)
    staff = people[["manager_id", *by]].drop_duplicates("manager_id")
    return staff.astype(dict.fromkeys(by, "str"))


def check_group_columns(people: pd.DataFrame, by: Sequence[str]) -> None:
    """Raise ConfigError with every by-column that `people` lacks, or that is given twice."""
    known = [name for name in people.columns if name not in _RESERVED]
    faults = [name for name in dict.fromkeys(by) if name not in known or list(by).count(name) > 1]
    if faults:
        hint = f"known: {', '.join(known)}; each once"
        raise ConfigError(
            [Problem(f"--by {name}", "cannot be used to group people", hint) for name in faults]
        )
