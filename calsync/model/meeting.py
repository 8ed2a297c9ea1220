"""What calsync remembers of an occurrence once it has been judged; no description, no address."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from calsync.model.classification import Classification
from calsync.model.occurrence import Occurrence, Response, ShowAs, Status, fingerprint
from calsync.model.span import Span


@dataclass(frozen=True, slots=True)
class Meeting:
    """A judged occurrence in one manager's calendar, as it is stored.

    title: "" unless titles may be kept (settings). attendees: how many people were invited.
    fingerprint: digest of the whole occurrence, so that an unchanged one is not judged again.
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
    verdict: Classification

    @property
    def span(self) -> Span:
        """The time it takes."""
        return Span(self.start, self.end)


def meeting_id(calendar_id: str, occurrence: Occurrence) -> str:
    """The id under which an occurrence of this calendar is kept (32 hex digits, the same every night)."""
    start = occurrence.start.astimezone(UTC).isoformat()
    name = "\x1f".join((calendar_id, occurrence.uid, occurrence.recurrence_id, start))
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def remember(
    occurrence: Occurrence,
    verdict: Classification,
    *,
    manager_id: str,
    calendar_id: str,
    keep_title: bool,
    digest: str = "",
) -> Meeting:
    """Keep of a judged occurrence only what is needed later: descriptions and addresses are dropped.

    digest: the occurrence's fingerprint, where the caller has it already.
    """
    return Meeting(
        id=meeting_id(calendar_id, occurrence),
        manager_id=manager_id,
        uid=occurrence.uid,
        recurrence_id=occurrence.recurrence_id,
        start=occurrence.start,
        end=occurrence.end,
        all_day=occurrence.all_day,
        status=occurrence.status,
        response=occurrence.response,
        show_as=occurrence.show_as,
        private=occurrence.private,
        title=occurrence.title if keep_title else "",
        organizer_domain=occurrence.organizer_domain,
        attendee_domains=occurrence.attendee_domains,
        attendees=len(occurrence.attendees),
        categories=occurrence.categories,
        fingerprint=digest or fingerprint(occurrence),
        verdict=verdict,
    )
