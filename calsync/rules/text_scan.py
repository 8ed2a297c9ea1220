"""What a title and a description contain: words, clauses, lists, and the evidence found in them.

`scanner.scan_text` makes a `TextScan`, once for each text: many calendars have the same title with the same
agenda or none, and what differs between them is who is invited. What was derived from the text is stored
with it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from calsync.model.classification import Activity
from calsync.rules.compiled import Cue, PartnershipMatch, Vocabulary
from calsync.rules.language.lexicon import PhraseHit


@dataclass(slots=True, eq=False)
class TextScan:
    """A title and a description, scanned.

    agenda: the description without what meeting software added. tokens: of the title, a break, of the
    agenda. title_end: the number of tokens of the title. clauses, items, segments: for each token the
    number of its clause, agenda item and segment. hits: the phrases found. title_lists, description_lists:
    the lists found, as bits. partnership_cache: the partnerships that the words show, by
    `Invitation.one_sector`. evidence_cache: by the partnerships of a meeting. covered_tokens: by lists, the
    tokens in their phrases.
    """

    agenda: str
    tokens: list[str]
    title_end: int
    clauses: list[int]
    items: list[int]
    segments: list[int]
    hits: list[PhraseHit]
    title_lists: int
    description_lists: int
    vocabulary: Vocabulary
    partnership_cache: dict[bool, list[PartnershipMatch]] = field(default_factory=dict)
    evidence_cache: dict[tuple[str, ...], "Evidence"] = field(default_factory=dict)
    covered_tokens: dict[int, set[int]] = field(default_factory=dict)

    def token_range(self, numbers: list[int], number: int) -> range:
        """The tokens of one clause, item or segment; `numbers` is `clauses`, `items` or `segments`."""
        return range(bisect_left(numbers, number), bisect_right(numbers, number))

    def has_content(self, numbers: list[int], number: int) -> bool:
        """Whether a clause or segment has a word that may name a service: a content word of no list."""
        is_content_word, tokens = self.vocabulary.is_content_word, self.tokens
        words = (index for index in self.token_range(numbers, number) if is_content_word(tokens[index]))
        return self.has_uncovered_token(words, self.vocabulary.no_service_lists)

    def has_uncovered_token(self, indexes: Iterable[int], lists: int) -> bool:
        """Whether one of these tokens is in no phrase of these lists."""
        covered = self.covered_tokens.get(lists)
        if covered is None:
            covered = {
                index
                for start, end, hit_lists in self.hits
                if hit_lists & lists
                for index in range(start, end)
            }
            self.covered_tokens[lists] = covered
        return any(index not in covered for index in indexes)

    def words_of_lists(self, bits: int, *, until: int | None = None) -> list[str]:
        """The phrases of these lists that were found, in order; only those that begin before `until`."""
        tokens = self.tokens
        limit = len(tokens) if until is None else until
        return [
            " ".join(tokens[start:end]) for start, end, lists in self.hits if lists & bits and start < limit
        ]

    def words_in_clause(self, clause: int, bits: int) -> list[str]:
        """The phrases of these lists that were found in one clause, in order."""
        clause_of, tokens = self.clauses, self.tokens
        return [
            " ".join(tokens[start:end])
            for start, end, lists in self.hits
            if clause_of[start] == clause and lists & bits
        ]


class CueMatch(NamedTuple):
    """A cue that holds, and in which clause and agenda item."""

    cue: Cue
    clause: int
    item: int
    in_title: bool

    def describe(self, scan: TextScan) -> str:
        """The side, up to three phrases that the cue matched, and its id."""
        bits = self.cue.any | self.cue.with_any
        words = dict.fromkeys(scan.words_in_clause(self.clause, bits))
        return f"{self.cue.side}: {', '.join(map(repr, [*words][:3]))} ({self.cue.id})"


@dataclass(slots=True, eq=False)
class Evidence:
    """What the cues of a meeting show together.

    activity: None if no cue holds. matches: all cues that hold; deciding: those that count.
    """

    activity: Activity | None = None
    deciding: tuple[CueMatch, ...] = ()
    matches: tuple[CueMatch, ...] = ()
    _description: tuple[str, str] | None = None

    def describe(self, scan: TextScan) -> tuple[str, str]:
        """The ids of the first two deciding cues, and what the first three matched; computed once."""
        if self._description is None:
            by_id = {cue_match.cue.id: cue_match for cue_match in self.deciding}
            evidence = "; ".join([cue_match.describe(scan) for cue_match in [*by_id.values()][:3]])
            self._description = " + ".join([*by_id][:2]), evidence
        return self._description
