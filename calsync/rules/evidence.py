"""Weighs the evidence of a meeting between agencies: what is done there, by clause and agenda item.

In a clause only the cues of the greatest weight count, and cues of weight 1 do not count where there is one
of weight 3. Cues of one side give its activity. Cues of both sides give `mixed`, unless the agenda has five
items or more of which one side has three quarters.
"""

from bisect import bisect_left
from collections.abc import Iterable
from fractions import Fraction

from calsync.model.classification import Activity
from calsync.rules.book import RuleBook
from calsync.rules.compiled import Cue
from calsync.rules.conditions import conditions_hold, cue_holds, cue_may_hold
from calsync.rules.features import MeetingFeatures
from calsync.rules.language.folding import PHRASE_BREAK
from calsync.rules.text_scan import CueMatch, Evidence, TextScan

_ACTIVITY_OF_SIDE = {str(activity): activity for activity in Activity}
_CLEAR_SHARE = Fraction(3, 4)
_FEW_ITEMS = 4  # with so few agenda items, one of the other side is enough for `mixed`


def weigh_evidence_cached(features: MeetingFeatures, book: RuleBook) -> Evidence:
    """As `weigh_evidence`, stored with the scan of the text.

    Only for meetings whose `text_lists` are those of their own text (`agenda` adds lists to those of a line).
    """
    evidence_cache = features.scan.evidence_cache
    key = tuple([match.partnership for match in features.partnership_matches])
    if key not in evidence_cache:
        evidence_cache[key] = weigh_evidence(features, book)
    return evidence_cache[key]


def weigh_evidence(features: MeetingFeatures, book: RuleBook) -> Evidence:
    """Match every cue with every clause, and weigh the sides of those that hold."""
    matches = match_cues(features, book)
    if not matches:
        return Evidence()
    deciding = matches
    if len({cue_match.cue.weight for cue_match in matches}) > 1:
        strongest: dict[int, int] = {}
        for cue_match in matches:
            strongest[cue_match.clause] = max(strongest.get(cue_match.clause, 0), cue_match.cue.weight)
        weak = 1 if max(strongest.values()) >= 3 else 0
        deciding = [
            cue_match
            for cue_match in matches
            if cue_match.cue.weight == strongest[cue_match.clause] and cue_match.cue.weight > weak
        ]
    sides = {cue_match.cue.side for cue_match in deciding}
    activity = _ACTIVITY_OF_SIDE[sides.pop()] if len(sides) == 1 else _weigh_sides(deciding)
    return Evidence(activity, tuple(deciding), tuple(matches))


def _weigh_sides(deciding: Iterable[CueMatch]) -> Activity:
    """The activity of cues of several sides; an agenda item of two sides counts half for each."""
    sides_by_item: dict[int, set[str]] = {}
    for cue_match in deciding:
        sides_by_item.setdefault(cue_match.item, set()).add(cue_match.cue.side)
    items = list(sides_by_item.values())
    if len(items) > _FEW_ITEMS:
        for side in sorted(set().union(*items)):
            share = sum(Fraction(side in sides, len(sides)) for sides in items) / len(items)
            if share >= _CLEAR_SHARE:
                return Activity(side)
    return Activity.MIXED


def match_cues(features: MeetingFeatures, book: RuleBook) -> list[CueMatch]:
    """Every cue that holds in some clause, in order of the text.

    A title that is only a name is no evidence (rule 11 of the coding manual), nor are the items that every
    agenda has (rule 9).
    """
    content_bit, scan = book.vocabulary.content_bit, features.scan
    lists = features.text_lists | content_bit
    cues = [cue for cue in book.cues if cue.any & lists and cue_may_hold(cue, features)]
    if not cues:
        return []
    has_routine_items = scan.description_lists & book.vocabulary.standing_items
    segments = _SegmentLists(scan, content_bit)
    matches: list[CueMatch] = []
    for clause, clause_lists in _lists_by_clause(features, book, cues).items():
        cues_of_clause = [cue for cue in cues if cue.any & clause_lists]
        if not cues_of_clause:
            continue
        first_token = bisect_left(scan.clauses, clause)
        item = scan.items[first_token]
        if has_routine_items and first_token >= scan.title_end and _is_routine_item(item, scan, book):
            continue
        for cue in cues_of_clause:
            segment_lists = (
                segments.lists_of(scan.segments[first_token], cue.segment_any) if cue.segment_any else 0
            )
            if cue_holds(cue, clause_lists, segment_lists):
                matches.append(CueMatch(cue, clause, item, first_token < scan.title_end))
    return matches


def _lists_by_clause(features: MeetingFeatures, book: RuleBook, cues: Iterable[Cue]) -> dict[int, int]:
    """The lists of each clause, without those of a title that is only a name."""
    bare_name, scan, content_bit = book.vocabulary.bare_name, features.scan, book.vocabulary.content_bit
    is_bare_name = bool(bare_name.title_any) and conditions_hold(bare_name, features, book)
    first_counted_token = scan.title_end if is_bare_name else 0
    clause_of = scan.clauses
    by_clause: dict[int, int] = {}
    for start, _, lists in scan.hits:
        if start >= first_counted_token:
            clause = clause_of[start]
            by_clause[clause] = by_clause.get(clause, 0) | lists
    if any((cue.any | cue.with_any | cue.none) & content_bit for cue in cues):
        for clause in by_clause:
            if scan.has_content(scan.clauses, clause):
                by_clause[clause] |= content_bit
    return by_clause


class _SegmentLists:
    """The lists of the segments of a text, each computed once: a segment may have thousands of clauses."""

    def __init__(self, scan: TextScan, content_bit: int) -> None:
        self._scan = scan
        self._content_bit = content_bit
        self._by_segment: dict[int, int] = {}
        self._has_content: dict[int, bool] = {}

    def lists_of(self, segment: int, required: int) -> int:
        """The lists of a segment; `@content` is looked for only if it is one of `required`."""
        scan = self._scan
        if not self._by_segment:
            for start, _, lists in scan.hits:
                number = scan.segments[start]
                self._by_segment[number] = self._by_segment.get(number, 0) | lists
        segment_lists = self._by_segment.get(segment, 0)
        if required & self._content_bit:
            if segment not in self._has_content:
                self._has_content[segment] = scan.has_content(scan.segments, segment)
            if self._has_content[segment]:
                segment_lists |= self._content_bit
        return segment_lists


def _is_routine_item(item: int, scan: TextScan, book: RuleBook) -> bool:
    """Whether an agenda item has only phrases of `standing_items`, filler and numbers."""
    tokens = scan.tokens
    words = (
        index
        for index in scan.token_range(scan.items, item)
        if tokens[index] != PHRASE_BREAK and not tokens[index].isdigit()
    )
    return not scan.has_uncovered_token(words, book.vocabulary.standing_items | book.vocabulary.filler)
