"""Stores corrections of classifications; none is overwritten or deleted, withdrawn ones are marked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, insert, select, update

from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.correction import Correction, CorrectionFields, apply_corrections
from calsync.model.meeting import Meeting
from calsync.store import allocation_states
from calsync.store.connections import Database
from calsync.store.rows import build_classification, storable_text, to_json_list
from calsync.store.schema import corrections as table
from calsync.store.schema import meetings


class Corrections:
    """The corrections that people made.

    Those in force are read once for each opened store, so that one night treats all meetings alike.
    Corrections that this object adds or withdraws are applied at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_force: Mapping[str, list[Correction]] | None = None

    def add(self, correction: Correction) -> Correction:
        """Store a correction; returns it with its number.

        The next night calculates the minutes of all managers who have such a meeting again.
        """
        with self._database.writing() as connection:
            result = connection.execute(insert(table), _to_row(correction))
            number = int(result.inserted_primary_key.id)  # type: ignore[union-attr]
            _mark_for_recalculation(connection, correction.uid)
        self._in_force = None
        return replace(correction, number=number)

    def withdraw(self, number: int, by: str, now: datetime) -> Correction | None:
        """Mark a correction as withdrawn; returns None if there is none of this number.

        One that was withdrawn before is not changed.
        """
        statement = update(table).where(table.c.id == number, table.c.withdrawn.is_(None))
        with self._database.writing() as connection:
            connection.execute(statement, {"withdrawn": now, "withdrawn_by": storable_text(by)})
            row = connection.execute(select(table).where(table.c.id == number)).mappings().first()
            _mark_for_recalculation(connection, row["uid"] if row else "")
        self._in_force = None
        return _to_correction(row) if row else None

    def list_all(self, uid: str | None = None) -> list[Correction]:
        """Return every correction of one uid or of all, withdrawn ones too, oldest first."""
        query = select(table).order_by(table.c.id)
        if uid is not None:
            query = query.where(table.c.uid == storable_text(uid))
        with self._database.reading() as connection:
            return [_to_correction(row) for row in connection.execute(query).mappings()]

    def in_force(self) -> Mapping[str, list[Correction]]:
        """Return the corrections that are not withdrawn, by uid."""
        if self._in_force is None:
            by_uid: dict[str, list[Correction]] = {}
            for correction in self.list_all():
                if not correction.withdrawn:
                    by_uid.setdefault(correction.uid, []).append(correction)
            self._in_force = by_uid
        return self._in_force

    def apply_to(self, meeting: Meeting) -> Meeting:
        """Return the meeting with the classification after all corrections in force."""
        applicable = self.in_force().get(meeting.uid)
        return (
            meeting._replace(classification=apply_corrections(meeting, applicable)) if applicable else meeting
        )


def _mark_for_recalculation(connection: Connection, uid: str) -> None:
    manager_ids = select(meetings.c.manager_id).where(meetings.c.uid == storable_text(uid)).distinct()
    allocation_states.delete_states(connection, connection.execute(manager_ids).scalars().all())


def _to_row(correction: Correction) -> dict[str, Any]:
    fields = correction.fields
    return {
        "uid": storable_text(correction.uid),
        "recurrence_id": None
        if correction.recurrence_id is None
        else storable_text(correction.recurrence_id),
        "manager_id": storable_text(correction.manager_id),
        "person": storable_text(correction.author),
        "made": correction.made_at,
        "why": storable_text(correction.reason),
        "scope": fields.scope and fields.scope.value,
        "partnerships": None
        if fields.partnerships is None
        else [storable_text(name) for name in fields.partnerships],
        "activity": fields.activity and fields.activity.value,
        "process_share": None if fields.process_share is None else str(fields.process_share),
        "kind": fields.kind and fields.kind.value,
        "label": None if fields.label is None else storable_text(fields.label),
        "before": [
            _classification_to_json(classification) for classification in correction.previous_classifications
        ],
        "withdrawn": correction.withdrawn,
        "withdrawn_by": storable_text(correction.withdrawn_by),
    }


def _to_correction(row: Mapping[Any, Any]) -> Correction:
    share, partnerships = row["process_share"], row["partnerships"]
    return Correction(
        uid=row["uid"],
        fields=CorrectionFields(
            scope=Scope(row["scope"]) if row["scope"] else None,
            partnerships=None if partnerships is None else tuple(partnerships),
            activity=Activity(row["activity"]) if row["activity"] else None,
            process_share=None if share is None else Fraction(share),
            kind=MeetingKind(row["kind"]) if row["kind"] else None,
            label=row["label"],
        ),
        author=row["person"],
        made_at=row["made"],
        recurrence_id=row["recurrence_id"],
        manager_id=row["manager_id"],
        reason=row["why"],
        previous_classifications=tuple(_classification_from_json(cells) for cells in row["before"]),
        number=row["id"],
        withdrawn=row["withdrawn"],
        withdrawn_by=row["withdrawn_by"],
    )


def _classification_to_json(classification: Classification) -> dict[str, Any]:
    """Return a classification before a correction, without the agencies, which corrections do not change."""
    return {
        "scope": classification.scope.value,
        "partnerships": [storable_text(name) for name in classification.partnerships],
        "activity": classification.activity.value,
        "kind": classification.kind.value,
        "process_share": None if classification.process_share is None else str(classification.process_share),
        "rule": storable_text(classification.rule),
        "evidence": storable_text(classification.evidence),
        "label": storable_text(classification.label),
    }


def _classification_from_json(cells: Mapping[str, Any]) -> Classification:
    return build_classification({**cells, "partnerships": to_json_list(cells["partnerships"])})
