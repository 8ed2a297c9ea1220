"""From what a source gave to what is kept: judge, remember. Pure."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from calsync.config.settings import Settings
from calsync.model.classification import Classification, Scope
from calsync.model.meeting import Meeting, remember_all
from calsync.model.occurrence import Occurrence, alike
from calsync.model.stopping import check_stopped
from calsync.rules.book import RuleBook
from calsync.rules.classify import classify
from calsync.rules.facts import facts_of
from calsync.sources.base import Calendar


def judge_all(
    settings: Settings, book: RuleBook, calendar: Calendar, occurrences: Sequence[Occurrence]
) -> list[list[Meeting]]:
    """Every occurrence with its verdict, in groups that differ in id, name and times alone.

    What a series shares is looked at once.
    """
    return [
        _judged(settings, book, calendar, same_length)
        for group in alike(occurrences)
        for same_length in _by_length(group)
    ]


def _by_length(group: Sequence[Occurrence]) -> Iterable[Sequence[Occurrence]]:
    """Apart where the lengths differ: an agenda's times are judged by the length of the meeting."""
    if len(group) == 1 or not group[0].description:
        return [group]
    lengths: dict[timedelta, list[Occurrence]] = {}
    for occurrence in group:
        lengths.setdefault(occurrence.length, []).append(occurrence)
    return lengths.values()


def _judged(
    settings: Settings, book: RuleBook, calendar: Calendar, group: Sequence[Occurrence]
) -> list[Meeting]:
    check_stopped()
    verdict = classify(facts_of(group[0], own_domains=settings.organisation.domains), book)
    return remember_all(
        group,
        verdict,
        manager_id=calendar.manager_id,
        calendar_id=calendar.id,
        keep_title=_title_kept(settings.privacy.titles, group[0], verdict),
    )


def _title_kept(titles: str, occurrence: Occurrence, verdict: Classification) -> bool:
    if occurrence.private or titles == "none":
        return False
    return titles == "all" or verdict.scope is Scope.INTER_AGENCY or bool(verdict.partnerships)
