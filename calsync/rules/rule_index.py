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

from calsync.rules.book import EVIDENCE_STAGE, Conditions, Cue, Rule
from calsync.rules.conditions import ContextFlags, context_holds, organisations_hold, row_excludes_cue
from calsync.rules.language.lexicon import bit_positions
from calsync.rules.language.memo import Memo

OWN_STAGE = "own"  # our own rules, before every stage of the shipped ones
_CACHE_LIMIT = 50_000  # kinds of titles, of descriptions, of clauses
Candidate = tuple[str, Rule | None, Conditions | None]
"""A stage with one of its rules and what is left to ask for it, or the weighing of the cues (no rule)."""


class Triggers(NamedTuple):
    """What lists open and what they bar, as bits: 1 << place.

    asked: the lists that do either; known: by those of them that are seen, what they open and bar.
    """

    lists: int
    effects_by_lists: Memo[int, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class RuleIndex:
    """Rules and cues by what opens them.

    judges: in order of precedence; always: those no word opens; choosy: those that ask for
    organisations; people: those that the people who are there bar. heard: the cues by their bits;
    segment_cues: those that ask for lists in a clause's segment; segment_content_cues, clause_content_cues:
    those that ask for words of content there; row_lists: the lists that cues ask of the whole row.

    in_title, in_description: the judges opened and barred by lists seen there; cues: the cues opened
    by a clause's lists; mute: those that a whole row rules out, by its lists among row_lists and whether
    it shows a partnership.
    """

    candidates: Sequence[Candidate]
    untriggered_candidates: int
    organisation_conditions: Sequence[tuple[int, Conditions]]
    barred_by_context: Memo[ContextFlags, int]
    title_triggers: Triggers
    description_triggers: Triggers
    cue_triggers: Triggers
    excluded_cues: Memo[tuple[int, bool], int]
    cues_of_bits: Memo[int, list[Cue]]
    segment_cues: int
    segment_content_cues: int
    clause_content_cues: int
    row_lists: int

    def find_candidates(self, title: int, description: int, barred: int) -> Iterator[Candidate]:
        """The judges to ask, the first to win first.

        title, description: the lists seen there; barred: judges that the people bar.
        """
        by_title, bars = self.title_triggers.effects_by_lists[title & self.title_triggers.lists]
        opened = self.untriggered_candidates | by_title
        barred |= bars
        if description:
            by_description, bars = self.description_triggers.effects_by_lists[
                description & self.description_triggers.lists
            ]
            opened |= by_description
            barred |= bars
        return map(self.candidates.__getitem__, bit_positions(opened & ~barred))

    def barred_by_organisations(self, sectors: frozenset[str], domains: Sequence[str]) -> int:
        """The judges that ask for other organisations than these."""
        return sum(
            bit
            for bit, test in self.organisation_conditions
            if not organisations_hold(test, sectors, domains)
        )


def build_rule_index(
    own: Sequence[Rule],
    stages: Sequence[str],
    rules: Mapping[str, Sequence[Rule]],
    cues: Sequence[Cue],
    content: int,
) -> RuleIndex:
    """The index of a book: our own rules, then the shipped ones stage by stage."""
    candidates: list[Candidate] = [(OWN_STAGE, rule, _remaining_conditions(rule.conditions)) for rule in own]
    for stage in stages:
        candidates += [(stage, None, None)] if stage == EVIDENCE_STAGE else []
        candidates += [(stage, rule, _remaining_conditions(rule.conditions)) for rule in rules[stage]]
    tests = [rule.conditions if rule else Conditions() for _, rule, _ in candidates]
    keys = [_trigger_lists(test) for test in tests]
    return RuleIndex(
        candidates=candidates,
        untriggered_candidates=_bits_where(not any(key) for key in keys),
        organisation_conditions=[
            (1 << place, test)
            for place, test in enumerate(tests)
            if test.sectors_any or test.sectors_none or test.domains_any
        ],
        barred_by_context=Memo(
            lambda there: _bits_where(not context_holds(test, there) for test in tests), _CACHE_LIMIT
        ),
        title_triggers=_build_triggers(
            [title for title, _ in keys], [test.none | test.title_none for test in tests]
        ),
        description_triggers=_build_triggers(
            [description for _, description in keys], [test.none for test in tests]
        ),
        cue_triggers=_build_triggers([cue.any for cue in cues], []),
        excluded_cues=Memo(
            lambda row: _bits_where(row_excludes_cue(cue, *row) for cue in cues), _CACHE_LIMIT
        ),
        cues_of_bits=Memo(lambda bits: [cues[place] for place in bit_positions(bits)], _CACHE_LIMIT),
        segment_cues=_bits_where(bool(cue.segment_any) for cue in cues),
        segment_content_cues=_bits_where(bool(cue.segment_any & content) for cue in cues),
        clause_content_cues=_bits_where(bool((cue.any | cue.with_any | cue.none) & content) for cue in cues),
        row_lists=reduce(or_, (cue.row_any | cue.row_none for cue in cues), 0),
    )


def _trigger_lists(test: Conditions) -> tuple[int, int]:
    """The lists that open a rule when seen in the title, and when seen in the description."""
    if test.any:
        return test.any, test.any
    if test.title_any or test.title_first:
        return test.title_any or test.title_first, 0
    return (0, test.description_any) if test.description_any else (test.title_only, test.title_only)


def _remaining_conditions(test: Conditions) -> Conditions | None:
    """What is to be asked when lists have opened a rule and none has barred it; None if nothing."""
    remaining = Conditions(
        title_any=test.title_any if test.any else 0,
        title_first=test.title_first,
        description_any=test.description_any if test.any or test.title_any or test.title_first else 0,
        all=test.all,
        title_only=test.title_only,
        partnerships=test.partnerships,
    )
    return None if remaining == Conditions() else remaining


def _bits_where(flags: Iterable[bool]) -> int:
    return sum(1 << place for place, yes in enumerate(flags) if yes)


def _build_triggers(opening: Sequence[int], barring: Sequence[int]) -> Triggers:
    by_list: dict[int, list[int]] = {}
    for which, masks in enumerate((opening, barring)):
        for place, mask in enumerate(masks):
            for found in bit_positions(mask):
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

    return Triggers(sum(by_list), Memo(find, _CACHE_LIMIT))
