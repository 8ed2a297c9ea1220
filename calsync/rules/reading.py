"""What the lexicon and the directory see in a meeting, once, before any rule is asked."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from calsync.rules.book import Claim, Invitation, Pattern, RuleBook, Words
from calsync.rules.directory import Seat
from calsync.rules.facts import Facts
from calsync.rules.fold import ASKED, BREAK, JOINT, fold, pieces, words
from calsync.rules.invited import invited_by
from calsync.rules.lexicon import Hit
from calsync.rules.whose import claims


@dataclass(slots=True)
class Reading:
    """A meeting as the rules see it.

    tokens: title, a break, description. title_end: how many tokens are the title's. clauses, items,
    segments: for every token the numbers of its clause, agenda item and segment. title, description,
    row: bits of the lists seen. agencies: ids, sorted. others_named: the title names an agency of
    another sector. claims: partnerships seen, the strongest first.
    """

    facts: Facts
    tokens: list[str]
    title_end: int
    clauses: list[int]
    items: list[int]
    segments: list[int]
    hits: list[Hit]
    title: int
    description: int
    row: int
    seats: tuple[Seat, ...]
    agencies: tuple[str, ...]
    sectors: frozenset[str]
    bars: int
    invited: bool
    others_named: bool
    claims: tuple[Claim, ...]
    words: Words

    def where(self, numbers: list[int], number: int) -> range:
        """The places of the clause, item or segment of this number, by one of their lists."""
        return range(bisect_left(numbers, number), bisect_right(numbers, number))

    def has_content(self, numbers: list[int], number: int) -> bool:
        """Whether a clause or segment holds a word that may name a service: no list accounts for it."""
        telling, tokens = self.words.telling, self.tokens
        words = (at for at in self.where(numbers, number) if telling[tokens[at]])
        return self.uncovered(words, self.words.said)

    def uncovered(self, places: Iterable[int], lists: int) -> bool:
        """Whether one of these places lies in no find of these lists."""
        for at in places:
            for start, end, found in self.hits:
                if start <= at < end and found & lists:
                    break
            else:
                return True
        return False

    @property
    def titled(self) -> bool:
        """Whether the title shows a partnership by its name or by what belongs to it."""
        return any(claim.in_title for claim in self.claims)

    def seen(self, bits: int, *, until: int | None = None) -> list[str]:
        """The words in which lists were seen, in order; `until` a token."""
        tokens = self.tokens
        before = len(tokens) if until is None else until
        return [
            " ".join(tokens[start:end]) for start, end, lists in self.hits if lists & bits and start < before
        ]

    def seen_in(self, clause: int, bits: int) -> list[str]:
        """The words of one clause in which lists were seen, in order."""
        clause_of, tokens = self.clauses, self.tokens
        return [
            " ".join(tokens[start:end])
            for start, end, lists in self.hits
            if clause_of[start] == clause and lists & bits
        ]


def read(facts: Facts, book: RuleBook) -> Reading:
    """Scan the text and look up the domains."""
    marked = pieces(facts.title)
    title_end = len(marked) - marked.count(JOINT)
    marked.append(BREAK)
    shown = cut(facts.description, book.words.cut_after)
    if shown:
        marked += pieces(shown)
    tokens, clauses, items, segments = _numbered(marked, book.words)
    hits = book.words.lexicon.scan(tokens)
    in_title, in_description = _lists_seen(tokens, hits, title_end, shown, facts, book)
    invitation = invited_by(facts, book)
    return Reading(
        facts=facts,
        tokens=tokens,
        title_end=title_end,
        clauses=clauses,
        items=items,
        segments=segments,
        hits=hits,
        title=in_title,
        description=in_description,
        row=in_title | in_description,
        seats=invitation.seats,
        agencies=_agencies(invitation, in_title | in_description, book),
        sectors=invitation.sectors,
        bars=invitation.bars,
        invited=bool(facts.attendee_domains or facts.attendees),
        others_named=_others_named(in_title, invitation.seats, book),
        claims=claims(tokens, items, hits, title_end, in_title | in_description, facts, invitation, book),
        words=book.words,
    )


def _lists_seen(
    tokens: Sequence[str], hits: list[Hit], title_end: int, shown: str, facts: Facts, book: RuleBook
) -> tuple[int, int]:
    """The lists in the title and in the description; a pattern found in the title becomes a find too."""
    in_title = in_description = 0
    for start, _, lists in hits:
        if start < title_end:
            in_title |= lists
        else:
            in_description |= lists
    titles, descriptions = _worth_trying(tokens, title_end, shown, facts, book.words)
    title, description = facts.title, facts.description
    for bit, pattern in book.words.tried[titles | descriptions]:
        if pattern.near and not (in_title | in_description) & pattern.near:
            continue
        literal = pattern.literal
        if titles & bit and literal in title and (found := _found(pattern, title, book)) is not None:
            in_title |= pattern.bit
            hits.append((min(found[0], title_end - 1), min(found[1], title_end), pattern.bit))
        if descriptions & bit and literal in description and _found(pattern, description, book) is not None:
            in_description |= pattern.bit
    return in_title, in_description


def _worth_trying(
    tokens: Sequence[str], title_end: int, shown: str, facts: Facts, known: Words
) -> tuple[int, int]:
    """The patterns that may be found in the title and in the description, by the words there.

    shown: the description as far as its words are among the tokens.
    """
    opened = known.opened.__getitem__
    titles = reduce(or_, map(opened, tokens[:title_end]), known.always) & known.for_titles
    if not facts.description or not known.for_descriptions:
        return titles, 0
    if shown != facts.description:
        return titles, known.for_descriptions  # what was cut off has no tokens
    return titles, reduce(or_, map(opened, tokens[title_end:]), known.always) & known.for_descriptions


def cut(description: str, after: Mapping[str, re.Pattern[str]]) -> str:
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


def _found(pattern: Pattern, text: str, book: RuleBook) -> tuple[int, int] | None:
    """The words of the text where the pattern is found, the second number exclusive; None if it is not."""
    found = pattern.regex.search(text)
    if not found:
        return None
    word = found.groupdict().get("unknown")
    if word and book.words.lexicon.spells(fold(word)):
        return None
    start = len(words(text[: found.start()]))
    return start, start + max(1, len(words(found.group())))


def _numbered(marked: Sequence[str], known: Words) -> tuple[list[str], list[int], list[int], list[int]]:
    """The words and breaks, and for each the numbers of its clause, item and segment; joints go.

    A question mark ends an item, not the segment: "Did the wardens help? Membership".
    """
    joiners, before, turns = known.joiners, known.joiners_before, known.turns
    tokens: list[str] = []
    clauses: list[int] = []
    items: list[int] = []
    segments: list[int] = []
    clause = item = segment = 0
    number = 1
    next_number = "1"
    for at, piece in enumerate(marked):
        if piece in turns or piece == next_number:  # most words need no closer look
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
    return tokens, clauses, items, segments


def _next(marked: Sequence[str], at: int) -> str:
    return marked[at + 1] if at + 1 < len(marked) else ""


def _others_named(title: int, seats: Iterable[Seat], book: RuleBook) -> bool:
    """Whether the title names an agency of another sector, beside one's own or with a word for meeting."""
    if not title & book.orgs.bits:
        return False
    own = {seat.sector for seat in seats}
    named = {sector for bit, sector in book.orgs.sectors.items() if title & bit}
    return bool(named - own) and (len(named) > 1 or bool(title & book.words.meets))


def _agencies(invitation: Invitation, row: int, book: RuleBook) -> tuple[str, ...]:
    """Partner agencies by domain; behind a shared domain as many as the text names."""
    if invitation.shared:
        lists = book.orgs.shared.get(invitation.shared, ())
        named = {book.orgs.ids.get(bit, str(bit)) for bit in lists if row & bit}
        if len(named) > 1:
            return tuple(sorted(named))
    return invitation.agencies
