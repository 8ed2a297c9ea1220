"""Reads a person's own categories, such as `calsync: process`: they beat every rule.

The words are those that the mails offer, in English and Welsh, singular and plural; a slip of the keyboard
is forgiven where only one meaning is possible. What is not understood is returned by name, so that the
night's report and the owner's next mail can show it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from calsync.model.classification import Activity, Classification, Scope
from calsync.model.correction import CATEGORY_RULE, CorrectionFields
from calsync.model.meeting import Meeting
from calsync.model.own_categories import (
    fold_category,
    is_misspelling,
    misspelt_category_phrase,
    own_category_phrase,
)
from calsync.model.uids import series_uid
from calsync.rules.book import RuleBook
from calsync.rules.facts import Facts

RULE = CATEGORY_RULE

# Phrases as `fold_category` leaves them: lower case, no accents, no apostrophes, hyphens as blanks.
_ACTIVITIES: Mapping[Activity, tuple[str, ...]] = {
    Activity.PROCESS: (
        "process", "processes", "partnership process", "partnership processes",
        "proses", "broses", "prosesau", "proses y bartneriaeth", "proses partneriaeth",
    ),
    Activity.SERVICE_IMPROVEMENT: (
        "service improvement", "service improvements", "services improvement", "improvement", "improvements",
        "improving service", "improving services", "improving the service",
        "improve service", "improve services",
        "gwella gwasanaeth", "gwella gwasanaethau", "gwelliant gwasanaeth", "gwelliannau gwasanaeth",
        "gwelliannau gwasanaethau", "gwelliant", "gwelliannau", "gwella",
    ),
    Activity.MIXED: ("mixed", "both", "cymysg", "y ddau", "proses a gwella gwasanaethau"),
    Activity.OPERATIONAL: (
        "operational", "operations", "operational work", "case work", "casework",
        "gweithredol", "gwaith achos", "gwaith achosion",
    ),
    Activity.UNCLEAR: ("unclear", "not sure", "aneglur", "ansicr", "ddim yn siwr"),
    Activity.NONE: (
        "none", "neither", "not partnership", "not partnerships", "not a partnership", "no partnership",
        "not partnership meeting", "not a partnership meeting", "not partnership meetings",
        "nid partneriaeth", "nid partneriaethau", "dim partneriaeth", "nid cyfarfod partneriaeth",
        "nid cyfarfodydd partneriaeth", "ddim yn bartneriaeth", "yr un",
        "non partnership", "isnt partnership", "isnt a partnership", "ddim partneriaeth",
        "nid bartneriaeth", "nid ywn bartneriaeth", "nid yw yn bartneriaeth",
    ),
}  # fmt: skip
_SCOPES: Mapping[Scope, tuple[str, ...]] = {
    Scope.INTER_AGENCY: (
        "inter agency", "interagency", "multi agency", "multiagency", "partnership",
        "rhwng asiantaethau", "rhyngasiantaethol", "amlasiantaeth", "aml asiantaeth", "partneriaeth",
    ),
    Scope.INTERNAL: ("internal", "mewnol"),
    Scope.PERSONAL: ("personal", "personol"),
    Scope.OTHER: ("other", "arall"),
}  # fmt: skip

_SEPARATORS = re.compile(r"[,;/+&|()]|\band\b|\ba\b|\bac\b")


@dataclass(frozen=True, slots=True)
class ParsedCategories:
    """What a meeting's categories say: a correction or None, and those that were not understood."""

    correction_fields: CorrectionFields | None = None
    category: str = ""
    unknown: tuple[str, ...] = ()


_NO_CATEGORIES = ParsedCategories()


def apply_categories(classification: Classification, facts: Facts, book: RuleBook) -> Classification:
    """Return the classification with what the calendar's owner says about scope, activity or partnership."""
    parsed = parse_categories(facts.categories, book)
    if parsed.correction_fields is None:
        return classification
    after = parsed.correction_fields.apply_to(classification)
    if after.partnerships and after.activity is Activity.NONE:
        # Only a partnership was named, on what the rules took for no partnership's meeting.
        after = CorrectionFields(scope=Scope.INTER_AGENCY).apply_to(after)
    return replace(after, rule=RULE, evidence=f"category '{parsed.category}'")


def parse_categories(categories: Iterable[str], book: RuleBook) -> ParsedCategories:
    """Return what the categories of one meeting say together; their order changes nothing.

    Two that contradict each other (process and operational) say nothing, and both are returned as not
    understood; process and service improvement together are `mixed`.
    """
    found = {category: _calsync_phrase(category, book) for category in categories}
    phrases = {category: phrase for category, phrase in found.items() if phrase is not None}
    if not phrases:
        return _NO_CATEGORIES
    fields: dict[str, list[CorrectionFields]] = {}
    unread: list[str] = []
    for category in sorted(phrases):
        meanings = list(_parse_parts(phrases[category], book))
        if None in meanings or not meanings:
            unread.append(category)
        else:
            fields[category] = [one for one in meanings if one is not None]
    together = _combine_fields([one for given in fields.values() for one in given])
    if together is None:
        return ParsedCategories(unknown=tuple(sorted((*unread, *fields))))
    return ParsedCategories(together if fields else None, "', '".join(fields), tuple(unread))


@dataclass(frozen=True, slots=True)
class UnknownCategory:
    """A category that was not understood, on the first of the meetings that have it."""

    meeting: Meeting
    category: str


def find_unknown_categories(meetings: Iterable[Meeting], book: RuleBook) -> tuple[UnknownCategory, ...]:
    """Return the categories meant for calsync that it does not understand, by manager and start.

    One that a whole series has is returned once, with the first meeting.
    """
    first: dict[tuple[str, str, str], UnknownCategory] = {}
    for meeting in sorted(meetings, key=lambda meeting: (meeting.manager_id, meeting.start, meeting.id)):
        for category in parse_categories(meeting.categories, book).unknown:
            key = (meeting.manager_id, series_uid(meeting.uid) or meeting.id, category)
            first.setdefault(key, UnknownCategory(meeting, category))
    return tuple(first.values())


def _calsync_phrase(category: str, book: RuleBook) -> str | None:
    """The folded words after `calsync:`; None if the category is not meant for calsync."""
    phrase = own_category_phrase(category)
    if phrase is not None:
        return phrase
    # "calsnyc: process": a slip in our own name counts only if the rest is understood.
    phrase = misspelt_category_phrase(category)
    return phrase if phrase and None not in set(_parse_parts(phrase, book)) else None


def _parse_parts(phrase: str, book: RuleBook) -> Iterator[CorrectionFields | None]:
    """What each part of a phrase says, None for one that is not understood; names may hold an `and`."""
    if whole := _parse_phrase(phrase, book):
        yield whole
        return
    parts = [part.strip() for part in _SEPARATORS.split(phrase)]
    for part in filter(None, parts):
        yield _parse_phrase(part, book)


def _parse_phrase(phrase: str, book: RuleBook) -> CorrectionFields | None:
    known = _known_phrases(book)
    if phrase in known:
        return known[phrase]
    joined = phrase.replace(" ", "")
    close = {
        id(fields): fields
        for other, fields in known.items()
        if _is_close_spelling(phrase, other) or joined == other.replace(" ", "")
    }
    return close.popitem()[1] if len(close) == 1 else None


@lru_cache(maxsize=8)
def _known_phrases(book: RuleBook) -> Mapping[str, CorrectionFields]:
    """Every phrase that is understood, folded; equal meanings are one object. Names of a pack's own win."""
    known: dict[str, CorrectionFields] = {}
    for activity, phrases in _ACTIVITIES.items():
        meaning = CorrectionFields(activity=activity)
        known |= dict.fromkeys((fold_category(activity.value), *phrases), meaning)
    for scope, phrases in _SCOPES.items():
        meaning = CorrectionFields(scope=scope)
        known |= dict.fromkeys((fold_category(scope.value), *phrases), meaning)
    for partnership in book.partnerships.values():
        meaning = CorrectionFields(partnerships=(partnership.id,))
        names = filter(None, (partnership.name, partnership.name_cy, partnership.id))
        known |= dict.fromkeys(map(fold_category, names), meaning)
    known |= {
        fold_category(label): CorrectionFields(activity=activity, label=label)
        for label, activity in book.labels.items()
    }
    return known


def _combine_fields(said: list[CorrectionFields]) -> CorrectionFields | None:
    """One correction of several; None where they contradict each other."""
    activities = {(one.activity, one.label) for one in said if one.activity is not None}
    both = {(Activity.PROCESS, None), (Activity.SERVICE_IMPROVEMENT, None)}
    if both <= activities <= both | {(Activity.MIXED, None)}:
        activities = {(Activity.MIXED, None)}
    scopes = {one.scope for one in said if one.scope is not None}
    partnerships = sorted({id_ for one in said for id_ in one.partnerships or ()})
    if len(activities) > 1 or len(scopes) > 1:
        return None
    activity, label = activities.pop() if activities else (None, None)
    scope = scopes.pop() if scopes else None
    if activity is Activity.NONE and (partnerships or scope is Scope.INTER_AGENCY):
        return None
    # Of what is not between agencies only preparation for a partnership has an activity (rule P).
    is_preparation = scope is Scope.INTERNAL and activity is Activity.PROCESS and partnerships
    has_activity = activity not in (None, Activity.NONE)
    if scope not in (None, Scope.INTER_AGENCY) and has_activity and not is_preparation:
        return None
    return CorrectionFields(
        scope=scope, partnerships=tuple(partnerships) or None, activity=activity, label=label
    )


def _is_close_spelling(phrase: str, known: str) -> bool:
    """Whether they are the same words but for a slip or a space; a word left out (`not`) is no slip."""
    if phrase.replace(" ", "") == known.replace(" ", ""):
        return True
    words, others = phrase.split(), known.split()
    return len(words) == len(others) and all(
        word == other or is_misspelling(word, other) for word, other in zip(words, others, strict=True)
    )
