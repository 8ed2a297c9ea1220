"""Expands the entries of a calendar into occurrences."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from calsync.demo.diary import CalendarEntry, OccurrenceChange, PlannedOccurrence
from calsync.demo.draws import draw_fraction
from calsync.demo.rule_days import at_same_time, rule_days
from calsync.model.occurrence import Response, ShowAs

CANCELLED_PREFIX = "Canceled: "
"""The prefix of titles of cancelled meetings in Exchange, in American spelling for all languages."""


def expand_entry(entry: CalendarEntry, last: date) -> Iterator[PlannedOccurrence]:
    """The occurrences with original days up to `last` (inclusive), in the order of these days."""
    plan = entry.plan
    if plan.rule is None:
        yield _to_occurrence(entry, OccurrenceChange(plan.start.date()), is_changed=False)
        return
    changes = {change.day: change for change in plan.changes}
    for day in rule_days(plan.rule, plan.start.date(), last):
        if day not in plan.dropped:
            change = changes.get(day, OccurrenceChange(day))
            yield _to_occurrence(entry, change, is_changed=day in changes)


def _to_occurrence(entry: CalendarEntry, change: OccurrenceChange, *, is_changed: bool) -> PlannedOccurrence:
    plan = entry.plan
    start = change.start or at_same_time(change.day, plan.start)
    cancelled = plan.cancelled or change.cancelled
    answer = change.answer or entry.answer
    return PlannedOccurrence(
        entry=entry,
        day=change.day,
        start=start,
        end=start + timedelta(minutes=change.minutes or plan.minutes),
        title=(CANCELLED_PREFIX if cancelled else "") + (change.title or plan.title),
        notes=plan.notes if change.notes is None else change.notes,
        answer=answer,
        show_as=_displayed_show_as(entry, answer, start, cancelled=cancelled),
        cancelled=cancelled,
        is_changed=is_changed,
    )


def _displayed_show_as(entry: CalendarEntry, answer: Response, start: datetime, *, cancelled: bool) -> ShowAs:
    if cancelled:  # Exchange nearly always shows it as free, and sometimes leaves it busy
        return ShowAs.BUSY if draw_fraction(entry.plan.uid, start, "stays") < 0.05 else ShowAs.FREE
    declined = answer is Response.DECLINED and entry.answer is not Response.DECLINED
    on_google = entry.plan.uid.endswith("@google.com")
    return ShowAs.FREE if declined and not on_google else entry.show_as
