"""Finds every phrase of every list in one pass over a text.

Lists are bits of an integer, so that "any phrase of these lists" is one `&`. A phrase of a list
that *covers* hides the shorter finds inside it: "case conference" is no conference.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from calsync.rules.fold import mutations, written
from calsync.rules.memo import Memo
from calsync.rules.typos import Speller

_END = -1  # the key under which a trie node keeps the lists that a phrase ending there belongs to
_KEPT = 200_000  # words whose look-up is remembered
Node = dict[int, Any]


class Hit(NamedTuple):
    """A phrase found: its words are `tokens[start:end]`, `lists` the bits of the lists it stands in."""

    start: int
    end: int
    lists: int


def places(bits: int) -> Iterator[int]:
    """Where the ones stand, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class _Start(NamedTuple):
    """What a word can begin. symbols: what it stands for; lists: those that hold it by itself.

    nodes: where longer phrases go on, and after: the symbols of which one must follow.
    """

    symbols: tuple[int, ...]
    lists: int
    nodes: tuple[Node, ...]
    after: frozenset[int]


_NOTHING = _Start((), 0, (), frozenset())


@dataclass(frozen=True, slots=True)
class Phrases:
    """A list as packs give it: phrases by language, and whether they cover what lies inside them."""

    by_language: Mapping[str, tuple[str, ...]]
    covers: bool = False


class Lexicon:
    """All phrases, compiled; `bits` gives the bit of a list by its name."""

    def __init__(
        self,
        lists: Mapping[str, Phrases],
        typo_free: Iterable[str] = (),
        shorthand: Mapping[str, str] | None = None,
    ) -> None:
        self.bits = {name: 1 << place for place, name in enumerate(lists)}
        self.covering = sum(bit for name, bit in self.bits.items() if lists[name].covers)
        self._symbols: dict[str, int] = {}
        self._shorthand = shorthand or {}
        self._spelled: dict[str, set[int]] = {}  # a written word to the symbols it stands for
        self._stems: dict[str, set[int]] = {}
        self._root: Node = {}
        self._starts = Memo(self._start, _KEPT)
        for name, phrases in lists.items():
            self._add(self.bits[name], phrases)
        self._shortest = min(map(len, self._stems), default=1)
        self._speller = Speller(self._spelled, self._stems, frozenset(typo_free))

    def _add(self, bit: int, phrases: Phrases) -> None:
        for language, texts in phrases.by_language.items():
            for text in texts:
                for places in written(text):
                    self._plant(self._root, places, bit, welsh=language == "cy")

    def _plant(
        self, node: Node, places: Sequence[Sequence[tuple[str, ...]]], bit: int, *, welsh: bool
    ) -> None:
        if places:
            for words in places[0]:
                after = node
                for word in words:
                    after = after.setdefault(self._symbol(word, welsh=welsh), {})
                self._plant(after, places[1:], bit, welsh=welsh)
        elif node is not self._root:
            node[_END] = node.get(_END, 0) | bit

    def _symbol(self, word: str, *, welsh: bool) -> int:
        key = f"{word}/cy" if welsh else word
        symbol = self._symbols.get(key)
        if symbol is None:
            symbol = self._symbols[key] = len(self._symbols)
            for form in mutations(word) if welsh else (word,):
                table, text = (self._stems, form[:-1]) if form.endswith("*") else (self._spelled, form)
                table.setdefault(text, set()).add(symbol)
        return symbol

    def knows(self, token: str) -> tuple[int, ...]:
        """The symbols a token may stand for: itself, its singular, a stem, a safe correction."""
        if token.isdigit():
            return tuple(self._spelled.get(token, ()))
        return tuple(self._look_up(token) or self._corrected(token))

    def spells(self, token: str) -> bool:
        """Whether a list holds just this word, by itself or in a phrase."""
        return token in self._spelled

    def _look_up(self, token: str) -> set[int]:
        found = set(self._spelled.get(token, ()))
        if token in self._shorthand:
            found |= self._look_up(self._shorthand[token])
        if len(token) > 3 and token[-1] == "s" and token[-2] != "s":
            found |= self._spelled.get(token[:-1], set())
        for length in range(self._shortest, len(token) + 1):
            found |= self._stems.get(token[:length], set())
        return found

    def _corrected(self, token: str) -> set[int]:
        right = self._speller.correct(token)
        return self._look_up(right) if right else set()

    def scan(self, tokens: Sequence[str]) -> list[Hit]:
        """Every phrase found, those hidden under a covering phrase left out, in order of their start."""
        new = tuple.__new__  # Hit(…) takes three times as long
        begun = [*map(self._starts.__getitem__, tokens), _NOTHING]
        hits: list[Hit] = []
        for at, (_, lists, nodes, after) in enumerate(begun):
            if lists:
                hits.append(new(Hit, (at, at + 1, lists)))
            if after and not after.isdisjoint(begun[at + 1][0]):
                for node in nodes:
                    self._walk(node, begun, at, at + 1, hits)
        return self._uncovered(hits)

    def _start(self, token: str) -> _Start:
        """What begins at a token."""
        symbols = self.knows(token)
        nodes = [self._root[symbol] for symbol in symbols if symbol in self._root]
        if not nodes:
            return _Start(symbols, 0, (), _NOTHING.after) if symbols else _NOTHING
        lists = reduce(or_, (node.get(_END, 0) for node in nodes), 0)
        longer = tuple(node for node in nodes if len(node) > (_END in node))
        return _Start(symbols, lists, longer, frozenset().union(*longer) - {_END})

    def _walk(self, node: Node, begun: Sequence[_Start], start: int, at: int, hits: list[Hit]) -> None:
        for symbol in begun[at][0]:
            after = node.get(symbol)
            if after is not None:
                if _END in after:
                    hits.append(tuple.__new__(Hit, (start, at + 1, after[_END])))
                if len(after) > (_END in after):
                    self._walk(after, begun, start, at + 1, hits)

    def _uncovered(self, hits: list[Hit]) -> list[Hit]:
        covers = [(start, end) for start, end, lists in hits if end - start > 1 and lists & self.covering]
        for left, right in covers:
            hits = [
                hit
                for hit in hits
                if hit[0] < left
                or hit[1] > right
                or hit[1] - hit[0] == right - left  # plain tuples are quicker
            ]
        return hits
