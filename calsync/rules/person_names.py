"""Finds the names of people in titles, so that no proposal for a rule holds one.

Rules name no person (`rules/README.md`). A word is taken for a name if it is a given name or a surname of
the shipped list, or one that the caller adds (the managers' own), or stands where a name stands: next to
such a word, or capitalised after "with" and the like while no list of the rules knows it.
"""

import re
from collections.abc import Callable, Collection

from calsync.rules.fold import fold

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_BEFORE_A_NAME = frozenset(("with", "w", "gyda", "efo", "mr", "mrs", "ms", "dr", "cllr", "cyng", "re"))
_BETWEEN_NAMES = re.compile(r"\s*(?:/|&|\+|x|<>|and|a|ac)?\s*", re.IGNORECASE)
HIDDEN = "\u2026"


def name_words(title: str, names: Collection[str], is_known: Callable[[str], bool]) -> frozenset[str]:
    """Return the folded words of a title that name a person.

    names: folded given names and surnames. is_known: whether a list of the rules has the folded word.
    """
    found: set[str] = set()
    spans = list(_WORD.finditer(title))
    folded = [fold(span[0]) for span in spans]
    capital = [span[0][0].isupper() for span in spans]
    for at, word in enumerate(folded):
        before = folded[at - 1] if at else ""
        parts = set(word.split("-"))
        follows = bool(at) and _BETWEEN_NAMES.fullmatch(title[spans[at - 1].end() : spans[at].start()])
        may_be_a_name = capital[at] and not is_known(word)
        if parts & set(names) or (
            may_be_a_name and (before in _BEFORE_A_NAME or (before in found and follows))
        ):
            found |= {word, *parts}
    return frozenset(found)


def hide_names(title: str, hidden: Collection[str]) -> str:
    """Return the title on one line with every word of `hidden` replaced by an ellipsis."""
    shown = _WORD.sub(lambda word: HIDDEN if fold(word[0]) in hidden else word[0], title)
    return " ".join(shown.split())
