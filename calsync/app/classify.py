"""Classifies the occurrences of a calendar and turns them into meetings; `calsync.app.fetch_job` calls it.

It does no input or output.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from calsync.config.settings import Settings
from calsync.model.classification import Classification, Scope
from calsync.model.meeting import Meeting, to_meetings
from calsync.model.occurrence import Occurrence, group_by_content
from calsync.model.time_limits import check_time_limit
from calsync.rules.book import RuleBook
from calsync.rules.classify import classify
from calsync.rules.facts import build_facts
from calsync.sources.base import Calendar


def classify_occurrences(
    settings: Settings, book: RuleBook, calendar: Calendar, occurrences: Sequence[Occurrence]
) -> list[list[Meeting]]:
    """Return a meeting for each occurrence, in groups whose meetings differ in ids and times only.

    The occurrences of a group are classified once.
    """
    return [
        _classify_group(settings, book, calendar, same_length)
        for group in group_by_content(occurrences)
        for same_length in _group_by_length(group)
    ]


def _group_by_length(group: Sequence[Occurrence]) -> Iterable[Sequence[Occurrence]]:
    """Split a group by duration: how much of a meeting the items of an agenda take depends on its length."""
    if len(group) == 1 or not group[0].description:
        return [group]
    lengths: dict[timedelta, list[Occurrence]] = {}
    for occurrence in group:
        lengths.setdefault(occurrence.duration, []).append(occurrence)
    return lengths.values()


def _classify_group(
    settings: Settings, book: RuleBook, calendar: Calendar, group: Sequence[Occurrence]
) -> list[Meeting]:
    check_time_limit()
    classification = classify(build_facts(group[0], own_domains=settings.organisation.domains), book)
    return to_meetings(
        group,
        classification,
        manager_id=calendar.manager_id,
        calendar_id=calendar.id,
        keep_title=_keeps_title(settings.privacy.titles, group[0], classification),
    )


def _keeps_title(titles: str, occurrence: Occurrence, classification: Classification) -> bool:
    if occurrence.private or titles == "none":
        return False
    return titles == "all" or classification.scope is Scope.INTER_AGENCY or bool(classification.partnerships)
