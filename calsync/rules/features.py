"""What the rules read of a meeting: its scanned text, who is invited, which partnerships it shows.

`extract_features` computes this once for each meeting, before any rule is tried.
"""

from dataclasses import dataclass

from calsync.rules.book import RuleBook
from calsync.rules.compiled import Invitation, PartnershipMatch
from calsync.rules.facts import Facts
from calsync.rules.invitations import read_invitation
from calsync.rules.partnerships import match_partnerships
from calsync.rules.scanner import scan_text
from calsync.rules.text_scan import TextScan


@dataclass(slots=True)
class MeetingFeatures:
    """A meeting as the rules see it.

    text_lists: the lists found in title and description, as bits. agencies: ids of the partner agencies,
    sorted. names_other_agency: the title names an agency of another sector. partnership_matches: the
    strongest first.
    """

    facts: Facts
    scan: TextScan
    invitation: Invitation
    text_lists: int
    agencies: tuple[str, ...]
    names_other_agency: bool
    partnership_matches: tuple[PartnershipMatch, ...]

    @property
    def is_partnership_in_title(self) -> bool:
        """Whether the title shows a partnership by its name or by what belongs to it."""
        return any(match.in_title for match in self.partnership_matches)

    @property
    def has_invitees(self) -> bool:
        """Whether anybody is known to be invited."""
        return bool(self.facts.attendee_domains or self.facts.attendees)


def extract_features(facts: Facts, book: RuleBook) -> MeetingFeatures:
    """Scan the text, look up the mail domains, and find the partnerships."""
    scan = scan_text(facts.title, facts.description, book)
    invitation = read_invitation(facts, book)
    text_lists = scan.title_lists | scan.description_lists
    return MeetingFeatures(
        facts,
        scan,
        invitation,
        text_lists,
        _partner_agencies(invitation, text_lists, book),
        _names_other_agency(scan.title_lists, invitation, book),
        match_partnerships(scan, facts, invitation, book),
    )


def _partner_agencies(invitation: Invitation, text_lists: int, book: RuleBook) -> tuple[str, ...]:
    """The partner agencies by their domains; for a shared domain, the agencies that the text names."""
    index = book.organisation_index
    if invitation.shared_domain:
        agency_bits = index.shared_domains.get(invitation.shared_domain, ())
        named = {index.ids.get(bit, str(bit)) for bit in agency_bits if text_lists & bit}
        if len(named) > 1:
            return tuple(sorted(named))
    return invitation.agencies


def _names_other_agency(title_lists: int, invitation: Invitation, book: RuleBook) -> bool:
    """Whether the title names an agency of a sector that is not invited.

    It must also name an agency of a second sector, or hold a word of meeting somebody: "police" alone may be
    the topic.
    """
    if not title_lists & book.organisation_index.bits:
        return False
    invited = {organisation.sector for organisation in invitation.organisations}
    named = {sector for bit, sector in book.organisation_index.sectors.items() if title_lists & bit}
    return bool(named - invited) and (len(named) > 1 or bool(title_lists & book.vocabulary.meeting_words))
