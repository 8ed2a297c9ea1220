"""Whether a rule's conditions hold, and what they saw."""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from calsync.rules.book import Conditions, Cue, RuleBook
from calsync.rules.features import MeetingFeatures
from calsync.rules.language.folding import PHRASE_BREAK
from calsync.text import format_count

ContextFlags = tuple[int, bool, bool, bool, bool, bool]
"""How many agencies; whether anybody is invited, there is a description, the title names others or a
partnership, and any partnership is seen."""


def conditions_hold(test: Conditions, features: MeetingFeatures, book: RuleBook) -> bool:
    """Whether what a rule asks of the text is there; people and organisations are the index's business."""
    return (
        _text_lists_hold(test, features)
        and _partnerships_hold(None, test.partnerships, features)
        and (not test.title_first or bool(_lists_at_title_start(features) & test.title_first))
        and (not test.title_only or _title_holds_only(test.title_only | book.vocabulary.filler, features))
    )


def _text_lists_hold(test: Conditions, features: MeetingFeatures) -> bool:
    title, row = features.scan.title, features.row
    return not (
        (test.any and not row & test.any)
        or (test.title_any and not title & test.title_any)
        or (test.description_any and not features.scan.description & test.description_any)
        or row & test.none
        or title & test.title_none
        or (test.all and not all(row & group for group in test.all))
    )


def organisations_hold(test: Conditions, sectors: frozenset[str], domains: Iterable[str]) -> bool:
    """Whether the organisations on an invitation are those that the rule asks for."""
    return not (
        (test.sectors_any and not sectors & test.sectors_any)
        or (test.sectors_none and sectors & test.sectors_none)
        or (test.domains_any and not any(map(test.domains_any.fullmatch, domains)))
    )


def context_flags(features: MeetingFeatures) -> ContextFlags:
    """Who is there, as far as rules ask beside the words."""
    claims = features.partnership_matches
    return (
        len(features.agencies),
        features.has_invitees,
        bool(features.scan.agenda.strip()),
        features.names_other_agency,
        bool(claims) and features.is_partnership_in_title,
        bool(claims),
    )


def context_holds(test: Conditions, flags: ContextFlags) -> bool:
    """Whether those are there that the rule asks for."""
    agencies, *flags = flags
    required = (test.invited, test.described, test.others_named, test.partnership_titled, test.partnership)
    return (
        (test.agencies_at_least is None or agencies >= test.agencies_at_least)
        and (test.agencies_at_most is None or agencies <= test.agencies_at_most)
        and all(wanted is None or wanted is found for wanted, found in zip(required, flags, strict=True))
    )


def _partnerships_hold(wanted: bool | None, ids: frozenset[str], features: MeetingFeatures) -> bool:
    if wanted is not None and bool(features.partnership_matches) is not wanted:
        return False
    return not ids or any(match.partnership in ids for match in features.partnership_matches)


def _lists_at_title_start(features: MeetingFeatures) -> int:
    bits, scan = 0, features.scan
    first = next(
        (at for at, token in enumerate(scan.tokens) if token != PHRASE_BREAK and not token.isdigit()), 0
    )
    for start, _, lists in scan.hits:
        if start == first and first < scan.title_end:
            bits |= lists
    return bits


def _title_holds_only(allowed: int, features: MeetingFeatures) -> bool:
    """Whether every word of the title is a number or lies in a find of these lists."""
    scan = features.scan
    covered: set[int] = set()
    for start, end, lists in scan.hits:
        if lists & allowed and end <= scan.title_end:
            covered.update(range(start, end))
    return all(
        at in covered or token == PHRASE_BREAK or token[0].isdigit()
        for at, token in enumerate(scan.tokens[: scan.title_end])
    )


def cue_holds(cue: Cue, clause: int, segment: int, features: MeetingFeatures) -> bool:
    """Whether a clause holds the cue; clause and segment are given as the bits of the lists in them.

    What a cue asks of the whole row is the index's business.
    """
    return bool(
        clause & cue.any
        and (not cue.with_any or clause & cue.with_any)
        and (not cue.segment_any or segment & cue.segment_any)
        and not clause & cue.none
    ) and (not cue.partnerships or _partnerships_hold(None, cue.partnerships, features))


def row_excludes_cue(cue: Cue, row: int, has_partnership: bool) -> bool:
    """Whether the whole row rules the cue out. claimed: it shows some partnership."""
    return bool(
        (cue.row_any and not row & cue.row_any)
        or row & cue.row_none
        or (cue.partnership is not None and has_partnership is not cue.partnership)
    )


def describe_match(test: Conditions, features: MeetingFeatures) -> str:
    """The evidence in words: title says 'A/L'; 1 agency."""
    return "; ".join(_describe_parts(test, features))


def _describe_parts(test: Conditions, features: MeetingFeatures) -> Iterator[str]:
    title = test.title_any | test.title_first | test.title_only
    words = (
        list(dict.fromkeys(features.scan.words_of_lists(title, until=features.scan.title_end)))
        if title
        else []
    )
    if words:
        yield "title says " + ", ".join([f"'{word}'" for word in words[:3]])
    bits = reduce(or_, test.all, test.any | test.description_any)
    if bits:
        rest = [word for word in dict.fromkeys(features.scan.words_of_lists(bits)) if word not in words]
        if rest:
            yield "text says " + ", ".join([f"'{word}'" for word in rest[:4]])
    if test.sectors_any and (sectors := sorted(test.sectors_any & features.invitation.sectors)):
        yield "among the invited: " + ", ".join(sectors)
    if test.agencies_at_least is not None or test.agencies_at_most is not None:
        count = len(features.agencies)
        yield format_count(count, "agency", "agencies")
    if test.partnership or test.partnerships:
        yield "partnership " + ", ".join([match.partnership for match in features.partnership_matches[:2]])
