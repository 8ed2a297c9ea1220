"""Cues of our own that ask more than the shipped ones do."""

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
def says(tmp_path):
    def judged(when, title, description=""):
        (tmp_path / "ours.toml").write_text(CUE.format(when=when), encoding="utf-8")
        book, _ = load_rules(["wales"], tmp_path)
        facts = Facts(title=title, description=description, attendee_domains=BOTH)
        return "own/quarter" in classify(facts, book).rule

    return judged


@pytest.mark.parametrize(
    ("when", "title", "spoken"),
    [
        ('any = ["q4"], with_any = ["@content"]', "Marmalade with q4", True),
        ('any = ["q4"], with_any = ["@content"]', "Marmalade: q4", False),
        ('any = ["q4"], none = ["@content"]', "Marmalade: q4", True),
        ('any = ["q4"], none = ["@content"]', "Marmalade with q4", False),
        ('any = ["q4"], segment_any = ["@content"]', "Marmalade: q4", True),
        ('any = ["q4"], segment_any = ["@content"]', "Q4", False),
    ],
)
def test_a_cue_may_ask_for_words_that_no_list_knows(says, when, title, spoken):
    assert says(when, title) is spoken


def test_words_that_no_list_knows_may_be_a_cue_by_themselves(says):
    assert says('any = ["@content"]', "Q4 with marmalade", "")


@pytest.mark.parametrize(("title", "spoken"), [("PSB q4", True), ("Q4", False)])
def test_a_cue_may_ask_for_a_partnership(says, title, spoken):
    assert says('any = ["q4"], partnership = true', title) is spoken
    assert says('any = ["q4"], partnerships = ["psb"]', title) is spoken


@pytest.mark.parametrize(("title", "spoken"), [("Q4: cake", True), ("Q4", False)])
def test_a_cue_may_ask_for_a_list_anywhere_in_the_row(says, title, spoken):
    assert says('any = ["q4"], row_any = ["cake"]', title) is spoken
    assert says('any = ["q4"], row_none = ["cake"]', title) is not spoken
