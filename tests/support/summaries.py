"""Builders of allocations and managers' summaries, for tests of reports."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, MeetingKind
from calsync.model.meeting import Meeting
from calsync.model.people import Manager, Partnership
from calsync.reports.summary import ManagerSummary, summarise
from calsync.rules.categories import UnknownCategory
from support.builders import LONDON, MONDAY, make_classification, meeting

MANAGER = Manager("m1", "sian.pritchard@brynfelin.example", "Siân Pritchard")
PARTNERSHIPS = {
    "psb": Partnership("psb", "Public Services Board", "Bwrdd Gwasanaethau Cyhoeddus"),
    "rpb": Partnership("rpb", "Regional Partnership Board", "Bwrdd Partneriaeth Rhanbarthol"),
    "csp": Partnership("csp", "Community Safety Partnership", "Partneriaeth Diogelwch Cymunedol"),
}
WEEK = (MONDAY, MONDAY + timedelta(days=7))


def allocation(
    minutes: float, activity: Activity | str = "process", partnership: str = "psb", **changes: Any
) -> Allocation:
    """`allocation(90, "mixed", "rpb")`: confirmed, in hours, on the Monday."""
    values: dict[str, Any] = {
        "manager_id": "m1",
        "day": MONDAY,
        "meeting_id": f"{activity}/{partnership}",
        "partnership": partnership,
        "activity": Activity(activity),
        "kind": MeetingKind.MEETING,
        "confirmed": True,
        "in_hours": True,
        "minutes": minutes,
    }
    return Allocation(**{**values, **changes})


def summary_of(
    allocations: Iterable[Allocation],
    meetings: Iterable[Meeting] = (),
    *,
    manager: Manager = MANAGER,
    days: tuple[date, date] = WEEK,
    contracted: float = 37 * 60,
    excluded: dict[str, tuple[int, float]] | None = None,
    unread: Sequence[UnknownCategory] = (),
) -> ManagerSummary:
    """Summarise with defaults: one full-time week of the usual manager."""
    return summarise(
        manager,
        *days,
        tuple(meetings),
        tuple(allocations),
        contracted,
        PARTNERSHIPS,
        excluded or {},
        unknown_categories=unread,
        zone=LONDON,
    )


def full_week() -> ManagerSummary:
    """A week with three partnerships, every activity, unclear and excluded meetings, and private time."""
    titles = ("Regional Partnership Board", "Catch up", "Dementia Steering Group <draft>")
    unclear = [
        meeting(
            f"{hour:02}:00-{hour + 2:02}:00",
            MONDAY + timedelta(days=n),
            classification=make_classification("unclear", "rpb" if n == 0 else ""),
            title=title,
        )
        for n, (hour, title) in enumerate(zip((9, 11, 14), titles, strict=True))
    ]
    weekly = [
        meeting(
            "16:00-16:30",
            MONDAY + timedelta(days=n),
            classification=make_classification("unclear", ""),
            uid="weekly",
        )
        for n in (1, 3)
    ]
    private = meeting("12:00-13:30", classification=make_classification("none", ""))._replace(private=True)
    return summary_of(
        [
            allocation(150),
            allocation(45, kind=MeetingKind.PREPARATION, meeting_id="prep"),
            allocation(30, kind=MeetingKind.TRAVEL, meeting_id="travel", in_hours=False),
            allocation(90, "mixed", "psb"),
            allocation(195, "service_improvement", "rpb"),
            allocation(60, "process", "rpb"),
            allocation(60, "operational", "csp", in_hours=False),
            allocation(75, "service_improvement", "", meeting_id="bilateral"),
            allocation(1290, "none", "", meeting_id="internal"),
            allocation(90, "none", "", meeting_id=private.id),
            allocation(60, "process", "csp", confirmed=False),
            allocation(30, "unclear", "csp", confirmed=False),
            *(
                allocation(
                    120,
                    "unclear",
                    m.classification.partnerships[0] if m.classification.partnerships else "",
                    meeting_id=m.id,
                )
                for m in unclear
            ),
            *(allocation(30, "unclear", "", meeting_id=m.id) for m in weekly),
        ],
        [*unclear, *weekly, private],
        excluded={"declined": (3, 4.5), "cancelled": (1, 1.0), "free": (2, 0.5)},
    )
