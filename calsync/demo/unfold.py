"""One calendar's series, unfolded into the single meetings that they are."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from calsync.demo.chance import chance
from calsync.demo.days import at, days_of
from calsync.demo.diary import Change, Kept, Turn
from calsync.model.occurrence import Response, ShowAs

CANCELLED = "Canceled: "
"""What Exchange puts before the title, in American spelling and whatever the calendar's language."""


def turns(kept: Kept, last: date) -> Iterator[Turn]:
    """The single meetings up to and with a day, in the order of their original days."""
    plan = kept.plan
    if plan.rule is None:
        yield _turn(kept, plan.start.date(), None)
        return
    changes = {change.day: change for change in plan.changes}
    for day in days_of(plan.rule, plan.start.date(), last):
        if day not in plan.dropped:
            yield _turn(kept, day, changes.get(day))


def _turn(kept: Kept, day: date, change: Change | None) -> Turn:
    plan, one = kept.plan, change or Change(day)
    start = one.start or at(day, plan.start)
    cancelled = plan.cancelled or one.cancelled
    answer = one.answer or kept.answer
    return Turn(
        kept=kept,
        day=day,
        start=start,
        end=start + timedelta(minutes=one.minutes or plan.minutes),
        title=(CANCELLED if cancelled else "") + (one.title or plan.title),
        notes=plan.notes if one.notes is None else one.notes,
        answer=answer,
        show_as=_shown(kept, answer, start, cancelled=cancelled),
        cancelled=cancelled,
        changed=change is not None,
    )


def _shown(kept: Kept, answer: Response, start: datetime, *, cancelled: bool) -> ShowAs:
    if cancelled:  # nearly always free; now and then Exchange leaves it busy
        return ShowAs.BUSY if chance(kept.plan.uid, start, "stays") < 0.05 else ShowAs.FREE
    declined = answer is Response.DECLINED and kept.answer is not Response.DECLINED
    on_google = kept.plan.uid.endswith("@google.com")
    return ShowAs.FREE if declined and not on_google else kept.show_as
