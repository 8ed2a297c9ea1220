"""One calendar's series, unfolded into the single meetings that they are."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from calsync.demo.diary import CalendarEntry, OccurrenceChange, PlannedOccurrence
from calsync.demo.draws import draw_fraction
from calsync.demo.rule_days import at_same_time, rule_days
from calsync.model.occurrence import Response, ShowAs

CANCELLED_PREFIX = "Canceled: "
"""What Exchange puts before the title, in American spelling and whatever the calendar's language."""


def expand_entry(kept: CalendarEntry, last: date) -> Iterator[PlannedOccurrence]:
    """The single meetings up to and with a day, in the order of their original days."""
    plan = kept.plan
    if plan.rule is None:
        yield _to_occurrence(kept, plan.start.date(), None)
        return
    changes = {change.day: change for change in plan.changes}
    for day in rule_days(plan.rule, plan.start.date(), last):
        if day not in plan.dropped:
            yield _to_occurrence(kept, day, changes.get(day))


def _to_occurrence(kept: CalendarEntry, day: date, change: OccurrenceChange | None) -> PlannedOccurrence:
    plan, one = kept.plan, change or OccurrenceChange(day)
    start = one.start or at_same_time(day, plan.start)
    cancelled = plan.cancelled or one.cancelled
    answer = one.answer or kept.answer
    return PlannedOccurrence(
        entry=kept,
        day=day,
        start=start,
        end=start + timedelta(minutes=one.minutes or plan.minutes),
        title=(CANCELLED_PREFIX if cancelled else "") + (one.title or plan.title),
        notes=plan.notes if one.notes is None else one.notes,
        answer=answer,
        show_as=_displayed_show_as(kept, answer, start, cancelled=cancelled),
        cancelled=cancelled,
        is_changed=change is not None,
    )


def _displayed_show_as(kept: CalendarEntry, answer: Response, start: datetime, *, cancelled: bool) -> ShowAs:
    if cancelled:  # nearly always free; now and then Exchange leaves it busy
        return ShowAs.BUSY if draw_fraction(kept.plan.uid, start, "stays") < 0.05 else ShowAs.FREE
    declined = answer is Response.DECLINED and kept.answer is not Response.DECLINED
    on_google = kept.plan.uid.endswith("@google.com")
    return ShowAs.FREE if declined and not on_google else kept.show_as
