"""The files of the shipped rules, which a person can review; list files of our own packs."""

import csv
import tomllib
from pathlib import Path

import pytest

from calsync.errors import RulePackError
from calsync.model.problem import Severity
from calsync.rules.authoring.check import iterate_rules
from calsync.rules.classify import classify
from calsync.rules.facts import Facts
from calsync.rules.language.folding import fold_text
from calsync.rules.packs.load import load_rules, shipped_rules_folder

RULES = shipped_rules_folder()
FILES = [
    path
    for path in sorted(RULES.rglob("*"))
    if path.is_file() and path.suffix in (".toml", ".txt", ".json", ".md")
]
LISTS = sorted((RULES / "lists").glob("*.*.txt"))
PACKS = {path: tomllib.loads(path.read_text(encoding="utf-8")) for path in (RULES / "packs").rglob("*.toml")}
STAGES = [path for path in PACKS if path.parent.name == "manual" and PACKS[path]["pack"].get("stages")]


def phrases_of(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def texts_in(value: object) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(texts_in, value)) if isinstance(value, list) else set()


def test_no_line_is_too_long_to_review():
    long = {
        f"{path.relative_to(RULES)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 200
    }
    assert long == set()


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_a_list_file_says_what_it_is_for_and_holds_each_phrase_once_in_order(path):
    assert path.read_text(encoding="utf-8").startswith("# ")
    phrases = phrases_of(path)
    assert phrases == sorted(set(phrases), key=lambda phrase: (fold_text(phrase.lstrip("'")), phrase))


def test_every_list_file_is_named_by_one_pack_and_used_in_some_rule_cue_or_key():
    named = [name for pack in PACKS.values() for name in pack["pack"].get("lists", ())]
    assert sorted(named) == sorted({path.name.partition(".")[0] for path in LISTS})
    used = set().union(*map(texts_in, PACKS.values()))
    assert {name for name in named if f"@{name}" not in used} == set()


def test_a_stage_is_a_file_and_its_rules_have_its_name():
    for path in STAGES:
        stage = path.stem.partition("-")[2]
        pack = PACKS[path]
        assert pack["pack"]["stages"] == [stage]
        rules = [rule["id"] for rule in pack.get("rule", ())]
        assert [id_ for id_ in rules if not id_.startswith(f"{stage}/")] == []
        assert [rule["id"] for rule in pack.get("rule", ()) if "stage" in rule] == []


def test_the_order_of_the_files_is_the_order_of_the_stages():
    book, _ = load_rules(["wales"])
    assert book.stages == ("personal", "inside", "other", "one-agency", "operational", "weigh", "bare")
    assert [path.stem.partition("-")[2] for path in sorted(STAGES)] == list(book.stages)


def test_the_table_of_renamed_rules_has_old_ids_that_are_gone_and_new_ids_that_exist():
    table = Path(__file__).parents[2] / "benchmarks" / "renamed_rules.csv"
    with table.open(encoding="utf-8", newline="") as file:
        renamed = {row["old"]: row["new"] for row in csv.DictReader(file)}
    ids = {rule.id for rule in iterate_rules(load_rules(["uk"])[0])}
    assert set(renamed.values()) <= ids
    assert ids.isdisjoint(renamed)


OWN = """
[pack]
title = "Our own"
extends = ["manual"]
lists = ["hub_words"]

[[rule]]
id = "own/hub"
stage = "operational"
why = "Our hub goes through today's list."
when.title_any = ["@hub_words"]
scope = "inter_agency"
activity = "operational"
example = [{ title = "Hwb cleifion" }]
"""


def own_folder(tmp_path: Path, pack: str, **lists: str) -> Path:
    (tmp_path / "own.toml").write_text(pack, encoding="utf-8")
    (tmp_path / "lists").mkdir()
    for name, text in lists.items():
        (tmp_path / "lists" / f"{name.replace('__', '.')}.txt").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_pack_of_our_own_may_have_its_lists_in_files(tmp_path):
    words = "# Words for our hub.\nhub patients\n\n  hub beds  \n"
    folder = own_folder(tmp_path, OWN, hub_words__en=words, hub_words__cy="# Yr un peth.\nhwb cleifion\n")
    book, problems = load_rules(["wales"], folder)
    assert problems == ()
    for title in ("Hub patients", "Hub beds", "Hwb cleifion"):
        assert classify(Facts(title), book).rule == "own/hub"


def test_phrases_in_the_pack_are_added_to_those_of_the_file(tmp_path):
    pack = OWN + '\n[list.hub_words]\nen = ["hub trolley"]\n'
    book, _ = load_rules(["wales"], own_folder(tmp_path, pack, hub_words__en="# Words.\nhub patients\n"))
    assert classify(Facts("Hub trolley"), book).rule == "own/hub"
    assert classify(Facts("Hub patients"), book).rule == "own/hub"


def test_a_changed_list_file_changes_the_version_of_the_rules(tmp_path):
    folder = own_folder(tmp_path, OWN, hub_words__en="# Words.\nhub patients\n")
    before = load_rules(["wales"], folder)[0].version
    (folder / "lists" / "hub_words.en.txt").write_text("# Words.\nhub beds\n", encoding="utf-8")
    assert load_rules(["wales"], folder)[0].version != before


def test_a_list_without_a_file_is_a_fault_with_the_likely_name(tmp_path):
    folder = own_folder(tmp_path, OWN, hub_word__en="# Words.\nhub patients\n")
    with pytest.raises(RulePackError, match=r"own\.toml \[pack\] lists.*hub_words.*hub_word"):
        load_rules([], folder)


def test_a_list_file_that_no_pack_names_is_noted(tmp_path):
    words = "# Words.\nhub patients\n"
    folder = own_folder(tmp_path, OWN, hub_words__en=words, other__en="# Words.\nothers\n")
    _, problems = load_rules(["wales"], folder)
    assert [(problem.where, problem.severity) for problem in problems] == [
        ("lists/other.en.txt", Severity.NOTE)
    ]


@pytest.mark.parametrize("name", ["hub_words.english.txt", "hub_words.EN.txt"])
def test_a_file_name_without_a_language_code_is_a_fault(tmp_path, name):
    folder = own_folder(tmp_path, OWN)
    (folder / "lists" / name).write_text("# Words.\nhub patients\n", encoding="utf-8")
    with pytest.raises(RulePackError, match="is no language code"):
        load_rules([], folder)


def test_a_list_file_that_is_no_text_is_a_fault(tmp_path):
    folder = own_folder(tmp_path, OWN)
    (folder / "lists" / "hub_words.en.txt").write_bytes(b"# Words.\n\xff\xfe\n")
    with pytest.raises(RulePackError, match=r"hub_words\.en\.txt"):
        load_rules([], folder)


ALONE = """
[pack]
title = "A language of its own"
{keys}

[list.leeg]
nl = ["de", "het"]
[list.filler]
nl = ["online"]

[[rule]]
id = "nl/verlof"
why = "A title that is only leave."
when.title_only = ["verlof"]
scope = "personal"
activity = "none"
example = [{{ title = "Verlof" }}]
"""


def test_a_key_of_the_pack_names_the_list_of_filler(tmp_path):
    (tmp_path / "nl.toml").write_text(ALONE.format(keys='filler = ["@leeg", "een"]'), encoding="utf-8")
    book, _ = load_rules([], tmp_path)
    assert classify(Facts("Het verlof, een"), book).rule == "nl/verlof"
    assert classify(Facts("Verlof online"), book).rule != "nl/verlof"


def test_without_the_key_the_list_of_its_default_counts(tmp_path):
    (tmp_path / "nl.toml").write_text(ALONE.format(keys=""), encoding="utf-8")
    book, _ = load_rules([], tmp_path)
    assert classify(Facts("Verlof online"), book).rule == "nl/verlof"


def test_a_key_that_names_an_unknown_list_is_a_fault(tmp_path):
    (tmp_path / "nl.toml").write_text(ALONE.format(keys='stop_words = ["@leg"]'), encoding="utf-8")
    with pytest.raises(RulePackError, match="no such list: 'leg'"):
        load_rules([], tmp_path)
