"""Proposes phrases for rules: groups unclear titles by the words they share.

A proposal holds no name of a person and chooses no side: what a phrase shows is for its author to say.
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

    titles: those titles, names of people hidden. known: by activity, how many coded rows hold the phrase.
    open: the same for those of them that calsync calls unclear today, which a rule would decide; None
    where no coded rows were given.
    """

    phrase: str
    titles: tuple[str, ...]
    hours: float
    activity_counts: Mapping[str, int]
    unclear_counts: Mapping[str, int] | None = None

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> tuple[str, ...]:
        """The proposal as lines of TOML, whatever its titles hold."""
        titles = format_count(len(self.titles), "unclear title")
        lines = [f"# {titles}, {self.hours:.1f} h: {make_visible('; '.join(self.titles[:3]))}"]
        if self.unclear_counts is not None:
            lines.append(f"# coded rows that hold it: {_format_counts(self.activity_counts)}")
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
    judged: pd.DataFrame | None = None,
    names: Collection[str] = (),
    limit: int = 20,
) -> list[Suggestion]:
    """Return phrases of one or two words that unclear titles share, the most hours first.

    unclear: titles with their hours. coded: a table with columns title, description, activity, or
    None. judged: the same rows as `classify_table` gives them. names: given names and surnames of
    people, in any spelling. Words that say nothing and names of people are left out.
    """
    unclear = list(unclear)
    folded = frozenset(part for name in names for part in fold_text(name).replace("-", " ").split())
    hidden = find_name_words((title for title, _ in unclear), folded, lambda word: _in_a_list(word, book))
    hours: defaultdict[str, float] = defaultdict(float)
    titles: dict[str, list[str]] = {}
    for title, spent in unclear:
        for phrase in _phrases_of_title(title, hidden, book):
            hours[phrase] += spent
            titles.setdefault(phrase, []).append(hide_names(title, hidden))
    shared = [
        phrase for phrase in sorted(hours, key=lambda p: -hours[p]) if len(set(titles[phrase])) >= _MIN_TITLES
    ]
    known = _read_coded_texts(coded)
    unclear_names = book.names_counted_as(Activity.UNCLEAR)
    is_open = None if judged is None else [name in unclear_names for name in judged["activity"]]
    return [
        Suggestion(
            phrase,
            tuple(dict.fromkeys(titles[phrase])),
            hours[phrase],
            _count_activities(phrase, known),
            None
            if is_open is None
            else _count_activities(phrase, [row for row, yes in zip(known, is_open, strict=True) if yes]),
        )
        for phrase in shared[:limit]
    ]


def _phrases_of_title(title: str, hidden: Collection[str], book: RuleBook) -> Iterator[str]:
    kept = [word for word in split_words(title) if word not in hidden and _is_content_word(word, book)]
    yield from dict.fromkeys(kept)
    yield from dict.fromkeys(f"{a} {b}" for a, b in pairwise(kept))


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
    if coded is None or coded.empty:
        return ()
    description = coded["description"].fillna("") if "description" in coded else ""
    text = coded["title"].fillna("") + " \n " + description
    return [(f" {' '.join(split_words(t))} ", str(a)) for t, a in zip(text, coded["activity"], strict=True)]


def _count_activities(phrase: str, rows: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    return dict(Counter(activity for text, activity in rows if f" {phrase} " in text).most_common())


def _format_counts(activities: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in activities.items()) or "none"
