"""Weighs the evidence of a meeting between agencies: what is done there, by clause and agenda item.

In a clause the stronger cue speaks. A clear side (three quarters of five or more agenda items, or
all of fewer) gives its activity; both sides give `mixed`. A cue of weight 1 never stands against one of 3.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from calsync.model.classification import Activity
from calsync.rules.book import Cue, RuleBook
from calsync.rules.conditions import conditions_hold, cue_holds, cue_may_hold
from calsync.rules.features import MeetingFeatures
from calsync.rules.language.folding import PHRASE_BREAK
from calsync.rules.text_scan import TextScan

_ACTIVITY_OF_SIDE = {str(activity): activity for activity in Activity}
_CLEAR_SHARE = Fraction(3, 4)
_FEW_ITEMS = 4  # with so few agenda items one of the other side already makes the meeting mixed


class CueMatch(NamedTuple):
    """A cue that spoke, and in which clause and item."""

    cue: Cue
    clause: int
    item: int
    in_title: bool

    def describe(self, scan: TextScan) -> str:
        """The side, the words it rests on, and the cue."""
        bits = self.cue.any | self.cue.with_any
        seen = dict.fromkeys(scan.words_in_clause(self.clause, bits))
        return f"{self.cue.side}: {', '.join(map(repr, [*seen][:3]))} ({self.cue.id})"


@dataclass(slots=True, eq=False)
class Evidence:
    """The outcome: the activity, or None where no cue spoke; the cues that carried it."""

    activity: Activity | None = None
    deciding: tuple[CueMatch, ...] = ()
    matches: tuple[CueMatch, ...] = ()
    _description: tuple[str, str] | None = None

    def describe(self, scan: TextScan) -> tuple[str, str]:
        """By which cues, the first two, and what the first three of them rest on; put into words once."""
        if self._description is None:
            once = {cue_match.cue.id: cue_match for cue_match in self.deciding}
            evidence = "; ".join([cue_match.describe(scan) for cue_match in [*once.values()][:3]])
            self._description = " + ".join([*once][:2]), evidence
        return self._description


def weigh_evidence(features: MeetingFeatures, book: RuleBook) -> Evidence:
    """Hear every cue in every clause and weigh what they say."""
    matches = match_cues(features, book)
    if not matches:
        return Evidence()
    deciding = matches
    if len({cue_match.cue.weight for cue_match in matches}) > 1:
        deciding = _drop_weak_matches(_strongest_in_clause(matches))
    sides = {cue_match.cue.side for cue_match in deciding}
    activity = (
        _ACTIVITY_OF_SIDE[sides.pop()] if len(sides) == 1 else _decide_activity(_sides_by_item(deciding))
    )
    return Evidence(activity, tuple(deciding), tuple(matches))


def weigh_evidence_cached(features: MeetingFeatures, book: RuleBook) -> Evidence:
    """As `weigh`, remembered with the text; for rows that hold no more than their own words."""
    known = features.scan.evidence_cache
    key = tuple([claim.partnership for claim in features.partnership_matches])
    if key not in known:
        known[key] = weigh_evidence(features, book)
    return known[key]


def match_cues(features: MeetingFeatures, book: RuleBook) -> list[CueMatch]:
    """Every cue that holds in some clause, in order of the text.

    A title that is only a name is silent, and so are standing items of an agenda (rule 9).
    """
    content, scan = book.vocabulary.content, features.scan
    seen = features.row | content
    cues = [cue for cue in book.cues if cue.any & seen and cue_may_hold(cue, features)]
    if not cues:
        return []
    agenda = scan.description & book.vocabulary.standing_items
    segments = _Segments(scan, content)
    matches: list[CueMatch] = []
    for clause, lists in _lists_by_clause(features, book, cues).items():
        opened = [cue for cue in cues if cue.any & lists]
        if not opened:
            continue
        at = bisect_left(scan.clauses, clause)
        item = scan.items[at]
        if agenda and at >= scan.title_end and _is_standing_item(item, scan, book):
            continue
        for cue in opened:
            around = segments.lists(scan.segments[at], cue.segment_any) if cue.segment_any else 0
            if cue_holds(cue, lists, around):
                matches.append(CueMatch(cue, clause, item, at < scan.title_end))
    return matches


def _lists_by_clause(reading: MeetingFeatures, book: RuleBook, cues: Iterable[Cue]) -> dict[int, int]:
    """The lists seen in each clause; those of a title that is only a name are left out."""
    bare, scan, content = book.vocabulary.bare_name, reading.scan, book.vocabulary.content
    first_counted_token = scan.title_end if bare.title_any and conditions_hold(bare, reading, book) else 0
    clause_of = scan.clauses
    by_clause: dict[int, int] = {}
    for start, _, lists in scan.hits:
        if start >= first_counted_token:
            clause = clause_of[start]
            by_clause[clause] = by_clause.get(clause, 0) | lists
    if any((cue.any | cue.with_any | cue.none) & content for cue in cues):
        for clause in by_clause:
            if scan.has_content(scan.clauses, clause):
                by_clause[clause] |= content
    return by_clause


class _Segments:
    """The lists seen in each segment of a text, each found once: a segment may hold thousands of clauses."""

    def __init__(self, scan: TextScan, content: int) -> None:
        self._scan = scan
        self._content = content
        self._by_segment: dict[int, int] = {}
        self._has_content: dict[int, bool] = {}

    def lists(self, segment: int, asked: int) -> int:
        """The lists in a segment, `@content` among them if it is asked for."""
        scan = self._scan
        if not self._by_segment:
            for start, _, lists in scan.hits:
                number = scan.segments[start]
                self._by_segment[number] = self._by_segment.get(number, 0) | lists
        found = self._by_segment.get(segment, 0)
        if asked & self._content:
            if segment not in self._has_content:
                self._has_content[segment] = scan.has_content(scan.segments, segment)
            if self._has_content[segment]:
                found |= self._content
        return found


def _is_standing_item(item: int, scan: TextScan, book: RuleBook) -> bool:
    """Whether an item of the agenda holds nothing but standing phrases and words that say nothing."""
    tokens = scan.tokens
    content_positions = (
        at
        for at in scan.token_range(scan.items, item)
        if tokens[at] != PHRASE_BREAK and not tokens[at].isdigit()
    )
    return not scan.has_uncovered_token(
        content_positions, book.vocabulary.standing_items | book.vocabulary.filler
    )


def _strongest_in_clause(matches: Iterable[CueMatch]) -> list[CueMatch]:
    best: dict[int, int] = {}
    cues_by_clause = list(matches)
    for cue_match in cues_by_clause:
        best[cue_match.clause] = max(best.get(cue_match.clause, 0), cue_match.cue.weight)
    return [cue_match for cue_match in cues_by_clause if cue_match.cue.weight == best[cue_match.clause]]


def _drop_weak_matches(matches: Sequence[CueMatch]) -> list[CueMatch]:
    strongest = max((cue_match.cue.weight for cue_match in matches), default=0)
    return [cue_match for cue_match in matches if not (strongest >= 3 and cue_match.cue.weight == 1)]


def _sides_by_item(matches: Iterable[CueMatch]) -> list[frozenset[str]]:
    sides: dict[int, set[str]] = {}
    for cue_match in matches:
        sides.setdefault(cue_match.item, set()).add(cue_match.cue.side)
    return [frozenset(found) for found in sides.values()]


def _decide_activity(items: Sequence[frozenset[str]]) -> Activity:
    found = frozenset().union(*items)
    if len(items) > _FEW_ITEMS:
        for side in sorted(found):
            share = sum(Fraction(side in item, len(item)) for item in items) / len(items)
            if share >= _CLEAR_SHARE:
                return Activity(side)
    return Activity.MIXED
