"""Checks a rule book for `calsync rules check`: examples, rules that cannot win, rules that contradict."""

from collections.abc import Iterator, Sequence

from calsync.model.classification import Activity, Classification, Scope
from calsync.model.problem import Problem, Severity
from calsync.rules.book import RuleBook
from calsync.rules.classify import classify_by_rules
from calsync.rules.compiled import EVIDENCE_STAGE, Conditions, Cue, Rule
from calsync.rules.explain import explain
from calsync.rules.facts import Facts
from calsync.rules.packs.models import Example


def check_rules(book: RuleBook) -> list[Problem]:
    """Everything wrong with a book that could be loaded, faults before notes."""
    problems = [
        *book.lint_problems,
        *_check_examples(book),
        *_find_unreachable(book),
        *_find_conflicts(book),
        *_check_sides(book),
    ]
    return sorted(problems, key=lambda problem: problem.severity is Severity.NOTE)


def build_facts_of_example(example: Example) -> Facts:
    """The facts of an example; its first domain is the organizer's."""
    return Facts(
        title=example.title,
        description=example.description,
        location=example.location,
        organizer_domain=example.domains[0] if example.domains else "",
        attendee_domains=example.domains,
        minutes=example.minutes,
        categories=example.categories,
    )


def iterate_rules(book: RuleBook) -> Iterator[Rule | Cue]:
    """Every rule and cue, our own first."""
    yield from book.own_rules
    for rules in book.rules.values():
        yield from rules
    yield from book.cues


def _check_examples(book: RuleBook) -> Iterator[Problem]:
    for rule in iterate_rules(book):
        for example in rule.example:
            yield from _check_example(rule, example, book)
        for example in rule.leaves:
            yield from _check_counterexample(rule, example, book)


def _check_example(rule: Rule | Cue, example: Example, book: RuleBook) -> Iterator[Problem]:
    facts = build_facts_of_example(example)
    where = f"[{rule.id}] example {example.title!r}"
    if rule.id not in explain(facts, book).matched_rules:
        yield Problem(where, "the rule does not match", "correct the example or the rule's conditions")
    yield from _check_expectation(where, example, book)


def _check_counterexample(rule: Rule | Cue, example: Example, book: RuleBook) -> Iterator[Problem]:
    facts = build_facts_of_example(example)
    where = f"[{rule.id}] leaves {example.title!r}"
    winners = classify_by_rules(facts, book).rule.split(" + ")
    if rule.id in winners and rule.id in explain(facts, book).matched_rules:
        yield Problem(where, "the rule wins for a meeting that it should leave", "narrow its conditions")
    yield from _check_expectation(where, example, book)


def _check_expectation(where: str, example: Example, book: RuleBook) -> Iterator[Problem]:
    if not example.expect:
        return
    classification = classify_by_rules(build_facts_of_example(example), book)
    if not _matches_expectation(example.expect, classification):
        partnerships = ";".join(classification.partnerships) or "-"
        got = f"{classification.scope}/{partnerships}/{classification.label or classification.activity}"
        yield Problem(where, f"expected {example.expect}, got {got} by {classification.rule}")


def _matches_expectation(expect: str, classification: Classification) -> bool:
    """Whether a classification is what `Example.expect` gives."""
    parts = expect.split("/")
    partnerships = ";".join(classification.partnerships) or "-"
    if len(parts) == 3:
        return (
            parts[0] == classification.scope
            and parts[1] == partnerships
            and parts[2] in _activity_names(classification)
        )
    return all(
        part == classification.scope if part in set(Scope) else part in _activity_names(classification)
        for part in parts
    )


def _activity_names(classification: Classification) -> tuple[str, ...]:
    own = (classification.label,) if classification.label else ()
    return (str(classification.activity), *own)


def _find_unreachable(book: RuleBook) -> Iterator[Problem]:
    """Rules after one without conditions, and rules with the same conditions as one before them."""
    for rules in (book.own_rules, *book.rules.values()):
        unconditional: Rule | None = None
        first_with: dict[Conditions, Rule] = {}
        for rule in rules:
            if unconditional is not None and unconditional.stage == rule.stage:
                what = f"never wins: {unconditional.id} before it has no conditions"
                yield Problem(f"[{rule.id}]", what, "give it a greater weight")
            elif rule.conditions in first_with:
                what = f"never wins: {first_with[rule.conditions].id} has the same conditions and comes first"
                yield Problem(f"[{rule.id}]", what, "remove one of them")
            if rule.conditions == Conditions():
                unconditional = rule
            first_with.setdefault(rule.conditions, rule)


def _find_conflicts(book: RuleBook) -> Iterator[Problem]:
    """Examples for which another rule of the same stage and weight gives another label."""
    for rules in book.rules.values():
        by_weight: dict[int, list[Rule]] = {}
        for rule in rules:
            by_weight.setdefault(rule.weight, []).append(rule)
        for equals in by_weight.values():
            yield from _find_conflicts_among(equals, book)


def _find_conflicts_among(equals: Sequence[Rule], book: RuleBook) -> Iterator[Problem]:
    labels = {rule.id: (rule.scope, rule.activity) for rule in equals}
    for rule in equals:
        for example in rule.example:
            for other in explain(build_facts_of_example(example), book).matched_rules:
                if other in labels and labels[other] != labels[rule.id]:
                    yield Problem(
                        f"[{rule.id}] example {example.title!r}",
                        f"{other} has the same weight and gives another label",
                        "give one of them a greater weight",
                        Severity.NOTE,
                    )


def _check_sides(book: RuleBook) -> Iterator[Problem]:
    if book.cues and EVIDENCE_STAGE not in book.stages:
        yield Problem(
            "[pack] stages", f"there are cues, but no stage {EVIDENCE_STAGE!r}", f"add {EVIDENCE_STAGE!r}"
        )
    for cue in book.cues:
        if cue.side not in set(Activity):
            yield Problem(f"[{cue.id}]", f"no such side: {cue.side!r}")
