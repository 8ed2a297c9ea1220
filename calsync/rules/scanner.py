"""Scans titles and descriptions: splits them into clauses, finds phrases and patterns (`scan_text`)."""

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from calsync.rules.book import RuleBook
from calsync.rules.compiled import TextPattern, Vocabulary
from calsync.rules.language.folding import (
    CLAUSE_BREAK,
    PHRASE_BREAK,
    QUESTION_MARK,
    fold_text,
    split_tokens,
    split_words,
)
from calsync.rules.language.lexicon import PhraseHit, bit_positions
from calsync.rules.text_scan import TextScan

_MAX_CACHED_LENGTH = 1_000  # characters of a text whose scan is stored, which takes 20 kB at most


def scan_text(title: str, description: str, book: RuleBook) -> TextScan:
    """The scan of a title and a description, from `book.caches` if the text came before."""
    agenda = strip_software_text(description, book.vocabulary.cut_after)
    text = (title, agenda)
    scan = book.caches.scans.get(text)
    if scan is None:
        scan = _scan_uncached(title, agenda, book)
        if len(title) + len(agenda) > _MAX_CACHED_LENGTH:
            return scan
        # Stored from the second time on: scans that are used once would only make the garbage collector
        # slower.
        if hash(text) in book.caches.scanned_once:
            book.caches.scans[text] = scan
        else:
            book.caches.scanned_once[hash(text)] = True
    return scan


def strip_software_text(description: str, cut_after: Mapping[str, re.Pattern[str]]) -> str:
    """The description without the text that meeting software adds below it; see `Vocabulary.cut_after`."""
    if not description:
        return description
    folded = description.casefold()  # `in` for each text is far quicker than a search for the expressions
    if description.isascii():  # then its folded form has the same positions
        starts = [folded.find(text) for text in cut_after if text in folded]
    else:
        matches = [pattern.search(description) for text, pattern in cut_after.items() if text in folded]
        starts = [match.start() for match in matches if match]
    return description[: min(starts)] if starts else description


def _scan_uncached(title: str, agenda: str, book: RuleBook) -> TextScan:
    marked = split_tokens(title)
    title_end = len(marked) - marked.count(CLAUSE_BREAK)
    marked.append(PHRASE_BREAK)
    if agenda:
        marked += split_tokens(agenda)
    tokens, clauses, items, segments = _number_clauses(marked, book.vocabulary)
    hits = book.vocabulary.lexicon.find_phrases(tokens)
    title_lists, description_lists = _find_lists(tokens, hits, title_end, title, agenda, book.vocabulary)
    return TextScan(
        agenda,
        tokens,
        title_end,
        clauses,
        items,
        segments,
        hits,
        title_lists,
        description_lists,
        book.vocabulary,
    )


def _number_clauses(
    marked: Sequence[str], vocabulary: Vocabulary
) -> tuple[list[str], list[int], list[int], list[int]]:
    """The tokens without clause breaks, and for each the number of its clause, agenda item and segment.

    A question mark ends an item, not the segment: "Did the wardens help? Membership".
    """
    conjunctions, conjunctions_before = vocabulary.conjunctions, vocabulary.conjunctions_before
    clause_ends = vocabulary.clause_ends
    tokens: list[str] = []
    clauses: list[int] = []
    items: list[int] = []
    segments: list[int] = []
    clause = item = segment = 0
    number = 1  # of the next agenda item, if the text numbers them: "1 Minutes 2 Risk register"
    next_number = "1"
    for index, token in enumerate(marked):
        if token in clause_ends or token == next_number:  # most tokens are neither
            if token == CLAUSE_BREAK:
                clause, item = clause + 1, item + 1
                continue
            if token == PHRASE_BREAK:
                clause, item, segment = clause + 1, item + 1, segment + 1
            elif token in conjunctions or (
                token in conjunctions_before
                and index + 1 < len(marked)
                and marked[index + 1] in conjunctions_before[token]
            ):
                clause += 1
            elif token == next_number:
                clause, item, segment, number = clause + 1, item + 1, segment + 1, number + 1
                next_number = str(number)
        tokens.append(token)
        clauses.append(clause)
        items.append(item)
        segments.append(segment)
        if token == QUESTION_MARK:
            clause, item = clause + 1, item + 1
    return tokens, clauses, items, segments


def _find_lists(
    tokens: Sequence[str],
    hits: list[PhraseHit],
    title_end: int,
    title: str,
    agenda: str,
    vocabulary: Vocabulary,
) -> tuple[int, int]:
    """The lists of the title and of the description; adds a hit for each pattern that the title matches."""
    title_lists = description_lists = 0
    for start, _, lists in hits:
        if start < title_end:
            title_lists |= lists
        else:
            description_lists |= lists
    in_title, in_description = _select_patterns(tokens, title_end, vocabulary)
    for index in bit_positions(in_title | in_description):
        bit, pattern = 1 << index, vocabulary.patterns[index]
        if pattern.required_lists and not (title_lists | description_lists) & pattern.required_lists:
            continue
        literal = pattern.literal
        if (
            in_title & bit
            and literal in title
            and (words := _find_pattern(pattern, title, vocabulary)) is not None
        ):
            title_lists |= pattern.bits
            hits.append((min(words[0], title_end - 1), min(words[1], title_end), pattern.bits))
        if (
            in_description & bit
            and literal in agenda
            and _find_pattern(pattern, agenda, vocabulary) is not None
        ):
            description_lists |= pattern.bits
    return title_lists, description_lists


def _select_patterns(tokens: Sequence[str], title_end: int, vocabulary: Vocabulary) -> tuple[int, int]:
    """The patterns that may match the title and those that may match the agenda, by the words there."""
    by_word, always_tried = vocabulary.patterns_by_word.__getitem__, vocabulary.always_tried
    in_title = reduce(or_, map(by_word, tokens[:title_end]), always_tried) & vocabulary.title_patterns
    if len(tokens) == title_end + 1 or not vocabulary.description_patterns:
        return in_title, 0
    in_description = reduce(or_, map(by_word, tokens[title_end + 1 :]), always_tried)
    return in_title, in_description & vocabulary.description_patterns


def _find_pattern(pattern: TextPattern, text: str, vocabulary: Vocabulary) -> tuple[int, int] | None:
    """The words of the text that the pattern matches, end exclusive; None if it does not match."""
    match = pattern.regex.search(text)
    if not match:
        return None
    unknown = match.groupdict().get("unknown")
    if unknown and vocabulary.lexicon.has_word(fold_text(unknown)):
        return None
    start = len(split_words(text[: match.start()]))
    return start, start + max(1, len(split_words(match.group())))
