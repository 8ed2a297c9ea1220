"""Weighs the cues of a meeting between agencies, to find its activity.

Each cue is evidence for one side, process or service improvement, and has a weight from 1 to 5. In a clause
only the cues of the greatest weight count. If any cue of the meeting has weight 3 or more, no cue of weight 1
counts. If all cues that count are of one side, the activity is that side. If they are of both sides, it is
`mixed`; but if they are in five agenda items or more, a side with three quarters of these is the activity.

Lists of phrases are bits of an integer (`language.lexicon`): `lists` in a name is such an integer.
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

# Looking a side up here is faster than `Activity(side)`.
_ACTIVITY_OF_SIDE = {str(activity): activity for activity in Activity}
_DECISIVE_SHARE = Fraction(3, 4)
# In an agenda of at most so many items, one item of the other side is enough for `mixed`.
_SHORT_AGENDA_ITEMS = 4


def weigh_evidence_cached(features: MeetingFeatures, book: RuleBook) -> Evidence:
    """Return what `weigh_evidence` returns, cached in the scan of the text.

    The result depends only on the text and the partnerships; other meetings with the same ones use it.
    Do not call it with features whose `text_lists` contain more than the lists of their text, as those of an
    agenda line in `agenda`: the cache would return that result for other meetings.
    """
    evidence_cache = features.scan.evidence_cache
    key = tuple([match.partnership for match in features.partnership_matches])
    if key not in evidence_cache:
        evidence_cache[key] = weigh_evidence(features, book)
    return evidence_cache[key]


def weigh_evidence(features: MeetingFeatures, book: RuleBook) -> Evidence:
    """Match the cues with each clause, and return the activity, the cues that count and all that match."""
    matches = match_cues(features, book)
    if not matches:
        return Evidence()
    deciding = matches
    if len({cue_match.cue.weight for cue_match in matches}) > 1:
        strongest: dict[int, int] = {}
        for cue_match in matches:
            strongest[cue_match.clause] = max(strongest.get(cue_match.clause, 0), cue_match.cue.weight)
        ignored_weight = 1 if max(strongest.values()) >= 3 else 0
        deciding = [
            cue_match
            for cue_match in matches
            if cue_match.cue.weight == strongest[cue_match.clause] and cue_match.cue.weight > ignored_weight
        ]
    sides = {cue_match.cue.side for cue_match in deciding}
    activity = _ACTIVITY_OF_SIDE[sides.pop()] if len(sides) == 1 else _weigh_sides(deciding)
    return Evidence(activity, tuple(deciding), tuple(matches))


def _weigh_sides(deciding: Iterable[CueMatch]) -> Activity:
    """Return the activity of cues of both sides; an agenda item with cues of both counts half for each."""
    sides_by_item: dict[int, set[str]] = {}
    for cue_match in deciding:
        sides_by_item.setdefault(cue_match.item, set()).add(cue_match.cue.side)
    items = list(sides_by_item.values())
    if len(items) > _SHORT_AGENDA_ITEMS:
        for side in sorted(set().union(*items)):
            share = sum(Fraction(side in sides, len(sides)) for sides in items) / len(items)
            if share >= _DECISIVE_SHARE:
                return Activity(side)
    return Activity.MIXED


def match_cues(features: MeetingFeatures, book: RuleBook) -> list[CueMatch]:
    """Return each cue with each clause in which its conditions hold, in order of the text.

    A title that is only a name is no evidence (rule 11 of the coding manual), nor are the items that every
    agenda has, such as apologies (rule 9).
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
    """Return the lists found in each clause, by its number; the title is left out if it is only a name."""
    bare_name, scan, content_bit = book.vocabulary.bare_name, features.scan, book.vocabulary.content_bit
    is_bare_name = bool(bare_name.title_any) and conditions_hold(bare_name, features, book)
    first_counted_token = scan.title_end if is_bare_name else 0
    clause_by_token = scan.clauses
    by_clause: dict[int, int] = {}
    for start, _, lists in scan.hits:
        if start >= first_counted_token:
            clause = clause_by_token[start]
            by_clause[clause] = by_clause.get(clause, 0) | lists
    if any((cue.any | cue.with_any | cue.none) & content_bit for cue in cues):
        for clause in by_clause:
            if scan.has_content(scan.clauses, clause):
                by_clause[clause] |= content_bit
    return by_clause


class _SegmentLists:
    """The lists found in each segment of a text, computed once: a segment may have thousands of clauses."""

    def __init__(self, scan: TextScan, content_bit: int) -> None:
        self._scan = scan
        self._content_bit = content_bit
        self._by_segment: dict[int, int] = {}
        self._has_content: dict[int, bool] = {}

    def lists_of(self, segment: int, required: int) -> int:
        """Return the lists found in a segment.

        Args:
            segment: Its number.
            required: The lists that the caller needs. The segment is searched for a content word, token by
                token, only if `@content` is one of them.
        """
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
    """Whether an agenda item has only phrases of the lists `standing_items` and `filler`, and numbers."""
    tokens = scan.tokens
    words = (
        index
        for index in scan.token_range(scan.items, item)
        if tokens[index] != PHRASE_BREAK and not tokens[index].isdigit()
    )
    return not scan.has_uncovered_token(words, book.vocabulary.standing_items | book.vocabulary.filler)
