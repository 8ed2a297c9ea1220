"""Folds text to plain words: case, accents, apostrophes and punctuation gone; where it breaks is kept.

A *break* ends a phrase (a new line, a semicolon, a full stop); a *joint* only ends a clause (a comma,
a colon, a dash, a bracket): a phrase may run over it.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import product

from calsync.rules.memo import Memo

BREAK = "\n"
JOINT = ","
MONEY = "gbp"
ASKED = "qmark"

_CLITIC = re.compile(r"(?<=[a-z])['’‘`´](?:s|r|n|u|i|w|m|th|ch)?(?![a-z])|['’‘`´]")
_PIECE = re.compile(
    r"(?<! ) *+("  # so that no branch is tried at a space, and a long run of spaces is entered at its first
    r"[a-z][a-z0-9]*"  # first, as most pieces are words
    r"|(?<![\d:.£])(?:(?:[01]?\d|2[0-3])[:.][0-5]\d(?:\s?[ap]m)?|0[6-9][0-5]\d|1[0-8][0-5]\d)(?![\d:.]\d|\d|[a-z%])"
    r"|[0-9][a-z0-9]*|[;\n|•!?*·]|\.(?=\s|$)|[,:()/\[\]–—]|(?<=\s)-(?=\s|\w)|[&+]|£)"
)
_CLOCK = re.compile(r"\d{1,2}[:.]\d\d.*|0[6-9][0-5]\d|1[0-8][0-5]\d")
_HARD = frozenset(";\n|•!*·.")


def fold(text: str) -> str:
    """Lower case, without accents and apostrophes: `Wedi'i ganslo` and `wedi ganslo` become one."""
    lowered = text.casefold()
    if not lowered.isascii():
        lowered = unicodedata.normalize("NFKD", lowered.translate(_DASHES))
        lowered = "".join(c for c in lowered if not unicodedata.combining(c))
    return _CLITIC.sub("", lowered) if "'" in lowered or not lowered.isascii() else lowered


_DASHES = str.maketrans({"–": " - ", "—": " - ", "\r": "\n", " ": " ", "‑": "-", "•": ";", "·": ";"})


def pieces(text: str) -> list[str]:
    """The words of a text in order, with BREAK and JOINT where it breaks; a clock time breaks it too.

    `&` and `+` read as "and", `£` as MONEY, a question mark as ASKED.
    """
    return list(map(_READ_AS.__getitem__, _PIECE.findall(fold(text))))


_MARKS = {
    **dict.fromkeys(_HARD, BREAK),
    **dict.fromkeys(",:()/[]–—-", JOINT),
    "&": "and",
    "+": "and",
    "£": MONEY,
    "?": ASKED,
}


def _read_as(piece: str) -> str:
    return _MARKS.get(piece) or (BREAK if _CLOCK.fullmatch(piece) else piece)


_READ_AS = Memo(_read_as, 200_000)


def words(text: str) -> tuple[str, ...]:
    """The words of a text, without its breaks."""
    return tuple(piece for piece in pieces(text) if piece not in (BREAK, JOINT))


def spellings(phrase: str) -> list[tuple[str, ...]]:
    """Every way a phrase of a pack may be written, as words; a word may end in `*`.

    `sub~group` is "sub group" (or "sub-group") and "subgroup"; `agree|sign protocol|agreement` is
    each of the four pairs.
    """
    return [sum(way, ()) for places in written(phrase) for way in product(*places)]


def written(phrase: str) -> list[list[list[tuple[str, ...]]]]:
    """A phrase, its tildes once as spaces and once as nothing: by place, what may stand there, as words.

    Places keep a phrase small that is long when each of its spellings is written out.
    """
    joined = ("", " ") if "~" in phrase else ("",)
    places = [place.split("|") for place in phrase.split()]
    return [[[_WORDS_OF[text.replace("~", tilde)] for text in place] for place in places] for tilde in joined]


def _words_of(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in text.split():
        parts = list(words(word.rstrip("*")))
        if parts and word.endswith("*"):
            parts[-1] += "*"
        found += parts
    return tuple(found)


_WORDS_OF = Memo(_words_of, 50_000)


_SOFT = (("ll", "l"), ("rh", "r"), ("p", "b"), ("t", "d"), ("c", "g"), ("b", "f"), ("d", "dd"), ("m", "f"))
_NASAL = (("p", "mh"), ("t", "nh"), ("c", "ngh"), ("b", "m"), ("d", "n"), ("g", "ng"))
_SPIRANT = (("p", "ph"), ("t", "th"), ("c", "ch"))


@lru_cache(20_000)
def mutations(word: str) -> frozenset[str]:
    """A Welsh word and its soft, nasal and aspirate mutations: bwrdd, fwrdd, mwrdd."""
    if len(word.rstrip("*")) < 4:
        return frozenset({word})
    forms = {word} | {form for table in (_SOFT, _NASAL, _SPIRANT) if (form := _mutated(word, table))}
    if word[0] == "g":
        forms.add(word[1:])
    if word[0] in "aeiouwy":
        forms.add("h" + word)
    return frozenset(forms)


def _mutated(word: str, table: tuple[tuple[str, str], ...]) -> str:
    if word[:2] in ("ch", "dd", "ff", "ph", "th"):
        return ""
    for radical, changed in table:
        if word.startswith(radical):
            return changed + word[len(radical) :]
    return ""
