"""Judges a meeting: facts in, a verdict out, with the rule that gave it and what that rule saw.

Precedence: what is private is not looked at; a person's correction by category; our own rules;
the shipped rules, stage by stage in the order of the coding manual.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from calsync.model.classification import Activity, Classification, Scope
from calsync.rules.agenda import process_share
from calsync.rules.book import Rule, RuleBook
from calsync.rules.categories import apply_categories
from calsync.rules.conditions import conditions_hold, describe_match
from calsync.rules.evidence import Evidence, weigh_evidence_cached
from calsync.rules.facts import Facts
from calsync.rules.features import MeetingFeatures, extract_features
from calsync.rules.partnerships import strongest_partnerships

PRIVATE_CLASSIFICATION = Classification(
    Scope.PERSONAL, (), Activity.NONE, rule="engine/private", evidence="private: nothing was looked at"
)
ABSTAINED = "engine/abstained"


class RuleMatch(NamedTuple):
    """What one stage says: a rule that speaks, or the evidence weighed."""

    stage: str
    rule: Rule | None
    evidence: Evidence | None = None


def classify(facts: Facts, book: RuleBook) -> Classification:
    """The verdict on one meeting; what is alike to the rules is judged once."""
    lists = _mailboxes(facts, book) if facts.attendees else ()
    key = (
        facts.title,
        facts.description,
        facts.organizer_domain,
        facts.attendee_domains,
        facts.own_domains,
        facts.minutes,
        facts.categories,
        facts.private,
        lists,
    )
    classification = book.caches.verdicts.get(key)
    if classification is None:
        # Where no domain is known, people without a mailbox of a list do not count as invited.
        known = facts if facts.attendee_domains or not facts.attendees else replace(facts, attendees=lists)
        classification = apply_categories(classify_by_rules(known, book), known, book)
        book.caches.verdicts[key] = classification
    return classification


def _mailboxes(facts: Facts, book: RuleBook) -> tuple[str, ...]:
    """Only addresses of partnerships' lists; people's addresses are not remembered."""
    known = book.partnership_index.mailboxes
    return tuple([a for a in facts.attendees if a.partition("@")[0].casefold() in known])


def classify_by_rules(facts: Facts, book: RuleBook) -> Classification:
    """The rules' verdict, before any person's correction."""
    if facts.private:
        return PRIVATE_CLASSIFICATION
    features = extract_features(facts, book)
    return build_classification(next(iterate_matches(features, book), None), features, book)


def iterate_matches(features: MeetingFeatures, book: RuleBook) -> Iterator[RuleMatch]:
    """Everything that speaks, the one that wins first: our own rules, then the shipped stage by stage.

    Each rule is asked in turn. An index of bit masks that found the rules to ask was a tenth faster, and
    took 170 lines (docs/benchmarks.md).
    """
    row = features.row
    for stage, rule, gate in book.precedence:
        if gate and not row & gate:
            continue  # most rules: the row shows no list of theirs
        if rule is None:
            weighed = weigh_evidence_cached(features, book)
            if weighed.activity is not None:
                yield RuleMatch(stage, None, weighed)
        elif conditions_hold(rule.conditions, features, book):
            yield RuleMatch(stage, rule)


def build_classification(
    match: RuleMatch | None, features: MeetingFeatures, book: RuleBook
) -> Classification:
    """The verdict that an opinion gives; `unclear` where nobody had one."""
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
    cue_evidence: Evidence, features: MeetingFeatures, book: RuleBook
) -> Classification:
    activity = cue_evidence.activity or Activity.UNCLEAR
    share = process_share(features, book) if activity is Activity.MIXED else None
    rule, evidence = cue_evidence.describe(features.scan)
    return Classification(
        Scope.INTER_AGENCY,
        strongest_partnerships(features.partnership_matches, features.scan.tokens),
        activity,
        process_share=share,
        rule=rule,
        evidence=evidence,
        agencies=features.agencies,
    )
