"""Stores the nights: when each ran, how it ended, what went wrong."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from calsync.errors import StoreError
from calsync.model.problem import Problem, Severity
from calsync.store.connections import Database, printable_url
from calsync.store.lock import is_night_locked
from calsync.store.records import NightRecord, RunAttempt, RunState
from calsync.store.rows import storable_text
from calsync.store.schema import run_problems, runs

_ENDED_STATES = (RunState.GOOD.value, RunState.PROBLEMS.value)


class Runs:
    """The nights that were begun; a night has one row, however often it was tried."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, night: date, now: datetime) -> RunAttempt:
        """Store that a try of a night begins.

        The caller holds the night lock, so the process of any other running night has ended; that night is
        stored as interrupted.
        """
        with self._database.writing() as connection:
            end_others = update(runs).where(runs.c.state == RunState.RUNNING.value)
            connection.execute(end_others, {"state": RunState.INTERRUPTED.value})
            stored = connection.execute(select(runs).where(runs.c.night == night)).mappings().first()
            number = stored["attempt"] + 1 if stored else 1
            values = {"state": RunState.RUNNING.value, "attempt": number, "started": now, "ended": None}
            if stored:
                connection.execute(update(runs).where(runs.c.night == night), values)
            else:
                connection.execute(insert(runs), values | {"night": night, "counts": {}})
        return RunAttempt(
            night=night, number=number, previous_state=RunState(stored["state"]) if stored else None
        )

    def finish(
        self, night: date, state: str, now: datetime, counts: Mapping[str, int], problems: Sequence[Problem]
    ) -> None:
        """Store how a night ended; its problems replace those of an earlier try.

        Raises:
            StoreError: The night was never begun.
        """
        values = {"state": RunState(state).value, "ended": now, "counts": dict(counts)}
        rows = [
            {
                "night": night,
                "position": position,
                "place": storable_text(problem.where),
                "what": storable_text(problem.what),
                "hint": storable_text(problem.hint),
                "severity": problem.severity.value,
            }
            for position, problem in enumerate(problems)
        ]
        with self._database.writing() as connection:
            if not connection.execute(update(runs).where(runs.c.night == night), values).rowcount:
                raise StoreError(f"the night of {night} was never begun")
            connection.execute(delete(run_problems).where(run_problems.c.night == night))
            if rows:
                connection.execute(insert(run_problems), rows)
        self._verify_written(night, values["state"])

    def _verify_written(self, night: date, state: object) -> None:
        """Raise StoreError unless a new connection reads the night as it was stored."""
        query = select(runs.c.state).where(runs.c.night == night)
        with self._database.reading_from_new_connection() as connection:
            if connection.execute(query).scalar() != state:
                url = printable_url(self._database.url)
                what = f"{url}: the store does not contain what was just written to it"
                raise StoreError(what, "look at the disk, then run the night again")

    def last_good(self, until: date | None = None) -> date | None:
        """Return the latest night that ran to its end, up to `until` (inclusive) if it is given.

        The limit excludes nights with a later date, which a wrong clock caused.
        """
        query = select(func.max(runs.c.night)).where(runs.c.state.in_(_ENDED_STATES))
        if until is not None:
            query = query.where(runs.c.night <= until)
        with self._database.reading() as connection:
            latest: date | None = connection.execute(query).scalar_one()
        return latest

    def last_good_before(self, night: date) -> date | None:
        """Return the latest night before this one that ran to its end."""
        query = select(func.max(runs.c.night)).where(runs.c.state.in_(_ENDED_STATES), runs.c.night < night)
        with self._database.reading() as connection:
            latest: date | None = connection.execute(query).scalar_one()
        return latest

    def nights(self, limit: int) -> list[NightRecord]:
        """Return the latest nights, newest first; a running one whose process has ended is interrupted."""
        fault = (run_problems.c.night == runs.c.night, run_problems.c.severity == Severity.FAULT.value)
        faults = select(func.count()).where(*fault).scalar_subquery()
        query = select(runs, faults.label("faults")).order_by(runs.c.night.desc()).limit(limit)
        with self._database.reading() as connection:
            rows = list(connection.execute(query).mappings())
            is_running = any(row["state"] == RunState.RUNNING for row in rows) and is_night_locked(
                self._database
            )
            return [_to_night_record(row, is_running) for row in rows]

    def problems(self, night: date) -> list[Problem]:
        """Return the problems of a night in the order in which they were noted."""
        query = select(run_problems).where(run_problems.c.night == night).order_by(run_problems.c.position)
        with self._database.reading() as connection:
            rows = connection.execute(query)
            return [
                Problem(where=row.place, what=row.what, hint=row.hint, severity=Severity(row.severity))
                for row in rows
            ]


def _to_night_record(row: Mapping[Any, Any], is_running: bool) -> NightRecord:
    state = RunState(row["state"])
    return NightRecord(
        night=row["night"],
        state=RunState.INTERRUPTED if state is RunState.RUNNING and not is_running else state,
        attempt=row["attempt"],
        started=row["started"],
        ended=row["ended"],
        counts=row["counts"],
        problems=row["faults"],
    )
