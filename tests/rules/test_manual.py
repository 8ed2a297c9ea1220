"""The coding manual: its page in the documentation, and the quotes of it in rules and explanations."""

import re
import tomllib
from pathlib import Path

import pytest

from calsync.errors import RulePackError
from calsync.rules.authoring.check import iterate_rules
from calsync.rules.explain import explain
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules, shipped_rules_folder

PAGE = (Path(__file__).parents[2] / "docs" / "rules" / "coding-manual.md").read_text(encoding="utf-8")
_HEADING = re.compile(
    r"^#{3,4} ((?:Rule|Ruling) \w+|Definition of [a-z -]+)(?:: [^\n]+)?\n\n> ([^\n]+)$", re.M
)
QUOTES_ON_PAGE = {heading[0].lower() + heading[1:]: words for heading, words in _HEADING.findall(PAGE)}
DATA = tomllib.loads(
    (shipped_rules_folder() / "packs" / "manual" / "0-manual.toml").read_text(encoding="utf-8")
)
COUNCIL, NHS = "northmoor.gov.uk", "wales.nhs.uk"


def test_the_page_has_every_rule_and_ruling_each_with_its_words():
    rules = {f"rule {number}" for number in (*range(1, 6), "P", *range(7, 18))}
    rulings = {f"ruling {number}" for number in range(1, 17)}
    activities = ("process", "service improvement", "mixed", "operational", "none", "unclear")
    scopes = ("inter-agency", "internal", "personal", "other")
    definitions = {f"definition of {name}" for name in (*scopes, *activities)}
    assert set(QUOTES_ON_PAGE) == rules | rulings | definitions


def test_every_quote_is_on_the_page():
    assert {number: QUOTES_ON_PAGE[number] for number in DATA["quotes"]} == DATA["quotes"]


def test_every_shipped_rule_and_cue_names_a_rule_of_the_manual_and_every_quote_is_used():
    book, _ = load_rules(["uk"])
    assert [rule.id for rule in iterate_rules(book) if not rule.manual] == []
    assert {number for rule in iterate_rules(book) for number in rule.manual} == set(book.quotes)


def test_an_explanation_quotes_the_rule_that_was_applied():
    book, _ = load_rules(["wales"])
    lines = explain(Facts("Annual leave"), book).lines
    assert lines[1] == f'  coding manual, rule 2: "{QUOTES_ON_PAGE["rule 2"]}"'


def test_an_explanation_quotes_each_rule_that_its_cues_apply_once():
    book, _ = load_rules(["wales"])
    facts = Facts("RPB: terms of reference, membership", COUNCIL, (COUNCIL, NHS))
    quoted = [line for line in explain(facts, book).lines if "coding manual" in line]
    assert quoted == [f'  coding manual, definition of process: "{QUOTES_ON_PAGE["definition of process"]}"']


def test_a_persons_correction_quotes_no_rule():
    book, _ = load_rules(["wales"])
    facts = Facts("Annual leave", categories=("calsync: process",))
    assert not [line for line in explain(facts, book).lines if "coding manual" in line]


OWN = """
[pack]
title = "Our own"
extends = ["manual"]

[quotes]
"hub rule 1" = "What the hub goes through each morning is operational."

[[rule]]
id = "own/huddle"
stage = "operational"
why = "Our hub goes through today's list."
manual = ["{number}"]
when.title_any = ["hub huddle"]
scope = "inter_agency"
activity = "operational"
example = [{{ title = "Hub huddle" }}]
"""


def test_a_pack_of_our_own_may_quote_a_manual_of_its_own(tmp_path):
    (tmp_path / "own.toml").write_text(OWN.format(number="hub rule 1"), encoding="utf-8")
    book, problems = load_rules(["wales"], tmp_path)
    assert problems == ()
    quote = '  coding manual, hub rule 1: "What the hub goes through each morning is operational."'
    assert explain(Facts("Hub huddle"), book).lines[1] == quote


def test_a_rule_of_the_manual_without_a_quote_is_a_fault(tmp_path):
    (tmp_path / "own.toml").write_text(OWN.format(number="hub rule 2"), encoding="utf-8")
    with pytest.raises(RulePackError, match=r"no such rule of the manual: 'hub rule 2'.*hub rule 1"):
        load_rules(["wales"], tmp_path)
