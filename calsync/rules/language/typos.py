"""Forgives a slip of the keyboard where it is safe: one letter too many, too few or swapped, in a long word.

Only words that no list knows are looked at, and only if exactly one known word is that near. Letters
are never replaced by others, and a pack's list `not_typos` names ordinary words that look like slips.
"""

from collections.abc import Container, Iterable, Iterator

_MIN_LENGTH = 8  # letters a known word needs: shorter words have too many innocent neighbours


class SpellingCorrector:
    """Known words, ready to be asked which of them was meant."""

    def __init__(self, words: Iterable[str], stems: Iterable[str], innocent: Container[str]) -> None:
        self._innocent = innocent
        self._words = {word for word in words if len(word) >= _MIN_LENGTH and word.isalpha()}
        self._stems = {stem for stem in stems if len(stem) >= _MIN_LENGTH and stem.isalpha()}
        self._longest = max(map(len, self._words), default=0)
        self._shortened: dict[str, set[str]] = {}
        for known in self._words | self._stems:
            for cut in _deletions(known):
                self._shortened.setdefault(cut, set()).add(known)

    def correct(self, token: str) -> str:
        """The known word (or a word that starts with the known stem) that was meant, or ""."""
        if len(token) < _MIN_LENGTH - 1 or not token.isalpha() or token in self._innocent:
            return ""
        # A token of 100,000 letters has as many neighbours of that length.
        near_words = self._close_words(token) if len(token) <= self._longest + 1 else ()
        whole = {near for near in near_words if near in self._words}
        found = whole or {
            near
            for length in range(_MIN_LENGTH - 1, min(len(token), 14) + 1)
            for near in self._close_words(token[:length])
            if near in self._stems
        }
        return found.pop() if len(found) == 1 else ""

    def _close_words(self, token: str) -> Iterator[str]:
        yield from self._shortened.get(token, ())
        for form in (*_deletions(token), *_transpositions(token)):
            if form in self._words or form in self._stems:
                yield form


def _deletions(word: str) -> Iterator[str]:
    # The first letter is nearly always typed right; sparing it halves the false friends.
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))


def _transpositions(word: str) -> Iterator[str]:
    return (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        for at in range(1, len(word) - 1)
        if word[at] != word[at + 1]
    )
