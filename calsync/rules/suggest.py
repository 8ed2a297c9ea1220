"""Proposes rules: groups unclear titles by the words they share, and tries each on known labels."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from calsync.rules.book import RuleBook
from calsync.rules.fold import words

_LEAST = 2  # titles that must share a phrase before it is worth a rule
_SIDES = ("process", "service_improvement", "operational")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase shared by unclear titles, and what meetings that hold it were coded as.

    known: activity by number of coded rows whose text holds the phrase; empty if none does.
    """

    phrase: str
    titles: tuple[str, ...]
    hours: float
    known: Mapping[str, int]

    @property
    def side(self) -> str:
        """What the coded rows say of it, or "" where they are silent or divided."""
        total = sum(self.known.values())
        for side in _SIDES:
            if total and self.known.get(side, 0) / total >= 0.8:
                return side
        return ""

    def __str__(self) -> str:
        said = ", ".join(f"{count} {name}" for name, count in self.known.items()) or "no coded row holds it"
        side = self.side or 'process"  # or "service_improvement'
        return "\n".join(
            (
                f"# {len(self.titles)} unclear titles, {self.hours:.1f} h: {'; '.join(self.titles[:3])}",
                f"# coded rows that hold it: {said}",
                "[[cue]]",
                f'id = "own/{self.phrase.replace(" ", "-")}"',
                f'side = "{side}"',
                'why = "Say here why this shows what is done."',
                f'when.any = ["{self.phrase}"]',
                f'example = [{{ title = "{self.titles[0]}", domains = ["ours.gov.uk", "theirs.nhs.uk"] }}]',
            )
        )


def suggest(
    unclear: Iterable[tuple[str, float]], coded: pd.DataFrame | None, book: RuleBook, *, most: int = 20
) -> list[Suggestion]:
    """Phrases of one or two words that unclear titles share, the most hours first.

    unclear: titles with their hours. coded: a table with columns title, description, activity, or
    None. Words that say nothing and words of names are left out.
    """
    hours: defaultdict[str, float] = defaultdict(float)
    titles: dict[str, list[str]] = {}
    for title, spent in unclear:
        for phrase in _phrases(title, book):
            hours[phrase] += spent
            titles.setdefault(phrase, []).append(title)
    shared = [
        phrase for phrase in sorted(hours, key=lambda p: -hours[p]) if len(set(titles[phrase])) >= _LEAST
    ]
    known = _known(coded)
    return [
        Suggestion(phrase, tuple(dict.fromkeys(titles[phrase])), hours[phrase], _said(phrase, known))
        for phrase in shared[:most]
    ]


def _phrases(title: str, book: RuleBook) -> Iterator[str]:
    kept = [word for word in words(title) if _telling(word, book)]
    yield from dict.fromkeys(kept)
    yield from dict.fromkeys(f"{a} {b}" for a, b in pairwise(kept))


def _telling(word: str, book: RuleBook) -> bool:
    if len(word) < 3 or not word.isalpha() or word in book.words.small:
        return False
    return not any(lists & book.words.said for _, _, lists in book.words.lexicon.scan([word]))


def _known(coded: pd.DataFrame | None) -> Sequence[tuple[str, str]]:
    if coded is None or coded.empty:
        return ()
    description = coded["description"].fillna("") if "description" in coded else ""
    text = coded["title"].fillna("") + " \n " + description
    return [(f" {' '.join(words(t))} ", str(a)) for t, a in zip(text, coded["activity"], strict=True)]


def _said(phrase: str, known: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    return dict(Counter(activity for text, activity in known if f" {phrase} " in text).most_common())
