"""Classifies a meeting: `classify(facts, book)` returns what it is, by which rule, and what the rule matched.

In order of precedence: nothing of a private meeting is read; a category that corrects the meeting; our own
rules; the shipped rules, stage by stage in the order of the coding manual.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from calsync.model.classification import Activity, Classification, Scope
from calsync.rules.agenda import process_share
from calsync.rules.book import RuleBook
from calsync.rules.categories import apply_categories
from calsync.rules.compiled import Rule
from calsync.rules.conditions import conditions_hold, describe_match
from calsync.rules.evidence import weigh_evidence_cached
from calsync.rules.facts import Facts
from calsync.rules.features import MeetingFeatures, extract_features
from calsync.rules.partnerships import strongest_partnerships
from calsync.rules.text_scan import Evidence

PRIVATE_CLASSIFICATION = Classification(
    Scope.PERSONAL, (), Activity.NONE, rule="engine/private", evidence="private: nothing was looked at"
)
ABSTAINED = "engine/abstained"


class RuleMatch(NamedTuple):
    """A rule that holds, with its stage; or the weighed evidence of the cues, with `rule` None."""

    stage: str
    rule: Rule | None
    evidence: Evidence | None = None


def classify(facts: Facts, book: RuleBook) -> Classification:
    """The classification of one meeting, from `book.caches` if an equal meeting came before."""
    mailing_lists = _select_mailing_lists(facts, book) if facts.attendees else ()
    key = (
        facts.title,
        facts.description,
        facts.organizer_domain,
        facts.attendee_domains,
        facts.own_domains,
        facts.minutes,
        facts.categories,
        facts.private,
        mailing_lists,
    )
    classification = book.caches.classifications.get(key)
    if classification is None:
        if facts.attendees and not facts.attendee_domains:
            # People count as invited by their domains; the key holds no address of theirs.
            facts = replace(facts, attendees=mailing_lists)
        classification = apply_categories(classify_by_rules(facts, book), facts, book)
        book.caches.classifications[key] = classification
    return classification


def _select_mailing_lists(facts: Facts, book: RuleBook) -> tuple[str, ...]:
    """The addresses of partnerships' mailing lists; people's addresses are stored in no cache."""
    mailboxes = book.partnership_index.mailboxes
    return tuple(
        [address for address in facts.attendees if address.partition("@")[0].casefold() in mailboxes]
    )


def classify_by_rules(facts: Facts, book: RuleBook) -> Classification:
    """The classification by the rules alone, without categories."""
    if facts.private:
        return PRIVATE_CLASSIFICATION
    features = extract_features(facts, book)
    return build_classification(next(iterate_matches(features, book), None), features, book)


def iterate_matches(features: MeetingFeatures, book: RuleBook) -> Iterator[RuleMatch]:
    """Every rule that holds, and the evidence of the cues if there is any, in order of precedence.

    Each rule is tried in turn. An index of bit masks that selected the rules to try was a tenth faster, and
    took 170 lines (docs/benchmarks.md).
    """
    text_lists = features.text_lists
    for stage, rule, trigger_lists in book.precedence:
        if trigger_lists and not text_lists & trigger_lists:
            continue  # as most rules: the text has none of their lists
        if rule is None:
            evidence = weigh_evidence_cached(features, book)
            if evidence.activity is not None:
                yield RuleMatch(stage, None, evidence)
        elif conditions_hold(rule.conditions, features, book):
            yield RuleMatch(stage, rule)


def build_classification(
    match: RuleMatch | None, features: MeetingFeatures, book: RuleBook
) -> Classification:
    """The classification by the rule or the evidence that wins; `unclear` if `match` is None."""
    if match is not None and match.rule is not None:
        return _classification_by_rule(match.rule, features)
    if match is not None and match.evidence is not None:
        return _classification_by_evidence(match.evidence, features, book)
    partnerships = strongest_partnerships(features.partnership_matches, features.scan.tokens)
    return Classification(
        Scope.INTER_AGENCY,
        partnerships,
        Activity.UNCLEAR,
        rule=ABSTAINED,
        evidence="no rule spoke",
        agencies=features.agencies,
    )


def _classification_by_rule(rule: Rule, features: MeetingFeatures) -> Classification:
    partnerships: tuple[str, ...] = (rule.partnership,) if rule.partnership else ()
    if rule.partnership == "keep":
        partnerships = strongest_partnerships(features.partnership_matches, features.scan.tokens)
    return Classification(
        rule.scope,
        partnerships,
        rule.activity,
        kind=rule.kind,
        rule=rule.id,
        evidence=describe_match(rule.conditions, features) or rule.why,
        agencies=features.agencies,
        label=rule.label,
    )


def _classification_by_evidence(
    evidence: Evidence, features: MeetingFeatures, book: RuleBook
) -> Classification:
    activity = evidence.activity or Activity.UNCLEAR
    rule, description = evidence.describe(features.scan)
    return Classification(
        Scope.INTER_AGENCY,
        strongest_partnerships(features.partnership_matches, features.scan.tokens),
        activity,
        process_share=process_share(features, book) if activity is Activity.MIXED else None,
        rule=rule,
        evidence=description,
        agencies=features.agencies,
    )
