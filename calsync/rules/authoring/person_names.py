"""Finds the names of people in titles, so that no proposal for a rule contains one.

Rules name no person (`rules/README.md`). No list of names is complete. So a word is also taken for a name
by its position: next to a name or an initial, after "with" or a title such as "Dr", in the possessive, in a
title with "1:1", or alone in a title. A word that is a name in one title is a name in all of them.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from calsync.rules.language.folding import fold_text, split_words

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_BEFORE_A_NAME = frozenset(
    (
        *("with", "w", "gyda", "efo", "re", "ynghylch"),
        *("mr", "mrs", "ms", "miss", "dr", "prof", "rev", "cllr", "cyng"),
        *("ap", "ab", "ferch", "mac", "mc", "van", "von", "de", "la", "al", "bin", "bint"),
    )
)
_BEFORE_A_PERSON = frozenset(("with", "w", "gyda", "efo"))
_BETWEEN_NAMES = re.compile(r"\.?\s*(?:[/&+,<>\u2013-]+|(?:and|a|ac|x|vs?)\b)?\s*", re.IGNORECASE)
_ONE_TO_ONE = re.compile(
    r"(?<![\d/.:-])(?:1\s*[:.\-/]\s*1|1\s*(?:to|2|i)\s*1|121)(?![\d/.:-])"
    r"|\bone[ -](?:to|2)[ -]one\b|\bun[ -]i[ -]un\b",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"['\u2019]s$", re.IGNORECASE)
_PREFIXED = re.compile(r"(?:[OD]['\u2019]|Ma?c)[A-Z]")
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
ELLIPSIS = "\u2026"


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a title. folded: without a possessive ending. known: whether a list of the rules has it."""

    start: int
    end: int
    written: str
    folded: str
    known: bool

    @property
    def parts(self) -> frozenset[str]:
        """The folded word, and each part of a double-barrelled name."""
        return _name_parts(self.written)

    @property
    def is_capital(self) -> bool:
        return self.written[0].isupper()

    @property
    def is_initial(self) -> bool:
        return len(self.written) == 1 and self.is_capital


def find_name_words(
    titles: Iterable[str], names: Collection[str], is_known: Callable[[str], bool]
) -> frozenset[str]:
    """Return every word of these titles that names a person, folded, and `names`.

    Args:
        titles: titles as written.
        names: folded given names and surnames.
        is_known: whether a list of the rules has a folded word; such a word is only a name if `names` has it.
    """
    split_titles = [(title, _split_title(title, is_known)) for title in dict.fromkeys(titles)]
    activities = {word for _, words in split_titles for word in _activity_words(words)}
    certain = set(names)
    for title, words in split_titles:
        certain.update(*(word.parts for word in _names_by_position(title, words, certain, activities)))
    all_names = set(certain)
    for title, words in split_titles:
        # Only neighbours of certain names count. A word that is a name by its neighbour does not make names
        # of its neighbours in other titles: one wrong name would hide every word.
        all_names.update(
            *(word.parts for word in _next_to_names(title, words, certain) if word.folded not in activities)
        )
    return frozenset(all_names)


def hide_names(title: str, hidden: Collection[str]) -> str:
    """Return the title on one line with every word of `hidden` replaced by an ellipsis."""
    without_names = _WORD.sub(
        lambda word: ELLIPSIS if not _name_parts(word[0]).isdisjoint(hidden) else word[0], title
    )
    return " ".join(without_names.split())


def _name_parts(written: str) -> frozenset[str]:
    folded = fold_text(_POSSESSIVE.sub("", written))
    # `split_words` drops letters that are not ASCII after folding ("Paweł" becomes "pawe"), so both are
    # names.
    plain = folded.translate(_PLAIN_LETTERS)
    pieces = split_words(folded) if folded != plain else ()
    return frozenset((folded, *plain.split("-"), plain.replace("-", ""), *pieces))


def _split_title(title: str, is_known: Callable[[str], bool]) -> list[_Word]:
    words = []
    for match in _WORD.finditer(title):
        folded = fold_text(_POSSESSIVE.sub("", match[0]))
        words.append(_Word(match.start(), match.end(), match[0], folded, is_known(folded)))
    return words


def _names_by_position(
    title: str, words: Sequence[_Word], names: Collection[str], activities: Collection[str]
) -> Iterator[_Word]:
    """Words of no list that are names by their position alone."""
    one_to_one = _ONE_TO_ONE.search(title) is not None
    unlisted = [word for word in words if not word.known and word.parts.isdisjoint(names)]
    only_unlisted = len(unlisted) == len(words) <= 2 and all(word.is_capital for word in words)
    for index, word in enumerate(words):
        if word.known or word.is_initial:
            continue
        is_introduced = index > 0 and words[index - 1].folded in _BEFORE_A_NAME and word.is_capital
        is_possessive = word.is_capital and _POSSESSIVE.search(word.written)
        is_alone = only_unlisted and word.folded not in activities
        if is_introduced or is_possessive or one_to_one or is_alone or _PREFIXED.match(word.written):
            yield word


def _activity_words(words: Sequence[_Word]) -> Iterator[str]:
    """Words that are no names: what is done with somebody, and words in -ing."""
    for index, word in enumerate(words):
        following = words[index + 1].folded if index + 1 < len(words) else ""
        if following in _BEFORE_A_PERSON or word.folded.endswith("ing"):
            yield word.folded


def _next_to_names(title: str, words: Sequence[_Word], names: Collection[str]) -> Iterator[_Word]:
    """Capitalised words of no list next to a name or an initial: "Sioned Threlfall", "J. Threlfall"."""
    capitals = [word for word in words if word.is_capital or not word.parts.isdisjoint(names)]
    named: set[str] = set()
    for first, second in pairwise(capitals):
        between = title[first.end : second.start]
        if not _BETWEEN_NAMES.fullmatch(between):
            continue
        pairs = [(second, first)]
        # "Visit Sioned": the first word of a title is a name only before a sign, an initial or "and".
        if between.strip() or first is not words[0] or second.is_initial:
            pairs.append((first, second))
        for word, other in pairs:
            by_name = other.is_initial or other.folded in named or not other.parts.isdisjoint(names)
            if by_name and not word.known and not word.is_initial and word.folded not in named:
                named.add(word.folded)
                yield word
