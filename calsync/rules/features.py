"""What the lexicon and the directory see in a meeting, once, before any rule is asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from calsync.rules.book import Invitation, PartnershipMatch, RuleBook
from calsync.rules.facts import Facts
from calsync.rules.invitations import read_invitation
from calsync.rules.organisations import Organisation
from calsync.rules.partnerships import match_partnerships
from calsync.rules.text_scan import TextScan, scan_text


@dataclass(slots=True)
class MeetingFeatures:
    """A meeting as the rules see it: its words, and who is there.

    row: bits of the lists seen in title and description. agencies: ids, sorted. others_named: the title
    names an agency of another sector. claims: partnerships seen, the strongest first.
    """

    facts: Facts
    scan: TextScan
    invitation: Invitation
    row: int
    agencies: tuple[str, ...]
    names_other_agency: bool
    partnership_matches: tuple[PartnershipMatch, ...]

    @property
    def is_partnership_in_title(self) -> bool:
        """Whether the title shows a partnership by its name or by what belongs to it."""
        return any(claim.in_title for claim in self.partnership_matches)

    @property
    def has_invitees(self) -> bool:
        """Whether anybody is known to be invited."""
        return bool(self.facts.attendee_domains or self.facts.attendees)


def extract_features(facts: Facts, book: RuleBook) -> MeetingFeatures:
    """Scan the text and look up the domains."""
    seen = scan_text(facts.title, facts.description, book)
    invitation = read_invitation(facts, book)
    row = seen.title | seen.description
    return MeetingFeatures(
        facts,
        seen,
        invitation,
        row,
        _partner_agencies(invitation, row, book),
        _names_other_agency(seen.title, invitation.organisations, book),
        match_partnerships(seen, facts, invitation, book),
    )


def _names_other_agency(title: int, seats: Iterable[Organisation], book: RuleBook) -> bool:
    """Whether the title names an agency of another sector, beside one's own or with a word for meeting."""
    if not title & book.organisation_index.bits:
        return False
    own = {seat.sector for seat in seats}
    named = {sector for bit, sector in book.organisation_index.sectors.items() if title & bit}
    return bool(named - own) and (len(named) > 1 or bool(title & book.vocabulary.meets))


def _partner_agencies(invitation: Invitation, row: int, book: RuleBook) -> tuple[str, ...]:
    """Partner agencies by domain; behind a shared domain as many as the text names."""
    if invitation.shared_domain:
        lists = book.organisation_index.shared_domains.get(invitation.shared_domain, ())
        named = {book.organisation_index.ids.get(bit, str(bit)) for bit in lists if row & bit}
        if len(named) > 1:
            return tuple(sorted(named))
    return invitation.agencies
