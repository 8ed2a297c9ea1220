"""What the lexicon and the directory see in a meeting, once, before any rule is asked."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from calsync.rules.book import Pattern, RuleBook
from calsync.rules.directory import OWN, PARTNER, Seat
from calsync.rules.facts import Facts
from calsync.rules.fold import BREAK, JOINT, fold, pieces
from calsync.rules.lexicon import Hit
from calsync.rules.whose import Claim, claims


@dataclass(slots=True)
class Reading:
    """A meeting as the rules see it.

    tokens: title, a break, description. title_end: how many tokens are the title's. clauses, items:
    for every token the number of its clause and of its agenda item. title, description, row: bits of
    the lists seen. agencies: ids, sorted. claims: partnerships seen, the strongest first.
    """

    facts: Facts
    tokens: list[str]
    title_end: int
    clauses: list[int]
    items: list[int]
    hits: list[Hit]
    title: int
    description: int
    row: int
    seats: tuple[Seat, ...]
    agencies: tuple[str, ...]
    sectors: frozenset[str]
    invited: bool
    claims: tuple[Claim, ...]

    @property
    def named(self) -> bool:
        """Whether a partnership's name or abbreviation stands in the title."""
        return any(claim.in_title for claim in self.claims)

    def words(self, hit: Hit) -> str:
        """The words of a find, as folded."""
        return " ".join(self.tokens[hit.start : hit.end])

    def seen(self, bits: int, *, until: int | None = None, clause: int | None = None) -> Iterator[str]:
        """The words in which lists were seen, in order; `until` a token, or in one clause."""
        for hit in self.hits:
            here = clause is None or self.clauses[hit.start] == clause
            if here and hit.lists & bits and (until is None or hit.start < until):
                yield self.words(hit)


def read(facts: Facts, book: RuleBook) -> Reading:
    """Scan the text and look up the domains."""
    marked = pieces(facts.title)
    title_end = sum(piece != JOINT for piece in marked)
    marked += [BREAK, *pieces(cut(facts.description, book.cut_after))]
    tokens, clauses, items = _numbered(marked, book.joiners)
    hits = book.lexicon.scan(tokens)
    in_title = in_description = 0
    for hit in hits:
        if hit.start < title_end:
            in_title |= hit.lists
        else:
            in_description |= hit.lists
    for pattern in book.patterns:
        if pattern.title and _matches(pattern, facts.title, book):
            in_title |= pattern.bit
        if pattern.description and _matches(pattern, facts.description, book):
            in_description |= pattern.bit
    seats = _seats(facts, book)
    row = in_title | in_description
    found = claims(tokens, hits, title_end, facts, book)
    return Reading(
        facts=facts,
        tokens=tokens,
        title_end=title_end,
        clauses=clauses,
        items=items,
        hits=hits,
        title=in_title,
        description=in_description,
        row=row,
        seats=seats,
        agencies=_agencies(seats, row, book),
        sectors=frozenset(seat.sector for seat in seats) | {seat.role for seat in seats},
        invited=bool(facts.attendee_domains or facts.attendees),
        claims=found,
    )


def cut(description: str, after: re.Pattern[str] | None) -> str:
    """The description without the text that meeting software adds below it."""
    found = after.search(description) if after and description else None
    return description[: found.start()] if found else description


def _matches(pattern: Pattern, text: str, book: RuleBook) -> bool:
    found = pattern.regex.search(text)
    if not found:
        return False
    word = found.groupdict().get("unknown")
    return not word or not book.lexicon.knows(fold(word))


def _numbered(marked: Sequence[str], joiners: frozenset[str]) -> tuple[list[str], list[int], list[int]]:
    """The words and breaks, and for each the numbers of its clause and its agenda item; joints go."""
    tokens: list[str] = []
    clauses: list[int] = []
    items: list[int] = []
    clause = item = number = 0
    for piece in marked:
        if piece in (BREAK, JOINT):
            clause, item = clause + 1, item + 1
            if piece == JOINT:
                continue
        elif piece in joiners:
            clause += 1
        elif piece == str(number + 1):
            clause, item, number = clause + 1, item + 1, number + 1
        tokens.append(piece)
        clauses.append(clause)
        items.append(item)
    return tokens, clauses, items


def _seats(facts: Facts, book: RuleBook) -> tuple[Seat, ...]:
    domains = {facts.organizer_domain, *facts.attendee_domains, *facts.own_domains[:1]} - {""}
    return tuple({book.directory.seat(domain) for domain in domains})


def _agencies(seats: Iterable[Seat], row: int, book: RuleBook) -> tuple[str, ...]:
    """Partner agencies by domain; behind a shared domain as many as the text names."""
    partners = {seat for seat in seats if seat.role == PARTNER}
    found = {seat.agency for seat in partners}
    if len(partners) == 1 and (shared := next(iter(partners)).shared):
        lists = book.shared_names.get(shared, ())
        named = {book.named.get(bit, str(bit)) for bit in lists if row & bit}
        if len(named) > 1:
            found = named
    elif not partners and any(seat.role == OWN for seat in seats):
        found = {seat.agency for seat in seats if seat.role == OWN}
    return tuple(sorted(found))
