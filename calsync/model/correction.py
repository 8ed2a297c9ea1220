"""A person's word about a meeting: what it says, which meetings it holds for, what it makes of a verdict.

Precedence, the strongest first: a word about this one meeting; a word about its series; a category in
the calendar; the rules. Within one level a word about one manager's calendar beats one about all, and
the newer beats the older. Each says only what it says: on the rest the next in line is heard.
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
"""The rule that a verdict names which a category in the calendar has corrected."""


@dataclass(frozen=True, slots=True)
class CorrectionFields:
    """What a person says a meeting is; None where they say nothing.

    partnerships: () says that it belongs to none. process_share: of a mixed meeting, from 0 to 1.
    label: a pack's own name for the activity.
    """

    scope: Scope | None = None
    partnerships: tuple[str, ...] | None = None
    activity: Activity | None = None
    process_share: Fraction | None = None
    kind: MeetingKind | None = None
    label: str | None = None

    def apply_to(self, classification: Classification) -> Classification:
        """The verdict with this put in, and with what it implies."""
        if self.scope is not None:
            classification = _with_scope(classification, self.scope)
        if self.partnerships is not None:
            classification = replace(classification, partnerships=self.partnerships)
        if self.activity is not None:
            classification = _with_activity(classification, self.activity, self.label)
        share = classification.process_share if self.process_share is None else self.process_share
        return replace(classification, process_share=share, kind=self.kind or classification.kind)

    def corresponding_fields(self, classification: Classification) -> "CorrectionFields":
        """What a verdict says where this says something: equal to this where they agree."""
        return CorrectionFields(
            scope=None if self.scope is None else classification.scope,
            partnerships=None if self.partnerships is None else classification.partnerships,
            activity=None if self.activity is None else classification.activity,
            process_share=None if self.process_share is None else classification.process_share,
            kind=None if self.kind is None else classification.kind,
            label=None if self.label is None else classification.label,
        )

    def __str__(self) -> str:
        said = (self.label or self.activity, self.scope, self.kind)
        words = [str(word).replace("_", " ") for word in said if word]
        if self.partnerships is not None:
            words.append(" and ".join(self.partnerships) or "no partnership")
        if self.process_share is not None:
            words.append(f"{float(self.process_share):.0%} process")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's word about one meeting or a whole series, as it is kept.

    recurrence_id: of the one meeting that is meant ("" for one that does not recur), None for the
    whole series. manager_id: "" where it holds in every calendar, else only in this manager's.
    made, withdrawn: aware. before: the verdicts that it met, each once. number: the store's, from 1.
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
        """The name under which it stands in a verdict."""
        return SERIES_RULE if self.recurrence_id is None else MEETING_RULE

    def applies_to(self, meeting: Meeting) -> bool:
        """Whether it is about this meeting; a private one is only its own manager's to speak about."""
        if meeting.uid != self.uid or self.manager_id not in ("", meeting.manager_id):
            return False
        if meeting.private and not self.manager_id:
            return False
        return self.recurrence_id is None or comparable_recurrence_id(
            self.recurrence_id
        ) == comparable_recurrence_id(meeting.recurrence_id)


def sort_by_precedence(corrections: Iterable[Correction]) -> list[Correction]:
    """Corrections, the one that wins first."""
    return sorted(
        corrections,
        key=lambda c: (c.recurrence_id is not None, bool(c.manager_id), c.made_at, c.number),
        reverse=True,
    )


def applicable_corrections(meeting: Meeting, corrections: Iterable[Correction]) -> list[Correction]:
    """Those that hold for this meeting, the one that wins first."""
    return sort_by_precedence(one for one in corrections if not one.withdrawn and one.applies_to(meeting))


def apply_corrections(meeting: Meeting, corrections: Iterable[Correction]) -> Classification:
    """The meeting's verdict with what people say about it put in; they are named in its evidence."""
    verdict, descriptions = meeting.classification, list[str]()
    for one in reversed(applicable_corrections(meeting, corrections)):
        descriptions.insert(0, _describe_correction(one, verdict))
        verdict = replace(one.fields.apply_to(verdict), rule=one.rule, evidence="; ".join(descriptions))
    return verdict


def _describe_correction(correction: Correction, classification: Classification) -> str:
    corresponding = correction.fields.corresponding_fields(classification)
    before = "" if corresponding == correction.fields else f" (was {corresponding})"
    return f"{correction.author}, {correction.made_at.day} {correction.made_at:%B %Y}: {correction.fields}{before}"


def _with_activity(classification: Classification, activity: Activity, label: str | None) -> Classification:
    """An activity implies who meets: only what is between agencies, or serves it, has one."""
    if label is None:
        label = classification.label if activity is classification.activity else ""
    classification = replace(classification, label=label)
    if activity is Activity.NONE:
        left = Scope.INTERNAL if classification.scope is Scope.INTER_AGENCY else classification.scope
        return replace(classification, scope=left, activity=activity, partnerships=(), process_share=None)
    served = (
        classification.scope is Scope.INTERNAL
        and classification.partnerships
        and activity is Activity.PROCESS
    )
    scope = Scope.INTERNAL if served else Scope.INTER_AGENCY
    share = classification.process_share if activity is Activity.MIXED else None
    return replace(classification, scope=scope, activity=activity, process_share=share)


def _with_scope(classification: Classification, scope: Scope) -> Classification:
    """Who meets implies what may be done there."""
    if scope is Scope.INTER_AGENCY:
        activity = Activity.UNCLEAR if classification.activity is Activity.NONE else classification.activity
        label = classification.label if activity is classification.activity else ""
        return replace(classification, scope=scope, activity=activity, label=label)
    return replace(
        classification, scope=scope, activity=Activity.NONE, partnerships=(), process_share=None, label=""
    )
