"""The worked example of docs/rules/writing-rules.md does what the guide says."""

import re
from pathlib import Path

import pytest

from calsync.rules.authoring.check import check_rules
from calsync.rules.book import RuleBook
from calsync.rules.explain import explain
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

GUIDE = Path(__file__).parents[2] / "docs" / "rules" / "writing-rules.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
INVITED = ("northmoor.gov.uk", "wales.nhs.uk")


def block(beginning: str) -> str:
    (found,) = [text for text in BLOCKS if text.startswith(beginning)]
    return found


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> RuleBook:
    folder = tmp_path_factory.mktemp("our-rules")
    (folder / "agencies.toml").write_text(block("[[agency]]"), encoding="utf-8")
    pack = block("#:schema") + block('[pack]\ntitle = "Northmoor')
    (folder / "ours.toml").write_text(pack, encoding="utf-8")
    found, problems = load_rules(["wales"], folder)
    assert problems == ()
    return found


def test_the_guides_own_pack_passes_the_check(book):
    # But for notes that its domains are samples, as any in a guide must be.
    assert [str(problem) for problem in check_rules(book) if "ends like a sample" not in problem.what] == []


def test_the_guides_rule_wins_and_explain_names_it(book):
    told = explain(Facts("Hub huddle 8.45", INVITED[0], INVITED), book)
    assert told.classification.rule.startswith("own/huddle")
    assert "own/huddle" in str(told)


def test_the_guides_partnership_is_found_by_its_welsh_name(book):
    told = explain(Facts("Bwrdd Hwb Integreiddio: cylch gorchwyl", INVITED[0], INVITED), book)
    assert told.classification.partnerships == ("moor_hub",)
