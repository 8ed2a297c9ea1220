"""Explains a classification for `calsync explain`: who is invited, which rules matched, which one won."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from calsync.model.classification import Classification
from calsync.rules.book import RuleBook
from calsync.rules.classify import RuleMatch, classify, classify_by_rules, iterate_matches
from calsync.rules.conditions import describe_match
from calsync.rules.facts import Facts
from calsync.rules.features import MeetingFeatures, extract_features


@dataclass(frozen=True, slots=True)
class Explanation:
    """A classification and its reasons. matched_rules: ids of rules that matched; lines: ready to print."""

    classification: Classification
    matched_rules: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def explain(facts: Facts, book: RuleBook) -> Explanation:
    """The classification of a meeting with everything that matched, for it and against it."""
    classification = classify(facts, book)
    if facts.private:
        return Explanation(
            classification,
            (classification.rule,),
            (_format_classification(classification), classification.evidence),
        )
    features = extract_features(facts, book)
    matches = list(iterate_matches(features, book))
    lines = [
        _format_classification(classification),
        *manual_quotes(classification.rule, book),
        *_format_context(features),
        *_format_matches(matches, features),
    ]
    if classify_by_rules(facts, book) != classification:
        lines.append(f"corrected: {classification.evidence} beats every rule ({classification.rule})")
    return Explanation(classification, tuple(_matched_ids(matches)), tuple(lines))


def manual_quotes(ids: str, book: RuleBook) -> list[str]:
    """Quote the rules of the coding manual that were applied, a line each.

    Args:
        ids: the id of a rule, or of cues joined by " + ", as `Classification.rule` holds them.
    """
    applied = {cue.id: cue.manual for cue in book.cues}
    applied |= {rule.id: rule.manual for rule in chain(book.own_rules, *book.rules.values())}
    numbers = dict.fromkeys(number for id_ in ids.split(" + ") for number in applied.get(id_, ()))
    return [f'  coding manual, {number}: "{book.quotes[number]}"' for number in numbers]


def _format_classification(classification: Classification) -> str:
    partnerships = " and ".join(classification.partnerships) or "no partnership"
    own = (
        f"{classification.label}, counted as {classification.activity}"
        if classification.label
        else str(classification.activity)
    )
    return f"{classification.scope}, {partnerships}, {own}"


def _format_context(features: MeetingFeatures) -> Iterator[str]:
    for domain in sorted({features.facts.organizer_domain, *features.facts.attendee_domains} - {""}):
        yield f"  domain {domain}"
    for organisation in sorted(
        features.invitation.organisations, key=lambda organisation: organisation.agency
    ):
        shared = f", shared by several as {organisation.shared_domain}" if organisation.shared_domain else ""
        yield f"  agency {organisation.agency}: {organisation.sector} ({organisation.role}{shared})"
    for match in features.partnership_matches:
        yield f"  partnership {match.partnership}: '{match.words}', strength {match.strength:.0f}"


def _format_matches(matches: list[RuleMatch], features: MeetingFeatures) -> Iterator[str]:
    if not matches:
        yield "  no rule matched"
    for index, match in enumerate(matches):
        mark = "won" if index == 0 else "matched"
        if match.rule is not None:
            evidence = describe_match(match.rule.conditions, features) or "no words matched"
            label = f"{match.rule.scope}/{match.rule.label or match.rule.activity}"
            yield f"  {mark}: {match.rule.id} [{match.stage}] {label}: {evidence}; {match.rule.why}"
        elif match.evidence is not None:
            yield f"  {mark}: evidence of cues: {match.evidence.activity}"
            for cue_match in match.evidence.matches:
                where = "title" if cue_match.in_title else "description"
                ignored = "" if cue_match in match.evidence.deciding else ", ignored"
                described = cue_match.describe(features.scan)
                yield f"    {where}, weight {cue_match.cue.weight}{ignored}: {described}"


def _matched_ids(matches: list[RuleMatch]) -> Iterator[str]:
    for match in matches:
        if match.rule is not None:
            yield match.rule.id
        elif match.evidence is not None:
            yield from dict.fromkeys(cue_match.cue.id for cue_match in match.evidence.matches)
