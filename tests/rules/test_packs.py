"""Every shipped pack loads, and every rule of it matches its examples."""

import pytest

from calsync.rules.authoring.check import check_rules, iterate_rules
from calsync.rules.packs.load import load_rules

pytestmark = pytest.mark.slow

PACKS = ("wales", "england", "scotland", "northern-ireland", "history", "uk")


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_matches_its_examples_and_no_counterexample(name):
    book, problems = load_rules([name])
    assert [str(problem) for problem in (*problems, *check_rules(book))] == []


def test_every_rule_has_a_reason_and_an_example():
    book, _ = load_rules(["uk"])
    assert all(rule.why.endswith(".") and rule.example for rule in iterate_rules(book))


def test_the_book_covers_every_partnership_of_the_manual():
    book, _ = load_rules(["uk"])
    ids = """psb rpb rsb csp apb vawdasv yjmb mappa marac channel lrf cjc growth_deal vru hscg icb icp place
    hwb lscp
    sab cdp send ijb cpp adp copg asp cjp pcsp cpni peer lsb hscwb cypfp lscb sp smat cf spatial lsp"""
    assert set(ids.split()) <= set(book.partnerships)


def test_the_version_changes_only_with_the_content():
    assert load_rules(["wales"])[0].version == load_rules(["wales"])[0].version
    assert load_rules(["wales"])[0].version != load_rules(["england"])[0].version
