"""Shipped rules are general: no phrase is a whole title of a row for tuning, no phrase names a place.

A phrase may be a whole title where it is the name of a kind of partnership or organisation (a list of
`[[partnership]]` or `[[agency]]`), a single word, or one of the `DIARY_PHRASES`: a few words that
are in any diary and in a dictionary or a public body's glossary.
"""

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from calsync.rules.language.folding import expand_phrase, split_words
from calsync.rules.packs.load import shipped_rules_folder

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "data"  # coded rows that are not ours to ship
_TUNING_FILES = ("meetings", "second", "fourth", "fifth", "sixth", "eighth")
TUNING = tuple(HERE / "blind" / f"{name}.csv" for name in _TUNING_FILES)
CODED = [path for path in (*TUNING, SHARED / "titles.csv", SHARED / "titles_2.csv") if path.exists()]
FILES = sorted((shipped_rules_folder() / "packs").rglob("*.toml"))
LISTS = sorted((shipped_rules_folder() / "lists").glob("*.*.txt"))
AGENCIES = tomllib.loads((shipped_rules_folder() / "agencies.toml").read_text(encoding="utf-8"))

DIARY_PHRASES = frozenset(
    (
        "1 1",
        "1 2 1",
        "5 a side",
        "a l",
        "amser gweithio",
        "annual leave",
        "bank hol",
        "blood test",
        "budget monitoring",
        "car mot",
        "catch up",
        "channel panel",
        "daily management meeting",
        "dal i fyny",
        "dim yn gweithio",
        "discharge call",
        "discharge list",
        "do not book",
        "dr appt",
        "eye test",
        "first aid at work",
        "flu jag",
        "flexi day",
        "focus time",
        "gair sydyn",
        "gwyliau blynyddol",
        "gwyliau haf",
        "gwyliau hanner tymor",
        "nursery pick up",
        "parents eve",
        "parents evening",
        "pat leave",
        "pick up kids",
        "placement panel",
        "prevention board",
        "private appointment",
        "quick chat",
        "report writing",
        "resource panel",
        "rest day",
        "return to work",
        "school run",
        "sgwrs sydyn",
        "spin class",
        "tripartite panel",
    )
)

_KIND_OF_COUNCIL = re.compile(
    r"county borough council|county council|city council|council|cyngor|isle of|city of"
)


def texts_under(value: object) -> Iterator[str]:
    """Every phrase under a list or a condition, without the names of other lists."""
    if isinstance(value, str):
        yield from () if value.startswith("@") else (value,)
    elif isinstance(value, list):
        for part in value:
            yield from texts_under(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_under(part)


def rule_phrases() -> Iterator[tuple[str, str]]:
    """The file and the text of each phrase of lists, rules and cues, without names of organisations."""
    for path in LISTS:
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from ((path.name, line) for line in lines if not line.startswith("#"))
    for path in FILES:
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, table in pack.get("list", {}).items():
            yield from ((f"{path.name} [list.{name}]", text) for text in texts_under(table))
        for rule in (*pack.get("rule", ()), *pack.get("cue", ())):
            yield from ((f"{path.name} [{rule['id']}]", text) for text in texts_under(rule.get("when", {})))


def pattern_words() -> Iterator[tuple[str, str]]:
    """The file and the words of each regular expression."""
    for path in FILES:
        for pattern in tomllib.loads(path.read_text(encoding="utf-8")).get("pattern", ()):
            regex = "".join(pattern["regex"])
            yield (f"{path.name} [pattern {pattern['list']}]", re.sub(r"\\.", " ", regex))


def council_places() -> set[str]:
    """The place of every council of the agencies file, in English and Welsh, as folded words."""
    names = set()
    for agency in AGENCIES["agency"]:
        if agency["sector"] == "council" and agency.get("domains"):
            names.add(_KIND_OF_COUNCIL.sub(" ", agency["name"].casefold()))
            names |= {domain.partition(".")[0].replace("-", " ") for domain in agency["domains"]}
    return {place for name in names if len(place := " ".join(split_words(name))) > 3}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", CODED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_phrase_is_a_whole_title_of_a_row_for_tuning(path):
    titles = {split_words(row["title"]) for row in read_rows(path)}
    found = {
        f"{where}: {text}"
        for where, text in rule_phrases()
        for spelling in expand_phrase(text)
        if len(spelling) > 1 and spelling in titles and " ".join(spelling) not in DIARY_PHRASES
    }
    assert found == set()


def test_no_phrase_names_a_place():
    council_names = council_places()
    assert {"denbighshire", "neath port talbot", "abertawe"} <= council_names
    found = {
        f"{where}: {place}"
        for where, text in (*rule_phrases(), *pattern_words())
        for words in [f" {' '.join(split_words(text))} "]
        for place in council_names
        if f" {place} " in words
    }
    assert found == set()


@pytest.mark.parametrize("path", CODED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_phrase_names_the_made_up_place_of_a_row(path):
    kinds = {
        "wales",
        "police",
        "health",
        "probation",
        "justice",
        "ourschool",
        "homeoffice",
        "ofsted",
        "hmicfrs",
    }  # and national inspectors
    made_up = {
        label
        for row in read_rows(path)
        for domain in (row["organiser_domain"], *row["attendee_domains"].split(";"))
        if re.search(r"(gov\.uk|gov\.wales|llyw\.cymru|gov\.scot)(\.example)?$", domain)
        for label in [domain.partition(".")[0]]
        if len(label) > 5 and label not in kinds
    }
    found = {
        f"{where}: {place}"
        for where, text in (*rule_phrases(), *pattern_words())
        for place in made_up.intersection(split_words(text))
    }
    assert made_up
    assert found == set()
