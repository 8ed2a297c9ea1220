"""Compares a meeting with the conditions of rules and cues, and describes what matched."""

from collections.abc import Iterator
from functools import reduce
from operator import or_

from calsync.rules.book import RuleBook
from calsync.rules.compiled import Conditions, Cue
from calsync.rules.features import MeetingFeatures
from calsync.rules.language.folding import PHRASE_BREAK
from calsync.text import format_count


def conditions_hold(conditions: Conditions, features: MeetingFeatures, book: RuleBook) -> bool:
    """Whether all conditions of a rule hold for a meeting.

    This is one function, with the cheap conditions first, because a meeting is compared with most rules:
    divided into three functions it costs 3 % of all classification.
    """
    row, title = features.text_lists, features.scan.title_lists
    if (
        (conditions.agencies_at_most is not None and len(features.agencies) > conditions.agencies_at_most)
        or (
            conditions.agencies_at_least is not None and len(features.agencies) < conditions.agencies_at_least
        )
        or (conditions.invited is not None and conditions.invited is not features.has_invitees)
        or (conditions.any and not row & conditions.any)
        or (conditions.title_any and not title & conditions.title_any)
        or (conditions.title_first and not title & conditions.title_first)
        or (conditions.title_only and not row & conditions.title_only)
        or (conditions.description_any and not features.scan.description_lists & conditions.description_any)
        or row & conditions.none
        or title & conditions.title_none
    ):
        return False
    sectors = features.invitation.sectors
    return not (
        (conditions.all and not all(row & group for group in conditions.all))
        or (conditions.sectors_any and sectors.isdisjoint(conditions.sectors_any))
        or (conditions.sectors_none and not sectors.isdisjoint(conditions.sectors_none))
        or (
            conditions.domains_any
            and not any(map(conditions.domains_any.fullmatch, features.invitation.domains))
        )
        or (
            conditions.described is not None
            and conditions.described is not bool(features.scan.agenda.strip())
        )
        or (
            conditions.others_named is not None and conditions.others_named is not features.names_other_agency
        )
        or (
            conditions.partnership is not None
            and conditions.partnership is not bool(features.partnership_matches)
        )
        or (
            conditions.partnership_titled is not None
            and conditions.partnership_titled is not features.is_partnership_in_title
        )
        or (conditions.partnerships and not _shows_any(conditions.partnerships, features))
        or (conditions.title_first and not _lists_at_title_start(features) & conditions.title_first)
        or (
            conditions.title_only
            and not _title_holds_only(conditions.title_only | book.vocabulary.filler, features)
        )
    )


def _shows_any(ids: frozenset[str], features: MeetingFeatures) -> bool:
    return any(match.partnership in ids for match in features.partnership_matches)


def _lists_at_title_start(features: MeetingFeatures) -> int:
    """The lists of which a phrase begins with the first word of the title, numbers aside."""
    title_start_lists, scan = 0, features.scan
    first = next(
        (index for index, token in enumerate(scan.tokens) if token != PHRASE_BREAK and not token.isdigit()), 0
    )
    for start, _, lists in scan.hits:
        if start == first and first < scan.title_end:
            title_start_lists |= lists
    return title_start_lists


def _title_holds_only(allowed: int, features: MeetingFeatures) -> bool:
    """Whether every word of the title is a number or in a phrase of these lists."""
    scan = features.scan
    covered: set[int] = set()
    for start, end, lists in scan.hits:
        if lists & allowed and end <= scan.title_end:
            covered.update(range(start, end))
    return all(
        index in covered or token == PHRASE_BREAK or token[0].isdigit()
        for index, token in enumerate(scan.tokens[: scan.title_end])
    )


def cue_may_hold(cue: Cue, features: MeetingFeatures) -> bool:
    """Whether the conditions of a cue on the whole meeting hold."""
    row = features.text_lists
    return bool(
        (not cue.row_any or row & cue.row_any)
        and not row & cue.row_none
        and (cue.partnership is None or cue.partnership is bool(features.partnership_matches))
        and (not cue.partnerships or _shows_any(cue.partnerships, features))
    )


def cue_holds(cue: Cue, clause: int, segment: int) -> bool:
    """Whether the conditions of a cue on one clause hold.

    Args:
        cue: a cue for which `cue_may_hold` is true.
        clause: the lists of the clause, as bits.
        segment: the lists of the segment that the clause is in, as bits.
    """
    return bool(
        clause & cue.any
        and (not cue.with_any or clause & cue.with_any)
        and (not cue.segment_any or segment & cue.segment_any)
        and not clause & cue.none
    )


def describe_match(conditions: Conditions, features: MeetingFeatures) -> str:
    """The evidence in words: title says 'A/L'; 1 agency.

    The text is a column of `calsync classify` and part of stored classifications: keep its form.
    """
    return "; ".join(_describe_parts(conditions, features))


def _describe_parts(conditions: Conditions, features: MeetingFeatures) -> Iterator[str]:
    title = conditions.title_any | conditions.title_first | conditions.title_only
    words = (
        list(dict.fromkeys(features.scan.words_of_lists(title, until=features.scan.title_end)))
        if title
        else []
    )
    if words:
        yield "title says " + ", ".join([f"'{word}'" for word in words[:3]])
    bits = reduce(or_, conditions.all, conditions.any | conditions.description_any)
    if bits:
        others = [word for word in dict.fromkeys(features.scan.words_of_lists(bits)) if word not in words]
        if others:
            yield "text says " + ", ".join([f"'{word}'" for word in others[:4]])
    if conditions.sectors_any and (sectors := sorted(conditions.sectors_any & features.invitation.sectors)):
        yield "among the invited: " + ", ".join(sectors)
    if conditions.agencies_at_least is not None or conditions.agencies_at_most is not None:
        count = len(features.agencies)
        yield format_count(count, "agency", "agencies")
    if conditions.partnership or conditions.partnerships:
        yield "partnership " + ", ".join([match.partnership for match in features.partnership_matches[:2]])
