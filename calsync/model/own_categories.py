"""Recognises the categories of a calendar that are meant for calsync, such as `calsync: process`."""

import re
import unicodedata
from difflib import SequenceMatcher

# People add signs around the name: `"calsync: process"`, `[calsync] process`, `#calsync process`.
_OWN = re.compile(r"[\W_]*calsync(?![^\W_])[\W_]*(.*?)[\W_]*", re.DOTALL)
_NEARLY_OWN = re.compile(r"[\W_]*([a-z ]{6,9}?)\s*:\s*(.*?)[\W_]*", re.DOTALL)
_APOSTROPHES = str.maketrans("", "", "'\u2018\u2019\u02bc`\u00b4")
# In shorter words a misspelling of one is another: "psb" and "csp" differ by one letter.
_MIN_LETTERS = 5
# The ratio of difflib for one wrong letter in a word of six letters or more.
_SIMILARITY = 0.84


def is_own_category(category: str) -> bool:
    """Whether a category is meant for calsync, even if the rest of it is not understood."""
    return own_category_phrase(category) is not None or misspelt_category_phrase(category) is not None


def own_category_phrase(category: str) -> str | None:
    """The folded words after `calsync`; None for a category of something else."""
    match = _OWN.fullmatch(fold_category(category))
    return match[1] if match else None


def misspelt_category_phrase(category: str) -> str | None:
    """The folded words after a misspelt `calsync` (`calsnyc: process`, `cal sync: process`), or None."""
    match = _NEARLY_OWN.fullmatch(fold_category(category))
    return match[2] if match and is_misspelling(match[1].replace(" ", ""), "calsync") else None


def is_misspelling(word: str, known_word: str) -> bool:
    """Whether a word differs from a known one by one typing error; False for short words."""
    if len(known_word) < _MIN_LETTERS or abs(len(word) - len(known_word)) > 1:
        return False
    if sorted(word) == sorted(known_word) and word[:1] == known_word[:1]:
        return True  # two letters in the wrong order, also in a word of five: "mxied"
    return SequenceMatcher(None, word, known_word, autojunk=False).ratio() >= _SIMILARITY


def fold_category(text: str) -> str:
    """The text in lower case, without accents, apostrophes and invisible characters, hyphens as blanks."""
    plain = unicodedata.normalize("NFKD", text[:500].casefold().translate(_APOSTROPHES))
    letters = "".join(c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return " ".join(re.sub(r"[-_\u2010-\u2015\s.!?\"\u201c-\u201f\u00ab\u00bb]+", " ", letters).split())
