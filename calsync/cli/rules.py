"""`calsync classify`, `explain` and `rules check`: how meetings are judged, and why."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, print_lines, print_problems
from calsync.cli.correct import which
from calsync.cli.terminal import err, out, write_csv
from calsync.config.load import load_settings
from calsync.errors import ConfigError
from calsync.exports.labelled import labelled_table
from calsync.exports.registry import suffixes_known
from calsync.exports.to_csv import csv_text
from calsync.exports.writing import write_alone
from calsync.model.classification import Classification
from calsync.model.correction import Correction, by_strength, heard
from calsync.model.meeting import Meeting
from calsync.model.problem import Problem
from calsync.nightly.opening import open_rules, store_url
from calsync.private_files import is_device
from calsync.rules.book import RuleBook
from calsync.rules.check import all_rules, check_rules
from calsync.rules.explain import explain as explain_facts
from calsync.rules.facts import Facts
from calsync.rules.load import load_rules
from calsync.rules.table import classify_table
from calsync.store.database import open_store
from calsync.text import count_of

EVERY_PACK = ("uk",)
rules_app = typer.Typer(help="For the rules' authors. Example: `calsync rules check`", no_args_is_help=True)
app.add_typer(rules_app, name="rules")

PacksOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pack", metavar="NAME", help="A shipped pack, may be repeated; in place of the settings'."
    ),
]


def book_of(config: Path, packs: list[str] | None) -> RuleBook:
    """The rules the settings name, their own folder always with them; without settings those shipped."""
    if config.exists():
        settings = load_settings(config)
        chosen = {"packs": tuple(packs)} if packs else {}
        rules = settings.rules.model_copy(update=chosen)
        book, problems = open_rules(settings.model_copy(update={"rules": rules}))
    else:
        book, problems = load_rules(packs or EVERY_PACK)
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
    frame = read_table(source)
    labelled = classify_table(frame, book_of(config, packs))
    if "attendee_domains" not in frame.columns:
        err.print("No column attendee_domains: every meeting is classified as if nobody were invited.")
    if prints:
        write_csv(csv_text(labelled))
    else:
        write_alone(labelled_table(labelled), target)
    unclear = int((labelled["activity"] == "unclear").sum())
    where = "" if prints else f": {target}"
    err.print(f"{count_of(len(labelled), 'meeting')} labelled, {unclear} of them unclear{where}")


def check_suffix(file: Path) -> None:
    """Raise ConfigError if no format is written to a file of this name."""
    if not file.suffix and is_device(file):
        return  # takes CSV
    if file.suffix.lower() not in (known := suffixes_known()):
        what = f"has the suffix {file.suffix!r}" if file.suffix else "has no suffix"
        hint = f"the format is chosen by it: {', '.join(known)}"
        raise ConfigError([Problem(str(file), f"{what}, by which no format is known", hint)])


def read_table(source: Path) -> pd.DataFrame:
    """A table of meetings as text; raises ConfigError if it cannot be read or has no titles."""
    try:
        frame = pd.read_csv(source, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError([Problem(str(source), "there is no such file", "check its path")]) from error
    except OSError as error:
        raise ConfigError([Problem(str(source), f"cannot be read: {error.strerror}")]) from error
    except pd.errors.EmptyDataError as error:
        raise ConfigError([Problem(str(source), "is empty", _COLUMNS_HINT)]) from error
    except UnicodeDecodeError as error:
        what, hint = "is no text in UTF-8", "save it as CSV in UTF-8 (in Excel: CSV UTF-8)"
        raise ConfigError([Problem(str(source), what, hint)]) from error
    except ValueError as error:
        what = f"is no CSV: {str(error).strip()}"
        raise ConfigError([Problem(str(source), what, "save it as CSV in UTF-8")]) from error
    if "title" not in frame.columns:
        raise ConfigError([Problem(str(source), "has no column `title`", _hint_for(frame.columns))])
    return frame


_COLUMNS_HINT = "its first line names the columns; `title` is needed"


def _hint_for(columns: pd.Index) -> str:
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
    book = book_of(config, packs)
    if uid:
        _explain_kept(uid, config, book)
        return
    domains = (
        tuple(map(_mail_domain, re.split(r"[;,\s]+", invited.strip(" ;,")))) if invited.strip(" ;,") else ()
    )
    organiser = _mail_domain(organiser) if organiser else ""
    if not domains:
        out.print(
            "Nobody is invited: this is judged without attendees, and who takes part decides much. "
            'Say who does: --invited "ours.gov.wales;theirs.nhs.uk" --organiser ours.gov.wales'
        )
    _print(Facts(text, organiser, domains, description=description, own_domains=_own_domains(config)), book)


def _mail_domain(text: str) -> str:
    """The domain of a mail address or of a mail domain; anything else is refused as an argument."""
    domain = text.strip().rpartition("@")[2].casefold()
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
        raise typer.BadParameter(f"{text!r} is no mail domain; write it as brynfelin.gov.wales")
    return domain


def _print(facts: Facts, book: RuleBook) -> None:
    print_lines(explain_facts(facts, book).lines)


def _explain_kept(uid: str, config: Path, book: RuleBook) -> None:
    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        ruled, found, said = store.meetings.ruled(uid), store.meetings.find(uid), store.corrections.all(uid)
    if not found:
        hint = "its uid is in `calsync occurrences … --format csv`"
        raise ConfigError([Problem(uid, "no kept meeting has this uid", hint)])
    for verdict in dict.fromkeys(meeting.verdict for meeting in found):
        out.print(f"kept as {_kept(verdict)}")
    if said:
        out.print()
        print_lines(list(_corrections(said, found, ruled)))
    out.print()
    out.print("With what is kept (descriptions are not):")
    _print(_facts(found[0], settings.organisation.domains), book)


def _kept(verdict: Classification) -> str:
    return f"{', '.join(verdict.partnerships) or 'no partnership'}, {verdict}"


def _corrections(
    said: Sequence[Correction], found: Sequence[Meeting], ruled: Sequence[Meeting]
) -> Iterator[str]:
    """What people said, the strongest first, and what the verdict would be without them."""
    yield "Corrections, the strongest first"
    won = {spoke[0].number for meeting in found if (spoke := heard(meeting, said))}
    for one in by_strength(said):
        mark = "withdrawn" if one.withdrawn else "won" if one.number in won else "spoke"
        why = f"; {one.why}" if one.why else ""
        was = "; ".join(dict.fromkeys(_kept(verdict) for verdict in one.before))
        yield f"  {mark}: {one.number} [{which(one)}] {one.by}, {one.made:%Y-%m-%d}: {one.says}{why}"
        yield f"    before: {was}"
    for verdict in dict.fromkeys(meeting.verdict for meeting in ruled):
        yield f"  without them: {_kept(verdict)}"
    yield "  order: this meeting, its series, a category in the calendar, our own rules, shipped rules"


def _facts(meeting: Meeting, own: tuple[str, ...]) -> Facts:
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
    book = book_of(config, packs)
    if print_problems(check_rules(book)):
        raise typer.Exit(1)
    out.print(f"{count_of(len(list(all_rules(book))), 'rule')}, all good")
