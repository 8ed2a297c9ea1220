"""A person's word about a meeting: what it says, which meetings it holds for, what it makes of a verdict.

Precedence, the strongest first: a word about this one meeting; a word about its series; a category in
the calendar; the rules. Within one level a word about one manager's calendar beats one about all, and
the newer beats the older. Each says only what it says: on the rest the next in line is heard.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from calsync.model.classification import Activity, Classification, Kind, Scope
from calsync.model.meeting import Meeting
from calsync.model.occurrence import original_start

OF_MEETING, OF_SERIES = "correction/meeting", "correction/series"
CATEGORY_RULE = "correction/category"
"""The rule that a verdict names which a category in the calendar has corrected."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says a meeting is; None where they say nothing.

    partnerships: () says that it belongs to none. process_share: of a mixed meeting, from 0 to 1.
    label: a pack's own name for the activity.
    """

    scope: Scope | None = None
    partnerships: tuple[str, ...] | None = None
    activity: Activity | None = None
    process_share: Fraction | None = None
    kind: Kind | None = None
    label: str | None = None

    def put_in(self, verdict: Classification) -> Classification:
        """The verdict with this put in, and with what it implies."""
        if self.scope is not None:
            verdict = _among(verdict, self.scope)
        if self.partnerships is not None:
            verdict = replace(verdict, partnerships=self.partnerships)
        if self.activity is not None:
            verdict = _doing(verdict, self.activity, self.label)
        share = verdict.process_share if self.process_share is None else self.process_share
        return replace(verdict, process_share=share, kind=self.kind or verdict.kind)

    def asked_of(self, verdict: Classification) -> "Said":
        """What a verdict says where this says something: equal to this where they agree."""
        return Said(
            scope=None if self.scope is None else verdict.scope,
            partnerships=None if self.partnerships is None else verdict.partnerships,
            activity=None if self.activity is None else verdict.activity,
            process_share=None if self.process_share is None else verdict.process_share,
            kind=None if self.kind is None else verdict.kind,
            label=None if self.label is None else verdict.label,
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
    says: Said
    by: str
    made: datetime
    recurrence_id: str | None = None
    manager_id: str = ""
    why: str = ""
    before: tuple[Classification, ...] = ()
    number: int = 0
    withdrawn: datetime | None = None
    withdrawn_by: str = ""

    @property
    def rule(self) -> str:
        """The name under which it stands in a verdict."""
        return OF_SERIES if self.recurrence_id is None else OF_MEETING

    def holds_for(self, meeting: Meeting) -> bool:
        """Whether it is about this meeting; a private one is only its own manager's to speak about."""
        if meeting.uid != self.uid or self.manager_id not in ("", meeting.manager_id):
            return False
        if meeting.private and not self.manager_id:
            return False
        return self.recurrence_id is None or original_start(self.recurrence_id) == original_start(
            meeting.recurrence_id
        )


def by_strength(corrections: Iterable[Correction]) -> list[Correction]:
    """Corrections, the one that wins first."""
    return sorted(
        corrections,
        key=lambda c: (c.recurrence_id is not None, bool(c.manager_id), c.made, c.number),
        reverse=True,
    )


def heard(meeting: Meeting, corrections: Iterable[Correction]) -> list[Correction]:
    """Those that hold for this meeting, the one that wins first."""
    return by_strength(one for one in corrections if not one.withdrawn and one.holds_for(meeting))


def corrected(meeting: Meeting, corrections: Iterable[Correction]) -> Classification:
    """The meeting's verdict with what people say about it put in; they are named in its evidence."""
    verdict, told = meeting.verdict, list[str]()
    for one in reversed(heard(meeting, corrections)):
        told.insert(0, _told(one, verdict))
        verdict = replace(one.says.put_in(verdict), rule=one.rule, evidence="; ".join(told))
    return verdict


def _told(one: Correction, verdict: Classification) -> str:
    was = one.says.asked_of(verdict)
    before = "" if was == one.says else f" (was {was})"
    return f"{one.by}, {one.made.day} {one.made:%B %Y}: {one.says}{before}"


def _doing(verdict: Classification, activity: Activity, label: str | None) -> Classification:
    """An activity implies who meets: only what is between agencies, or serves it, has one."""
    if label is None:
        label = verdict.label if activity is verdict.activity else ""
    verdict = replace(verdict, label=label)
    if activity is Activity.NONE:
        left = Scope.INTERNAL if verdict.scope is Scope.INTER_AGENCY else verdict.scope
        return replace(verdict, scope=left, activity=activity, partnerships=(), process_share=None)
    served = verdict.scope is Scope.INTERNAL and verdict.partnerships and activity is Activity.PROCESS
    scope = Scope.INTERNAL if served else Scope.INTER_AGENCY
    share = verdict.process_share if activity is Activity.MIXED else None
    return replace(verdict, scope=scope, activity=activity, process_share=share)


def _among(verdict: Classification, scope: Scope) -> Classification:
    """Who meets implies what may be done there."""
    if scope is Scope.INTER_AGENCY:
        activity = Activity.UNCLEAR if verdict.activity is Activity.NONE else verdict.activity
        label = verdict.label if activity is verdict.activity else ""
        return replace(verdict, scope=scope, activity=activity, label=label)
    return replace(
        verdict, scope=scope, activity=Activity.NONE, partnerships=(), process_share=None, label=""
    )
