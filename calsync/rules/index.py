"""Which rules and cues a meeting may satisfy, told by its words instead of by asking every rule.

How the scan works, from the text to the verdict:

1. `fold` cuts title and description into plain words. What a word can begin is looked up once and
   remembered, so `lexicon` finds every phrase of every list in one walk along the words.
2. A find carries the lists that hold its phrase: a list is one bit of a long integer. Regular
   expressions add to them, each tried only where a word holds letters that it cannot match without.
3. For the lists of a title or a description the index knows the rules that they *open* (these ask for
   one of them) and *bar* (these must not see one), again as bits; the people who are there bar others.
   Opened and not barred, the rules that ask nothing of the text added: only these few are asked, the
   weightiest first, and only for what is not settled by then.
4. Cues are opened in the same way, clause by clause, and only if no rule before them has spoken.
   The evidence is put into words for the winner alone.

What is remembered belongs to words, phrases, lists, domains and agenda lines; and to the last texts
themselves (`scan`), since the same title and agenda stand in many calendars, whoever is invited.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from calsync.rules.book import WEIGH, Cue, Rule, Test
from calsync.rules.conditions import People, organisations_hold, people_hold, row_mutes
from calsync.rules.lexicon import places
from calsync.rules.memo import Memo

OWN_STAGE = "own"  # our own rules, before every stage of the shipped ones
_KEPT = 50_000  # kinds of titles, of descriptions, of clauses
Judge = tuple[str, Rule | None, Test | None]
"""A stage with one of its rules and what is left to ask for it, or the weighing of the cues (no rule)."""


class Openings(NamedTuple):
    """What lists open and what they bar, as bits: 1 << place.

    asked: the lists that do either; known: by those of them that are seen, what they open and bar.
    """

    asked: int
    known: Memo[int, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Index:
    """Rules and cues by what opens them.

    judges: in order of precedence; always: those no word opens; choosy: those that ask for
    organisations; people: those that the people who are there bar. heard: the cues by their bits;
    of_segments: those that ask for lists in a clause's segment; content_of_segment, content_of_clause:
    those that ask for words of content there; of_rows: the lists that cues ask of the whole row.

    in_title, in_description: the judges opened and barred by lists seen there; cues: the cues opened
    by a clause's lists; mute: those that a whole row rules out, by its lists among of_rows and whether
    it shows a partnership.
    """

    judges: Sequence[Judge]
    always: int
    choosy: Sequence[tuple[int, Test]]
    people: Memo[People, int]
    in_title: Openings
    in_description: Openings
    cues: Openings
    mute: Memo[tuple[int, bool], int]
    heard: Memo[int, list[Cue]]
    of_segments: int
    content_of_segment: int
    content_of_clause: int
    of_rows: int

    def opened(self, title: int, description: int, barred: int) -> Iterator[Judge]:
        """The judges to ask, the first to win first.

        title, description: the lists seen there; barred: judges that the people bar.
        """
        by_title, bars = self.in_title.known[title & self.in_title.asked]
        opened = self.always | by_title
        barred |= bars
        if description:
            by_description, bars = self.in_description.known[description & self.in_description.asked]
            opened |= by_description
            barred |= bars
        return map(self.judges.__getitem__, places(opened & ~barred))

    def barred_by(self, sectors: frozenset[str], domains: Sequence[str]) -> int:
        """The judges that ask for other organisations than these."""
        return sum(bit for bit, test in self.choosy if not organisations_hold(test, sectors, domains))


def build_index(
    own: Sequence[Rule],
    stages: Sequence[str],
    rules: Mapping[str, Sequence[Rule]],
    cues: Sequence[Cue],
    content: int,
) -> Index:
    """The index of a book: our own rules, then the shipped ones stage by stage."""
    judges: list[Judge] = [(OWN_STAGE, rule, _left(rule.test)) for rule in own]
    for stage in stages:
        judges += [(stage, None, None)] if stage == WEIGH else []
        judges += [(stage, rule, _left(rule.test)) for rule in rules[stage]]
    tests = [rule.test if rule else Test() for _, rule, _ in judges]
    keys = [_keys(test) for test in tests]
    return Index(
        judges=judges,
        always=_bits(not any(key) for key in keys),
        choosy=[
            (1 << place, test)
            for place, test in enumerate(tests)
            if test.sectors_any or test.sectors_none or test.domains_any
        ],
        people=Memo(lambda there: _bits(not people_hold(test, there) for test in tests), _KEPT),
        in_title=_openings([title for title, _ in keys], [test.none | test.title_none for test in tests]),
        in_description=_openings([description for _, description in keys], [test.none for test in tests]),
        cues=_openings([cue.any for cue in cues], []),
        mute=Memo(lambda row: _bits(row_mutes(cue, *row) for cue in cues), _KEPT),
        heard=Memo(lambda bits: [cues[place] for place in places(bits)], _KEPT),
        of_segments=_bits(bool(cue.segment_any) for cue in cues),
        content_of_segment=_bits(bool(cue.segment_any & content) for cue in cues),
        content_of_clause=_bits(bool((cue.any | cue.with_any | cue.none) & content) for cue in cues),
        of_rows=reduce(or_, (cue.row_any | cue.row_none for cue in cues), 0),
    )


def _keys(test: Test) -> tuple[int, int]:
    """The lists that open a rule when seen in the title, and when seen in the description."""
    if test.any:
        return test.any, test.any
    if test.title_any or test.title_first:
        return test.title_any or test.title_first, 0
    return (0, test.description_any) if test.description_any else (test.title_only, test.title_only)


def _left(test: Test) -> Test | None:
    """What is to be asked when lists have opened a rule and none has barred it; None if nothing."""
    left = Test(
        title_any=test.title_any if test.any else 0,
        title_first=test.title_first,
        description_any=test.description_any if test.any or test.title_any or test.title_first else 0,
        all=test.all,
        title_only=test.title_only,
        partnerships=test.partnerships,
    )
    return None if left == Test() else left


def _bits(asked: Iterable[bool]) -> int:
    return sum(1 << place for place, yes in enumerate(asked) if yes)


def _openings(opening: Sequence[int], barring: Sequence[int]) -> Openings:
    by_list: dict[int, list[int]] = {}
    for which, masks in enumerate((opening, barring)):
        for place, mask in enumerate(masks):
            for found in places(mask):
                by_list.setdefault(1 << found, [0, 0])[which] |= 1 << place

    def find(lists: int) -> tuple[int, int]:
        opens = bars = 0
        while lists:
            lowest = lists & -lists
            more_opens, more_bars = by_list[lowest]
            opens |= more_opens
            bars |= more_bars
            lists ^= lowest
        return opens, bars

    return Openings(sum(by_list), Memo(find, _KEPT))
