"""Whether a rule's conditions hold, and what they saw."""

from collections.abc import Iterator
from functools import reduce
from operator import or_

from calsync.rules.book import Conditions, Cue, RuleBook
from calsync.rules.features import MeetingFeatures
from calsync.rules.language.folding import PHRASE_BREAK
from calsync.text import format_count


def conditions_hold(test: Conditions, features: MeetingFeatures, book: RuleBook) -> bool:
    """Whether everything is there that a rule asks for.

    One function, as a meeting is compared with most rules: in three it costs 3 % of all classification.
    """
    row, title = features.row, features.scan.title
    if (
        (test.agencies_at_most is not None and len(features.agencies) > test.agencies_at_most)
        or (test.agencies_at_least is not None and len(features.agencies) < test.agencies_at_least)
        or (test.invited is not None and test.invited is not features.has_invitees)
        or (test.any and not row & test.any)
        or (test.title_any and not title & test.title_any)
        or (test.title_first and not title & test.title_first)
        or (test.title_only and not row & test.title_only)
        or (test.description_any and not features.scan.description & test.description_any)
        or row & test.none
        or title & test.title_none
    ):
        return False
    sectors = features.invitation.sectors
    return not (
        (test.all and not all(row & group for group in test.all))
        or (test.sectors_any and sectors.isdisjoint(test.sectors_any))
        or (test.sectors_none and not sectors.isdisjoint(test.sectors_none))
        or (test.domains_any and not any(map(test.domains_any.fullmatch, features.invitation.domains)))
        or (test.described is not None and test.described is not bool(features.scan.agenda.strip()))
        or (test.others_named is not None and test.others_named is not features.names_other_agency)
        or (test.partnership is not None and test.partnership is not bool(features.partnership_matches))
        or (
            test.partnership_titled is not None
            and test.partnership_titled is not features.is_partnership_in_title
        )
        or (test.partnerships and not _shows(test.partnerships, features))
        or (test.title_first and not _lists_at_title_start(features) & test.title_first)
        or (test.title_only and not _title_holds_only(test.title_only | book.vocabulary.filler, features))
    )


def _shows(ids: frozenset[str], reading: MeetingFeatures) -> bool:
    return any(match.partnership in ids for match in reading.partnership_matches)


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


def cue_may_hold(cue: Cue, reading: MeetingFeatures) -> bool:
    """Whether the whole meeting holds what the cue asks of it."""
    row = reading.row
    return bool(
        (not cue.row_any or row & cue.row_any)
        and not row & cue.row_none
        and (cue.partnership is None or cue.partnership is bool(reading.partnership_matches))
        and (not cue.partnerships or _shows(cue.partnerships, reading))
    )


def cue_holds(cue: Cue, clause: int, segment: int) -> bool:
    """Whether a clause holds a cue that `cue_may_hold`, by the bits of the lists in it and its segment."""
    return bool(
        clause & cue.any
        and (not cue.with_any or clause & cue.with_any)
        and (not cue.segment_any or segment & cue.segment_any)
        and not clause & cue.none
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
