"""Classifies tables of meetings, for `calsync classify`, `calsync rules score` and `calsync.classify`."""

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
    (joined by ";"). Missing columns count as empty. Of an address only the domain is used.
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
    """Add the columns scope, partnership, activity, rule and evidence to a table (see `build_facts_of_rows`).

    partnership: an id, "" for none, two ids joined by ";" if the title names both next to each other.
    activity: the pack's own name where it has one. Columns of these names that the table has are replaced.
    """
    classifications = [classify(facts, book) for facts in build_facts_of_rows(frame)]
    unlabelled = frame.drop(columns=[name for name in LABEL_COLUMNS if name in frame.columns])
    return unlabelled.assign(
        scope=[str(row.scope) for row in classifications],
        partnership=[";".join(row.partnerships) for row in classifications],
        activity=[row.label or str(row.activity) for row in classifications],
        rule=[row.rule for row in classifications],
        evidence=[row.evidence for row in classifications],
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
