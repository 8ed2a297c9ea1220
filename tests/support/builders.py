"""Short builders of occurrences and meetings; the default zone is London, the day Monday 2 November 2026."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.meeting import Meeting, to_meeting
from calsync.model.occurrence import Attendee, Occurrence
from calsync.model.span import Span

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 11, 2)


def at(clock: str, day: date = MONDAY) -> datetime:
    """The local time in London; "24:00" is the next midnight."""
    hour, minute = map(int, clock.split(":"))
    return datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), LONDON)


def span(text: str, day: date = MONDAY) -> Span:
    """`span("09:00-10:30")`."""
    start, end = text.split("-")
    return Span(at(start, day), at(end, day))


def occurrence(when: str = "09:00-10:00", day: date = MONDAY, **changes: Any) -> Occurrence:
    """`occurrence("09:00-10:00", title="PSB", invited=("a@x.gov.uk.example",))`."""
    bounds = span(when, day)
    invited = changes.pop("invited", ())
    values: dict[str, Any] = {
        "uid": f"{when}@{day}",
        "recurrence_id": "",
        "start": bounds.start,
        "end": bounds.end,
        "attendees": tuple(Attendee(address) for address in invited),
    }
    return Occurrence(**{**values, **changes})


def make_classification(
    activity: Activity | str = Activity.PROCESS, partnership: str = "psb", **changes: Any
) -> Classification:
    """A classification, by default inter-agency process of the PSB."""
    values: dict[str, Any] = {
        "scope": Scope.INTER_AGENCY,
        "partnerships": (partnership,) if partnership else (),
        "activity": Activity(activity),
        "kind": MeetingKind.MEETING,
        "rule": "test/rule",
        "evidence": "given by the test",
    }
    return Classification(**{**values, **changes})


def meeting(
    when: str = "09:00-10:00",
    day: date = MONDAY,
    *,
    manager_id: str = "m1",
    calendar_id: str = "m1/test/1",
    classification: Classification | None = None,
    **changes: Any,
) -> Meeting:
    """`meeting("09:00-10:00", classification=make_classification("mixed"))`: a classified occurrence."""
    return to_meeting(
        occurrence(when, day, **changes),
        classification or make_classification(),
        manager_id=manager_id,
        calendar_id=calendar_id,
        keep_title=True,
    )
