"""Finds every phrase of every list in one pass over a text.

Lists are bits of an integer, so that "any phrase of these lists" is one `&`. A phrase of a list
that *covers* hides the shorter finds inside it: "case conference" is no conference.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from calsync.rules.language.folding import mutate_welsh_word, parse_phrase
from calsync.rules.language.memo import Memo
from calsync.rules.language.typos import SpellingCorrector

_LISTS_KEY = -1  # the key under which a trie node keeps the lists that a phrase ending there belongs to
_CACHE_LIMIT = 200_000  # words whose look-up is remembered
TrieNode = dict[int, Any]


PhraseHit = tuple[int, int, int]
"""A phrase found, as `start, end, lists`: its words are `tokens[start:end]`, `lists` the bits of the lists
it stands in. A text has dozens, and a plain tuple is made three times as fast as a named one."""


def bit_positions(bits: int) -> Iterator[int]:
    """Where the ones stand, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


@dataclass(slots=True, eq=False)
class _Path:
    """What stands at the beginning of some phrases, one word or several.

    symbols: what the last word stands for. finds: the phrases found on the way, by their lengths and
    lists; covering: the lengths of those that cover. after: the symbols of which one must follow in a
    longer phrase; onward: the path with one word more, by what that stands for.
    """

    symbols: tuple[int, ...]
    finds: tuple[tuple[int, int], ...]
    covering: tuple[int, ...]
    after: frozenset[int]
    onward: Mapping[tuple[int, ...], "_Path"]


_EMPTY_PATH = _Path((), (), (), frozenset(), {})


@dataclass(frozen=True, slots=True)
class PhraseList:
    """A list as packs give it: phrases by language, and whether they cover what lies inside them."""

    by_language: Mapping[str, tuple[str, ...]]
    covers: bool = False


class Lexicon:
    """All phrases, compiled; `bits` gives the bit of a list by its name."""

    def __init__(
        self,
        lists: Mapping[str, PhraseList],
        typo_free: Iterable[str] = (),
        shorthand: Mapping[str, str] | None = None,
    ) -> None:
        self.bits = {name: 1 << place for place, name in enumerate(lists)}
        self.covering = sum(bit for name, bit in self.bits.items() if lists[name].covers)
        self._symbols: dict[str, int] = {}
        self._shorthand = shorthand or {}
        self._spelled: dict[str, set[int]] = {}  # a written word to the symbols it stands for
        self._stems: dict[str, set[int]] = {}
        self._root: TrieNode = {}
        self._starts = Memo(self._start, _CACHE_LIMIT)
        for name, phrases in lists.items():
            self._add(self.bits[name], phrases)
        self._shortest = min(map(len, self._stems), default=1)
        self._longest = max(map(len, self._stems), default=0)
        self._speller = SpellingCorrector(self._spelled, self._stems, frozenset(typo_free))

    def _add(self, bit: int, phrases: PhraseList) -> None:
        for language, texts in phrases.by_language.items():
            for text in texts:
                for places in parse_phrase(text):
                    self._insert_phrase(self._root, places, bit, welsh=language == "cy")

    def _insert_phrase(
        self, node: TrieNode, places: Sequence[Sequence[tuple[str, ...]]], bit: int, *, welsh: bool
    ) -> None:
        if places:
            for words in places[0]:
                after = node
                for word in words:
                    after = after.setdefault(self._symbol(word, welsh=welsh), {})
                self._insert_phrase(after, places[1:], bit, welsh=welsh)
        elif node is not self._root:
            node[_LISTS_KEY] = node.get(_LISTS_KEY, 0) | bit

    def _symbol(self, word: str, *, welsh: bool) -> int:
        key = f"{word}/cy" if welsh else word
        symbol = self._symbols.get(key)
        if symbol is None:
            symbol = self._symbols[key] = len(self._symbols)
            for form in mutate_welsh_word(word) if welsh else (word,):
                table, text = (self._stems, form[:-1]) if form.endswith("*") else (self._spelled, form)
                table.setdefault(text, set()).add(symbol)
        return symbol

    def symbols_of(self, token: str) -> tuple[int, ...]:
        """The symbols a token may stand for: itself, its singular, a stem, a safe correction."""
        if token.isdigit():
            return tuple(self._spelled.get(token, ()))
        return tuple(self._look_up(token) or self._corrected(token))

    def has_word(self, token: str) -> bool:
        """Whether a list holds just this word, by itself or in a phrase."""
        return token in self._spelled

    def _look_up(self, token: str) -> set[int]:
        found = set(self._spelled.get(token, ()))
        if token in self._shorthand:
            found |= self._look_up(self._shorthand[token])
        if len(token) > 3 and token[-1] == "s" and token[-2] != "s":
            found |= self._spelled.get(token[:-1], set())
        for length in range(self._shortest, min(len(token), self._longest) + 1):
            found |= self._stems.get(token[:length], set())
        return found

    def _corrected(self, token: str) -> set[int]:
        right = self._speller.correct(token)
        return self._look_up(right) if right else set()

    def find_phrases(self, tokens: Sequence[str]) -> list[PhraseHit]:
        """Every phrase found, those hidden under a covering phrase left out, in order of their start."""
        begun = [*map(self._starts.__getitem__, tokens), _EMPTY_PATH]
        hits: list[PhraseHit] = []
        covers: list[tuple[int, int]] = []
        for at, path in enumerate(begun):
            if path.after:
                following = at + 1
                while not path.after.isdisjoint(symbols := begun[following].symbols):
                    path = path.onward[symbols]
                    following += 1
            for length, lists in path.finds:
                hits.append((at, at + length, lists))
            if path.covering:
                covers += [(at, at + length) for length in path.covering]
        return _drop_covered(hits, covers) if covers else hits

    def _start(self, token: str) -> _Path:
        """What begins at a token."""
        symbols = self.symbols_of(token)
        return self._path((), [self._root], symbols) if symbols else _EMPTY_PATH

    def _path(
        self, before: tuple[tuple[int, ...], ...], nodes: Iterable[TrieNode], symbols: tuple[int, ...]
    ) -> _Path:
        """The path from these nodes, reached by the words before, with one word more."""
        reached = [node[symbol] for node in nodes for symbol in symbols if symbol in node]
        if not reached:
            return _Path(symbols, (), (), _EMPTY_PATH.after, _EMPTY_PATH.onward)
        words = (*before, symbols)
        after = frozenset().union(*reached) - {_LISTS_KEY}
        onward: Mapping[tuple[int, ...], _Path] = _EMPTY_PATH.onward
        if after:
            onward = Memo(lambda following: self._path(words, reached, following), _CACHE_LIMIT)
        finds = tuple(self._finds(words))
        covering = tuple(length for length, lists in finds if length > 1 and lists & self.covering)
        return _Path(symbols, finds, covering, after, onward)

    def _finds(self, words: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
        """The phrases that begin with the first of these words, by their lengths and lists."""
        begun = [self._root[symbol] for symbol in words[0] if symbol in self._root]
        alone = reduce(or_, [node.get(_LISTS_KEY, 0) for node in begun])
        if alone:
            yield 1, alone
        if len(words) > 1:
            for node in begun:
                yield from _continue_phrases(node, words, 1)


def _continue_phrases(node: TrieNode, words: Sequence[Iterable[int]], at: int) -> Iterator[tuple[int, int]]:
    """The phrases that go on from a node with the words from a place on, by their lengths and lists."""
    for symbol in words[at] if at < len(words) else ():
        after = node.get(symbol)
        if after is not None:
            if _LISTS_KEY in after:
                yield at + 1, after[_LISTS_KEY]
            yield from _continue_phrases(after, words, at + 1)


def _drop_covered(hits: list[PhraseHit], covers: Iterable[tuple[int, int]]) -> list[PhraseHit]:
    """The hits, in order of their start, that lie in no longer cover; a text may hold thousands of both."""
    longest: dict[int, int] = {}
    for left, right in covers:
        longest[left] = max(right, longest.get(left, 0))
    kept, reached, lefts = [], 0, deque(sorted(longest))
    for hit in hits:
        while lefts and lefts[0] < hit[0]:
            reached = max(reached, longest[lefts.popleft()])
        if reached < hit[1] and longest.get(hit[0], 0) <= hit[1]:
            kept.append(hit)
    return kept
