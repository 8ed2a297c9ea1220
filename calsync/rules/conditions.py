"""Whether a rule's conditions hold, and what they saw."""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from calsync.rules.book import Cue, RuleBook, Test
from calsync.rules.fold import BREAK
from calsync.rules.reading import Reading
from calsync.text import count_of

People = tuple[int, bool, bool, bool, bool, bool]
"""How many agencies; whether anybody is invited, there is a description, the title names others or a
partnership, and any partnership is seen."""


def holds(test: Test, reading: Reading, book: RuleBook) -> bool:
    """Whether what a rule asks of the text is there; people and organisations are the index's business."""
    return (
        _lists_hold(test, reading)
        and _whose(None, test.partnerships, reading)
        and (not test.title_first or bool(_first(reading) & test.title_first))
        and (not test.title_only or _only(test.title_only | book.words.filler, reading))
    )


def _lists_hold(test: Test, reading: Reading) -> bool:
    title, row = reading.scan.title, reading.row
    return not (
        (test.any and not row & test.any)
        or (test.title_any and not title & test.title_any)
        or (test.description_any and not reading.scan.description & test.description_any)
        or row & test.none
        or title & test.title_none
        or (test.all and not all(row & group for group in test.all))
    )


def organisations_hold(test: Test, sectors: frozenset[str], domains: Iterable[str]) -> bool:
    """Whether the organisations on an invitation are those that the rule asks for."""
    return not (
        (test.sectors_any and not sectors & test.sectors_any)
        or (test.sectors_none and sectors & test.sectors_none)
        or (test.domains_any and not any(map(test.domains_any.fullmatch, domains)))
    )


def people_of(reading: Reading) -> People:
    """Who is there, as far as rules ask beside the words."""
    claims = reading.claims
    return (
        len(reading.agencies),
        reading.invited,
        bool(reading.scan.agenda.strip()),
        reading.others_named,
        bool(claims) and reading.titled,
        bool(claims),
    )


def people_hold(test: Test, people: People) -> bool:
    """Whether those are there that the rule asks for."""
    agencies, *there = people
    asked = (test.invited, test.described, test.others_named, test.partnership_titled, test.partnership)
    return (
        (test.agencies_at_least is None or agencies >= test.agencies_at_least)
        and (test.agencies_at_most is None or agencies <= test.agencies_at_most)
        and all(wanted is None or wanted is found for wanted, found in zip(asked, there, strict=True))
    )


def _whose(wanted: bool | None, ids: frozenset[str], reading: Reading) -> bool:
    if wanted is not None and bool(reading.claims) is not wanted:
        return False
    return not ids or any(claim.partnership in ids for claim in reading.claims)


def _first(reading: Reading) -> int:
    bits, scan = 0, reading.scan
    first = next((at for at, token in enumerate(scan.tokens) if token != BREAK and not token.isdigit()), 0)
    for start, _, lists in scan.hits:
        if start == first and first < scan.title_end:
            bits |= lists
    return bits


def _only(allowed: int, reading: Reading) -> bool:
    """Whether every word of the title is a number or lies in a find of these lists."""
    scan = reading.scan
    covered: set[int] = set()
    for start, end, lists in scan.hits:
        if lists & allowed and end <= scan.title_end:
            covered.update(range(start, end))
    return all(
        at in covered or token == BREAK or token[0].isdigit()
        for at, token in enumerate(scan.tokens[: scan.title_end])
    )


def cue_holds(cue: Cue, clause: int, segment: int, reading: Reading) -> bool:
    """Whether a clause holds the cue; clause and segment are given as the bits of the lists in them.

    What a cue asks of the whole row is the index's business.
    """
    return bool(
        clause & cue.any
        and (not cue.with_any or clause & cue.with_any)
        and (not cue.segment_any or segment & cue.segment_any)
        and not clause & cue.none
    ) and (not cue.partnerships or _whose(None, cue.partnerships, reading))


def row_mutes(cue: Cue, row: int, claimed: bool) -> bool:
    """Whether the whole row rules the cue out. claimed: it shows some partnership."""
    return bool(
        (cue.row_any and not row & cue.row_any)
        or row & cue.row_none
        or (cue.partnership is not None and claimed is not cue.partnership)
    )


def what_it_saw(test: Test, reading: Reading) -> str:
    """The evidence in words: title says 'A/L'; 1 agency."""
    return "; ".join(_parts(test, reading))


def _parts(test: Test, reading: Reading) -> Iterator[str]:
    title = test.title_any | test.title_first | test.title_only
    words = list(dict.fromkeys(reading.scan.seen(title, until=reading.scan.title_end))) if title else []
    if words:
        yield "title says " + ", ".join([f"'{word}'" for word in words[:3]])
    bits = reduce(or_, test.all, test.any | test.description_any)
    if bits:
        rest = [word for word in dict.fromkeys(reading.scan.seen(bits)) if word not in words]
        if rest:
            yield "text says " + ", ".join([f"'{word}'" for word in rest[:4]])
    if test.sectors_any and (sectors := sorted(test.sectors_any & reading.invitation.sectors)):
        yield "among the invited: " + ", ".join(sectors)
    if test.agencies_at_least is not None or test.agencies_at_most is not None:
        count = len(reading.agencies)
        yield count_of(count, "agency", "agencies")
    if test.partnership or test.partnerships:
        yield "partnership " + ", ".join([claim.partnership for claim in reading.claims[:2]])
