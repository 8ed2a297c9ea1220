"""The ledger of nights: when each ran, how it ended, what went wrong."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from calsync.errors import StoreError
from calsync.model.problem import Problem, Severity
from calsync.store.calendars import problem_lists
from calsync.store.engine import Database, shown
from calsync.store.lock import night_is_held
from calsync.store.schema import run_problems, runs
from calsync.store.states import Attempt, LedgerNight, RunState

_ENDED = (RunState.GOOD.value, RunState.PROBLEMS.value)


class Runs:
    """Every night that was begun; a night is one row, however often it was tried."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, night: date, now: datetime) -> Attempt:
        """Enter a try at a night; the caller holds the night lock.

        So whoever left another night running is dead, and that night is entered as interrupted.
        """
        with self._database.writing() as connection:
            left = update(runs).where(runs.c.state == RunState.RUNNING.value)
            connection.execute(left, {"state": RunState.INTERRUPTED.value})
            held = connection.execute(select(runs).where(runs.c.night == night)).mappings().first()
            number = held["attempt"] + 1 if held else 1
            entered = {"state": RunState.RUNNING.value, "attempt": number, "started": now, "ended": None}
            if held:
                connection.execute(update(runs).where(runs.c.night == night), entered)
            else:
                connection.execute(insert(runs), entered | {"night": night, "counts": {}})
        return Attempt(night, number, RunState(held["state"]) if held else None)

    def finish(
        self, night: date, state: str, now: datetime, counts: Mapping[str, int], problems: Sequence[Problem]
    ) -> None:
        """Enter how a night ended; its problems take the place of those of an earlier try.

        state: good, problems, interrupted or failed. Raises StoreError if the night was never begun.
        """
        entered = {"state": RunState(state).value, "ended": now, "counts": dict(counts)}
        lists = problem_lists(problems)
        rows = [
            {"night": night, "position": n, "place": place, "what": what, "hint": hint, "severity": severity}
            for n, (place, what, hint, severity) in enumerate(lists)
        ]
        with self._database.writing() as connection:
            if not connection.execute(update(runs).where(runs.c.night == night), entered).rowcount:
                raise StoreError(f"the night of {night} was never begun")
            connection.execute(delete(run_problems).where(run_problems.c.night == night))
            if rows:
                connection.execute(insert(run_problems), rows)
        self._confirm(night, entered["state"])

    def _confirm(self, night: date, state: object) -> None:
        """Raise StoreError unless whoever opens the store now finds the night as it was entered."""
        query = select(runs.c.state).where(runs.c.night == night)
        with self._database.reading_anew() as connection:
            if connection.execute(query).scalar() != state:
                what = f"{shown(self._database.url)}: the store does not hold what was just written to it"
                raise StoreError(what, "look at the disk, then run the night again")

    def last_good(self, until: date | None = None) -> date | None:
        """The latest night, up to a day or of all, that ran to its end, with or without problems.

        A night dated later, by a clock that was wrong, says nothing about the nights before it.
        """
        query = select(func.max(runs.c.night)).where(runs.c.state.in_(_ENDED))
        if until is not None:
            query = query.where(runs.c.night <= until)
        with self._database.reading() as connection:
            latest: date | None = connection.execute(query).scalar_one()
        return latest

    def last_good_before(self, night: date) -> date | None:
        """The latest night before this one that ran to its end."""
        query = select(func.max(runs.c.night)).where(runs.c.state.in_(_ENDED), runs.c.night < night)
        with self._database.reading() as connection:
            latest: date | None = connection.execute(query).scalar_one()
        return latest

    def nights(self, limit: int) -> list[LedgerNight]:
        """The latest nights, newest first; one whose process died shows as interrupted."""
        fault = (run_problems.c.night == runs.c.night, run_problems.c.severity == Severity.FAULT.value)
        faults = select(func.count()).where(*fault).scalar_subquery()
        query = select(runs, faults.label("faults")).order_by(runs.c.night.desc()).limit(limit)
        with self._database.reading() as connection:
            rows = list(connection.execute(query).mappings())
            alive = any(row["state"] == RunState.RUNNING for row in rows) and night_is_held(self._database)
            return [_night(row, alive) for row in rows]

    def problems(self, night: date) -> list[Problem]:
        """What went wrong in a night, in the order it was noted."""
        query = select(run_problems).where(run_problems.c.night == night).order_by(run_problems.c.position)
        with self._database.reading() as connection:
            rows = connection.execute(query)
            return [Problem(row.place, row.what, row.hint, Severity(row.severity)) for row in rows]


def _night(row: Mapping[Any, Any], alive: bool) -> LedgerNight:
    state = RunState(row["state"])
    return LedgerNight(
        night=row["night"],
        state=RunState.INTERRUPTED if state is RunState.RUNNING and not alive else state,
        attempt=row["attempt"],
        started=row["started"],
        ended=row["ended"],
        counts=row["counts"],
        problems=row["faults"],
    )
