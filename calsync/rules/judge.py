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
from calsync.rules.categories import corrected
from calsync.rules.conditions import holds, people_of, what_it_saw
from calsync.rules.facts import Facts
from calsync.rules.reading import Reading, read
from calsync.rules.weigh import Weighed, weigh_once
from calsync.rules.whose import tied

PRIVATE = Classification(
    Scope.PERSONAL, (), Activity.NONE, rule="engine/private", evidence="private: nothing was looked at"
)
ABSTAINED = "engine/abstained"
_KEPT = 100_000  # verdicts remembered


class Opinion(NamedTuple):
    """What one stage says: a rule that speaks, or the evidence weighed."""

    stage: str
    rule: Rule | None
    weighed: Weighed | None = None


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
    verdict = book.verdicts.get(key)
    if verdict is None:
        # Where no domain is known, people without a mailbox of a list do not count as invited.
        known = facts if facts.attendee_domains or not facts.attendees else replace(facts, attendees=lists)
        verdict = corrected(judge(known, book), known, book)
        if len(book.verdicts) >= _KEPT:
            book.verdicts.clear()
        book.verdicts[key] = verdict
    return verdict


def _mailboxes(facts: Facts, book: RuleBook) -> tuple[str, ...]:
    """Only addresses of partnerships' lists; people's addresses are not remembered."""
    known = book.whose.mailboxes
    return tuple([a for a in facts.attendees if a.partition("@")[0].casefold() in known])


def judge(facts: Facts, book: RuleBook) -> Classification:
    """The rules' verdict, before any person's correction."""
    if facts.private:
        return PRIVATE
    reading = read(facts, book)
    return verdict_of(next(opinions(reading, book), None), reading, book)


def opinions(reading: Reading, book: RuleBook) -> Iterator[Opinion]:
    """Everything that speaks, the one that wins first: our own rules, then the shipped stage by stage."""
    barred = reading.invitation.bars | book.index.people[people_of(reading)]
    for stage, rule, left in book.index.opened(reading.scan.title, reading.scan.description, barred):
        if rule is None:
            weighed = weigh_once(reading, book)
            if weighed.activity is not None:
                yield Opinion(stage, None, weighed)
        elif left is None or holds(left, reading, book):
            yield Opinion(stage, rule)


def verdict_of(opinion: Opinion | None, reading: Reading, book: RuleBook) -> Classification:
    """The verdict that an opinion gives; `unclear` where nobody had one."""
    if opinion is not None and opinion.rule is not None:
        return _by_rule(opinion.rule, reading)
    if opinion is not None and opinion.weighed is not None:
        return _by_weight(opinion.weighed, reading, book)
    partnerships = tied(reading.claims, reading.scan.tokens)
    return Classification(
        Scope.INTER_AGENCY,
        partnerships,
        Activity.UNCLEAR,
        rule=ABSTAINED,
        evidence="no rule spoke",
        agencies=reading.agencies,
    )


def _by_rule(rule: Rule, reading: Reading) -> Classification:
    partnerships: tuple[str, ...] = (rule.partnership,) if rule.partnership else ()
    if rule.partnership == "keep":
        partnerships = tied(reading.claims, reading.scan.tokens)
    return Classification(
        rule.scope,
        partnerships,
        rule.activity,
        kind=rule.kind,
        rule=rule.id,
        evidence=what_it_saw(rule.test, reading) or rule.why,
        agencies=reading.agencies,
        label=rule.label,
    )


def _by_weight(weighed: Weighed, reading: Reading, book: RuleBook) -> Classification:
    activity = weighed.activity or Activity.UNCLEAR
    share = process_share(reading, book) if activity is Activity.MIXED else None
    rule, evidence = weighed.said(reading.scan)
    return Classification(
        Scope.INTER_AGENCY,
        tied(reading.claims, reading.scan.tokens),
        activity,
        process_share=share,
        rule=rule,
        evidence=evidence,
        agencies=reading.agencies,
    )
