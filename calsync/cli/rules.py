"""`calsync rules`: the commands `check`, `score`, `coverage`, `suggest` and `schema` for authors of rules."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from calsync.app.rule_usage import measure_stored_rule_usage
from calsync.app.wiring import store_url
from calsync.cli.app import (
    DEFAULT_CONFIG,
    ConfigOption,
    app,
    load_usable_managers,
    parse_day,
    print_lines,
    print_problems,
)
from calsync.cli.inputs import PacksOption, load_rule_book, read_meetings_table
from calsync.cli.terminal import out, write_json
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.errors import ConfigError
from calsync.model.classification import Activity
from calsync.model.problem import Problem
from calsync.rules.authoring.check import check_rules, iterate_rules
from calsync.rules.authoring.rule_usage import RuleUsage
from calsync.rules.authoring.score import score_rules
from calsync.rules.authoring.suggest import suggest_phrases
from calsync.rules.book import RuleBook
from calsync.rules.packs.json_schema import agencies_schema, pack_schema
from calsync.rules.packs.load import load_person_names
from calsync.rules.tables import classify_table
from calsync.store.database import open_store
from calsync.text import format_count

rules_app = typer.Typer(
    help="Check, score and improve the rules. Example: `calsync rules check`", no_args_is_help=True
)
app.add_typer(rules_app, name="rules")

CODED_COLUMNS = ("scope", "partnership", "activity")
SinceOption = Annotated[date, typer.Option("--from", parser=parse_day, metavar="D", help="The first day.")]
UntilOption = Annotated[
    date, typer.Option("--to", parser=parse_day, metavar="D", help="The day after the last one.")
]
EARLIEST_DAY, LATEST_DAY = "1970-01-01", "2100-01-01"


@rules_app.command()
def check(packs: PacksOption = None, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run every rule's examples, and find rules that can never match or contradict each other.

    Example: `calsync rules check --pack wales`
    """
    book = load_rule_book(config, packs)
    if print_problems(check_rules(book)):
        raise typer.Exit(1)
    out.print(f"{format_count(len(list(iterate_rules(book))), 'rule')}, all good")


@rules_app.command()
def score(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Meetings that people have coded.")],
    packs: PacksOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    rows: Annotated[int, typer.Option(min=0, help="How many differing rows to show, longest first.")] = 20,
) -> None:
    """Compare the rules with people: accuracy, Cohen's kappa, classes, hours, and the worst rows.

    The columns are those of `calsync classify`, with scope, partnership and activity as coded.
    Example: `calsync rules score coded.csv --rows 10`
    """
    frame = _read_coded_table(source, CODED_COLUMNS)
    print_lines(score_rules(frame, load_rule_book(config, packs)).lines(rows))


@rules_app.command()
def coverage(
    first: SinceOption = EARLIEST_DAY,  # type: ignore[assignment]
    last: UntilOption = LATEST_DAY,  # type: ignore[assignment]
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Print which rules decide the stored meetings, what stays unclear, and which domains are unlisted.

    Titles of private meetings are never shown.
    Example: `calsync rules coverage --from 2026-11-01 --to 2026-12-01`
    """
    print_lines(_measure_coverage(config, load_rule_book(config, None), first, last).lines())


def _measure_coverage(config: Path, book: RuleBook, first: date, last: date) -> RuleUsage:
    settings = load_settings(config)
    load_usable_managers(settings)
    with open_store(store_url(settings)) as store:
        return measure_stored_rule_usage(settings, store, book, first, last)


@rules_app.command()
def suggest(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A table of meetings; default: those stored."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Coded meetings, to try each proposal on.")
    ] = None,
    packs: PacksOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Propose rules for unclear titles that share words, as text for a pack of your own.

    No proposal contains a person's name or an activity: you choose the activity that a phrase shows.
    Example: `calsync rules suggest --against coded.csv`
    """
    book = load_rule_book(config, packs)
    coded = _read_coded_table(against, ("activity",)) if against else None
    classified = None if coded is None else classify_table(coded, book)
    names = (*load_person_names(), *_manager_names(config))
    unclear = _find_unclear_titles(source, config, book)
    proposals = suggest_phrases(unclear, coded, book, classified=classified, names=names)
    for proposal in proposals:
        print_lines(proposal.lines())
        out.print()
    if not proposals:
        out.print("# no two unclear titles share a content word")


def _manager_names(config: Path) -> tuple[str, ...]:
    if not config.exists():
        return ()
    return tuple(manager.name for manager in load_managers(load_settings(config)))


def _find_unclear_titles(source: Path | None, config: Path, book: RuleBook) -> list[tuple[str, float]]:
    if source is None:
        usage = _measure_coverage(
            config, book, date.fromisoformat(EARLIEST_DAY), date.fromisoformat(LATEST_DAY)
        )
        return [(title, hours) for title, _, hours in usage.unclear if title]
    frame = read_meetings_table(source)
    classified = classify_table(frame, book)
    minutes = pd.to_numeric(frame.get("duration_minutes", pd.Series(60, frame.index)), errors="coerce")
    is_unclear = classified["activity"].isin(book.names_counted_as(Activity.UNCLEAR)).to_numpy()
    return list(zip(frame["title"][is_unclear], minutes.fillna(0)[is_unclear] / 60, strict=True))


def _read_coded_table(source: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    frame = read_meetings_table(source)
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        hint = "add the columns that people coded"
        raise ConfigError([Problem(str(source), f"has no column {', '.join(missing)}", hint)])
    return frame


@rules_app.command()
def schema(
    agencies: Annotated[bool, typer.Option("--agencies", help="The schema of agencies files.")] = False,
) -> None:
    """Print the JSON schema of packs, so that editors complete and check them.

    Example: `calsync rules schema > pack.schema.json`
    """
    write_json(json.dumps(agencies_schema() if agencies else pack_schema(), indent=2) + "\n")
