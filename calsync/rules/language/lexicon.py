"""Finds every phrase of every list in one pass over a text (`Lexicon`).

Lists are bits of an integer, so that "any phrase of these lists" is one `&`. A phrase of a list that *covers*
hides the shorter phrases inside it: "case conference" is no conference.

Written words are mapped to numbers, the symbols: one for each word of a phrase, whatever its spelling,
plural or mutation. Phrases are paths through a trie of symbols. `_Path` objects cache what a sequence of
words leads to.
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

_LISTS_KEY = -1  # the key of a trie node for the lists of the phrases that end there; symbols are 0 or more
_MAX_CACHED_WORDS = 200_000
TrieNode = dict[int, Any]


PhraseHit = tuple[int, int, int]
"""A phrase that was found, as `start, end, lists`: its words are `tokens[start:end]`, `lists` the bits of its
lists. No named tuple, since a text has dozens and a plain tuple is made three times as fast."""


def bit_positions(bits: int) -> Iterator[int]:
    """The positions of the bits that are 1, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


@dataclass(slots=True, eq=False)
class _Path:
    """A sequence of words with which phrases begin or which are phrases.

    symbols: of the last word. phrases: the phrases that begin with the first of these words and end with
    any of them, as length and lists; covering: the lengths of those that cover. next_symbols: the symbols
    with which a longer phrase goes on; longer: the path with one word more, by the symbols of that word.
    """

    symbols: tuple[int, ...]
    phrases: tuple[tuple[int, int], ...]
    covering: tuple[int, ...]
    next_symbols: frozenset[int]
    longer: Mapping[tuple[int, ...], "_Path"]


_EMPTY_PATH = _Path((), (), (), frozenset(), {})


@dataclass(frozen=True, slots=True)
class PhraseList:
    """A list as packs give it: phrases by language, and whether they cover shorter phrases inside them."""

    by_language: Mapping[str, tuple[str, ...]]
    covers: bool = False


class Lexicon:
    """All phrases of all lists.

    Args:
        lists: by name; `Lexicon.bits` has the bit of each.
        typo_free: words that are not corrected as misspellings.
        shorthand: short forms and the words that they are short for.
    """

    def __init__(
        self,
        lists: Mapping[str, PhraseList],
        typo_free: Iterable[str] = (),
        shorthand: Mapping[str, str] | None = None,
    ) -> None:
        self.bits = {name: 1 << index for index, name in enumerate(lists)}
        self.covering = sum(bit for name, bit in self.bits.items() if lists[name].covers)
        self._symbols: dict[str, int] = {}
        self._shorthand = shorthand or {}
        self._spelled: dict[str, set[int]] = {}  # the symbols of a written word
        self._stems: dict[str, set[int]] = {}  # the symbols of words that begin so (`commission*`)
        self._root: TrieNode = {}
        self._paths = Memo(self._start_path, _MAX_CACHED_WORDS)
        for name, phrase_list in lists.items():
            for language, phrases in phrase_list.by_language.items():
                for phrase in phrases:
                    for positions in parse_phrase(phrase):
                        self._insert_phrase(self._root, positions, self.bits[name], welsh=language == "cy")
        self._shortest = min(map(len, self._stems), default=1)
        self._longest = max(map(len, self._stems), default=0)
        self._speller = SpellingCorrector(self._spelled, self._stems, frozenset(typo_free))

    def _insert_phrase(
        self, node: TrieNode, positions: Sequence[Sequence[tuple[str, ...]]], bit: int, *, welsh: bool
    ) -> None:
        """Add the rest of a phrase, from `node` on; `positions` as `parse_phrase` returns them."""
        if positions:
            for words in positions[0]:
                following = node
                for word in words:
                    following = following.setdefault(self._symbol(word, welsh=welsh), {})
                self._insert_phrase(following, positions[1:], bit, welsh=welsh)
        elif node is not self._root:
            node[_LISTS_KEY] = node.get(_LISTS_KEY, 0) | bit

    def _symbol(self, word: str, *, welsh: bool) -> int:
        """The symbol of a word of a phrase; a Welsh word has one with all its mutations."""
        key = f"{word}/cy" if welsh else word
        symbol = self._symbols.get(key)
        if symbol is None:
            symbol = self._symbols[key] = len(self._symbols)
            for form in mutate_welsh_word(word) if welsh else (word,):
                table, text = (self._stems, form[:-1]) if form.endswith("*") else (self._spelled, form)
                table.setdefault(text, set()).add(symbol)
        return symbol

    def symbols_of(self, token: str) -> tuple[int, ...]:
        """The symbols of a token, its long form, its singular and its stems; else of its correction."""
        if token.isdigit():
            return tuple(self._spelled.get(token, ()))
        symbols = self._look_up(token)
        if not symbols and (corrected := self._speller.correct(token)):
            symbols = self._look_up(corrected)
        return tuple(symbols)

    def has_word(self, token: str) -> bool:
        """Whether some phrase contains this word, spelt so."""
        return token in self._spelled

    def _look_up(self, token: str) -> set[int]:
        symbols = set(self._spelled.get(token, ()))
        if token in self._shorthand:
            symbols |= self._look_up(self._shorthand[token])
        if len(token) > 3 and token[-1] == "s" and token[-2] != "s":
            symbols |= self._spelled.get(token[:-1], set())
        for length in range(self._shortest, min(len(token), self._longest) + 1):
            symbols |= self._stems.get(token[:length], set())
        return symbols

    def find_phrases(self, tokens: Sequence[str]) -> list[PhraseHit]:
        """Every phrase of the text in order of its start, without those that a covering phrase hides."""
        paths = [*map(self._paths.__getitem__, tokens), _EMPTY_PATH]
        hits: list[PhraseHit] = []
        covers: list[tuple[int, int]] = []
        for start, path in enumerate(paths):
            if path.next_symbols:
                following = start + 1
                while not path.next_symbols.isdisjoint(symbols := paths[following].symbols):
                    path = path.longer[symbols]
                    following += 1
            for length, lists in path.phrases:
                hits.append((start, start + length, lists))
            if path.covering:
                covers += [(start, start + length) for length in path.covering]
        return _drop_covered(hits, covers) if covers else hits

    def _start_path(self, token: str) -> _Path:
        """The path of one token."""
        symbols = self.symbols_of(token)
        return self._build_path((), [self._root], symbols) if symbols else _EMPTY_PATH

    def _build_path(
        self, previous: tuple[tuple[int, ...], ...], nodes: Iterable[TrieNode], symbols: tuple[int, ...]
    ) -> _Path:
        """The path of the previous words, which lead to these nodes, and one word more."""
        reached = [node[symbol] for node in nodes for symbol in symbols if symbol in node]
        if not reached:
            return _Path(symbols, (), (), _EMPTY_PATH.next_symbols, _EMPTY_PATH.longer)
        words = (*previous, symbols)
        next_symbols = frozenset().union(*reached) - {_LISTS_KEY}
        longer: Mapping[tuple[int, ...], _Path] = _EMPTY_PATH.longer
        if next_symbols:
            longer = Memo(lambda following: self._build_path(words, reached, following), _MAX_CACHED_WORDS)
        phrases = tuple(self._phrases_at_start(words))
        covering = tuple(length for length, lists in phrases if length > 1 and lists & self.covering)
        return _Path(symbols, phrases, covering, next_symbols, longer)

    def _phrases_at_start(self, words: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
        """The length and the lists of each phrase that begins with the first of these words."""
        nodes = [self._root[symbol] for symbol in words[0] if symbol in self._root]
        lists = reduce(or_, [node.get(_LISTS_KEY, 0) for node in nodes])
        if lists:
            yield 1, lists
        if len(words) > 1:
            for node in nodes:
                yield from _longer_phrases(node, words, 1)


def _longer_phrases(
    node: TrieNode, words: Sequence[Iterable[int]], position: int
) -> Iterator[tuple[int, int]]:
    """The length and the lists of each phrase that goes on from a node with the words from a position on."""
    for symbol in words[position] if position < len(words) else ():
        following = node.get(symbol)
        if following is not None:
            if _LISTS_KEY in following:
                yield position + 1, following[_LISTS_KEY]
            yield from _longer_phrases(following, words, position + 1)


def _drop_covered(hits: list[PhraseHit], covers: Iterable[tuple[int, int]]) -> list[PhraseHit]:
    """The hits that are in no longer cover.

    Linear in the length of the text, which may have thousands of hits and covers.

    Args:
        hits: in order of their start.
        covers: start and end of each covering phrase, end exclusive.
    """
    longest: dict[int, int] = {}
    for start, end in covers:
        longest[start] = max(end, longest.get(start, 0))
    uncovered, covered_until, starts = [], 0, deque(sorted(longest))
    for hit in hits:
        while starts and starts[0] < hit[0]:
            covered_until = max(covered_until, longest[starts.popleft()])
        if covered_until < hit[1] and longest.get(hit[0], 0) <= hit[1]:
            uncovered.append(hit)
    return uncovered
