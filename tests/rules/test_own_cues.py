"""Conditions of cues that no shipped cue has, in a pack of our own."""

import pytest

from calsync.rules.classify import classify
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

pytestmark = pytest.mark.slow

BOTH = ("northmoor.gov.uk", "wales.nhs.uk")
CUE = """
[pack]
title = "Ours"
extends = ["manual"]

[[cue]]
id = "own/quarter"
why = "The fourth quarter is a matter of process."
side = "process"
weight = 4
when = {{ {when} }}
example = [{{ title = "x", expect = "process" }}]
"""


@pytest.fixture
def cue_matches(tmp_path):
    def classify_with(when, title, description=""):
        (tmp_path / "ours.toml").write_text(CUE.format(when=when), encoding="utf-8")
        book, _ = load_rules(["wales"], tmp_path)
        facts = Facts(title=title, description=description, attendee_domains=BOTH)
        return "own/quarter" in classify(facts, book).rule

    return classify_with


@pytest.mark.parametrize(
    ("when", "title", "matches"),
    [
        ('any = ["q4"], with_any = ["@content"]', "Marmalade with q4", True),
        ('any = ["q4"], with_any = ["@content"]', "Marmalade: q4", False),
        ('any = ["q4"], none = ["@content"]', "Marmalade: q4", True),
        ('any = ["q4"], none = ["@content"]', "Marmalade with q4", False),
        ('any = ["q4"], segment_any = ["@content"]', "Marmalade: q4", True),
        ('any = ["q4"], segment_any = ["@content"]', "Q4", False),
    ],
)
def test_a_cue_may_require_words_of_no_list(cue_matches, when, title, matches):
    assert cue_matches(when, title) is matches


def test_words_of_no_list_may_be_a_cue_by_themselves(cue_matches):
    assert cue_matches('any = ["@content"]', "Q4 with marmalade")


@pytest.mark.parametrize(("title", "matches"), [("PSB q4", True), ("Q4", False)])
def test_a_cue_may_require_a_partnership(cue_matches, title, matches):
    assert cue_matches('any = ["q4"], partnership = true', title) is matches
    assert cue_matches('any = ["q4"], partnerships = ["psb"]', title) is matches


@pytest.mark.parametrize(("title", "matches"), [("Q4: cake", True), ("Q4", False)])
def test_a_cue_may_require_a_list_anywhere_in_the_text(cue_matches, title, matches):
    assert cue_matches('any = ["q4"], row_any = ["cake"]', title) is matches
    assert cue_matches('any = ["q4"], row_none = ["cake"]', title) is not matches
