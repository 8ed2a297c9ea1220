"""One meeting at one time, as a source gives it: nothing recurs, nothing is naive.

Terms are iCalendar's (RFC 5545) and Microsoft Graph's. The uid names a series; the recurrence id
(the original start) names one occurrence in it.
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
    """What the organizer says of the meeting (STATUS; isCancelled)."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


class Response(StrEnum):
    """What the calendar's owner answered (PARTSTAT; responseStatus).

    UNRECORDED: the source keeps no answer for this owner (a published calendar, an own entry
    without attendees). UNANSWERED: the owner was asked and has not answered.
    """

    ORGANIZER = "organizer"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    UNANSWERED = "unanswered"
    UNRECORDED = "unrecorded"


_RESPONSES_BY_PRECEDENCE = (Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED, Response.UNANSWERED)


def owner_response(answers: Iterable[Response], *, organizes: bool) -> Response:
    """What a calendar's owner answered.

    Args:
        answers: Those recorded for the owner's addresses; the strongest counts where several were invited.
        organizes: Whether one of these addresses is the organizer's. An organizer who declined, or is not
            certain to come, is an invited person like any other: the answer outranks the part.
    """
    given = set(answers)
    answer = next(
        (response for response in _RESPONSES_BY_PRECEDENCE if response in given), Response.UNRECORDED
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
    """Who may see the content (CLASS; sensitivity). Anything but NORMAL is private to us."""

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
    """Somebody invited; `address` is a lower-case mail address, or "" where the source gives none."""

    address: str
    kind: AttendeeKind = AttendeeKind.INDIVIDUAL
    response: Response = Response.UNANSWERED

    @property
    def domain(self) -> str:
        """The mail domain, or "" where there is no address."""
        _, at, domain = self.address.rpartition("@")
        return domain if at else ""


_ROOM, _RESOURCE = AttendeeKind.ROOM, AttendeeKind.RESOURCE


# A tuple, for millions are made: a frozen dataclass of so many fields takes five times as long.
class Occurrence(NamedTuple):
    """One meeting at one time.

    start, end: aware, end exclusive; an all-day occurrence runs from midnight to midnight in the
    calendar's zone. recurrence_id: the original start in ISO 8601 (a date for all-day series),
    "" for an event that does not recur. organizer: a lower-case mail address or "".
    sequence, stamp: which version it is: SEQUENCE, -1 where the source has none; LAST-MODIFIED, or DTSTAMP
    of a scheduling message (other DTSTAMPs are often the time of the download), "" where it is unknown.
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
        """The real time it takes, changes of the clock included."""
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)

    @property
    def private(self) -> bool:
        """Whether its content must not be looked at."""
        return self.sensitivity is not Sensitivity.NORMAL

    @property
    def organizer_domain(self) -> str:
        """The organizer's mail domain, or ""."""
        return self.organizer.rpartition("@")[2] if "@" in self.organizer else ""

    @property
    def attendee_domains(self) -> tuple[str, ...]:
        """The people's mail domains, each once, sorted; rooms and resources are no people."""
        found = {a.domain for a in self.attendees if a.kind is not _ROOM and a.kind is not _RESOURCE}
        return tuple(sorted(found - {""}))


def comparable_recurrence_id(recurrence_id: str) -> datetime | str:
    """The original start as a moment in UTC, for calendars write one in several zones; a day as it is."""
    try:
        found = datetime.fromisoformat(recurrence_id)
    except ValueError:
        return recurrence_id
    return found.astimezone(UTC) if found.tzinfo else recurrence_id


@lru_cache(
    maxsize=10_000
)  # a title stands in a whole series and in many calendars: half of a first night's CPU
def _is_cancelled_by_title(title: str) -> bool:
    # Imported at the first title: its patterns take a tenth of what `calsync status` takes, which needs none.
    from calsync.model.title_cancellation import is_cancelled_by_title

    return is_cancelled_by_title(title)


def normalise_occurrence(occurrence: Occurrence) -> Occurrence:
    """Read the status that only the title tells, then veil: what everything after a source works on."""
    if occurrence.status is not Status.CANCELLED and _is_cancelled_by_title(occurrence.title):
        occurrence = occurrence._replace(status=Status.CANCELLED)
    return redact_private(occurrence)


def normalise_occurrences(occurrences: Iterable[Occurrence]) -> Iterator[Occurrence]:
    """Each occurrence settled, in the order given; those with nothing to settle pass as they are."""
    for occurrence in occurrences:
        needs_no_change = not (occurrence.private or _is_cancelled_by_title(occurrence.title))
        yield occurrence if needs_no_change else normalise_occurrence(occurrence)


def redact_private(occurrence: Occurrence) -> Occurrence:
    """Take from a private occurrence all but its times and how it is shown; leave others alone."""
    if not occurrence.private:
        return occurrence
    return occurrence._replace(
        # The last moment at which the title can tell (see `settle`).
        status=Status.CANCELLED if _is_cancelled_by_title(occurrence.title) else occurrence.status,
        title="",
        location="",
        description="",
        organizer="",
        attendees=(),
        categories=tuple(filter(is_own_category, occurrence.categories)),
    )


NAME_AND_TIMES = ("uid", "recurrence_id", "start", "end")
"""The fields in which occurrences that are alike differ."""
_content = attrgetter(*(name for name in Occurrence._fields if name not in NAME_AND_TIMES))


def group_by_content(occurrences: Iterable[Occurrence]) -> list[list[Occurrence]]:
    """The occurrences in groups that hold the same content at other times, as those of a series do.

    By identity, for comparing costs more: equal content that was made twice stands in two groups.
    """
    groups: dict[tuple[int, ...], list[Occurrence]] = {}
    for occurrence in occurrences:
        groups.setdefault(tuple(map(id, _content(occurrence))), []).append(occurrence)
    return list(groups.values())


def occurrence_digest(occurrence: Occurrence) -> str:
    """A digest of everything in the occurrence (32 hex digits): equal occurrences, equal fingerprint."""
    # Offsets, not zones: a zone's repr depends on how it was made.
    times = (occurrence.start.isoformat(), occurrence.end.isoformat())
    name = (occurrence.uid, occurrence.recurrence_id)
    return _digest("\x1f".join((content_digest(occurrence), *name, *times)))


def content_digest(occurrence: Occurrence) -> str:
    """A digest of all but its name and its times (32 hex digits), one for all that are alike."""
    one = occurrence
    texts = [one.status, one.response, one.show_as, one.sensitivity, one.title, one.location, one.description]
    texts += [one.organizer, one.stamp, *one.categories]
    for attendee in one.attendees:
        texts += (attendee.address, attendee.kind, attendee.response)
    # Where each ends is told by its length, for any character may stand in it.
    lengths = [one.all_day, one.sequence, len(one.categories), *map(len, texts)]
    return _digest(f"{lengths}{''.join(texts)}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
