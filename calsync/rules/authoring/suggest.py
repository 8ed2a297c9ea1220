"""Proposes phrases for rules from the words that unclear titles share, for `calsync rules suggest`.

A proposal contains no name of a person. It leaves the side open, which the author of the rule chooses.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from calsync.model.classification import Activity
from calsync.rules.authoring.person_names import find_name_words, hide_names
from calsync.rules.book import RuleBook
from calsync.rules.language.folding import fold_text, split_words
from calsync.text import format_count, make_visible, quote_toml

_MIN_TITLES = 2  # titles that must share a phrase before it is worth a rule


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase shared by unclear titles.

    titles: these titles, with names of people hidden. hours: of their meetings. activity_counts: by
    activity, how many coded rows contain the phrase. unclear_counts: the same of the rows that calsync
    labels unclear today, which a rule would decide; None if they were not given.
    """

    phrase: str
    titles: tuple[str, ...]
    hours: float
    activity_counts: Mapping[str, int]
    unclear_counts: Mapping[str, int] | None = None

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> tuple[str, ...]:
        """The proposal as lines of TOML; titles cannot break out of their comment or string."""
        titles = format_count(len(self.titles), "unclear title")
        lines = [f"# {titles}, {self.hours:.1f} h: {make_visible('; '.join(self.titles[:3]))}"]
        if self.unclear_counts is not None:
            lines.append(f"# coded rows that contain it: {_format_counts(self.activity_counts)}")
            counts = _format_counts(self.unclear_counts)
            lines.append(f"# of them unclear to calsync today, so decided by this rule: {counts}")
        lines += (
            "[[cue]]",
            f'id = "own/{self.phrase.replace(" ", "-")}"',
            'side = ""  # what it shows: process or service_improvement',
            'why = "Say here why this shows what is done."',
            f"when.any = [{quote_toml(self.phrase)}]",
            f"example = [{{ title = {quote_toml(self.titles[0])}, "
            'domains = ["ours.gov.uk", "theirs.nhs.uk"] }]',
        )
        return tuple(lines)


def suggest_phrases(
    unclear: Iterable[tuple[str, float]],
    coded: pd.DataFrame | None,
    book: RuleBook,
    *,
    classified: pd.DataFrame | None = None,
    names: Collection[str] = (),
    limit: int = 20,
) -> list[Suggestion]:
    """Return phrases of one or two words that unclear titles share, the most hours first.

    Stop words, filler and names of people are left out.

    Args:
        unclear: titles with their hours.
        coded: a table with columns title, description, activity, or None.
        book: the rules.
        classified: the rows of `coded` as `classify_table` returns them.
        names: given names and surnames of people, in any spelling.
        limit: at most so many phrases.
    """
    unclear = list(unclear)
    folded_names = frozenset(part for name in names for part in fold_text(name).replace("-", " ").split())
    hidden = find_name_words(
        (title for title, _ in unclear), folded_names, lambda word: _in_a_list(word, book)
    )
    hours: defaultdict[str, float] = defaultdict(float)
    titles: dict[str, list[str]] = {}
    for title, spent in unclear:
        for phrase in _phrases_of_title(title, hidden, book):
            hours[phrase] += spent
            titles.setdefault(phrase, []).append(hide_names(title, hidden))
    shared = [
        phrase for phrase in sorted(hours, key=lambda p: -hours[p]) if len(set(titles[phrase])) >= _MIN_TITLES
    ]
    coded_rows = _read_coded_texts(coded)
    unclear_names = book.names_counted_as(Activity.UNCLEAR)
    is_unclear = None if classified is None else [name in unclear_names for name in classified["activity"]]
    return [
        Suggestion(
            phrase,
            tuple(dict.fromkeys(titles[phrase])),
            hours[phrase],
            _count_activities(phrase, coded_rows),
            None
            if is_unclear is None
            else _count_activities(
                phrase,
                [row for row, unclear_today in zip(coded_rows, is_unclear, strict=True) if unclear_today],
            ),
        )
        for phrase in shared[:limit]
    ]


def _phrases_of_title(title: str, hidden: Collection[str], book: RuleBook) -> Iterator[str]:
    words = [word for word in split_words(title) if word not in hidden and _is_content_word(word, book)]
    yield from dict.fromkeys(words)
    yield from dict.fromkeys(f"{a} {b}" for a, b in pairwise(words))


def _is_content_word(word: str, book: RuleBook) -> bool:
    if len(word) < 3 or not word.isalpha() or word in book.vocabulary.stop_words:
        return False
    return not any(
        lists & book.vocabulary.no_service_lists
        for _, _, lists in book.vocabulary.lexicon.find_phrases([word])
    )


def _in_a_list(word: str, book: RuleBook) -> bool:
    return word in book.vocabulary.stop_words or bool(book.vocabulary.lexicon.find_phrases([word]))


def _read_coded_texts(coded: pd.DataFrame | None) -> Sequence[tuple[str, str]]:
    """The words of each coded row, with a space before and after each, and its activity."""
    if coded is None or coded.empty:
        return ()
    description = coded["description"].fillna("") if "description" in coded else ""
    text = coded["title"].fillna("") + " \n " + description
    return [(f" {' '.join(split_words(t))} ", str(a)) for t, a in zip(text, coded["activity"], strict=True)]


def _count_activities(phrase: str, rows: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    return dict(Counter(activity for text, activity in rows if f" {phrase} " in text).most_common())


def _format_counts(activities: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in activities.items()) or "none"
