"""Whose business a meeting is: the partnerships that the row shows, the strongest evidence first.

A name in the title weighs more than the organizer's mail domain, that more than a name in the
description. Between equals the first in the text wins; two names side by side are a true tie.
"""

from collections.abc import Iterator, Sequence

from calsync.rules.book import Claim, Invitation, RuleBook
from calsync.rules.facts import Facts
from calsync.rules.fold import BREAK
from calsync.rules.scan import Scan

# How strong each kind of evidence is: in the title, in the description.
_STRENGTH = {
    "names": (50, 34),
    "short": (50, 32),
    "groups": (46, 31),
    "belongs": (44, 33),
    "hints": (20, 15),
}
_LIST = 43  # a mailing list; for the domains of its own team see `invited`
_HOME = 0.5  # decides between nations that share a name, and nothing else
_SMALL = frozenset({BREAK, "and", "of", "the", "for", "in", "on", "to", "a", "y", "yr", "i", "o"})
_BETWEEN = frozenset({"and", "a", "ac"})


def claims(scan: Scan, facts: Facts, invitation: Invitation, book: RuleBook) -> tuple[Claim, ...]:
    """Every partnership that the row shows, each by its best evidence, the strongest first."""
    found = [*_shown(scan, invitation.one_sector, book), *invitation.claims, *_by_list(facts, book)]
    if not found:
        return ()
    best: dict[str, Claim] = {}
    for claim in found:
        held = best.get(claim.partnership)
        if held is None or claim.strength > held.strength:
            best[claim.partnership] = claim
    if len(best) < 2:
        return tuple(best.values())
    ranked = (_at_home(claim, invitation, book) for claim in best.values())
    return tuple(sorted(ranked, key=lambda claim: -claim.strength))


def _at_home(claim: Claim, invitation: Invitation, book: RuleBook) -> Claim:
    """Where two nations share a name, the one whose agencies are there comes first."""
    if claim.partnership not in book.whose.homes:
        return claim
    here = claim.partnership in invitation.at_home
    return claim._replace(strength=claim.strength + (_HOME if here else -_HOME))


def _shown(scan: Scan, alike: bool, book: RuleBook) -> list[Claim]:
    """What the words show. alike: whether the agencies there are all of one sector."""
    found = scan.claimed.get(alike)
    if found is None:
        found = scan.claimed[alike] = list(_in_text(scan, alike, book))
    return found


def _in_text(scan: Scan, alike: bool, book: RuleBook) -> Iterator[Claim]:
    tokens, row = scan.tokens, scan.title | scan.description
    spelled_out: dict[tuple[str, str], bool] = {}
    for start, end, lists in scan.hits:
        bits = lists & book.whose.traced
        while bits:
            bit = bits & -bits
            bits ^= bit
            trace = book.whose.traces[bit]
            if trace.as_what == "short":
                if row & book.whose.otherwise.get(trace.partnership, 0):
                    continue
                # Looked for in the whole text, so once for each abbreviation and not each time it comes.
                key = (tokens[start], trace.partnership)
                if key not in spelled_out:
                    spelled_out[key] = _spelled_out(*key, scan, book)
                if spelled_out[key]:
                    continue
            if trace.as_what == "hints" and trace.partnership in book.whose.one_sector and not alike:
                continue
            in_title = start < scan.title_end
            strength = _STRENGTH[trace.as_what][not in_title]
            seen = " ".join(tokens[start:end])
            as_named = in_title and trace.as_what != "hints"
            yield Claim(trace.partnership, strength - start / 100, seen, start, end, as_named)


def _spelled_out(short: str, partnership: str, scan: Scan, book: RuleBook) -> bool:
    """Whether the row spells the abbreviation out as something else: PSB, Premises and Stations Board."""
    if not 3 <= len(short) <= 6 or not short.isalpha():
        return False
    own = book.whose.name_bits.get(partnership, 0)
    tokens, items = scan.tokens, scan.items
    initials = "".join([token[0] for token in tokens if token not in _SMALL])
    place = initials.find(short)
    if place < 0:
        return False
    named = {at for start, end, lists in scan.hits if lists & own for at in range(start, end)}
    words = [at for at, token in enumerate(tokens) if token not in _SMALL]
    while place >= 0:
        start, last = words[place], words[place + len(short) - 1]
        together = items[start] == items[last]
        if together and named.isdisjoint(range(start, last + 1)):
            return True
        place = initials.find(short, place + 1)
    return False


def _by_list(facts: Facts, book: RuleBook) -> Iterator[Claim]:
    """Partnerships whose mailing lists are invited."""
    for address in facts.attendees:
        name = address.partition("@")[0].casefold()
        if name in book.whose.mailboxes:
            yield Claim(book.whose.mailboxes[name], _LIST, name, -1, -1, False)


def tied(found: Sequence[Claim], tokens: Sequence[str]) -> tuple[str, ...]:
    """The ids of the strongest claim, and of a second one that stands right beside it in the title."""
    if not found:
        return ()
    first, *rest = found
    if rest and rest[0].strength > 48 and first.strength > 48 and first.end >= 0:
        left, right = sorted((first, rest[0]), key=lambda claim: claim.start)
        between = tokens[left.end : right.start]
        if left.end <= right.start and all(token in _BETWEEN for token in between):
            return (left.partnership, right.partnership)
    return (first.partnership,)
