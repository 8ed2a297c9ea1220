"""Finds the organisations on an invitation, their sectors and agencies (`read_invitation`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from calsync.rules.book import RuleBook
from calsync.rules.compiled import Invitation, PartnershipMatch
from calsync.rules.facts import Facts
from calsync.rules.organisations import OWN_ROLE, PARTNER_ROLE, Organisation, is_same_place

_TEAM_DOMAIN_STRENGTH = 42  # compare `partnerships._STRENGTH`


def read_invitation(facts: Facts, book: RuleBook) -> Invitation:
    """The organisations of the organizer, the invited people and the owner; cached by their mail domains."""
    domains = (facts.organizer_domain, facts.attendee_domains, facts.own_domains)
    invitation = book.caches.invitations.get(domains)
    if invitation is None:
        invitation = book.caches.invitations[domains] = _build_invitation(*domains, book)
    return invitation


def _build_invitation(
    organizer: str, invited: Sequence[str], own: Sequence[str], book: RuleBook
) -> Invitation:
    domains = {domain for domain in (organizer, *invited, *own[:1]) if domain}
    by_domain = {
        book.directory.normalise_domain(domain): book.directory.find_organisation(domain)
        for domain in domains
    }
    organisations = tuple(
        sorted(set(by_domain.values()), key=lambda organisation: (organisation.agency, organisation.role))
    )
    sectors = {organisation.sector for organisation in organisations}
    partners = {organisation for organisation in organisations if organisation.role == PARTNER_ROLE}
    if not partners:  # an internal meeting: our own organisation is the one agency
        partners = {organisation for organisation in organisations if organisation.role == OWN_ROLE}
    agencies = {organisation.agency for organisation in partners} - _find_duplicate_councils(by_domain)
    partner_sectors = {organisation.sector for organisation in partners} - {"network", "government"}
    return Invitation(
        organisations=organisations,
        sectors=frozenset(sectors | {organisation.role for organisation in organisations}),
        agencies=tuple(sorted(agencies)),
        shared_domain=next(iter(partners)).shared_domain if len(partners) == 1 else "",
        one_sector=len(agencies) > 1 and len(partner_sectors) == 1,
        partnership_matches=tuple(_match_team_domains(organizer, book)),
        home_partnerships=frozenset(_find_home_partnerships({*domains, *own} - {""}, book)),
        domains=tuple(sorted(by_domain)),
    )


def _match_team_domains(organizer: str, book: RuleBook) -> Iterator[PartnershipMatch]:
    """Partnerships whose own team organizes; a team that is only invited may attend another's meeting."""
    for partnership, pattern in book.partnership_index.team_domains:
        if organizer and pattern.fullmatch(book.directory.normalise_domain(organizer)):
            yield PartnershipMatch(partnership, _TEAM_DOMAIN_STRENGTH, organizer, -1, -1, False)


def _find_home_partnerships(domains: Iterable[str], book: RuleBook) -> Iterator[str]:
    """The partnerships of the nations of these domains."""
    normalised = [book.directory.normalise_domain(domain) for domain in domains]
    for partnership, pattern in book.partnership_index.home_domains.items():
        if any(map(pattern.fullmatch, normalised)):
            yield partnership


def _find_duplicate_councils(by_domain: Mapping[str, Organisation]) -> set[str]:
    """Councils whose Welsh and English domains are both here: sircelyn.llyw.cymru, celynshire.gov.wales."""
    councils = [
        (domain, organisation.agency)
        for domain, organisation in by_domain.items()
        if organisation.sector == "council"
    ]
    english = [(domain, agency) for domain, agency in councils if domain.endswith((".gov.wales", ".gov.uk"))]
    return {
        agency
        for domain, agency in councils
        for english_domain, english_agency in english
        if domain.endswith(".llyw.cymru")
        and agency != english_agency
        and is_same_place(domain, english_domain)
    }
