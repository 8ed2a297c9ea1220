"""Finds the names of people in titles, so that no proposal for a rule holds one.

Rules name no person (`rules/README.md`). No list of names is complete, so a word is taken for a name, too,
where only a name stands: next to a name or an initial, after "with" or a title such as "Dr", in the
possessive, at "1:1", or alone in a title. A word that is a name in one title is one in all of them.
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
    """A word of a title; `folded` is without a possessive ending, `known` if a list of the rules has it."""

    start: int
    end: int
    written: str
    folded: str
    known: bool

    @property
    def parts(self) -> frozenset[str]:
        """The word, and each part of a double-barrelled one."""
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
        is_known: whether a list of the rules has the folded word, which then is no unlisted name.
    """
    read = [(title, _split_title(title, is_known)) for title in dict.fromkeys(titles)]
    activities = {word for _, spans in read for word in _activity_words(spans)}
    sure = set(names)
    for title, spans in read:
        sure.update(*(word.parts for word in _names_by_position(title, spans, sure, activities)))
    found = set(sure)
    for title, spans in read:
        # Only what stands by a plain name counts: a word found so tells nothing of its own neighbours
        # in other titles, or one slip would hide every word.
        found.update(
            *(word.parts for word in _next_to_names(title, spans, sure) if word.folded not in activities)
        )
    return frozenset(found)


def hide_names(title: str, hidden: Collection[str]) -> str:
    """Return the title on one line with every word of `hidden` replaced by an ellipsis."""
    shown = _WORD.sub(
        lambda word: ELLIPSIS if not _name_parts(word[0]).isdisjoint(hidden) else word[0], title
    )
    return " ".join(shown.split())


def _name_parts(written: str) -> frozenset[str]:
    folded = fold_text(_POSSESSIVE.sub("", written))
    # Letters that are no ASCII after folding are no part of a word of the rules: "Paweł" is read as "pawe".
    plain = folded.translate(_PLAIN_LETTERS)
    pieces = split_words(folded) if folded != plain else ()
    return frozenset((folded, *plain.split("-"), plain.replace("-", ""), *pieces))


def _split_title(title: str, is_known: Callable[[str], bool]) -> list[_Word]:
    found = []
    for word in _WORD.finditer(title):
        folded = fold_text(_POSSESSIVE.sub("", word[0]))
        found.append(_Word(word.start(), word.end(), word[0], folded, is_known(folded)))
    return found


def _names_by_position(
    title: str, spans: Sequence[_Word], names: Collection[str], activities: Collection[str]
) -> Iterator[_Word]:
    """Unlisted words that stand where only a name stands."""
    one_to_one = _ONE_TO_ONE.search(title) is not None
    unlisted = [word for word in spans if not word.known and word.parts.isdisjoint(names)]
    alone = len(unlisted) == len(spans) <= 2 and all(word.is_capital for word in spans)
    for at, word in enumerate(spans):
        if word.known or word.is_initial:
            continue
        introduced = at > 0 and spans[at - 1].folded in _BEFORE_A_NAME and word.is_capital
        possessive = word.is_capital and _POSSESSIVE.search(word.written)
        lone = alone and word.folded not in activities
        if introduced or possessive or one_to_one or lone or _PREFIXED.match(word.written):
            yield word


def _activity_words(spans: Sequence[_Word]) -> Iterator[str]:
    """Words that no name is: what is done with somebody, and what ends in -ing."""
    for at, word in enumerate(spans):
        follows = spans[at + 1].folded if at + 1 < len(spans) else ""
        if follows in _BEFORE_A_PERSON or word.folded.endswith("ing"):
            yield word.folded


def _next_to_names(title: str, spans: Sequence[_Word], names: Collection[str]) -> Iterator[_Word]:
    """Capitalised unlisted words before or after a name or an initial: "Sioned Threlfall", "J. Threlfall"."""
    capitals = [word for word in spans if word.is_capital or not word.parts.isdisjoint(names)]
    named: set[str] = set()
    for first, second in pairwise(capitals):
        between = title[first.end : second.start]
        if not _BETWEEN_NAMES.fullmatch(between):
            continue
        pairs = [(second, first)]
        # "Visit Sioned": what opens a title is a name only before a sign, an initial or "and".
        if between.strip() or first is not spans[0] or second.is_initial:
            pairs.append((first, second))
        for word, other in pairs:
            by_name = other.is_initial or other.folded in named or not other.parts.isdisjoint(names)
            if by_name and not word.known and not word.is_initial and word.folded not in named:
                named.add(word.folded)
                yield word
