"""A meeting as it is stored: a classified occurrence without its description and addresses."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from calsync.model.classification import Classification
from calsync.model.localtime import to_naive_local
from calsync.model.occurrence import (
    NAME_AND_TIMES,
    Occurrence,
    Response,
    ShowAs,
    Status,
    content_digest,
)
from calsync.model.span import Span

_CALENDAR_KEY_LENGTH = 8
"""The number of hex digits of a meeting's id that identify its calendar."""


# A tuple, because a run makes millions: a frozen dataclass with this many fields takes five times as long.
class Meeting(NamedTuple):
    """A classified occurrence in one manager's calendar, as it is stored.

    title: "" unless the settings allow storing titles. attendees: the number of people invited.
    fingerprint: a digest of all fields of the occurrence other than its name and times, which shows a change
    also in fields that are not stored. sequence, stamp: the version, as in `Occurrence`.
    """

    id: str
    manager_id: str
    uid: str
    recurrence_id: str
    start: datetime
    end: datetime
    all_day: bool
    status: Status
    response: Response
    show_as: ShowAs
    private: bool
    title: str
    organizer_domain: str
    attendee_domains: tuple[str, ...]
    attendees: int
    categories: tuple[str, ...]
    fingerprint: str
    classification: Classification
    sequence: int = -1
    stamp: str = ""

    @property
    def calendar_key(self) -> str:
        """The part of the id that identifies the calendar."""
        return self.id[:_CALENDAR_KEY_LENGTH]

    @property
    def span(self) -> Span:
        """The time it takes."""
        return Span(self.start, self.end)


def make_meeting_id(calendar_id: str, occurrence: Occurrence) -> str:
    """The id under which an occurrence of this calendar is stored (32 hex digits, the same every night).

    The first 8 (`Meeting.calendar_key`) identify the calendar, so that a database stores its meetings next
    to each other; the others identify the occurrence in this calendar.
    """
    return make_stored_meeting_id(calendar_id, occurrence.uid, occurrence.recurrence_id, occurrence.start)


def make_stored_meeting_id(calendar_id: str, uid: str, recurrence_id: str, start: datetime) -> str:
    """As `make_meeting_id`, from the fields of a stored meeting."""
    utc = to_naive_local(start.astimezone(UTC)).isoformat()
    name = f"{calendar_id}\x1f{uid}\x1f{recurrence_id}\x1f{utc}+00:00"
    return make_calendar_key(calendar_id) + _digest(name, 12)


@lru_cache(maxsize=1024)  # for every meeting of a calendar: 2.5 % of a first night's CPU
def make_calendar_key(calendar_id: str) -> str:
    """The part of a meeting's id that identifies its calendar (`Meeting.calendar_key`)."""
    return _digest(calendar_id, _CALENDAR_KEY_LENGTH // 2)


def _digest(name: str, size: int) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def to_meeting(
    occurrence: Occurrence,
    classification: Classification,
    *,
    manager_id: str,
    calendar_id: str,
    keep_title: bool,
) -> Meeting:
    """The stored form of a classified occurrence, without its description and addresses."""
    (meeting,) = to_meetings(
        (occurrence,), classification, manager_id=manager_id, calendar_id=calendar_id, keep_title=keep_title
    )
    return meeting


def to_meetings(
    occurrences: Sequence[Occurrence],
    classification: Classification,
    *,
    manager_id: str,
    calendar_id: str,
    keep_title: bool,
) -> list[Meeting]:
    """The stored form of each of a group of occurrences with equal content (`group_by_content`)."""
    first = occurrences[0]
    content = {name: getattr(first, name) for name in _SAME_IN_OCCURRENCES}
    content |= {"title": first.title if keep_title else "", "attendees": len(first.attendees)}
    template = Meeting(
        id="",
        manager_id=manager_id,
        **{name: getattr(first, name) for name in NAME_AND_TIMES},
        fingerprint=content_digest(first),
        classification=classification,
        **content,
    )
    return [
        template._replace(
            id=make_meeting_id(calendar_id, occurrence),
            uid=occurrence.uid,
            recurrence_id=occurrence.recurrence_id,
            start=occurrence.start,
            end=occurrence.end,
        )
        for occurrence in occurrences
    ]


# Each of these fields is copied from the occurrence's field or property of the same name.
_SAME_IN_OCCURRENCES = tuple(
    name for name in Meeting._fields if name not in NAME_AND_TIMES and hasattr(Occurrence, name)
)
