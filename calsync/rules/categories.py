"""Reads the categories by which owners correct their meetings, such as `calsync: process`.

A correction beats every rule. The phrases are those that the mails offer, in English and Welsh, singular
and plural. A misspelling is accepted if only one meaning is possible. Categories that are not understood
are returned, so that the night's report and the owner's next mail list them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from calsync.model.classification import Activity, Classification, Scope
from calsync.model.correction import CATEGORY_RULE, CorrectionFields
from calsync.model.meeting import Meeting
from calsync.model.own_categories import (
    fold_category,
    is_misspelling,
    misspelt_category_phrase,
    own_category_phrase,
)
from calsync.model.people import Partnership
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


def collect_category_phrases(
    partnerships: Iterable[Partnership], labels: Mapping[str, Activity]
) -> dict[str, CorrectionFields]:
    """Return every phrase that may follow `calsync:`, folded, and its meaning; equal meanings are one object.

    Args:
        partnerships: known by name, Welsh name and id.
        labels: the packs' own activities and what they count as; they win over phrases of the same words.
    """
    phrases: dict[str, CorrectionFields] = {}
    for activity, words in _ACTIVITIES.items():
        fields = CorrectionFields(activity=activity)
        phrases |= dict.fromkeys((fold_category(activity.value), *words), fields)
    for scope, words in _SCOPES.items():
        fields = CorrectionFields(scope=scope)
        phrases |= dict.fromkeys((fold_category(scope.value), *words), fields)
    for partnership in partnerships:
        fields = CorrectionFields(partnerships=(partnership.id,))
        names = filter(None, (partnership.name, partnership.name_cy, partnership.id))
        phrases |= dict.fromkeys(map(fold_category, names), fields)
    for label, activity in labels.items():
        phrases[fold_category(label)] = CorrectionFields(activity=activity, label=label)
    return phrases


@dataclass(frozen=True, slots=True)
class ParsedCategories:
    """The correction that categories give or None, the categories it comes from, and the unknown ones."""

    correction_fields: CorrectionFields | None = None
    category: str = ""
    unknown: tuple[str, ...] = ()


_NO_CATEGORIES = ParsedCategories()


def apply_categories(classification: Classification, facts: Facts, book: RuleBook) -> Classification:
    """Return the classification with the scope, activity or partnership that the owner's categories give."""
    parsed = parse_categories(facts.categories, book)
    if parsed.correction_fields is None:
        return classification
    after = parsed.correction_fields.apply_to(classification)
    if after.partnerships and after.activity is Activity.NONE:
        # The category names only a partnership, and the rules found a meeting of none.
        after = CorrectionFields(scope=Scope.INTER_AGENCY).apply_to(after)
    return replace(after, rule=RULE, evidence=f"category '{parsed.category}'")


def parse_categories(categories: Iterable[str], book: RuleBook) -> ParsedCategories:
    """Return the correction that the categories of one meeting give together; their order does not matter.

    Process and service improvement together are `mixed`. Categories that contradict each other (process and
    operational) correct nothing and are returned as unknown.
    """
    all_phrases = {category: _calsync_phrase(category, book) for category in categories}
    phrases = {category: phrase for category, phrase in all_phrases.items() if phrase is not None}
    if not phrases:
        return _NO_CATEGORIES
    fields_by_category: dict[str, list[CorrectionFields]] = {}
    unknown: list[str] = []
    for category in sorted(phrases):
        meanings = list(_parse_parts(phrases[category], book))
        if None in meanings or not meanings:
            unknown.append(category)
        else:
            fields_by_category[category] = [fields for fields in meanings if fields is not None]
    combined = _combine_fields([fields for group in fields_by_category.values() for fields in group])
    if combined is None:
        return ParsedCategories(unknown=tuple(sorted((*unknown, *fields_by_category))))
    return ParsedCategories(
        combined if fields_by_category else None, "', '".join(fields_by_category), tuple(unknown)
    )


@dataclass(frozen=True, slots=True)
class UnknownCategory:
    """A category that is not understood, and the first meeting that has it."""

    meeting: Meeting
    category: str


def find_unknown_categories(meetings: Iterable[Meeting], book: RuleBook) -> tuple[UnknownCategory, ...]:
    """Return the categories for calsync that are not understood, by manager and start.

    A category of a whole series is returned once, with the first meeting.
    """
    first: dict[tuple[str, str, str], UnknownCategory] = {}
    for meeting in sorted(meetings, key=lambda meeting: (meeting.manager_id, meeting.start, meeting.id)):
        for category in parse_categories(meeting.categories, book).unknown:
            key = (meeting.manager_id, series_uid(meeting.uid) or meeting.id, category)
            first.setdefault(key, UnknownCategory(meeting, category))
    return tuple(first.values())


def _calsync_phrase(category: str, book: RuleBook) -> str | None:
    """The folded words after `calsync:`; None if the category is not for calsync."""
    phrase = own_category_phrase(category)
    if phrase is not None:
        return phrase
    # "calsnyc: process": a misspelt "calsync" counts only if the words after it are understood.
    phrase = misspelt_category_phrase(category)
    return phrase if phrase and None not in set(_parse_parts(phrase, book)) else None


def _parse_parts(phrase: str, book: RuleBook) -> Iterator[CorrectionFields | None]:
    """The meaning of each part of a phrase, None if it is not understood.

    The undivided phrase is tried first, because names may contain "and".
    """
    if fields := _parse_phrase(phrase, book):
        yield fields
        return
    parts = [part.strip() for part in _SEPARATORS.split(phrase)]
    for part in filter(None, parts):
        yield _parse_phrase(part, book)


def _parse_phrase(phrase: str, book: RuleBook) -> CorrectionFields | None:
    known = book.category_phrases
    if phrase in known:
        return known[phrase]
    # By identity, as equal meanings are one object (`category_phrases`).
    meanings = {id(fields): fields for other, fields in known.items() if _is_close_spelling(phrase, other)}
    return meanings.popitem()[1] if len(meanings) == 1 else None


def _combine_fields(meanings: list[CorrectionFields]) -> CorrectionFields | None:
    """One correction of several; None if they contradict each other."""
    activities = {(fields.activity, fields.label) for fields in meanings if fields.activity is not None}
    both = {(Activity.PROCESS, None), (Activity.SERVICE_IMPROVEMENT, None)}
    if both <= activities <= both | {(Activity.MIXED, None)}:
        activities = {(Activity.MIXED, None)}
    scopes = {fields.scope for fields in meanings if fields.scope is not None}
    partnerships = sorted({id_ for fields in meanings for id_ in fields.partnerships or ()})
    if len(activities) > 1 or len(scopes) > 1:
        return None
    activity, label = activities.pop() if activities else (None, None)
    scope = scopes.pop() if scopes else None
    if activity is Activity.NONE and (partnerships or scope is Scope.INTER_AGENCY):
        return None
    # Of meetings that are not between agencies only preparation for a partnership has an activity (rule P).
    is_preparation = scope is Scope.INTERNAL and activity is Activity.PROCESS and partnerships
    has_activity = activity not in (None, Activity.NONE)
    if scope not in (None, Scope.INTER_AGENCY) and has_activity and not is_preparation:
        return None
    return CorrectionFields(
        scope=scope, partnerships=tuple(partnerships) or None, activity=activity, label=label
    )


def _is_close_spelling(phrase: str, known: str) -> bool:
    """Whether phrases differ only by misspellings and spaces; a missing word (`not`) is no misspelling."""
    if phrase.replace(" ", "") == known.replace(" ", ""):
        return True
    words, others = phrase.split(), known.split()
    return len(words) == len(others) and all(
        word == other or is_misspelling(word, other) for word, other in zip(words, others, strict=True)
    )
