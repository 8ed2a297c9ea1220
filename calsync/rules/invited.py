"""Who is on an invitation: seats, sectors, and agencies, each agency once whatever its domains."""

from collections.abc import Iterable, Iterator, Sequence

from calsync.rules.book import Claim, Invitation, RuleBook
from calsync.rules.directory import OWN, PARTNER, Seat, same_place
from calsync.rules.facts import Facts

_KEPT = 50_000  # invitations remembered
_ORGANIZER = 42  # how strongly a partnership's own team shows it (see `whose`)


def invited_by(facts: Facts, book: RuleBook) -> Invitation:
    """The organizer's, the invited people's and the owner's organisations; remembered by their domains."""
    domains = (facts.organizer_domain, facts.attendee_domains, facts.own_domains)
    found = book.invitations.get(domains)
    if found is None:
        if len(book.invitations) >= _KEPT:
            book.invitations.clear()
        found = book.invitations[domains] = _invitation(*domains, book)
    return found


def _invitation(organizer: str, invited: Sequence[str], own: Sequence[str], book: RuleBook) -> Invitation:
    domains = {domain for domain in (organizer, *invited, *own[:1]) if domain}
    by_domain = {book.directory.plain(domain): book.directory.seat(domain) for domain in domains}
    seats = tuple(sorted(set(by_domain.values()), key=lambda seat: (seat.agency, seat.role)))
    partners = {seat for seat in seats if seat.role == PARTNER}
    if not partners:
        partners = {seat for seat in seats if seat.role == OWN}
    agencies = {seat.agency for seat in partners} - _twice(by_domain.items())
    sectors = frozenset(seat.sector for seat in seats) | {seat.role for seat in seats}
    return Invitation(
        seats,
        sectors,
        tuple(sorted(agencies)),
        next(iter(partners)).shared if len(partners) == 1 else "",
        len(agencies) > 1 and len({seat.sector for seat in partners} - {"network", "government"}) == 1,
        tuple(_team_claims(organizer, book)),
        frozenset(_at_home({*domains, *own} - {""}, book)),
        book.index.barred_by(sectors, sorted(by_domain)),
    )


def _team_claims(organizer: str, book: RuleBook) -> Iterator[Claim]:
    """Partnerships whose own teams organize: an invited team attends what may be another's business."""
    for partnership, pattern in book.whose.team_domains:
        if organizer and pattern.fullmatch(book.directory.plain(organizer)):
            yield Claim(partnership, _ORGANIZER, organizer, -1, -1, False)


def _at_home(domains: Iterable[str], book: RuleBook) -> Iterator[str]:
    """The partnerships of nations whose agencies are there."""
    plain = [book.directory.plain(domain) for domain in domains]
    for partnership, home in book.whose.homes.items():
        if any(map(home.fullmatch, plain)):
            yield partnership


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
