"""The allocation of a manager's minutes to one activity of one partnership."""

from datetime import date
from typing import NamedTuple

from calsync.model.classification import Activity, MeetingKind


class Allocation(NamedTuple):
    """The minutes of one manager's day that one meeting takes.

    minutes: real minutes; overlapping meetings already share them. partnership: an id, or "" for none.
    confirmed: False for tentative and unanswered meetings, which get only minutes that no confirmed
    meeting covers. activity: what the time counts as; `mixed` where no agenda divides it. label: the name
    of the activity where a pack of rules defines it, else "".
    """

    manager_id: str
    day: date
    meeting_id: str
    partnership: str
    activity: Activity
    kind: MeetingKind
    confirmed: bool
    in_hours: bool
    minutes: float
    label: str = ""
