"""Counts which rules decided the stored meetings, and what stays unclear, for `calsync rules coverage`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from calsync.model.classification import Activity, Scope
from calsync.model.meeting import Meeting
from calsync.rules.authoring.check import iterate_rules
from calsync.rules.book import RuleBook
from calsync.rules.organisations import UNLISTED
from calsync.text import format_count


@dataclass(frozen=True, slots=True)
class RuleUsage:
    """How many meetings and hours each rule decided.

    all_day: how many of the meetings take whole days; they have no hours, since a day of leave is not 24
    hours. inter_hours: hours of meetings between agencies; unclear_hours: of those without an activity.
    rules: id, meetings, hours. unused_rules: ids of rules that decided no meeting. unclear: title,
    meetings, hours of unclear meetings between agencies; private meetings and meetings whose titles are not
    stored have the title "". unlisted: mail domains of no agencies file, with the number of meetings.
    rules, unclear: the most hours first.
    """

    meetings: int
    all_day: int
    unclear_hours: float
    inter_hours: float
    rules: tuple[tuple[str, int, float], ...]
    unused_rules: tuple[str, ...]
    unclear: tuple[tuple[str, int, float], ...]
    unlisted: tuple[tuple[str, int], ...]

    def lines(self) -> tuple[str, ...]:
        """The whole text, line by line."""
        return tuple(_format_lines(self))

    def __str__(self) -> str:
        return "\n".join(self.lines())


def measure_rule_usage(meetings: Iterable[Meeting], book: RuleBook) -> RuleUsage:
    """Count meetings and hours by the rule that decided, and list what is unclear."""
    rules: Counter[str] = Counter()
    rule_hours: defaultdict[str, float] = defaultdict(float)
    unclear: Counter[str] = Counter()
    unclear_hours: defaultdict[str, float] = defaultdict(float)
    domains: Counter[str] = Counter()
    inter, all_day = 0.0, 0
    for meeting in meetings:
        hours = 0.0 if meeting.all_day else meeting.span.duration.total_seconds() / 3600
        all_day += meeting.all_day
        for rule in meeting.classification.rule.split(" + "):
            rules[rule] += 1
            rule_hours[rule] += hours
        domains.update(_unlisted_domains(meeting, book))
        if meeting.classification.scope is not Scope.INTER_AGENCY:
            continue
        inter += hours
        if meeting.classification.activity is Activity.UNCLEAR:
            title = "" if meeting.private else meeting.title
            unclear[title] += 1
            unclear_hours[title] += hours
    return RuleUsage(
        meetings=sum(rules.values()),
        all_day=all_day,
        unclear_hours=sum(unclear_hours.values()),
        inter_hours=inter,
        rules=tuple((rule, rules[rule], hours) for rule, hours in _sort_by_hours(rule_hours)),
        unused_rules=tuple(sorted({rule.id for rule in iterate_rules(book)} - rules.keys())),
        unclear=tuple((title, unclear[title], hours) for title, hours in _sort_by_hours(unclear_hours)),
        unlisted=tuple(domains.most_common()),
    )


def _sort_by_hours(hours: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(hours.items(), key=lambda pair: -pair[1])


def _unlisted_domains(meeting: Meeting, book: RuleBook) -> Iterator[str]:
    for domain in {meeting.organizer_domain, *meeting.attendee_domains} - {""}:
        if book.directory.find_organisation(domain).sector == UNLISTED:
            yield domain


def _format_lines(usage: RuleUsage) -> Iterator[str]:
    share = usage.unclear_hours / usage.inter_hours if usage.inter_hours else 0.0
    unclear = f"{usage.unclear_hours:.1f} h of them unclear ({share:.0%})"
    yield f"{usage.inter_hours:.1f} h between agencies, {unclear}"
    if usage.all_day:
        yield f"All-day meetings, counted without hours: {usage.all_day}"
    yield from ("", "Rules by the hours they decided")
    for rule, meetings, hours in usage.rules:
        yield f"  {hours:8.1f} h  {meetings:5d}  {rule}"
    yield from ("", "Unclear, most hours first")
    for title, meetings, hours in usage.unclear:
        yield f"  {hours:8.1f} h  {meetings:5d}  {title or '(title not stored)'}"
    if usage.unlisted:
        yield from ("", "Domains that no directory lists (add them to your agencies.toml)")
        yield from (f"  {meetings:5d}  {domain}" for domain, meetings in usage.unlisted)
    yield from (
        "",
        f"{format_count(len(usage.unused_rules), 'rule')} decided nothing: {', '.join(usage.unused_rules)}",
    )
