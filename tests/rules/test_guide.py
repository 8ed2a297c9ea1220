"""The example of docs/rules/writing-rules.md does what the page says."""

import re
from pathlib import Path

import pytest

from calsync.rules.authoring.check import check_rules
from calsync.rules.book import RuleBook
from calsync.rules.explain import explain
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

PAGE = Path(__file__).parents[2] / "docs" / "rules" / "writing-rules.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
INVITED = ("northmoor.gov.uk", "wales.nhs.uk")


def block(beginning: str) -> str:
    (text,) = [text for text in BLOCKS if text.startswith(beginning)]
    return text


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> RuleBook:
    folder = tmp_path_factory.mktemp("our-rules")
    (folder / "agencies.toml").write_text(block("[[agency]]"), encoding="utf-8")
    pack = block("#:schema") + block('[pack]\ntitle = "Northmoor')
    (folder / "ours.toml").write_text(pack, encoding="utf-8")
    loaded, problems = load_rules(["wales"], folder)
    assert problems == ()
    return loaded


def test_the_guides_own_pack_passes_the_check(book):
    # Except for notes that its domains are samples, as on any page.
    assert [str(problem) for problem in check_rules(book) if "ends like a sample" not in problem.what] == []


def test_the_guides_rule_wins_and_explain_names_it(book):
    explanation = explain(Facts("Hub huddle 8.45", INVITED[0], INVITED), book)
    assert explanation.classification.rule.startswith("own/huddle")
    assert "own/huddle" in str(explanation)


def test_the_guides_partnership_is_found_by_its_welsh_name(book):
    explanation = explain(Facts("Bwrdd Hwb Integreiddio: cylch gorchwyl", INVITED[0], INVITED), book)
    assert explanation.classification.partnerships == ("moor_hub",)
