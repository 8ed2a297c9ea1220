"""What only the manager can say: the meetings whose work nobody can tell from the calendar."""

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
    """One unclear meeting, or one series of them: the first in the period stands for all.

    title: "" where it was not kept. start: in the zone in which the meeting is held here.
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
    """Return the unclear meetings, a series as one question, most hours first; private ones never.

    unclear_hours: the sum of all unclear allocations in whole minutes, to which the questions' hours add up.
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
        # "" gathers what nobody is asked about, so that the rest adds up with it.
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
    ids = {meeting.id for meeting in group}
    own = [a for a in unclear if a.meeting_id in ids]
    names = {a.partnership for a in own}
    known = partnerships.get(names.pop()) if len(names) == 1 else None
    first, *_ = group
    start = first.start.astimezone(zone) if zone else first.start
    return Question(first.title, known, start, len(group), hours)
