"""Weighs the evidence of a meeting between agencies: what is done there, by clause and agenda item.

In a clause the stronger cue speaks. A clear side (three quarters of five or more agenda items, or
all of fewer) gives its activity; both sides give `mixed`. A cue of weight 1 never stands against one of 3.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import NamedTuple

from calsync.model.classification import Activity
from calsync.rules.book import Cue, RuleBook
from calsync.rules.conditions import cue_holds, holds
from calsync.rules.fold import BREAK
from calsync.rules.lexicon import places
from calsync.rules.reading import Reading

_CLEAR = Fraction(3, 4)
_FEW = 4  # with so few agenda items one of the other side already makes the meeting mixed


class Spoken(NamedTuple):
    """A cue that spoke, and in which clause and item."""

    cue: Cue
    clause: int
    item: int
    in_title: bool

    def told(self, reading: Reading) -> str:
        """The side, the words it rests on, and the cue."""
        bits = self.cue.any | self.cue.with_any
        seen = dict.fromkeys(reading.seen(bits, clause=self.clause))
        return f"{self.cue.side}: {', '.join(map(repr, [*seen][:3]))} ({self.cue.id})"


class Weighed(NamedTuple):
    """The outcome: the activity, or None where no cue spoke; the cues that carried it."""

    activity: Activity | None
    carried: tuple[Spoken, ...]
    spoken: tuple[Spoken, ...]


_SILENCE = Weighed(None, (), ())


def weigh(reading: Reading, book: RuleBook) -> Weighed:
    """Hear every cue in every clause and weigh what they say."""
    spoken = hear(reading, book)
    if not spoken:
        return _SILENCE
    if len(spoken) == 1:
        return Weighed(Activity(spoken[0].cue.side), tuple(spoken), tuple(spoken))
    carried = _by_weight(_stronger_in_clause(spoken))
    items = _items(carried)
    return Weighed(_side(items), tuple(carried), tuple(spoken))


def hear(reading: Reading, book: RuleBook) -> list[Spoken]:
    """Every cue that holds in some clause, in order of the text.

    A title that is only a name is silent, and so are standing items of an agenda (rule 9).
    """
    cues, content = book.index.cues, book.words.content
    hits, clause_of, segment_of = reading.hits, reading.clauses, reading.segments
    opened = [cues[lists] for _, _, lists in hits]
    if not any(opened) and not cues[content]:
        return []
    bare = book.words.bare_name
    silent = reading.title_end if bare.title_any and holds(bare, reading, book) else 0
    idle = _standing_items(reading, book)
    masks, heard = ([0] * (clause_of[-1] + 1) for _ in range(2))
    segments = [0] * (segment_of[-1] + 1)
    first: dict[int, int] = {}
    for (start, _, lists), opens in zip(hits, opened, strict=True):
        segments[segment_of[start]] |= lists
        if start >= silent and reading.items[start] not in idle:
            clause = clause_of[start]
            masks[clause] |= lists
            heard[clause] |= opens
            if clause not in first:
                first[clause] = start
    asking = reduce(or_, heard, cues[content])
    if asking & book.index.about_content:
        _add_content(reading, content, cues[content], masks, heard, segments)
    return [
        Spoken(cue, clause, reading.items[start], start < reading.title_end)
        for clause, start in first.items()
        if heard[clause]
        for cue in map(book.cues.__getitem__, places(heard[clause]))
        if cue_holds(cue, masks[clause], segments[segment_of[start]], reading)
    ]


def _add_content(
    reading: Reading, content: int, opens: int, masks: list[int], heard: list[int], segments: list[int]
) -> None:
    """Marks the clauses and segments with a word that may name a service."""
    for at in reading.content:
        segments[reading.segments[at]] |= content
        clause = reading.clauses[at]
        if masks[clause]:
            masks[clause] |= content
            heard[clause] |= opens


def _standing_items(reading: Reading, book: RuleBook) -> set[int]:
    """Items of the description that hold nothing but standing phrases and words that say nothing."""
    if not reading.description & book.words.standing:
        return set()
    covered: set[int] = set()
    idle = book.words.standing | book.words.filler
    for hit in reading.hits:
        if hit.lists & idle:
            covered.update(range(hit.start, hit.end))
    after = reading.title_end + 1
    busy = {
        reading.items[at]
        for at, token in enumerate(reading.tokens[after:], after)
        if at not in covered and token != BREAK and not token.isdigit()
    }
    return {*reading.items[after:]} - busy


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


def _side(items: Sequence[frozenset[str]]) -> Activity | None:
    found = frozenset().union(*items)
    if not found:
        return None
    if len(found) == 1:
        return Activity(next(iter(found)))
    if len(items) > _FEW:
        for side in sorted(found):
            share = sum(Fraction(side in item, len(item)) for item in items) / len(items)
            if share >= _CLEAR:
                return Activity(side)
    return Activity.MIXED
