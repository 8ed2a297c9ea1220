"""What the rules may read of a meeting: what a person who codes it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from calsync.model.occurrence import AttendeeKind, Occurrence


@dataclass(frozen=True, slots=True)
class Facts:
    """One meeting, as a person who codes it sees it.

    attendees: addresses of people and mailing lists, by which a partnership's mailing list is recognised;
    people's addresses are stored nowhere. own_domains: mail domains of the calendar owner's organisation,
    () if unknown. minutes: the duration. recurring, like the duration, is never evidence (coding manual,
    rule 16).
    """

    title: str = ""
    organizer_domain: str = ""
    attendee_domains: tuple[str, ...] = ()
    minutes: int = 60
    recurring: bool = False
    description: str = ""
    location: str = ""
    categories: tuple[str, ...] = ()
    attendees: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    private: bool = False


_PEOPLE_KINDS = (AttendeeKind.INDIVIDUAL, AttendeeKind.GROUP, AttendeeKind.UNKNOWN)


def build_facts(occurrence: Occurrence, *, own_domains: Sequence[str] = ()) -> Facts:
    """The facts of an occurrence in the calendar of somebody whose organisation has these domains."""
    return Facts(
        title=occurrence.title,
        organizer_domain=occurrence.organizer_domain,
        attendee_domains=occurrence.attendee_domains,
        minutes=round(occurrence.duration.total_seconds() / 60),
        recurring=bool(occurrence.recurrence_id),
        description=occurrence.description,
        location=occurrence.location,
        categories=occurrence.categories,
        attendees=tuple([a.address for a in occurrence.attendees if a.address and a.kind in _PEOPLE_KINDS]),
        own_domains=tuple(own_domains),
        private=occurrence.private,
    )
