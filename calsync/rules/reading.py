"""What the lexicon and the directory see in a meeting, once, before any rule is asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from calsync.rules.book import Claim, Invitation, RuleBook
from calsync.rules.directory import Seat
from calsync.rules.facts import Facts
from calsync.rules.invited import invited_by
from calsync.rules.scan import Scan, scan
from calsync.rules.whose import claims


@dataclass(slots=True)
class Reading:
    """A meeting as the rules see it: its words, and who is there.

    row: bits of the lists seen in title and description. agencies: ids, sorted. others_named: the title
    names an agency of another sector. claims: partnerships seen, the strongest first.
    """

    facts: Facts
    scan: Scan
    invitation: Invitation
    row: int
    agencies: tuple[str, ...]
    others_named: bool
    claims: tuple[Claim, ...]

    @property
    def titled(self) -> bool:
        """Whether the title shows a partnership by its name or by what belongs to it."""
        return any(claim.in_title for claim in self.claims)

    @property
    def invited(self) -> bool:
        """Whether anybody is known to be invited."""
        return bool(self.facts.attendee_domains or self.facts.attendees)


def read(facts: Facts, book: RuleBook) -> Reading:
    """Scan the text and look up the domains."""
    seen = scan(facts.title, facts.description, book)
    invitation = invited_by(facts, book)
    row = seen.title | seen.description
    return Reading(
        facts,
        seen,
        invitation,
        row,
        _agencies(invitation, row, book),
        _others_named(seen.title, invitation.seats, book),
        claims(seen, facts, invitation, book),
    )


def _others_named(title: int, seats: Iterable[Seat], book: RuleBook) -> bool:
    """Whether the title names an agency of another sector, beside one's own or with a word for meeting."""
    if not title & book.orgs.bits:
        return False
    own = {seat.sector for seat in seats}
    named = {sector for bit, sector in book.orgs.sectors.items() if title & bit}
    return bool(named - own) and (len(named) > 1 or bool(title & book.words.meets))


def _agencies(invitation: Invitation, row: int, book: RuleBook) -> tuple[str, ...]:
    """Partner agencies by domain; behind a shared domain as many as the text names."""
    if invitation.shared:
        lists = book.orgs.shared.get(invitation.shared, ())
        named = {book.orgs.ids.get(bit, str(bit)) for bit in lists if row & bit}
        if len(named) > 1:
            return tuple(sorted(named))
    return invitation.agencies
