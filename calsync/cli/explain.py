"""`calsync explain`: prints the rules that matched a meeting, and which one decided."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from calsync.app.wiring import store_url
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, print_lines
from calsync.cli.correct import describe_target
from calsync.cli.inputs import PacksOption, load_rule_book
from calsync.cli.terminal import out
from calsync.config.load import load_settings
from calsync.errors import ConfigError
from calsync.model.classification import Classification
from calsync.model.correction import Correction, applicable_corrections, sort_by_precedence
from calsync.model.meeting import Meeting
from calsync.model.problem import Problem
from calsync.rules.book import RuleBook
from calsync.rules.explain import explain as explain_facts
from calsync.rules.explain import manual_quotes
from calsync.rules.facts import Facts
from calsync.store.database import open_store


@app.command()
def explain(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A meeting's title.")] = "",
    uid: Annotated[str, typer.Option(metavar="U", help="A stored meeting, by its uid.")] = "",
    organiser: Annotated[str, typer.Option(metavar="DOMAIN", help="The organiser's mail domain.")] = "",
    invited: Annotated[str, typer.Option(metavar="DOMAINS", help='Mail domains, joined by ";".')] = "",
    description: Annotated[str, typer.Option(help="The invitation's text.")] = "",
    packs: PacksOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Show why a meeting got its label: each rule that matched, what it matched, and which one decided.

    Example: `calsync explain "RPB: ToR and membership refresh"`
    """
    if bool(text) == bool(uid):
        raise typer.BadParameter("give either a title or --uid")
    book = load_rule_book(config, packs)
    if uid:
        _explain_stored(uid, config, book)
        return
    domains = (
        tuple(map(_parse_domain, re.split(r"[;,\s]+", invited.strip(" ;,")))) if invited.strip(" ;,") else ()
    )
    organiser = _parse_domain(organiser) if organiser else ""
    if not domains:
        out.print(
            "Classified without attendees, who often decide the result. "
            'Add them: --invited "ours.gov.wales;theirs.nhs.uk" --organiser ours.gov.wales'
        )
    _print_explanation(
        Facts(text, organiser, domains, description=description, own_domains=_own_domains(config)), book
    )


def _parse_domain(text: str) -> str:
    """Return the domain of a mail address or mail domain; anything else is an error in the arguments."""
    domain = text.strip().rpartition("@")[2].casefold()
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
        raise typer.BadParameter(f"{text!r} is not a mail domain; write it as brynfelin.gov.wales")
    return domain


def _print_explanation(facts: Facts, book: RuleBook) -> None:
    print_lines(explain_facts(facts, book).lines)


def _explain_stored(uid: str, config: Path, book: RuleBook) -> None:
    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        uncorrected = store.meetings.find_uncorrected(uid)
        meetings = store.meetings.find_by_uid(uid)
        corrections = store.corrections.list_all(uid)
    if not meetings:
        hint = "its uid is in `calsync occurrences … --format csv`"
        raise ConfigError([Problem(uid, "no stored meeting has this uid", hint)])
    for classification in dict.fromkeys(meeting.classification for meeting in meetings):
        out.print(f"stored as {_format_classification(classification)}")
        print_lines(manual_quotes(classification.rule, book))
    if corrections:
        out.print()
        print_lines(list(_correction_lines(corrections, meetings, uncorrected)))
    out.print()
    out.print("From the stored fields (descriptions are not stored):")
    _print_explanation(_facts_of_meeting(meetings[0], settings.organisation.domains), book)


def _format_classification(classification: Classification) -> str:
    return f"{', '.join(classification.partnerships) or 'no partnership'}, {classification}"


def _correction_lines(
    corrections: Sequence[Correction], meetings: Sequence[Meeting], uncorrected: Sequence[Meeting]
) -> Iterator[str]:
    """Corrections by precedence, and the classifications that the meetings would have without them.

    uncorrected: the same meetings, with the classifications by rules.
    """
    yield "Corrections, by precedence"
    decided = {
        applicable[0].number
        for meeting in meetings
        if (applicable := applicable_corrections(meeting, corrections))
    }
    for correction in sort_by_precedence(corrections):
        # The others may still apply: one correction may name the partnership, another the activity.
        state = "decided" if correction.number in decided else "considered"
        mark = "withdrawn" if correction.withdrawn else state
        reason = f"; {correction.reason}" if correction.reason else ""
        before = "; ".join(dict.fromkeys(map(_format_classification, correction.previous_classifications)))
        target = f"{correction.number} [{describe_target(correction)}]"
        author = f"{correction.author}, {correction.made_at:%Y-%m-%d}"
        yield f"  {mark}: {target} {author}: {correction.fields}{reason}"
        yield f"    before: {before}"
    for classification in dict.fromkeys(meeting.classification for meeting in uncorrected):
        yield f"  without them: {_format_classification(classification)}"
    yield "  order: this meeting, its series, a category in the calendar, our own rules, shipped rules"


def _facts_of_meeting(meeting: Meeting, own: tuple[str, ...]) -> Facts:
    return Facts(
        title=meeting.title,
        organizer_domain=meeting.organizer_domain,
        attendee_domains=meeting.attendee_domains,
        categories=meeting.categories,
        recurring=bool(meeting.recurrence_id),
        own_domains=own,
        private=meeting.private,
    )


def _own_domains(config: Path) -> tuple[str, ...]:
    return load_settings(config).organisation.domains if config.exists() else ()
