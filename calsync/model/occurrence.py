"""One meeting at one time, as sources return it: recurrence is expanded, all times are aware.

The terms are those of iCalendar (RFC 5545) and Microsoft Graph. The uid identifies a series; the recurrence
id (the original start) identifies one occurrence of it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from calsync.model.own_categories import is_own_category
from calsync.model.span import Span


class Status(StrEnum):
    """The organizer's status of the meeting (STATUS; isCancelled)."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


class Response(StrEnum):
    """The response of the calendar's owner (PARTSTAT; responseStatus).

    UNRECORDED: the source has no response of this owner (a published calendar, an own entry without
    attendees). UNANSWERED: the owner was invited and has not answered.
    """

    ORGANIZER = "organizer"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    UNANSWERED = "unanswered"
    UNRECORDED = "unrecorded"


_RESPONSES_BY_PRECEDENCE = (Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED, Response.UNANSWERED)


def owner_response(answers: Iterable[Response], *, organizes: bool) -> Response:
    """The response of a calendar's owner.

    Args:
        answers: The responses recorded for the owner's addresses; the first in the order of precedence
            counts where several addresses were invited.
        organizes: Whether one of these addresses is the organizer's. The response of an organizer who
            declined or answered "tentative" counts as for any other invited person.
    """
    recorded = set(answers)
    answer = next(
        (response for response in _RESPONSES_BY_PRECEDENCE if response in recorded), Response.UNRECORDED
    )
    if organizes and answer not in (Response.TENTATIVE, Response.DECLINED):
        return Response.ORGANIZER
    return answer


class ShowAs(StrEnum):
    """How the time is shown to others (X-MICROSOFT-CDO-BUSYSTATUS or TRANSP; showAs)."""

    BUSY = "busy"
    TENTATIVE = "tentative"
    FREE = "free"
    OUT_OF_OFFICE = "oof"
    ELSEWHERE = "workingElsewhere"


class Sensitivity(StrEnum):
    """Who may see the content (CLASS; sensitivity). All values but NORMAL count as private."""

    NORMAL = "normal"
    PERSONAL = "personal"
    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


class AttendeeKind(StrEnum):
    """What an attendee is (CUTYPE; type)."""

    INDIVIDUAL = "individual"
    GROUP = "group"
    ROOM = "room"
    RESOURCE = "resource"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attendee:
    """An invited person, room or resource; `address`: a mail address in lower case, "" if unknown."""

    address: str
    kind: AttendeeKind = AttendeeKind.INDIVIDUAL
    response: Response = Response.UNANSWERED

    @property
    def domain(self) -> str:
        """The mail domain, or "" where there is no address."""
        _, at, domain = self.address.rpartition("@")
        return domain if at else ""


_ROOM, _RESOURCE = AttendeeKind.ROOM, AttendeeKind.RESOURCE


# A tuple, because a run makes millions: a frozen dataclass with this many fields takes five times as long.
class Occurrence(NamedTuple):
    """One meeting at one time.

    start, end: aware, end exclusive; an all-day occurrence lasts from midnight to midnight in the
    calendar's zone. recurrence_id: the original start in ISO 8601 (a date for all-day series),
    "" for an event that does not recur. organizer: a lower-case mail address or "".
    sequence, stamp: the version. sequence: SEQUENCE, -1 where the source has none. stamp: LAST-MODIFIED, or
    DTSTAMP of a scheduling message (other DTSTAMPs are often the time of the download), "" if unknown.
    """

    uid: str
    recurrence_id: str
    start: datetime
    end: datetime
    all_day: bool = False
    status: Status = Status.CONFIRMED
    response: Response = Response.UNRECORDED
    show_as: ShowAs = ShowAs.BUSY
    sensitivity: Sensitivity = Sensitivity.NORMAL
    title: str = ""
    location: str = ""
    description: str = ""
    organizer: str = ""
    attendees: tuple[Attendee, ...] = ()
    categories: tuple[str, ...] = ()
    sequence: int = -1
    stamp: str = ""

    @property
    def span(self) -> Span:
        """The time it takes."""
        return Span(self.start, self.end)

    @property
    def duration(self) -> timedelta:
        """The real time it takes, also across a change of the clocks."""
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)

    @property
    def private(self) -> bool:
        """Whether its content must not be processed or stored."""
        return self.sensitivity is not Sensitivity.NORMAL

    @property
    def organizer_domain(self) -> str:
        """The organizer's mail domain, or ""."""
        return self.organizer.rpartition("@")[2] if "@" in self.organizer else ""

    @property
    def attendee_domains(self) -> tuple[str, ...]:
        """The mail domains of the attendees, each once, sorted; without rooms and resources."""
        domains = {a.domain for a in self.attendees if a.kind is not _ROOM and a.kind is not _RESOURCE}
        return tuple(sorted(domains - {""}))


def comparable_recurrence_id(recurrence_id: str) -> datetime | str:
    """The original start in UTC, because calendars write one moment in different zones; a day unchanged."""
    try:
        moment = datetime.fromisoformat(recurrence_id)
    except ValueError:
        return recurrence_id
    return moment.astimezone(UTC) if moment.tzinfo else recurrence_id


# A whole series and many calendars share a title: without the cache half of a first night's CPU.
@lru_cache(maxsize=10_000)
def _is_cancelled_by_title(title: str) -> bool:
    # Imported at the first title: compiling its patterns takes a tenth of the time of `calsync status`,
    # which does not need them.
    from calsync.model.title_cancellation import is_cancelled_by_title

    return is_cancelled_by_title(title)


def normalise_occurrence(occurrence: Occurrence) -> Occurrence:
    """The occurrence with the status that its title implies, and redacted if private.

    Everything after the sources works on normalised occurrences.
    """
    if occurrence.status is not Status.CANCELLED and _is_cancelled_by_title(occurrence.title):
        occurrence = occurrence._replace(status=Status.CANCELLED)
    return redact_private(occurrence)


def normalise_occurrences(occurrences: Iterable[Occurrence]) -> Iterator[Occurrence]:
    """Normalise each occurrence (`normalise_occurrence`), in order; most are yielded unchanged."""
    for occurrence in occurrences:
        needs_no_change = not (occurrence.private or _is_cancelled_by_title(occurrence.title))
        yield occurrence if needs_no_change else normalise_occurrence(occurrence)


def redact_private(occurrence: Occurrence) -> Occurrence:
    """Remove the content of a private occurrence: all but its times, status, response and free/busy status.

    Other occurrences are returned unchanged. Categories that are meant for calsync stay.
    """
    if not occurrence.private:
        return occurrence
    return occurrence._replace(
        # The title is removed here, so the status must be read from it now.
        status=Status.CANCELLED if _is_cancelled_by_title(occurrence.title) else occurrence.status,
        title="",
        location="",
        description="",
        organizer="",
        attendees=(),
        categories=tuple(filter(is_own_category, occurrence.categories)),
    )


NAME_AND_TIMES = ("uid", "recurrence_id", "start", "end")
"""The fields in which occurrences with equal content differ."""
_content = attrgetter(*(name for name in Occurrence._fields if name not in NAME_AND_TIMES))


def group_by_content(occurrences: Iterable[Occurrence]) -> list[list[Occurrence]]:
    """The occurrences in groups of equal content at different times, such as the occurrences of a series.

    Fields are compared by identity, which is faster: equal content in separate objects makes two groups.
    """
    groups: dict[tuple[int, ...], list[Occurrence]] = {}
    for occurrence in occurrences:
        groups.setdefault(tuple(map(id, _content(occurrence))), []).append(occurrence)
    return list(groups.values())


def occurrence_digest(occurrence: Occurrence) -> str:
    """A digest of all fields of the occurrence (32 hex digits)."""
    # With offsets, not zones: the repr of a zone depends on how the object was made.
    times = (occurrence.start.isoformat(), occurrence.end.isoformat())
    name = (occurrence.uid, occurrence.recurrence_id)
    return _digest("\x1f".join((content_digest(occurrence), *name, *times)))


def content_digest(occurrence: Occurrence) -> str:
    """A digest of all fields but `NAME_AND_TIMES` (32 hex digits), the same for equal content."""
    o = occurrence
    texts = [o.status, o.response, o.show_as, o.sensitivity, o.title, o.location, o.description]
    texts += [o.organizer, o.stamp, *o.categories]
    for attendee in o.attendees:
        texts += (attendee.address, attendee.kind, attendee.response)
    # The lengths separate the texts: a separator could be part of a text.
    lengths = [o.all_day, o.sequence, len(o.categories), *map(len, texts)]
    return _digest(f"{lengths}{''.join(texts)}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
