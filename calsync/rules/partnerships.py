"""Finds the partnerships that a meeting shows, the strongest first (`match_partnerships`).

A name in the title is stronger than the organizer's mail domain, which is stronger than a name in the
description. Of equally strong ones the first in the text wins; two names next to each other in the title
both count.
"""

from collections.abc import Iterator, Sequence

from calsync.rules.book import RuleBook
from calsync.rules.compiled import Invitation, PartnershipMatch
from calsync.rules.facts import Facts
from calsync.rules.language.folding import PHRASE_BREAK
from calsync.rules.text_scan import TextScan

# How strong a mention is by its form: in the title, in the description.
_STRENGTH = {
    "names": (50, 34),
    "short": (50, 32),
    "groups": (46, 31),
    "belongs": (44, 33),
    "hints": (20, 15),
}
_NAME_IN_TITLE = 48  # names and abbreviations in the title are stronger than this, wherever they are in it
_MAILING_LIST_STRENGTH = 43  # for the domains of its own team see `invitations`
_HOME_BONUS = 0.5  # less than any difference between forms: decides only between nations that share a name
_STOP_WORDS = frozenset({PHRASE_BREAK, "and", "of", "the", "for", "in", "on", "to", "a", "y", "yr", "i", "o"})
_CONJUNCTIONS = frozenset({"and", "a", "ac"})


def match_partnerships(
    scan: TextScan, facts: Facts, invitation: Invitation, book: RuleBook
) -> tuple[PartnershipMatch, ...]:
    """Every partnership that a meeting shows, each by its strongest evidence, the strongest first."""
    in_text = scan.partnership_cache.get(invitation.one_sector)
    if in_text is None:
        in_text = list(_find_in_text(scan, invitation.one_sector, book))
        scan.partnership_cache[invitation.one_sector] = in_text
    matches = [*in_text, *invitation.partnership_matches, *_match_mailing_lists(facts, book)]
    if not matches:
        return ()
    strongest: dict[str, PartnershipMatch] = {}
    for match in matches:
        previous = strongest.get(match.partnership)
        if previous is None or match.strength > previous.strength:
            strongest[match.partnership] = match
    if len(strongest) < 2:
        return tuple(strongest.values())
    ranked = (_prefer_home_nation(match, invitation, book) for match in strongest.values())
    return tuple(sorted(ranked, key=lambda match: -match.strength))


def _prefer_home_nation(match: PartnershipMatch, invitation: Invitation, book: RuleBook) -> PartnershipMatch:
    """The match, stronger if its nation is on the invitation: nations share names of partnerships."""
    if match.partnership not in book.partnership_index.home_domains:
        return match
    is_home = match.partnership in invitation.home_partnerships
    return match._replace(strength=match.strength + (_HOME_BONUS if is_home else -_HOME_BONUS))


def _find_in_text(scan: TextScan, one_sector: bool, book: RuleBook) -> Iterator[PartnershipMatch]:
    """What the words show; `one_sector` as in `Invitation`."""
    index = book.partnership_index
    tokens, text_lists = scan.tokens, scan.title_lists | scan.description_lists
    spelled_out: dict[tuple[str, str], bool] = {}
    for start, end, lists in scan.hits:
        bits = lists & index.mention_bits
        while bits:
            bit = bits & -bits
            bits ^= bit
            mention = index.mentions[bit]
            if mention.form == "short":
                if text_lists & index.local_meaning_bits.get(mention.partnership, 0):
                    continue
                # The whole text is searched, so once for each abbreviation and not for each of its hits.
                key = (tokens[start], mention.partnership)
                if key not in spelled_out:
                    spelled_out[key] = _is_spelled_out_otherwise(*key, scan, book)
                if spelled_out[key]:
                    continue
            if mention.form == "hints" and mention.partnership in index.one_sector and not one_sector:
                continue
            in_title = start < scan.title_end
            strength = _STRENGTH[mention.form][not in_title]
            words = " ".join(tokens[start:end])
            is_named_in_title = in_title and mention.form != "hints"
            yield PartnershipMatch(
                mention.partnership, strength - start / 100, words, start, end, is_named_in_title
            )


def _is_spelled_out_otherwise(short: str, partnership: str, scan: TextScan, book: RuleBook) -> bool:
    """Whether the text spells the abbreviation out as something else: PSB, Premises and Stations Board."""
    if not 3 <= len(short) <= 6 or not short.isalpha():
        return False
    name_bit = book.partnership_index.name_bits.get(partnership, 0)
    tokens, items = scan.tokens, scan.items
    initials = "".join([token[0] for token in tokens if token not in _STOP_WORDS])
    offset = initials.find(short)
    if offset < 0:
        return False
    full_name = {index for start, end, lists in scan.hits if lists & name_bit for index in range(start, end)}
    words = [index for index, token in enumerate(tokens) if token not in _STOP_WORDS]
    while offset >= 0:
        start, last = words[offset], words[offset + len(short) - 1]
        in_one_item = items[start] == items[last]
        if in_one_item and full_name.isdisjoint(range(start, last + 1)):
            return True
        offset = initials.find(short, offset + 1)
    return False


def _match_mailing_lists(facts: Facts, book: RuleBook) -> Iterator[PartnershipMatch]:
    """Partnerships whose mailing lists are invited."""
    for address in facts.attendees:
        mailbox = address.partition("@")[0].casefold()
        if mailbox in book.partnership_index.mailboxes:
            partnership = book.partnership_index.mailboxes[mailbox]
            yield PartnershipMatch(partnership, _MAILING_LIST_STRENGTH, mailbox, -1, -1, False)


def strongest_partnerships(matches: Sequence[PartnershipMatch], tokens: Sequence[str]) -> tuple[str, ...]:
    """The id of the strongest match; of the two strongest if the title names them next to each other.

    Args:
        matches: as `match_partnerships` returns them.
        tokens: the tokens of the text.
    """
    if not matches:
        return ()
    first, *others = matches
    if others and others[0].strength > _NAME_IN_TITLE and first.strength > _NAME_IN_TITLE and first.end >= 0:
        left, right = sorted((first, others[0]), key=lambda match: match.start)
        between = tokens[left.end : right.start]
        if left.end <= right.start and all(token in _CONJUNCTIONS for token in between):
            return (left.partnership, right.partnership)
    return (first.partnership,)
