"""Corrects misspelt words (`SpellingCorrector`): one letter too many, too few or swapped, in a long word.

`lexicon` uses it for words that are in no list. A word is corrected only if exactly one known word is that
close. A letter replaced by another is not corrected. The list `not_typos` of a pack
names ordinary words that look like misspellings.
"""

from collections.abc import Container, Iterable, Iterator

_MIN_LENGTH = 8  # letters of a known word: shorter words are too close to ordinary ones
_MAX_STEM_LENGTH = 14  # beginnings of a token that are compared with stems


class SpellingCorrector:
    """Known words and stems, indexed so that a misspelling of one is found."""

    def __init__(self, words: Iterable[str], stems: Iterable[str], typo_free: Container[str]) -> None:
        self._typo_free = typo_free
        self._words = {word for word in words if len(word) >= _MIN_LENGTH and word.isalpha()}
        self._stems = {stem for stem in stems if len(stem) >= _MIN_LENGTH and stem.isalpha()}
        self._longest = max(map(len, self._words), default=0)
        self._shortened: dict[str, set[str]] = {}
        for known in self._words | self._stems:
            for shorter in _deletions(known):
                self._shortened.setdefault(shorter, set()).add(known)

    def correct(self, token: str) -> str:
        """The known word that the token misspells, or the known stem that its beginning misspells, or ""."""
        if len(token) < _MIN_LENGTH - 1 or not token.isalpha() or token in self._typo_free:
            return ""
        # A token of 100,000 letters has as many misspellings of that length.
        close_words = self._close_words(token) if len(token) <= self._longest + 1 else ()
        candidates = {word for word in close_words if word in self._words}
        if not candidates:
            candidates = {
                stem
                for length in range(_MIN_LENGTH - 1, min(len(token), _MAX_STEM_LENGTH) + 1)
                for stem in self._close_words(token[:length])
                if stem in self._stems
            }
        return candidates.pop() if len(candidates) == 1 else ""

    def _close_words(self, token: str) -> Iterator[str]:
        yield from self._shortened.get(token, ())
        for form in (*_deletions(token), *_transpositions(token)):
            if form in self._words or form in self._stems:
                yield form


def _deletions(word: str) -> Iterator[str]:
    # The first letter is nearly always typed right; leaving it out halves the wrong corrections.
    return (word[:index] + word[index + 1 :] for index in range(1, len(word)))


def _transpositions(word: str) -> Iterator[str]:
    return (
        word[:index] + word[index + 1] + word[index] + word[index + 2 :]
        for index in range(1, len(word) - 1)
        if word[index] != word[index + 1]
    )
