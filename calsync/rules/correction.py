"""A person's own word in their calendar: the category `calsync: process` beats every rule."""

from dataclasses import replace

from calsync.model.classification import Activity, Classification, Scope
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
                verdict = _with(verdict, word.strip(), category, book)
    return verdict


def _with(verdict: Classification, word: str, category: str, book: RuleBook) -> Classification:
    said = _WORDS.get(word, word).replace("-", "_")
    marked = replace(verdict, rule=RULE, evidence=f"category '{category}'")
    if word in book.partnerships:
        return replace(marked, partnerships=(word,))
    if said in set(Activity):
        return _doing(marked, Activity(said))
    if said in set(Scope):
        return _among(marked, Scope(said))
    return verdict


def _doing(verdict: Classification, activity: Activity) -> Classification:
    """An activity implies who meets: only what is between agencies, or serves it, has one."""
    if activity is Activity.NONE:
        left = Scope.INTERNAL if verdict.scope is Scope.INTER_AGENCY else verdict.scope
        return replace(verdict, scope=left, activity=activity, partnerships=(), process_share=None)
    served = verdict.scope is Scope.INTERNAL and verdict.partnerships and activity is Activity.PROCESS
    scope = Scope.INTERNAL if served else Scope.INTER_AGENCY
    share = verdict.process_share if activity is Activity.MIXED else None
    return replace(verdict, scope=scope, activity=activity, process_share=share)


def _among(verdict: Classification, scope: Scope) -> Classification:
    if scope is Scope.INTER_AGENCY:
        activity = Activity.UNCLEAR if verdict.activity is Activity.NONE else verdict.activity
        return replace(verdict, scope=scope, activity=activity)
    return replace(verdict, scope=scope, activity=Activity.NONE, partnerships=(), process_share=None)
