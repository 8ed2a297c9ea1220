"""A title or a description cut up: its words, the clause, item and segment of each, the lists found there.

No phrase runs from the title into the description, so each is cut up by itself, and a description
that comes again, as those of a series do, is cut up once.
"""

import re
from collections.abc import Mapping, Sequence

from calsync.rules.book import Part, RuleBook, Words
from calsync.rules.fold import ASKED, BREAK, JOINT, pieces
from calsync.rules.lexicon import Hit

_KEPT = 5_000  # descriptions remembered
_EMPTY = Part("", [], [], [], [], [], (0, 0, 0))


def described(description: str, book: RuleBook) -> Part:
    """A description cut up, without what meeting software adds; remembered by its text."""
    if not description:
        return _EMPTY
    part = book.descriptions.get(description)
    if part is None:
        if len(book.descriptions) >= _KEPT:
            book.descriptions.clear()
        part = part_of(cut(description, book.words.cut_after), book.words)
        book.descriptions[description] = part
    return part


def joined(title: Part, description: Part) -> tuple[list[str], list[int], list[int], list[int], list[Hit]]:
    """Words, clauses, items, segments and finds of both, a break between them."""
    clause, item, segment = (number + 1 for number in title.ends)
    shift = len(title.tokens) + 1
    new = tuple.__new__  # Hit(…) takes three times as long
    return (
        [*title.tokens, BREAK, *description.tokens],
        [*title.clauses, clause, *[number + clause for number in description.clauses]],
        [*title.items, item, *[number + item for number in description.items]],
        [*title.segments, segment, *[number + segment for number in description.segments]],
        title.hits
        + [new(Hit, (start + shift, end + shift, lists)) for start, end, lists in description.hits],
    )


def part_of(text: str, known: Words) -> Part:
    """A text cut up; joints go.

    A question mark ends an item, not the segment: "Did the wardens help? Membership".
    """
    marked = pieces(text)
    joiners, before = known.joiners, known.joiners_before
    tokens: list[str] = []
    clauses: list[int] = []
    items: list[int] = []
    segments: list[int] = []
    clause = item = segment = 0
    number = 1
    next_number = "1"
    for at, piece in enumerate(marked):
        if piece == JOINT:
            clause, item = clause + 1, item + 1
            continue
        if piece == BREAK:
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
        if piece == ASKED:
            clause, item = clause + 1, item + 1
    return Part(text, tokens, clauses, items, segments, known.lexicon.scan(tokens), (clause, item, segment))


def _next(marked: Sequence[str], at: int) -> str:
    return marked[at + 1] if at + 1 < len(marked) else ""


def cut(description: str, after: Mapping[str, re.Pattern[str]]) -> str:
    """The description without the text that meeting software adds below it."""
    if not description:
        return description
    folded = description.casefold()  # a plain look for each text is far quicker than a search
    found = [pattern.search(description) for text, pattern in after.items() if text in folded]
    return description[: min((match.start() for match in found if match), default=None)]
