"""`calsync classify`, `explain` and `rules check`: how meetings are judged, and why."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from calsync.app.wiring import open_rules, store_url
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, print_lines, print_problems
from calsync.cli.correct import describe_target
from calsync.cli.terminal import err, out, write_csv
from calsync.config.load import load_settings
from calsync.errors import ConfigError
from calsync.exports.labelled import build_labelled_table
from calsync.exports.registry import known_suffixes
from calsync.exports.to_csv import format_csv
from calsync.exports.writing import write_table_only
from calsync.model.classification import Activity, Classification
from calsync.model.correction import Correction, applicable_corrections, sort_by_precedence
from calsync.model.meeting import Meeting
from calsync.model.problem import Problem
from calsync.private_files import is_device
from calsync.rules.authoring.check import check_rules, iterate_rules
from calsync.rules.book import RuleBook
from calsync.rules.explain import explain as explain_facts
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules
from calsync.rules.tables import classify_table
from calsync.store.database import open_store
from calsync.text import format_count

DEFAULT_PACKS = ("uk",)
rules_app = typer.Typer(help="For the rules' authors. Example: `calsync rules check`", no_args_is_help=True)
app.add_typer(rules_app, name="rules")

PacksOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pack", metavar="NAME", help="A shipped pack, may be repeated; in place of the settings'."
    ),
]


def load_rule_book(config: Path, packs: list[str] | None) -> RuleBook:
    """The rules the settings name, their own folder always with them; without settings those shipped."""
    if config.exists():
        settings = load_settings(config)
        chosen = {"packs": tuple(packs)} if packs else {}
        rules = settings.rules.model_copy(update=chosen)
        book, problems = open_rules(settings.model_copy(update={"rules": rules}))
    else:
        book, problems = load_rules(packs or DEFAULT_PACKS)
    print_problems(problems)
    return book


def _own_domains(config: Path) -> tuple[str, ...]:
    return load_settings(config).organisation.domains if config.exists() else ()


@app.command()
def classify(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="Meetings, one a row.")],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The same rows, labelled: .csv, .xlsx, .parquet or .json; - prints CSV."
        ),
    ],
    packs: PacksOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Label a table of meetings: adds scope, partnership, activity, rule and evidence.

    The columns are title, organiser_domain, attendee_domains (joined by ";"), duration_minutes,
    recurring and description; all but title may be missing.
    Example: `calsync classify meetings.csv labelled.xlsx`
    """
    prints = str(target) == "-"
    if not prints:
        check_suffix(target)
        if target.exists() and source.exists() and target.samefile(source):
            hint = "name another file for the labelled table"
            raise ConfigError([Problem(str(target), "is the table that is read; it would be lost", hint)])
    frame = read_meetings_table(source)
    book = load_rule_book(config, packs)
    labelled = classify_table(frame, book)
    if "attendee_domains" not in frame.columns:
        err.print("No column attendee_domains: every meeting is classified as if nobody were invited.")
    table = build_labelled_table(labelled)
    if prints:
        write_csv(format_csv(table))
    else:
        write_table_only(table, target)
    unclear = int(labelled["activity"].isin(book.names_counted_as(Activity.UNCLEAR)).sum())
    where = "" if prints else f": {target}"
    err.print(f"{format_count(len(labelled), 'meeting')} labelled, {unclear} of them unclear{where}")


def check_suffix(file: Path) -> None:
    """Raise ConfigError if no format is written to a file of this name."""
    if not file.suffix and is_device(file):
        return  # takes CSV
    if file.suffix.lower() not in (known := known_suffixes()):
        what = f"has the suffix {file.suffix!r}" if file.suffix else "has no suffix"
        hint = f"the format is chosen by it: {', '.join(known)}"
        raise ConfigError([Problem(str(file), f"{what}, by which no format is known", hint)])


def read_meetings_table(source: Path) -> pd.DataFrame:
    """A table of meetings as text; raises ConfigError if it cannot be read or has no titles."""
    try:
        frame = pd.read_csv(source, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError([Problem(str(source), "there is no such file", "check its path")]) from error
    except OSError as error:
        raise ConfigError([Problem(str(source), f"cannot be read: {error.strerror}")]) from error
    except pd.errors.EmptyDataError as error:
        raise ConfigError([Problem(str(source), "is empty", _TITLE_HINT)]) from error
    except UnicodeDecodeError as error:
        what, hint = "is no text in UTF-8", "save it as CSV in UTF-8 (in Excel: CSV UTF-8)"
        raise ConfigError([Problem(str(source), what, hint)]) from error
    except ValueError as error:
        what = f"is no CSV: {str(error).strip()}"
        raise ConfigError([Problem(str(source), what, "save it as CSV in UTF-8")]) from error
    if "title" not in frame.columns:
        raise ConfigError([Problem(str(source), "has no column `title`", _title_column_hint(frame.columns))])
    return frame


_TITLE_HINT = "its first line names the columns; `title` is needed"


def _title_column_hint(columns: pd.Index) -> str:
    """What to do about a table whose columns are these, without `title`."""
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t"):
        return "separate the columns by commas"
    meant = [name for name in columns if name.strip().casefold() in ("title", "subject", "summary", "teitl")]
    return f"rename the column {meant[0]!r} to `title`" if meant else f"it has: {', '.join(columns)}"


@app.command()
def explain(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A meeting's title.")] = "",
    uid: Annotated[str, typer.Option(metavar="U", help="A kept meeting, by its uid.")] = "",
    organiser: Annotated[str, typer.Option(metavar="DOMAIN", help="The organiser's mail domain.")] = "",
    invited: Annotated[str, typer.Option(metavar="DOMAINS", help='Mail domains, joined by ";".')] = "",
    description: Annotated[str, typer.Option(help="The invitation's text.")] = "",
    packs: PacksOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say why a meeting got its label: every rule that spoke, what it saw, and which one won.

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
            "Nobody is invited: this is judged without attendees, and who takes part decides much. "
            'Say who does: --invited "ours.gov.wales;theirs.nhs.uk" --organiser ours.gov.wales'
        )
    _print_explanation(
        Facts(text, organiser, domains, description=description, own_domains=_own_domains(config)), book
    )


def _parse_domain(text: str) -> str:
    """The domain of a mail address or of a mail domain; anything else is refused as an argument."""
    domain = text.strip().rpartition("@")[2].casefold()
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
        raise typer.BadParameter(f"{text!r} is no mail domain; write it as brynfelin.gov.wales")
    return domain


def _print_explanation(facts: Facts, book: RuleBook) -> None:
    print_lines(explain_facts(facts, book).lines)


def _explain_stored(uid: str, config: Path, book: RuleBook) -> None:
    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        uncorrected, found, corrections = (
            store.meetings.find_uncorrected(uid),
            store.meetings.find_by_uid(uid),
            store.corrections.list_all(uid),
        )
    if not found:
        hint = "its uid is in `calsync occurrences … --format csv`"
        raise ConfigError([Problem(uid, "no kept meeting has this uid", hint)])
    for verdict in dict.fromkeys(meeting.classification for meeting in found):
        out.print(f"kept as {_format_classification(verdict)}")
    if corrections:
        out.print()
        print_lines(list(_correction_lines(corrections, found, uncorrected)))
    out.print()
    out.print("With what is kept (descriptions are not):")
    _print_explanation(_facts_of_meeting(found[0], settings.organisation.domains), book)


def _format_classification(verdict: Classification) -> str:
    return f"{', '.join(verdict.partnerships) or 'no partnership'}, {verdict}"


def _correction_lines(
    said: Sequence[Correction], found: Sequence[Meeting], ruled: Sequence[Meeting]
) -> Iterator[str]:
    """What people said, the strongest first, and what the verdict would be without them."""
    yield "Corrections, the strongest first"
    won = {applicable[0].number for meeting in found if (applicable := applicable_corrections(meeting, said))}
    for correction in sort_by_precedence(said):
        mark = "withdrawn" if correction.withdrawn else "won" if correction.number in won else "spoke"
        why = f"; {correction.reason}" if correction.reason else ""
        was = "; ".join(
            dict.fromkeys(_format_classification(verdict) for verdict in correction.previous_classifications)
        )
        yield f"  {mark}: {correction.number} [{describe_target(correction)}] {correction.author}, {correction.made_at:%Y-%m-%d}: {correction.fields}{why}"
        yield f"    before: {was}"
    for verdict in dict.fromkeys(meeting.classification for meeting in ruled):
        yield f"  without them: {_format_classification(verdict)}"
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


@rules_app.command()
def check(packs: PacksOption = None, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run every rule's examples and look for rules that can never speak, or contradict each other.

    Example: `calsync rules check --pack wales`
    """
    book = load_rule_book(config, packs)
    if print_problems(check_rules(book)):
        raise typer.Exit(1)
    out.print(f"{format_count(len(list(iterate_rules(book))), 'rule')}, all good")
