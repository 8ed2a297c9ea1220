"""What people said about meetings: each word kept, none overwritten, a withdrawn one kept as withdrawn."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, insert, select, update

from calsync.model.classification import Activity, Classification, Kind, Scope
from calsync.model.correction import Correction, Said, corrected
from calsync.model.meeting import Meeting
from calsync.store import reckonings
from calsync.store.engine import Database
from calsync.store.rows import clean, listed, verdict_of
from calsync.store.schema import corrections as table
from calsync.store.schema import meetings


class Corrections:
    """People's words about meetings.

    Those that stand are read once for each opened store, so that a night judges all of its meetings
    alike; what this store adds or withdraws counts at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._standing: Mapping[str, list[Correction]] | None = None

    def add(self, correction: Correction) -> Correction:
        """Keep a correction; gives it back with its number.

        Whoever holds such a meeting has their minutes reckoned again by the next night.
        """
        with self._database.writing() as connection:
            result = connection.execute(insert(table), _cells(correction))
            number = int(result.inserted_primary_key[0])  # type: ignore[index]
            _reckon_again(connection, correction.uid)
        self._standing = None
        return replace(correction, number=number)

    def withdraw(self, number: int, by: str, now: datetime) -> Correction | None:
        """Let a correction hold no longer; None if there is none of this number.

        One that was withdrawn before stays as it was.
        """
        statement = update(table).where(table.c.id == number, table.c.withdrawn.is_(None))
        with self._database.writing() as connection:
            connection.execute(statement, {"withdrawn": now, "withdrawn_by": clean(by)})
            row = connection.execute(select(table).where(table.c.id == number)).mappings().first()
            _reckon_again(connection, row["uid"] if row else "")
        self._standing = None
        return _of(row) if row else None

    def all(self, uid: str | None = None) -> list[Correction]:
        """Every correction ever made, of one uid or of all, withdrawn ones too, in the order of making."""
        query = select(table).order_by(table.c.id)
        if uid is not None:
            query = query.where(table.c.uid == clean(uid))
        with self._database.reading() as connection:
            return [_of(row) for row in connection.execute(query).mappings()]

    def standing(self) -> Mapping[str, list[Correction]]:
        """Those that hold, by uid."""
        if self._standing is None:
            found: dict[str, list[Correction]] = {}
            for correction in self.all():
                if not correction.withdrawn:
                    found.setdefault(correction.uid, []).append(correction)
            self._standing = found
        return self._standing

    def put_in(self, meeting: Meeting) -> Meeting:
        """The meeting with the verdict that it has once people are heard."""
        spoken = self.standing().get(meeting.uid)
        return meeting._replace(verdict=corrected(meeting, spoken)) if spoken else meeting


def _reckon_again(connection: Connection, uid: str) -> None:
    holders = select(meetings.c.manager_id).where(meetings.c.uid == clean(uid)).distinct()
    reckonings.forget(connection, connection.execute(holders).scalars().all())


def _cells(correction: Correction) -> dict[str, Any]:
    says = correction.says
    return {
        "uid": clean(correction.uid),
        "recurrence_id": None if correction.recurrence_id is None else clean(correction.recurrence_id),
        "manager_id": clean(correction.manager_id),
        "person": clean(correction.by),
        "made": correction.made,
        "why": clean(correction.why),
        "scope": says.scope and says.scope.value,
        "partnerships": None if says.partnerships is None else [clean(name) for name in says.partnerships],
        "activity": says.activity and says.activity.value,
        "process_share": None if says.process_share is None else str(says.process_share),
        "kind": says.kind and says.kind.value,
        "label": None if says.label is None else clean(says.label),
        "before": [_kept(verdict) for verdict in correction.before],
        "withdrawn": correction.withdrawn,
        "withdrawn_by": clean(correction.withdrawn_by),
    }


def _of(row: Mapping[Any, Any]) -> Correction:
    share, partnerships = row["process_share"], row["partnerships"]
    return Correction(
        uid=row["uid"],
        says=Said(
            scope=Scope(row["scope"]) if row["scope"] else None,
            partnerships=None if partnerships is None else tuple(partnerships),
            activity=Activity(row["activity"]) if row["activity"] else None,
            process_share=None if share is None else Fraction(share),
            kind=Kind(row["kind"]) if row["kind"] else None,
            label=row["label"],
        ),
        by=row["person"],
        made=row["made"],
        recurrence_id=row["recurrence_id"],
        manager_id=row["manager_id"],
        why=row["why"],
        before=tuple(_verdict(kept) for kept in row["before"]),
        number=row["id"],
        withdrawn=row["withdrawn"],
        withdrawn_by=row["withdrawn_by"],
    )


def _kept(verdict: Classification) -> dict[str, Any]:
    """What a correction remembers of a verdict: all but the agencies, which it does not change."""
    return {
        "scope": verdict.scope.value,
        "partnerships": [clean(name) for name in verdict.partnerships],
        "activity": verdict.activity.value,
        "kind": verdict.kind.value,
        "process_share": None if verdict.process_share is None else str(verdict.process_share),
        "rule": clean(verdict.rule),
        "evidence": clean(verdict.evidence),
        "label": clean(verdict.label),
    }


def _verdict(kept: Mapping[str, Any]) -> Classification:
    return verdict_of(**{**kept, "partnerships": listed(kept["partnerships"]), "agencies": listed(())})
