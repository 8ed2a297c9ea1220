"""A person's own word in their calendar: the category `calsync: process` beats every rule."""

from dataclasses import replace

from calsync.model.classification import Activity, Classification, Scope
from calsync.model.correction import Said
from calsync.rules.book import RuleBook
from calsync.rules.facts import Facts

RULE = "correction/category"
_PREFIX = "calsync:"
_WORDS = {
    "improvement": "service_improvement",
    "service improvement": "service_improvement",
    "proses": "process",
    "gwella gwasanaeth": "service_improvement",
    "cymysg": "mixed",
    "gweithredol": "operational",
    "aneglur": "unclear",
    "inter-agency": "inter_agency",
    "mewnol": "internal",
    "personol": "personal",
    "arall": "other",
}


def corrected(verdict: Classification, facts: Facts, book: RuleBook) -> Classification:
    """The verdict with what the calendar's owner says about scope, activity or partnership put in.

    A word that is no activity, scope or partnership is left aside.
    """
    for category in facts.categories:
        folded = category.strip().casefold()
        if folded.startswith(_PREFIX):
            for word in folded.removeprefix(_PREFIX).split(","):
                if said := _said(word.strip(), book):
                    verdict = replace(said.put_in(verdict), rule=RULE, evidence=f"category '{category}'")
    return verdict


def _said(word: str, book: RuleBook) -> Said | None:
    plain = _WORDS.get(word, word).replace("-", "_")
    if word in book.partnerships:
        return Said(partnerships=(word,))
    label = next((label for label in book.labels if label.casefold() == word), None)
    if label is not None:
        return Said(activity=book.labels[label], label=label)
    if plain in set(Activity):
        return Said(activity=Activity(plain))
    if plain in set(Scope):
        return Said(scope=Scope(plain))
    return None
