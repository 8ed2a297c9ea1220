"""What the lexicon sees in a title and a description, whoever is invited: looked for once.

The same title, with the same agenda or none, stands in many calendars; what differs there is who is
asked, and in an invitation's text what the meeting software added, which is cut off before.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from calsync.rules.book import PartnershipMatch, RuleBook, TextPattern, Vocabulary
from calsync.rules.language.folding import (
    CLAUSE_BREAK,
    PHRASE_BREAK,
    QUESTION_MARK,
    fold_text,
    split_tokens,
    split_words,
)
from calsync.rules.language.lexicon import PhraseHit

if TYPE_CHECKING:
    from calsync.rules.evidence import Evidence

_MAX_CACHED_LENGTH = 1_000  # characters of a text whose scan is kept: 20 kB each at the most


@dataclass(slots=True, eq=False)
class TextScan:
    """A title and a description as the rules see them.

    agenda: the description without what meeting software added. tokens: title, a break, agenda.
    title_end: how many tokens are the title's. clauses, items, segments: for every token the numbers
    of its clause, agenda item and segment. title, description: bits of the lists seen. claimed:
    the partnerships that its words show, by whether the agencies there are all of one sector. weighed:
    its cues, by the partnerships of the row. covered: by lists, the places that lie in a find of theirs.
    """

    agenda: str
    tokens: list[str]
    title_end: int
    clauses: list[int]
    items: list[int]
    segments: list[int]
    hits: list[PhraseHit]
    title: int
    description: int
    vocabulary: Vocabulary
    partnership_cache: dict[bool, list[PartnershipMatch]] = field(default_factory=dict)
    evidence_cache: dict[tuple[str, ...], "Evidence"] = field(default_factory=dict)
    covered_tokens: dict[int, set[int]] = field(default_factory=dict)

    def token_range(self, numbers: list[int], number: int) -> range:
        """The places of the clause, item or segment of this number, by one of their lists."""
        return range(bisect_left(numbers, number), bisect_right(numbers, number))

    def has_content(self, numbers: list[int], number: int) -> bool:
        """Whether a clause or segment holds a word that may name a service: no list accounts for it."""
        telling, tokens = self.vocabulary.is_content_word, self.tokens
        words = (at for at in self.token_range(numbers, number) if telling[tokens[at]])
        return self.has_uncovered_token(words, self.vocabulary.no_service_lists)

    def has_uncovered_token(self, places: Iterable[int], lists: int) -> bool:
        """Whether one of these places lies in no find of these lists."""
        covered = self.covered_tokens.get(lists)
        if covered is None:
            covered = {at for start, end, found in self.hits if found & lists for at in range(start, end)}
            self.covered_tokens[lists] = covered
        return any(at not in covered for at in places)

    def words_of_lists(self, bits: int, *, until: int | None = None) -> list[str]:
        """The words in which lists were seen, in order; `until` a token."""
        tokens = self.tokens
        before = len(tokens) if until is None else until
        return [
            " ".join(tokens[start:end]) for start, end, lists in self.hits if lists & bits and start < before
        ]

    def words_in_clause(self, clause: int, bits: int) -> list[str]:
        """The words of one clause in which lists were seen, in order."""
        clause_of, tokens = self.clauses, self.tokens
        return [
            " ".join(tokens[start:end])
            for start, end, lists in self.hits
            if clause_of[start] == clause and lists & bits
        ]


def scan_text(title: str, description: str, book: RuleBook) -> TextScan:
    """The scan of a title and a description."""
    agenda = strip_software_text(description, book.vocabulary.cut_after)
    text = (title, agenda)
    found = book.caches.scans.get(text)
    if found is None:
        found = _scan_uncached(title, agenda, book)
        if len(title) + len(agenda) > _MAX_CACHED_LENGTH:
            return found
        # Kept from the second time on: what comes once would only keep the garbage collector busy.
        if hash(text) in book.caches.seen:
            book.caches.scans[text] = found
        else:
            book.caches.seen[hash(text)] = True
    return found


def _scan_uncached(title: str, agenda: str, book: RuleBook) -> TextScan:
    marked = split_tokens(title)
    title_end = len(marked) - marked.count(CLAUSE_BREAK)
    marked.append(PHRASE_BREAK)
    if agenda:
        marked += split_tokens(agenda)
    tokens, clauses, items, segments = _number_clauses(marked, book.vocabulary)
    hits = book.vocabulary.lexicon.find_phrases(tokens)
    lists = _find_lists(tokens, hits, title_end, title, agenda, book)
    return TextScan(agenda, tokens, title_end, clauses, items, segments, hits, *lists, book.vocabulary)


def _find_lists(
    tokens: Sequence[str], hits: list[PhraseHit], title_end: int, title: str, agenda: str, book: RuleBook
) -> tuple[int, int]:
    """The lists in the title and in the description; a pattern found in the title becomes a find too."""
    in_title = in_description = 0
    for start, _, lists in hits:
        if start < title_end:
            in_title |= lists
        else:
            in_description |= lists
    titles, descriptions = _select_patterns(tokens, title_end, book.vocabulary)
    for bit, pattern in book.vocabulary.patterns_of_bits[titles | descriptions]:
        if pattern.required_lists and not (in_title | in_description) & pattern.required_lists:
            continue
        literal = pattern.literal
        if titles & bit and literal in title and (found := _find_pattern(pattern, title, book)) is not None:
            in_title |= pattern.bits
            hits.append((min(found[0], title_end - 1), min(found[1], title_end), pattern.bits))
        if descriptions & bit and literal in agenda and _find_pattern(pattern, agenda, book) is not None:
            in_description |= pattern.bits
    return in_title, in_description


def _select_patterns(tokens: Sequence[str], title_end: int, known: Vocabulary) -> tuple[int, int]:
    """The patterns that may be found in the title and in the agenda, by the words there."""
    opened = known.patterns_by_word.__getitem__
    titles = reduce(or_, map(opened, tokens[:title_end]), known.always_tried) & known.title_patterns
    if len(tokens) == title_end + 1 or not known.description_patterns:
        return titles, 0
    return titles, reduce(
        or_, map(opened, tokens[title_end + 1 :]), known.always_tried
    ) & known.description_patterns


def strip_software_text(description: str, after: Mapping[str, re.Pattern[str]]) -> str:
    """The description without the text that meeting software adds below it."""
    if not description:
        return description
    folded = description.casefold()  # a plain look for each text is far quicker than a search
    if description.isascii():  # then it is as long as before, and a look tells the place
        places = [folded.find(text) for text in after if text in folded]
    else:
        found = [pattern.search(description) for text, pattern in after.items() if text in folded]
        places = [match.start() for match in found if match]
    return description[: min(places)] if places else description


def _find_pattern(pattern: TextPattern, text: str, book: RuleBook) -> tuple[int, int] | None:
    """The words of the text where the pattern is found, the second number exclusive; None if it is not."""
    found = pattern.regex.search(text)
    if not found:
        return None
    word = found.groupdict().get("unknown")
    if word and book.vocabulary.lexicon.has_word(fold_text(word)):
        return None
    start = len(split_words(text[: found.start()]))
    return start, start + max(1, len(split_words(found.group())))


def _number_clauses(
    marked: Sequence[str], known: Vocabulary
) -> tuple[list[str], list[int], list[int], list[int]]:
    """The words and breaks, and for each the numbers of its clause, item and segment; joints go.

    A question mark ends an item, not the segment: "Did the wardens help? Membership".
    """
    joiners, before, turns = known.conjunctions, known.conjunctions_before, known.clause_ends
    tokens: list[str] = []
    clauses: list[int] = []
    items: list[int] = []
    segments: list[int] = []
    clause = item = segment = 0
    number = 1
    next_number = "1"
    for at, piece in enumerate(marked):
        if piece in turns or piece == next_number:  # most words need no closer look
            if piece == CLAUSE_BREAK:
                clause, item = clause + 1, item + 1
                continue
            if piece == PHRASE_BREAK:
                clause, item, segment = clause + 1, item + 1, segment + 1
            elif piece in joiners or (piece in before and _next(marked, at) in before[piece]):
                clause += 1
            elif piece == next_number:
                clause, item, segment, number = clause + 1, item + 1, segment + 1, number + 1
                next_number = str(number)
        tokens.append(piece)
        clauses.append(clause)
        items.append(item)
        segments.append(segment)
        if piece == QUESTION_MARK:
            clause, item = clause + 1, item + 1
    return tokens, clauses, items, segments


def _next(marked: Sequence[str], at: int) -> str:
    return marked[at + 1] if at + 1 < len(marked) else ""
