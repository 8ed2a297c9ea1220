"""Who is on an invitation: seats, sectors, and agencies, each agency once whatever its domains."""

from collections.abc import Iterable

from calsync.rules.book import Invitation, RuleBook
from calsync.rules.directory import OWN, PARTNER, Seat, same_place
from calsync.rules.facts import Facts


def invited_by(facts: Facts, book: RuleBook) -> Invitation:
    """The organizer's, the invited people's and the owner's organisations; remembered by their domains."""
    domains = (facts.organizer_domain, *facts.attendee_domains, *facts.own_domains[:1])
    found = book.invitations.get(domains)
    if found is None:
        found = book.invitations[domains] = _invitation({d for d in domains if d}, book)
    return found


def _invitation(domains: set[str], book: RuleBook) -> Invitation:
    by_domain = {book.directory.plain(domain): book.directory.seat(domain) for domain in domains}
    seats = tuple(sorted(set(by_domain.values()), key=lambda seat: (seat.agency, seat.role)))
    partners = {seat for seat in seats if seat.role == PARTNER}
    if not partners:
        partners = {seat for seat in seats if seat.role == OWN}
    agencies = {seat.agency for seat in partners} - _twice(by_domain.items())
    return Invitation(
        seats,
        frozenset(seat.sector for seat in seats) | {seat.role for seat in seats},
        tuple(sorted(agencies)),
        next(iter(partners)).shared if len(partners) == 1 else "",
        len(agencies) > 1 and len({seat.sector for seat in partners} - {"network", "government"}) == 1,
        tuple(sorted(by_domain)),
    )


def _twice(seats: Iterable[tuple[str, Seat]]) -> set[str]:
    """Councils here under their Welsh and their English name: sircelyn.llyw.cymru, celynshire.gov.wales."""
    councils = [(domain, seat.agency) for domain, seat in seats if seat.sector == "council"]
    english = [(d, agency) for d, agency in councils if d.endswith((".gov.wales", ".gov.uk"))]
    return {
        agency
        for domain, agency in councils
        for other, known in english
        if domain.endswith(".llyw.cymru") and agency != known and same_place(domain, other)
    }
