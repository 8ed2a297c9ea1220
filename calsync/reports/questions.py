"""The questions of a summary: meetings that the rules could not label, which only the manager can."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity
from calsync.model.meeting import Meeting
from calsync.model.people import Partnership
from calsync.reports.hours import round_parts


@dataclass(frozen=True, slots=True)
class Question:
    """One unclear meeting, or one series of them, with title and start of the first in the period.

    title: "" where it was not stored. start: in the organisation's zone. hours: in whole minutes.
    """

    title: str
    partnership: Partnership | None
    start: datetime
    meetings: int
    hours: float


def find_questions(
    meetings: Sequence[Meeting],
    allocations: Sequence[Allocation],
    partnerships: Mapping[str, Partnership],
    zone: tzinfo | None = None,
    *,
    unclear_hours: float,
) -> tuple[Question, ...]:
    """Return a question for each unclear meeting or series, most hours first; private meetings are left out.

    Args:
        meetings: The manager's meetings in the period.
        allocations: Their confirmed partnership time.
        partnerships: By id; a question about time of several partnerships names none.
        zone: The zone of the starts; without it they keep their own.
        unclear_hours: The sum of all unclear allocations in whole minutes. The hours of the questions, and
            of the meetings left out, add up to it.
    """
    unclear = [a for a in allocations if a.activity is Activity.UNCLEAR]
    unclear_ids = {a.meeting_id for a in unclear}
    series: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in sorted(meetings, key=lambda meeting: (meeting.start, meeting.id)):
        if meeting.id in unclear_ids and not meeting.private:
            series[meeting.uid or meeting.id].append(meeting)
    key_of = {meeting.id: key for key, group in series.items() for meeting in group}
    exact: dict[str, float] = {}
    for allocation in unclear:
        # "" collects the meetings without a question, so that they are rounded together with the others.
        key = key_of.get(allocation.meeting_id, "")
        exact[key] = exact.get(key, 0.0) + allocation.minutes
    minutes = round_parts(exact, round(unclear_hours * 60))
    questions = [
        _build_question(group, unclear, partnerships, zone, minutes[key] / 60)
        for key, group in series.items()
    ]
    return tuple(sorted(questions, key=lambda question: (-question.hours, question.start, question.title)))


def _build_question(
    group: Sequence[Meeting],
    unclear: Sequence[Allocation],
    partnerships: Mapping[str, Partnership],
    zone: tzinfo | None,
    hours: float,
) -> Question:
    meeting_ids = {meeting.id for meeting in group}
    partnership_ids = {a.partnership for a in unclear if a.meeting_id in meeting_ids}
    partnership = partnerships.get(partnership_ids.pop()) if len(partnership_ids) == 1 else None
    first, *_ = group
    start = first.start.astimezone(zone) if zone else first.start
    return Question(first.title, partnership, start, len(group), hours)
