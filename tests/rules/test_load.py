"""Faults of packs are reported at once, each with file, rule, key and a hint; our own folder wins."""

import pytest

from calsync.errors import RulePackError
from calsync.rules.authoring.check import check_rules
from calsync.rules.classify import classify
from calsync.rules.explain import explain
from calsync.rules.facts import Facts
from calsync.rules.packs.json_schema import agencies_schema, pack_schema
from calsync.rules.packs.load import load_rules, shipped_rules_folder

HEAD = '[pack]\ntitle = "Ours"\nextends = ["manual"]\n'
RULE = """
[[rule]]
id = "own/hub"
stage = "bare"
why = "The hub meets to run itself."
when.title_any = ["moor hub"]
activity = "process"
example = [{ title = "Moor hub", domains = ["northmoor.gov.uk", "wales.nhs.uk"], expect = "process" }]
"""
HUB = Facts(title="Moor hub", attendee_domains=("northmoor.gov.uk", "wales.nhs.uk"))


def faults(tmp_path, text, packs=("wales",)):
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RulePackError) as raised:
        load_rules(packs, tmp_path)
    return [str(problem) for problem in raised.value.problems]


def test_an_id_with_other_letters_is_reported_without_the_pattern(tmp_path):
    (fault,) = faults(tmp_path, HEAD + RULE.replace("own/hub", "Own Hub!"))
    assert "'Own Hub!'" in fault and "lower-case letters" in fault
    assert "pattern" not in fault and "^" not in fault


def test_the_shipped_rules_are_found():
    assert (shipped_rules_folder() / "agencies.toml").is_file()


def test_our_own_rules_win_and_explain_shows_it(tmp_path):
    (tmp_path / "ours.toml").write_text(HEAD + RULE, encoding="utf-8")
    book, _ = load_rules(["wales"], tmp_path)
    assert classify(HUB, book).rule == "own/hub"
    assert "won: own/hub [own]" in str(explain(HUB, book))
    assert classify(HUB, load_rules(["wales"])[0]).rule == "bare/name"
    assert check_rules(book) == []


def test_our_own_agencies_win(tmp_path):
    (tmp_path / "agencies.toml").write_text(
        '[[agency]]\nid = "moor-hub"\nname = "Hub"\nsector = "voluntary"\ndomains = ["oddsandends.co.uk"]\n'
    )
    book, _ = load_rules(["wales"], tmp_path)
    assert book.directory.find_organisation("oddsandends.co.uk").agency == "moor-hub"


def test_all_faults_are_reported_at_once_with_the_likely_spelling(tmp_path):
    text = HEAD + RULE.replace("title_any", "tittle_any").replace('"process"\nexample', '"proces"\nexample')
    text += '\n[[rule]]\nid = "own/two"\nwhy = "short on examples"\n'
    found = "\n".join(faults(tmp_path, text))
    assert "ours.toml [rule own/hub]: no such key: 'tittle_any' (did you mean 'title_any'?)" in found
    assert "[rule own/two]: 'example' is missing" in found


def test_unknown_ids_lists_and_stages_are_named(tmp_path):
    rule = (
        RULE.replace('["moor hub"]', '["@governence"]')
        .replace('"bare"', '"bear"')
        .replace("own/hub", "own/x")
    )
    found = "\n".join(faults(tmp_path, HEAD + rule + 'partnership = "psbb"\n'))
    assert "no such list: 'governence' (did you mean 'governance'?)" in found
    assert "no such stage: 'bear' (did you mean 'bare'?)" in found
    assert "no such partnership: 'psbb' (did you mean 'psb'?)" in found


def test_an_unknown_pack_is_named():
    with pytest.raises(RulePackError, match="did you mean 'wales'"):
        load_rules(["walse"])


def test_broken_toml_and_a_missing_folder_are_named(tmp_path):
    assert "no TOML" in faults(tmp_path, "[pack")[0]
    with pytest.raises(RulePackError, match="no such folder"):
        load_rules(["wales"], tmp_path / "nowhere")


def test_a_wrong_example_is_found_by_the_check(tmp_path):
    (tmp_path / "ours.toml").write_text(HEAD + RULE.replace('"process" }', '"mixed" }'), encoding="utf-8")
    problems = check_rules(load_rules(["wales"], tmp_path)[0])
    assert ["expected mixed" in problem.what for problem in problems] == [True]


def test_a_rule_that_can_never_win_is_found_by_the_check(tmp_path):
    shadow = RULE.replace('when.title_any = ["moor hub"]\n', "").replace("own/hub", "own/all")
    twice = RULE.replace("own/hub", "own/again")
    (tmp_path / "ours.toml").write_text(HEAD + RULE + twice + shadow, encoding="utf-8")
    found = [str(problem) for problem in check_rules(load_rules(["wales"], tmp_path)[0])]
    assert any("own/again" in line and "never wins" in line for line in found)


def test_the_schemas_name_every_table_of_a_file():
    assert {"pack", "list", "rule", "cue", "partnership"} <= set(pack_schema()["properties"])
    assert {"sector", "shared", "agency"} <= set(agencies_schema()["properties"])
