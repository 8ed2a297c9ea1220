"""Whose business a meeting is: the partnerships that the row shows, the strongest evidence first.

A name in the title weighs more than the organizer's mail domain, that more than a name in the
description. Between equals the first in the text wins; two names side by side are a true tie.
"""

from collections.abc import Iterator, Sequence

from calsync.rules.book import Invitation, PartnershipMatch, RuleBook
from calsync.rules.facts import Facts
from calsync.rules.language.folding import PHRASE_BREAK
from calsync.rules.text_scan import TextScan

# How strong each kind of evidence is: in the title, in the description.
_STRENGTH = {
    "names": (50, 34),
    "short": (50, 32),
    "groups": (46, 31),
    "belongs": (44, 33),
    "hints": (20, 15),
}
_MAILING_LIST_STRENGTH = 43  # a mailing list; for the domains of its own team see `invited`
_HOME_BONUS = 0.5  # decides between nations that share a name, and nothing else
_STOP_WORDS = frozenset({PHRASE_BREAK, "and", "of", "the", "for", "in", "on", "to", "a", "y", "yr", "i", "o"})
_CONJUNCTIONS = frozenset({"and", "a", "ac"})


def match_partnerships(
    scan: TextScan, facts: Facts, invitation: Invitation, book: RuleBook
) -> tuple[PartnershipMatch, ...]:
    """Every partnership that the row shows, each by its best evidence, the strongest first."""
    found = [
        *_shown(scan, invitation.one_sector, book),
        *invitation.partnership_matches,
        *_match_mailing_lists(facts, book),
    ]
    if not found:
        return ()
    best: dict[str, PartnershipMatch] = {}
    for match in found:
        best_so_far = best.get(match.partnership)
        if best_so_far is None or match.strength > best_so_far.strength:
            best[match.partnership] = match
    if len(best) < 2:
        return tuple(best.values())
    ranked = (_prefer_home_nation(match, invitation, book) for match in best.values())
    return tuple(sorted(ranked, key=lambda claim: -claim.strength))


def _prefer_home_nation(match: PartnershipMatch, invitation: Invitation, book: RuleBook) -> PartnershipMatch:
    """Where two nations share a name, the one whose agencies are there comes first."""
    if match.partnership not in book.partnership_index.home_domains:
        return match
    here = match.partnership in invitation.home_partnerships
    return match._replace(strength=match.strength + (_HOME_BONUS if here else -_HOME_BONUS))


def _shown(scan: TextScan, one_sector: bool, book: RuleBook) -> list[PartnershipMatch]:
    """What the words show. alike: whether the agencies there are all of one sector."""
    found = scan.partnership_cache.get(one_sector)
    if found is None:
        found = scan.partnership_cache[one_sector] = list(_find_in_text(scan, one_sector, book))
    return found


def _find_in_text(scan: TextScan, one_sector: bool, book: RuleBook) -> Iterator[PartnershipMatch]:
    tokens, row = scan.tokens, scan.title | scan.description
    spelled_out: dict[tuple[str, str], bool] = {}
    for start, end, lists in scan.hits:
        bits = lists & book.partnership_index.mention_bits
        while bits:
            bit = bits & -bits
            bits ^= bit
            trace = book.partnership_index.mentions[bit]
            if trace.form == "short":
                if row & book.partnership_index.local_meaning_bits.get(trace.partnership, 0):
                    continue
                # Looked for in the whole text, so once for each abbreviation and not each time it comes.
                key = (tokens[start], trace.partnership)
                if key not in spelled_out:
                    spelled_out[key] = _is_spelled_out_otherwise(*key, scan, book)
                if spelled_out[key]:
                    continue
            if (
                trace.form == "hints"
                and trace.partnership in book.partnership_index.one_sector
                and not one_sector
            ):
                continue
            in_title = start < scan.title_end
            strength = _STRENGTH[trace.form][not in_title]
            seen = " ".join(tokens[start:end])
            as_named = in_title and trace.form != "hints"
            yield PartnershipMatch(trace.partnership, strength - start / 100, seen, start, end, as_named)


def _is_spelled_out_otherwise(short: str, partnership: str, scan: TextScan, book: RuleBook) -> bool:
    """Whether the row spells the abbreviation out as something else: PSB, Premises and Stations Board."""
    if not 3 <= len(short) <= 6 or not short.isalpha():
        return False
    own = book.partnership_index.name_bits.get(partnership, 0)
    tokens, items = scan.tokens, scan.items
    initials = "".join([token[0] for token in tokens if token not in _STOP_WORDS])
    offset = initials.find(short)
    if offset < 0:
        return False
    named = {at for start, end, lists in scan.hits if lists & own for at in range(start, end)}
    words = [at for at, token in enumerate(tokens) if token not in _STOP_WORDS]
    while offset >= 0:
        start, last = words[offset], words[offset + len(short) - 1]
        together = items[start] == items[last]
        if together and named.isdisjoint(range(start, last + 1)):
            return True
        offset = initials.find(short, offset + 1)
    return False


def _match_mailing_lists(facts: Facts, book: RuleBook) -> Iterator[PartnershipMatch]:
    """Partnerships whose mailing lists are invited."""
    for address in facts.attendees:
        name = address.partition("@")[0].casefold()
        if name in book.partnership_index.mailboxes:
            yield PartnershipMatch(
                book.partnership_index.mailboxes[name], _MAILING_LIST_STRENGTH, name, -1, -1, False
            )


def strongest_partnerships(matches: Sequence[PartnershipMatch], tokens: Sequence[str]) -> tuple[str, ...]:
    """The ids of the strongest claim, and of a second one that stands right beside it in the title."""
    if not matches:
        return ()
    first, *rest = matches
    if rest and rest[0].strength > 48 and first.strength > 48 and first.end >= 0:
        left, right = sorted((first, rest[0]), key=lambda claim: claim.start)
        between = tokens[left.end : right.start]
        if left.end <= right.start and all(token in _CONJUNCTIONS for token in between):
            return (left.partnership, right.partnership)
    return (first.partnership,)
