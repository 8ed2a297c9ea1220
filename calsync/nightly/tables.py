"""From what is kept to the tables that people take out."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from calsync.analysis.periods import Every, periods
from calsync.analysis.worktime import contracted
from calsync.config.roster import load_managers
from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.exports.privacy import Protected, protected_split
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.nightly.plan import worktime_of
from calsync.store.database import Store

GROUPS = ("department", "grade")
"""What HR may group by; least groups of people are kept whatever is chosen."""


def split_of(
    settings: Settings, store: Store, first: date, last: date, by: Sequence[str], every: Every
) -> Protected:
    """Hours by group, period, partnership and activity, with groups too small to show merged.

    Only managers that are listed now: their department and grade are known. Raises ConfigError for
    a group that is not one of `GROUPS`.
    """
    _check(by)
    managers = load_managers(settings)
    listed = [manager.id for manager in managers]
    return protected_split(
        store.allocations.frame(first, last, listed),
        _people(managers),
        _contracted(settings, store, managers, first, last),
        by=list(by),
        periods=periods(first, last, every),
        costs=_costs(settings),
        least=settings.privacy.least_group,
    )


def _check(by: Sequence[str]) -> None:
    problems = [
        Problem(f"--by {name}", "is no group of managers", f"known: {', '.join(GROUPS)}")
        for name in by
        if name not in GROUPS
    ]
    if problems:
        raise ConfigError(problems)


def _people(managers: Sequence[Manager]) -> pd.DataFrame:
    rows = [(manager.id, manager.department, manager.grade) for manager in managers]
    return pd.DataFrame(rows, columns=["manager_id", "department", "grade"], dtype="str")


def _contracted(
    settings: Settings, store: Store, managers: Sequence[Manager], first: date, last: date
) -> pd.DataFrame:
    worktime = worktime_of(settings)
    span = Span(worktime.midnight(first), worktime.midnight(last))
    return pd.concat(
        [
            contracted(manager, store.meetings.of_manager(manager.id, span), worktime, first, last)
            for manager in managers
        ],
        ignore_index=True,
    )


def _costs(settings: Settings) -> pd.DataFrame | None:
    if settings.costs.file is None:
        return None
    file = settings.resolve(settings.costs.file)
    try:
        frame = pd.read_csv(file, dtype={"grade": "str"}, encoding="utf-8-sig")
        return frame[["grade", "contract", "productive"]].astype({"contract": float, "productive": float})
    except (OSError, ValueError, KeyError) as error:
        hint = "columns: grade, contract, productive (money an hour), source, year"
        raise ConfigError([Problem(file.name, f"cannot be read: {error}", hint)]) from error
