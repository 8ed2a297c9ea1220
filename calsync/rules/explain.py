"""Says why a meeting got its verdict: what was seen, every rule that spoke, and which one won."""

from collections.abc import Iterator
from dataclasses import dataclass

from calsync.model.classification import Classification
from calsync.rules.book import RuleBook
from calsync.rules.conditions import what_it_saw
from calsync.rules.facts import Facts
from calsync.rules.judge import Opinion, classify, judge, opinions
from calsync.rules.reading import Reading, read


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict and how it came about. lines: ready to print; spoke: ids of all rules that spoke."""

    verdict: Classification
    spoke: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def explain(facts: Facts, book: RuleBook) -> Explanation:
    """The verdict with everything that spoke for it and against it."""
    verdict = classify(facts, book)
    if facts.private:
        return Explanation(verdict, (verdict.rule,), (_shown(verdict), verdict.evidence))
    reading = read(facts, book)
    heard = list(opinions(reading, book))
    lines = [_shown(verdict), *_seen(reading), *_heard(heard, reading)]
    if judge(facts, book) != verdict:
        lines.append(f"corrected: {verdict.evidence} beats every rule ({verdict.rule})")
    return Explanation(verdict, tuple(_ids(heard)), tuple(lines))


def _shown(verdict: Classification) -> str:
    whose = " and ".join(verdict.partnerships) or "no partnership"
    label = f" ({verdict.label})" if verdict.label else ""
    return f"{verdict.scope}, {whose}, {verdict.activity}{label}"


def _seen(reading: Reading) -> Iterator[str]:
    for domain in sorted({reading.facts.organizer_domain, *reading.facts.attendee_domains} - {""}):
        yield f"  domain {domain}"
    for seat in sorted(reading.invitation.seats, key=lambda seat: seat.agency):
        shared = f", shared by several as {seat.shared}" if seat.shared else ""
        yield f"  agency {seat.agency}: {seat.sector} ({seat.role}{shared})"
    for claim in reading.claims:
        yield f"  partnership {claim.partnership}: '{claim.words}', strength {claim.strength:.0f}"


def _heard(heard: list[Opinion], reading: Reading) -> Iterator[str]:
    if not heard:
        yield "  no rule spoke"
    for place, opinion in enumerate(heard):
        mark = "won" if place == 0 else "spoke"
        if opinion.rule is not None:
            saw = what_it_saw(opinion.rule.test, reading) or "nothing else to go by"
            meant = f"{opinion.rule.scope}/{opinion.rule.label or opinion.rule.activity}"
            yield f"  {mark}: {opinion.rule.id} [{opinion.stage}] {meant}: {saw}; {opinion.rule.why}"
        elif opinion.weighed is not None:
            yield f"  {mark}: evidence weighed: {opinion.weighed.activity}"
            for one in opinion.weighed.spoken:
                where = "title" if one.in_title else "description"
                set_aside = "" if one in opinion.weighed.carried else ", set aside"
                yield f"    {where}, weight {one.cue.weight}{set_aside}: {one.told(reading.scan)}"


def _ids(heard: list[Opinion]) -> Iterator[str]:
    for opinion in heard:
        if opinion.rule is not None:
            yield opinion.rule.id
        elif opinion.weighed is not None:
            yield from dict.fromkeys(one.cue.id for one in opinion.weighed.spoken)
