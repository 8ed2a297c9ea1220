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
from calsync.rules.conditions import cue_holds, holds
from calsync.rules.fold import BREAK
from calsync.rules.reading import Reading
from calsync.rules.scan import Scan

_ACTIVITY = {str(activity): activity for activity in Activity}
_CLEAR = Fraction(3, 4)
_FEW = 4  # with so few agenda items one of the other side already makes the meeting mixed


class Spoken(NamedTuple):
    """A cue that spoke, and in which clause and item."""

    cue: Cue
    clause: int
    item: int
    in_title: bool

    def told(self, scan: Scan) -> str:
        """The side, the words it rests on, and the cue."""
        bits = self.cue.any | self.cue.with_any
        seen = dict.fromkeys(scan.seen_in(self.clause, bits))
        return f"{self.cue.side}: {', '.join(map(repr, [*seen][:3]))} ({self.cue.id})"


@dataclass(slots=True, eq=False)
class Weighed:
    """The outcome: the activity, or None where no cue spoke; the cues that carried it."""

    activity: Activity | None = None
    carried: tuple[Spoken, ...] = ()
    spoken: tuple[Spoken, ...] = ()
    _said: tuple[str, str] | None = None

    def said(self, scan: Scan) -> tuple[str, str]:
        """By which cues, the first two, and what the first three of them rest on; put into words once."""
        if self._said is None:
            once = {one.cue.id: one for one in self.carried}
            evidence = "; ".join([one.told(scan) for one in [*once.values()][:3]])
            self._said = " + ".join([*once][:2]), evidence
        return self._said


def weigh(reading: Reading, book: RuleBook) -> Weighed:
    """Hear every cue in every clause and weigh what they say."""
    spoken = hear(reading, book)
    if not spoken:
        return Weighed()
    carried = spoken
    if len({one.cue.weight for one in spoken}) > 1:
        carried = _by_weight(_stronger_in_clause(spoken))
    sides = {one.cue.side for one in carried}
    activity = _ACTIVITY[sides.pop()] if len(sides) == 1 else _side(_items(carried))
    return Weighed(activity, tuple(carried), tuple(spoken))


def weigh_once(reading: Reading, book: RuleBook) -> Weighed:
    """As `weigh`, remembered with the text; for rows that hold no more than their own words."""
    known = reading.scan.weighed
    key = tuple([claim.partnership for claim in reading.claims])
    if key not in known:
        known[key] = weigh(reading, book)
    return known[key]


def hear(reading: Reading, book: RuleBook) -> list[Spoken]:
    """Every cue that holds in some clause, in order of the text.

    A title that is only a name is silent, and so are standing items of an agenda (rule 9).
    """
    masks, heard = _heard(reading, book)
    if not heard:
        return []
    index, scan = book.index, reading.scan
    mute = index.mute[reading.row & index.of_rows, bool(reading.claims)]
    agenda = scan.description & book.words.standing
    spoken: list[Spoken] = []
    # Of each segment once: one may hold thousands of clauses.
    by_segment: dict[int, int] = {}
    has_content: dict[int, bool] = {}
    for clause, opens in heard.items():
        opened = opens & ~mute
        if not opened:
            continue
        at = bisect_left(scan.clauses, clause)
        item = scan.items[at]
        if agenda and at >= scan.title_end and _is_standing(item, scan, book):
            continue
        around = 0
        if opened & index.of_segments:
            segment, with_content = scan.segments[at], bool(opened & index.content_of_segment)
            if not by_segment:
                by_segment = _lists_by_segment(scan)
            around = by_segment.get(segment, 0)
            if with_content:
                if segment not in has_content:
                    has_content[segment] = scan.has_content(scan.segments, segment)
                around |= book.words.content if has_content[segment] else 0
        for cue in index.heard[opened]:
            if cue_holds(cue, masks[clause], around, reading):
                spoken.append(Spoken(cue, clause, item, at < scan.title_end))
    return spoken


def _heard(reading: Reading, book: RuleBook) -> tuple[dict[int, int], dict[int, int]]:
    """By clause the lists seen; the cues they open, for the clauses that open some."""
    bare, scan = book.words.bare_name, reading.scan
    silent = scan.title_end if bare.title_any and holds(bare, reading, book) else 0
    clause_of = scan.clauses
    masks: dict[int, int] = {}
    for start, _, lists in scan.hits:
        if start >= silent:
            clause = clause_of[start]
            masks[clause] = masks.get(clause, 0) | lists
    if book.index.content_of_clause:
        _add_content(masks, scan, book)
    asked, cues = book.index.cues
    return masks, {clause: cues[seen][0] for clause, lists in masks.items() if (seen := lists & asked)}


def _add_content(masks: dict[int, int], scan: Scan, book: RuleBook) -> None:
    """Marks the clauses with a word that may name a service."""
    for clause in masks:
        if scan.has_content(scan.clauses, clause):
            masks[clause] |= book.words.content


def _lists_by_segment(scan: Scan) -> dict[int, int]:
    """The lists seen in each segment."""
    seen: dict[int, int] = {}
    for start, _, lists in scan.hits:
        segment = scan.segments[start]
        seen[segment] = seen.get(segment, 0) | lists
    return seen


def _is_standing(item: int, scan: Scan, book: RuleBook) -> bool:
    """Whether an item of the agenda holds nothing but standing phrases and words that say nothing."""
    tokens = scan.tokens
    busy = (at for at in scan.where(scan.items, item) if tokens[at] != BREAK and not tokens[at].isdigit())
    return not scan.uncovered(busy, book.words.standing | book.words.filler)


def _stronger_in_clause(spoken: Iterable[Spoken]) -> list[Spoken]:
    best: dict[int, int] = {}
    heard = list(spoken)
    for one in heard:
        best[one.clause] = max(best.get(one.clause, 0), one.cue.weight)
    return [one for one in heard if one.cue.weight == best[one.clause]]


def _by_weight(spoken: Sequence[Spoken]) -> list[Spoken]:
    strongest = max((one.cue.weight for one in spoken), default=0)
    return [one for one in spoken if not (strongest >= 3 and one.cue.weight == 1)]


def _items(spoken: Iterable[Spoken]) -> list[frozenset[str]]:
    sides: dict[int, set[str]] = {}
    for one in spoken:
        sides.setdefault(one.item, set()).add(one.cue.side)
    return [frozenset(found) for found in sides.values()]


def _side(items: Sequence[frozenset[str]]) -> Activity:
    found = frozenset().union(*items)
    if len(items) > _FEW:
        for side in sorted(found):
            share = sum(Fraction(side in item, len(item)) for item in items) / len(items)
            if share >= _CLEAR:
                return Activity(side)
    return Activity.MIXED
