"""No shipped rule knows a tuning row: no phrase is a whole title of one, no phrase names a place.

A phrase may be a whole title where it is the name of a kind of partnership or organisation (a list of
`[[partnership]]` or `[[agency]]`), a single word, or one of the `DIARY` phrases: a few words that
any diary holds and a dictionary or a public body's glossary explains.
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
_READ = ("meetings", "second", "fourth", "fifth", "sixth", "eighth")
READ = tuple(HERE / "blind" / f"{name}.csv" for name in _READ)
CODED = [path for path in (*READ, SHARED / "titles.csv", SHARED / "titles_2.csv") if path.exists()]
FILES = sorted((shipped_rules_folder() / "packs").rglob("*.toml"))
LISTS = sorted((shipped_rules_folder() / "lists").glob("*.*.txt"))
AGENCIES = tomllib.loads((shipped_rules_folder() / "agencies.toml").read_text(encoding="utf-8"))

DIARY = frozenset(
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

_GIVEN = re.compile(r"county borough council|county council|city council|council|cyngor|isle of|city of")


def phrases(value: object) -> Iterator[str]:
    """Every text under a list or a condition; lists that it names stand elsewhere."""
    if isinstance(value, str):
        yield from () if value.startswith("@") else (value,)
    elif isinstance(value, list):
        for part in value:
            yield from phrases(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from phrases(part)


def asked() -> Iterator[tuple[str, str]]:
    """Where each phrase of lists, rules, cues and patterns stands, names of organisations apart."""
    for path in LISTS:
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from ((path.name, line) for line in lines if not line.startswith("#"))
    for path in FILES:
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, table in pack.get("list", {}).items():
            yield from ((f"{path.name} [list.{name}]", text) for text in phrases(table))
        for rule in (*pack.get("rule", ()), *pack.get("cue", ())):
            yield from ((f"{path.name} [{rule['id']}]", text) for text in phrases(rule.get("when", {})))


def patterns() -> Iterator[tuple[str, str]]:
    """Where each regular expression stands, with its words."""
    for path in FILES:
        for pattern in tomllib.loads(path.read_text(encoding="utf-8")).get("pattern", ()):
            regex = "".join(pattern["regex"])
            yield (f"{path.name} [pattern {pattern['list']}]", re.sub(r"\\.", " ", regex))


def places() -> set[str]:
    """The place in the name of every council in the directory, in English and Welsh, as folded words."""
    found = set()
    for agency in AGENCIES["agency"]:
        if agency["sector"] == "council" and agency.get("domains"):
            found.add(_GIVEN.sub(" ", agency["name"].casefold()))
            found |= {domain.partition(".")[0].replace("-", " ") for domain in agency["domains"]}
    return {place for name in found if len(place := " ".join(split_words(name))) > 3}


def title_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", CODED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_phrase_is_a_whole_title_of_a_row_that_was_looked_at(path):
    titles = {split_words(row["title"]) for row in title_rows(path)}
    found = {
        f"{where}: {text}"
        for where, text in asked()
        for way in expand_phrase(text)
        if len(way) > 1 and way in titles and " ".join(way) not in DIARY
    }
    assert found == set()


def test_no_phrase_names_a_place():
    known = places()
    assert {"denbighshire", "neath port talbot", "abertawe"} <= known
    found = {
        f"{where}: {place}"
        for where, text in (*asked(), *patterns())
        for held in [f" {' '.join(split_words(text))} "]
        for place in known
        if f" {place} " in held
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
        for row in title_rows(path)
        for domain in (row["organiser_domain"], *row["attendee_domains"].split(";"))
        if re.search(r"(gov\.uk|gov\.wales|llyw\.cymru|gov\.scot)(\.example)?$", domain)
        for label in [domain.partition(".")[0]]
        if len(label) > 5 and label not in kinds
    }
    found = {
        f"{where}: {place}"
        for where, text in (*asked(), *patterns())
        for place in made_up.intersection(split_words(text))
    }
    assert made_up
    assert found == set()
