"""Folds text to words without case, accents, apostrophes and punctuation, and marks where it breaks.

A *phrase break* (new line, semicolon, full stop) ends phrases and clauses. A *clause break* (comma, colon,
dash, bracket) ends only a clause: a phrase may run over it.
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
    # A run of spaces is matched whole and from its first space only: else a long run costs quadratic time.
    r"(?<! ) *+("
    r"[a-z][a-z0-9]*"  # the first branch, since most tokens are words
    r"|(?<![\d:.£])(?:(?:[01]?\d|2[0-3])[:.][0-5]\d(?:\s?[ap]m)?|0[6-9][0-5]\d|1[0-8][0-5]\d)(?![\d:.]\d|\d|[a-z%])"
    r"|[0-9][a-z0-9]*|[;\n|•!?*·]|\.(?=\s|$)|[,:()/\[\]–—]|(?<=\s)-(?=\s|\w)|[&+]|£)"
)
_CLOCK_TIME = re.compile(r"\d{1,2}[:.]\d\d.*|0[6-9][0-5]\d|1[0-8][0-5]\d")
_PHRASE_BREAK_MARKS = frozenset(";\n|•!*·.")


def fold_text(text: str) -> str:
    """The text in lower case, without accents and apostrophes: `Wedi'i ganslo` becomes `wedi ganslo`."""
    lowered = text.casefold()
    if not lowered.isascii():
        lowered = unicodedata.normalize("NFKD", lowered.translate(_DASHES))
        lowered = "".join(c for c in lowered if not unicodedata.combining(c))
    return _CLITIC.sub("", lowered) if "'" in lowered or not lowered.isascii() else lowered


_DASHES = str.maketrans({"–": " - ", "—": " - ", "\r": "\n", " ": " ", "‑": "-", "•": ";", "·": ";"})


def split_tokens(text: str) -> list[str]:
    """The words of a text in order, with `PHRASE_BREAK` and `CLAUSE_BREAK` where it breaks.

    A clock time is a phrase break. `&` and `+` become "and", `£` POUND_SIGN, a question mark QUESTION_MARK.
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


def _normalise_token(token: str) -> str:
    return _TOKEN_OF_MARK.get(token) or (PHRASE_BREAK if _CLOCK_TIME.fullmatch(token) else token)


_NORMALISED_TOKENS = Memo(_normalise_token, 200_000)


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text in order, without its breaks."""
    return tuple(token for token in split_tokens(text) if token not in (PHRASE_BREAK, CLAUSE_BREAK))


def expand_phrase(phrase: str) -> list[tuple[str, ...]]:
    """Every spelling of a phrase of a pack, as words; a word may end in `*`.

    `sub~group` is "sub group" (or "sub-group") and "subgroup"; `agree|sign protocol|agreement` is
    each of the four pairs.
    """
    return [
        sum(alternatives, ()) for positions in parse_phrase(phrase) for alternatives in product(*positions)
    ]


def parse_phrase(phrase: str) -> list[list[list[tuple[str, ...]]]]:
    """Parse a phrase of a pack; `lexicon` inserts the result into its trie.

    Written out spelling by spelling, a phrase of many alternatives would be large; see `expand_phrase`.

    Returns:
        One or two spellings, the tildes as nothing and as spaces. A spelling is a list of positions, a
        position a list of alternatives, an alternative a tuple of words.
    """
    tildes = ("", " ") if "~" in phrase else ("",)
    positions = [alternatives.split("|") for alternatives in phrase.split()]
    return [
        [
            [_SPLIT_ALTERNATIVES[text.replace("~", tilde)] for text in alternatives]
            for alternatives in positions
        ]
        for tilde in tildes
    ]


def _split_alternative(text: str) -> tuple[str, ...]:
    words: list[str] = []
    for part in text.split():
        folded = list(split_words(part.rstrip("*")))
        if folded and part.endswith("*"):
            folded[-1] += "*"
        words += folded
    return tuple(words)


# The same words come in many phrases: without it, loading all packs takes half as long again.
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
    """A Welsh word and its soft, nasal and aspirate mutations: bwrdd, fwrdd, mwrdd.

    A word of fewer than four letters is returned alone.
    """
    if len(word.rstrip("*")) < 4:
        return frozenset({word})
    forms = {word} | {
        form
        for table in (_SOFT_MUTATIONS, _NASAL_MUTATIONS, _ASPIRATE_MUTATIONS)
        if (form := _apply_mutation(word, table))
    }
    if word[0] == "g":  # soft mutation: gofal, ofal
        forms.add(word[1:])
    if word[0] in "aeiouwy":  # after "ei" (her), "ein" (our), "eu" (their): addysg, haddysg
        forms.add("h" + word)
    return frozenset(forms)


def _apply_mutation(word: str, table: tuple[tuple[str, str], ...]) -> str:
    if word[:2] in ("ch", "dd", "ff", "ph", "th"):  # letters of their own in Welsh, which do not mutate
        return ""
    for radical, changed in table:
        if word.startswith(radical):
            return changed + word[len(radical) :]
    return ""
