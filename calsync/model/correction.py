"""Corrections of classifications by people: their fields, the meetings they apply to, and their precedence.

Precedence, the strongest first: a correction of this one meeting; a correction of its series; a category in
the calendar; the rules. Within one level a correction for one manager's calendar wins over one for all, and
the newer wins over the older. A correction sets only the fields that it has: the others come from the next
one in this order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.meeting import Meeting
from calsync.model.occurrence import comparable_recurrence_id

MEETING_RULE, SERIES_RULE = "correction/meeting", "correction/series"
CATEGORY_RULE = "correction/category"
"""`Classification.rule` of a meeting that a category in the calendar has corrected."""


@dataclass(frozen=True, slots=True)
class CorrectionFields:
    """The fields of a classification that a person sets; None for those that stay unchanged.

    partnerships: () for no partnership. process_share: of a mixed meeting, from 0 to 1. label: a pack's own
    name for the activity.
    """

    scope: Scope | None = None
    partnerships: tuple[str, ...] | None = None
    activity: Activity | None = None
    process_share: Fraction | None = None
    kind: MeetingKind | None = None
    label: str | None = None

    def apply_to(self, classification: Classification) -> Classification:
        """The classification with these fields set, and with those that they imply."""
        if self.scope is not None:
            classification = _with_scope(classification, self.scope)
        if self.partnerships is not None:
            classification = replace(classification, partnerships=self.partnerships)
        if self.activity is not None:
            classification = _with_activity(classification, self.activity, self.label)
        share = classification.process_share if self.process_share is None else self.process_share
        return replace(classification, process_share=share, kind=self.kind or classification.kind)

    def corresponding_fields(self, classification: Classification) -> "CorrectionFields":
        """The values of a classification in the fields that are set here; equal to these if it agrees."""
        return CorrectionFields(
            scope=None if self.scope is None else classification.scope,
            partnerships=None if self.partnerships is None else classification.partnerships,
            activity=None if self.activity is None else classification.activity,
            process_share=None if self.process_share is None else classification.process_share,
            kind=None if self.kind is None else classification.kind,
            label=None if self.label is None else classification.label,
        )

    def __str__(self) -> str:
        values = (self.label or self.activity, self.scope, self.kind)
        parts = [str(value).replace("_", " ") for value in values if value]
        if self.partnerships is not None:
            parts.append(" and ".join(self.partnerships) or "no partnership")
        if self.process_share is not None:
            parts.append(f"{float(self.process_share):.0%} process")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's correction of one meeting or a whole series, as it is stored.

    recurrence_id: of the one meeting that is corrected ("" for one that does not recur), None for the
    whole series. manager_id: "" if it applies to every calendar, otherwise only to this manager's.
    made_at, withdrawn: aware. previous_classifications: those that it replaced when it was made, each once.
    number: given by the store, from 1.
    """

    uid: str
    fields: CorrectionFields
    author: str
    made_at: datetime
    recurrence_id: str | None = None
    manager_id: str = ""
    reason: str = ""
    previous_classifications: tuple[Classification, ...] = ()
    number: int = 0
    withdrawn: datetime | None = None
    withdrawn_by: str = ""

    @property
    def rule(self) -> str:
        """`Classification.rule` of the meetings that it corrects."""
        return SERIES_RULE if self.recurrence_id is None else MEETING_RULE

    def applies_to(self, meeting: Meeting) -> bool:
        """Whether it corrects this meeting; a private meeting only by a correction for its own manager."""
        if meeting.uid != self.uid or self.manager_id not in ("", meeting.manager_id):
            return False
        if meeting.private and not self.manager_id:
            return False
        return self.recurrence_id is None or comparable_recurrence_id(
            self.recurrence_id
        ) == comparable_recurrence_id(meeting.recurrence_id)


def sort_by_precedence(corrections: Iterable[Correction]) -> list[Correction]:
    """The corrections with the strongest first."""
    return sorted(
        corrections,
        key=lambda c: (c.recurrence_id is not None, bool(c.manager_id), c.made_at, c.number),
        reverse=True,
    )


def applicable_corrections(meeting: Meeting, corrections: Iterable[Correction]) -> list[Correction]:
    """The corrections in force that apply to this meeting, with the strongest first."""
    return sort_by_precedence(c for c in corrections if not c.withdrawn and c.applies_to(meeting))


def apply_corrections(meeting: Meeting, corrections: Iterable[Correction]) -> Classification:
    """The meeting's classification after its corrections; the evidence lists them, strongest first."""
    classification, descriptions = meeting.classification, list[str]()
    for correction in reversed(applicable_corrections(meeting, corrections)):
        descriptions.insert(0, _describe_correction(correction, classification))
        classification = replace(
            correction.fields.apply_to(classification),
            rule=correction.rule,
            evidence="; ".join(descriptions),
        )
    return classification


def _describe_correction(correction: Correction, classification: Classification) -> str:
    corresponding = correction.fields.corresponding_fields(classification)
    before = "" if corresponding == correction.fields else f" (was {corresponding})"
    day = f"{correction.made_at.day} {correction.made_at:%B %Y}"
    return f"{correction.author}, {day}: {correction.fields}{before}"


def _with_activity(classification: Classification, activity: Activity, label: str | None) -> Classification:
    """The classification with this activity and the scope that it implies.

    Only inter-agency meetings have an activity, and internal meetings that serve a partnership: those are
    process.
    """
    if label is None:
        label = classification.label if activity is classification.activity else ""
    classification = replace(classification, label=label)
    if activity is Activity.NONE:
        other = Scope.INTERNAL if classification.scope is Scope.INTER_AGENCY else classification.scope
        return replace(classification, scope=other, activity=activity, partnerships=(), process_share=None)
    serves_partnership = (
        classification.scope is Scope.INTERNAL
        and classification.partnerships
        and activity is Activity.PROCESS
    )
    scope = Scope.INTERNAL if serves_partnership else Scope.INTER_AGENCY
    share = classification.process_share if activity is Activity.MIXED else None
    return replace(classification, scope=scope, activity=activity, process_share=share)


def _with_scope(classification: Classification, scope: Scope) -> Classification:
    """The classification with this scope and the activity that it implies."""
    if scope is Scope.INTER_AGENCY:
        activity = Activity.UNCLEAR if classification.activity is Activity.NONE else classification.activity
        label = classification.label if activity is classification.activity else ""
        return replace(classification, scope=scope, activity=activity, label=label)
    return replace(
        classification, scope=scope, activity=Activity.NONE, partnerships=(), process_share=None, label=""
    )
