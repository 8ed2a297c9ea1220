"""Classifies tables of meetings, in the columns that other tools write."""

from collections.abc import Iterator

import pandas as pd

from calsync.rules.book import RuleBook
from calsync.rules.classify import classify
from calsync.rules.facts import Facts

LABEL_COLUMNS = ("scope", "partnership", "activity", "rule", "evidence")
_OPTIONAL_COLUMNS = (
    "organiser_domain",
    "attendee_domains",
    "duration_minutes",
    "recurring",
    "description",
    "location",
)
_SEPARATORS = str.maketrans({",": ";", "|": ";", " ": ";"})


def build_facts_of_rows(frame: pd.DataFrame) -> Iterator[Facts]:
    """The facts of each row.

    Columns: title (required); organiser_domain (or organizer_domain), attendee_domains (joined by
    ";"), duration_minutes, recurring ("none" or empty: no), description, location, categories
    (joined by ";"). Columns that are not there count as empty; addresses count by their domain.
    """
    table = frame.rename(columns={"organizer_domain": "organiser_domain", "summary": "title"})
    for name in (*_OPTIONAL_COLUMNS, "categories"):
        if name not in table.columns:
            table[name] = ""
    for row in table.to_dict("records"):
        yield Facts(
            title=_read_text(row["title"]),
            organizer_domain=_domain_of_address(_read_text(row["organiser_domain"])),
            attendee_domains=_split_domains(_read_text(row["attendee_domains"])),
            minutes=_parse_minutes(row["duration_minutes"]),
            recurring=_read_text(row["recurring"]).casefold() not in ("", "none", "no", "false"),
            description=_read_text(row["description"]),
            location=_read_text(row["location"]),
            categories=tuple(c.strip() for c in _read_text(row["categories"]).split(";") if c.strip()),
        )


def classify_table(frame: pd.DataFrame, book: RuleBook) -> pd.DataFrame:
    """The table with columns scope, partnership, activity, rule and evidence added (see `build_facts_of_rows`).

    partnership: an id, "" for none, ids joined by ";" in a true tie. activity: the pack's own name
    where it has one. Columns of these names that were there before are replaced.
    """
    verdicts = [classify(facts, book) for facts in build_facts_of_rows(frame)]
    kept = frame.drop(columns=[name for name in LABEL_COLUMNS if name in frame.columns])
    return kept.assign(
        scope=[str(v.scope) for v in verdicts],
        partnership=[";".join(v.partnerships) for v in verdicts],
        activity=[v.label or str(v.activity) for v in verdicts],
        rule=[v.rule for v in verdicts],
        evidence=[v.evidence for v in verdicts],
    )


def _read_text(value: object) -> str:
    return "" if value is None or value != value else str(value)  # NaN is not itself


def _domain_of_address(text: str) -> str:
    return text.strip().rpartition("@")[2]


def _split_domains(text: str) -> tuple[str, ...]:
    parts = (_domain_of_address(part) for part in text.translate(_SEPARATORS).split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def _parse_minutes(value: object) -> int:
    try:
        return round(float(_read_text(value) or 0))
    except ValueError:
        return 0
