"""Says why a meeting got its verdict: what was seen, every rule that spoke, and which one won."""

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
    """A verdict and how it came about. lines: ready to print; spoke: ids of all rules that spoke."""

    classification: Classification
    matched_rules: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def explain(facts: Facts, book: RuleBook) -> Explanation:
    """The verdict with everything that spoke for it and against it."""
    verdict = classify(facts, book)
    if facts.private:
        return Explanation(verdict, (verdict.rule,), (_format_classification(verdict), verdict.evidence))
    features = extract_features(facts, book)
    matches = list(iterate_matches(features, book))
    lines = [
        _format_classification(verdict),
        *manual_quotes(verdict.rule, book),
        *_format_context(features),
        *_format_matches(matches, features),
    ]
    if classify_by_rules(facts, book) != verdict:
        lines.append(f"corrected: {verdict.evidence} beats every rule ({verdict.rule})")
    return Explanation(verdict, tuple(_matched_ids(matches)), tuple(lines))


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
    for seat in sorted(features.invitation.organisations, key=lambda seat: seat.agency):
        shared = f", shared by several as {seat.shared_domain}" if seat.shared_domain else ""
        yield f"  agency {seat.agency}: {seat.sector} ({seat.role}{shared})"
    for claim in features.partnership_matches:
        yield f"  partnership {claim.partnership}: '{claim.words}', strength {claim.strength:.0f}"


def _format_matches(matches: list[RuleMatch], features: MeetingFeatures) -> Iterator[str]:
    if not matches:
        yield "  no rule spoke"
    for index, match in enumerate(matches):
        mark = "won" if index == 0 else "spoke"
        if match.rule is not None:
            saw = describe_match(match.rule.conditions, features) or "nothing else to go by"
            meant = f"{match.rule.scope}/{match.rule.label or match.rule.activity}"
            yield f"  {mark}: {match.rule.id} [{match.stage}] {meant}: {saw}; {match.rule.why}"
        elif match.evidence is not None:
            yield f"  {mark}: evidence weighed: {match.evidence.activity}"
            for cue_match in match.evidence.matches:
                where = "title" if cue_match.in_title else "description"
                set_aside = "" if cue_match in match.evidence.deciding else ", set aside"
                described = cue_match.describe(features.scan)
                yield f"    {where}, weight {cue_match.cue.weight}{set_aside}: {described}"


def _matched_ids(matches: list[RuleMatch]) -> Iterator[str]:
    for match in matches:
        if match.rule is not None:
            yield match.rule.id
        elif match.evidence is not None:
            yield from dict.fromkeys(cue_match.cue.id for cue_match in match.evidence.matches)
