"""Folds text to plain words: case, accents, apostrophes and punctuation gone; where it breaks is kept.

A *break* ends a phrase (a new line, a semicolon, a full stop); a *joint* only ends a clause (a comma,
a colon, a dash, a bracket): a phrase may run over it.
"""

import re
import unicodedata
from itertools import product

from calsync.rules.language.memo import Memo

PHRASE_BREAK = "\n"
CLAUSE_BREAK = ","
POUND_SIGN = "gbp"
QUESTION_MARK = "qmark"

_CLITIC = re.compile(r"(?<=[a-z])['’‘`´](?:s|r|n|u|i|w|m|th|ch)?(?![a-z])|['’‘`´]")
_TOKEN = re.compile(
    r"(?<! ) *+("  # so that no branch is tried at a space, and a long run of spaces is entered at its first
    r"[a-z][a-z0-9]*"  # first, as most pieces are words
    r"|(?<![\d:.£])(?:(?:[01]?\d|2[0-3])[:.][0-5]\d(?:\s?[ap]m)?|0[6-9][0-5]\d|1[0-8][0-5]\d)(?![\d:.]\d|\d|[a-z%])"
    r"|[0-9][a-z0-9]*|[;\n|•!?*·]|\.(?=\s|$)|[,:()/\[\]–—]|(?<=\s)-(?=\s|\w)|[&+]|£)"
)
_CLOCK_TIME = re.compile(r"\d{1,2}[:.]\d\d.*|0[6-9][0-5]\d|1[0-8][0-5]\d")
_PHRASE_BREAK_MARKS = frozenset(";\n|•!*·.")


def fold_text(text: str) -> str:
    """Lower case, without accents and apostrophes: `Wedi'i ganslo` and `wedi ganslo` become one."""
    lowered = text.casefold()
    if not lowered.isascii():
        lowered = unicodedata.normalize("NFKD", lowered.translate(_DASHES))
        lowered = "".join(c for c in lowered if not unicodedata.combining(c))
    return _CLITIC.sub("", lowered) if "'" in lowered or not lowered.isascii() else lowered


_DASHES = str.maketrans({"–": " - ", "—": " - ", "\r": "\n", " ": " ", "‑": "-", "•": ";", "·": ";"})


def split_tokens(text: str) -> list[str]:
    """The words of a text in order, with BREAK and JOINT where it breaks; a clock time breaks it too.

    `&` and `+` read as "and", `£` as MONEY, a question mark as ASKED.
    """
    return list(map(_NORMALISED_TOKENS.__getitem__, _TOKEN.findall(fold_text(text))))


_TOKEN_OF_MARK = {
    **dict.fromkeys(_PHRASE_BREAK_MARKS, PHRASE_BREAK),
    **dict.fromkeys(",:()/[]–—-", CLAUSE_BREAK),
    "&": "and",
    "+": "and",
    "£": POUND_SIGN,
    "?": QUESTION_MARK,
}


def _normalise_token(piece: str) -> str:
    return _TOKEN_OF_MARK.get(piece) or (PHRASE_BREAK if _CLOCK_TIME.fullmatch(piece) else piece)


_NORMALISED_TOKENS = Memo(_normalise_token, 200_000)


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text, without its breaks."""
    return tuple(piece for piece in split_tokens(text) if piece not in (PHRASE_BREAK, CLAUSE_BREAK))


def expand_phrase(phrase: str) -> list[tuple[str, ...]]:
    """Every way a phrase of a pack may be written, as words; a word may end in `*`.

    `sub~group` is "sub group" (or "sub-group") and "subgroup"; `agree|sign protocol|agreement` is
    each of the four pairs.
    """
    return [sum(way, ()) for places in parse_phrase(phrase) for way in product(*places)]


def parse_phrase(phrase: str) -> list[list[list[tuple[str, ...]]]]:
    """A phrase, its tildes once as spaces and once as nothing: by place, what may stand there, as words.

    Places keep a phrase small that is long when each of its spellings is written out.
    """
    joined = ("", " ") if "~" in phrase else ("",)
    places = [alternatives.split("|") for alternatives in phrase.split()]
    return [
        [[_SPLIT_ALTERNATIVES[text.replace("~", tilde)] for text in alternatives] for alternatives in places]
        for tilde in joined
    ]


def _split_alternative(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in text.split():
        parts = list(split_words(word.rstrip("*")))
        if parts and word.endswith("*"):
            parts[-1] += "*"
        found += parts
    return tuple(found)


_SPLIT_ALTERNATIVES = Memo(_split_alternative, 50_000)


_SOFT_MUTATIONS = (
    ("ll", "l"),
    ("rh", "r"),
    ("p", "b"),
    ("t", "d"),
    ("c", "g"),
    ("b", "f"),
    ("d", "dd"),
    ("m", "f"),
)
_NASAL_MUTATIONS = (("p", "mh"), ("t", "nh"), ("c", "ngh"), ("b", "m"), ("d", "n"), ("g", "ng"))
_ASPIRATE_MUTATIONS = (("p", "ph"), ("t", "th"), ("c", "ch"))


def mutate_welsh_word(word: str) -> frozenset[str]:
    """A Welsh word and its soft, nasal and aspirate mutations: bwrdd, fwrdd, mwrdd."""
    if len(word.rstrip("*")) < 4:
        return frozenset({word})
    forms = {word} | {
        form
        for table in (_SOFT_MUTATIONS, _NASAL_MUTATIONS, _ASPIRATE_MUTATIONS)
        if (form := _apply_mutation(word, table))
    }
    if word[0] == "g":
        forms.add(word[1:])
    if word[0] in "aeiouwy":
        forms.add("h" + word)
    return frozenset(forms)


def _apply_mutation(word: str, table: tuple[tuple[str, str], ...]) -> str:
    if word[:2] in ("ch", "dd", "ff", "ph", "th"):
        return ""
    for radical, changed in table:
        if word.startswith(radical):
            return changed + word[len(radical) :]
    return ""
