"""From what a source gave to what is kept: settle, judge, remember. Pure."""

from collections.abc import Mapping, Sequence

from calsync.model.classification import Classification, Scope
from calsync.model.meeting import Meeting, meeting_id, remember
from calsync.model.occurrence import Occurrence, fingerprint
from calsync.nightly.plan import Night
from calsync.rules.classify import classify
from calsync.rules.facts import facts_of
from calsync.sources.base import Calendar

Known = Mapping[str, tuple[str, Classification]]
"""By meeting id: the fingerprint under which it was judged last, and the verdict."""


def judge_all(
    night: Night, calendar: Calendar, occurrences: Sequence[Occurrence], known: Known
) -> list[Meeting]:
    """Every occurrence with its verdict; one whose fingerprint is known keeps the verdict it had."""
    return [_judge(night, calendar, occurrence, known) for occurrence in occurrences]


def _judge(night: Night, calendar: Calendar, occurrence: Occurrence, known: Known) -> Meeting:
    name, digest = meeting_id(calendar.id, occurrence), fingerprint(occurrence)
    before, verdict = known.get(name, ("", None))
    if verdict is None or before != digest:
        facts = facts_of(occurrence, own_domains=night.settings.organisation.domains)
        verdict = classify(facts, night.book)
    return remember(
        occurrence,
        verdict,
        manager_id=calendar.manager_id,
        calendar_id=calendar.id,
        digest=digest,
        keep_title=_title_kept(night, occurrence, verdict),
    )


def _title_kept(night: Night, occurrence: Occurrence, verdict: Classification) -> bool:
    if occurrence.private:
        return False
    partnership = verdict.scope is Scope.INTER_AGENCY or bool(verdict.partnerships)
    return {"all": True, "none": False, "partnership": partnership}[night.settings.privacy.titles]
