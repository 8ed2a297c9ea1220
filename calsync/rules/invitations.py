"""Who is on an invitation: seats, sectors, and agencies, each agency once whatever its domains."""

from collections.abc import Iterable, Iterator, Sequence

from calsync.rules.book import Invitation, PartnershipMatch, RuleBook
from calsync.rules.facts import Facts
from calsync.rules.organisations import OWN_ROLE, PARTNER_ROLE, Organisation, is_same_place

_TEAM_DOMAIN_STRENGTH = 42  # how strongly a partnership's own team shows it (see `whose`)


def read_invitation(facts: Facts, book: RuleBook) -> Invitation:
    """The organizer's, the invited people's and the owner's organisations; remembered by their domains."""
    domains = (facts.organizer_domain, facts.attendee_domains, facts.own_domains)
    found = book.caches.invitations.get(domains)
    if found is None:
        found = book.caches.invitations[domains] = _build_invitation(*domains, book)
    return found


def _build_invitation(
    organizer: str, invited: Sequence[str], own: Sequence[str], book: RuleBook
) -> Invitation:
    domains = {domain for domain in (organizer, *invited, *own[:1]) if domain}
    by_domain = {
        book.directory.normalise_domain(domain): book.directory.find_organisation(domain)
        for domain in domains
    }
    seats = tuple(sorted(set(by_domain.values()), key=lambda seat: (seat.agency, seat.role)))
    partners = {organisation for organisation in seats if organisation.role == PARTNER_ROLE}
    if not partners:
        partners = {organisation for organisation in seats if organisation.role == OWN_ROLE}
    agencies = {organisation.agency for organisation in partners} - _find_duplicate_councils(
        by_domain.items()
    )
    sectors = frozenset(organisation.sector for organisation in seats) | {
        organisation.role for organisation in seats
    }
    return Invitation(
        seats,
        sectors,
        tuple(sorted(agencies)),
        next(iter(partners)).shared_domain if len(partners) == 1 else "",
        len(agencies) > 1
        and len({organisation.sector for organisation in partners} - {"network", "government"}) == 1,
        tuple(_match_team_domains(organizer, book)),
        frozenset(_find_home_partnerships({*domains, *own} - {""}, book)),
        tuple(sorted(by_domain)),
    )


def _match_team_domains(organizer: str, book: RuleBook) -> Iterator[PartnershipMatch]:
    """Partnerships whose own teams organize: an invited team attends what may be another's business."""
    for partnership, pattern in book.partnership_index.team_domains:
        if organizer and pattern.fullmatch(book.directory.normalise_domain(organizer)):
            yield PartnershipMatch(partnership, _TEAM_DOMAIN_STRENGTH, organizer, -1, -1, False)


def _find_home_partnerships(domains: Iterable[str], book: RuleBook) -> Iterator[str]:
    """The partnerships of nations whose agencies are there."""
    plain = [book.directory.normalise_domain(domain) for domain in domains]
    for partnership, home in book.partnership_index.home_domains.items():
        if any(map(home.fullmatch, plain)):
            yield partnership


def _find_duplicate_councils(seats: Iterable[tuple[str, Organisation]]) -> set[str]:
    """Councils here under their Welsh and their English name: sircelyn.llyw.cymru, celynshire.gov.wales."""
    councils = [
        (domain, organisation.agency) for domain, organisation in seats if organisation.sector == "council"
    ]
    english = [(d, agency) for d, agency in councils if d.endswith((".gov.wales", ".gov.uk"))]
    return {
        agency
        for domain, agency in councils
        for other, known in english
        if domain.endswith(".llyw.cymru") and agency != known and is_same_place(domain, other)
    }
