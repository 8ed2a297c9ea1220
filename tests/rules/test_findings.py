"""Likely mistakes that `rules check` reports in packs and agencies files that could be loaded."""

from pathlib import Path

import pytest

from calsync.model.problem import Problem, Severity
from calsync.rules.authoring.check import check_rules
from calsync.rules.classify import classify
from calsync.rules.explain import explain
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

pytestmark = pytest.mark.slow

AGENCY = '[[agency]]\nid = "{id}"\nname = "Moor Carers"\nsector = "{sector}"\ndomains = ["{domain}"]\n'
PACK = '[pack]\ntitle = "ours"\nextends = ["manual"]\n'


def load_own_book(folder: Path, *, agencies: str = "", pack: str = ""):
    (folder / "agencies.toml").write_text(agencies, encoding="utf-8")
    (folder / "ours.toml").write_text(PACK + pack, encoding="utf-8")
    return load_rules(("wales",), folder)[0]


def problems_of(folder: Path, **files: str) -> list[Problem]:
    return check_rules(load_own_book(folder, **files))


@pytest.mark.parametrize("ending", [".example", ".EXAMPLE", ".test"])
def test_a_sample_domain_is_found_and_its_agency_recognised_all_the_same(tmp_path, ending: str) -> None:
    agency = AGENCY.format(id="moor", sector="voluntary", domain=f"moorcarers.org.uk{ending}")
    (note,) = problems_of(tmp_path, agencies=agency)
    assert note.severity is Severity.NOTE and "moorcarers.org.uk" in note.what
    book = load_own_book(tmp_path, agencies=agency)
    for invited in ("moorcarers.org.uk", "moorcarers.org.uk.example", "moorcarers.org.uk.test"):
        facts = Facts("Hub catch up", "northmoor.gov.uk.example", ("northmoor.gov.uk", invited))
        assert classify(facts, book).agencies == ("council:northmoor", "moor")


def test_a_sample_ending_of_a_partnerships_domain_is_ignored_on_both_sides(tmp_path) -> None:
    pack = '[[partnership]]\nid = "hub"\nname = "Moor Hub"\ndomains = ["moorhub.org.uk.example"]\n'
    book = load_own_book(tmp_path, pack=pack)
    for organiser in ("moorhub.org.uk", "moorhub.org.uk.example"):
        assert classify(Facts("Board", organiser, ("wales.nhs.uk",)), book).partnerships == ("hub",)


def test_an_unknown_sector_is_found_with_its_likely_spelling(tmp_path) -> None:
    agency = AGENCY.format(id="moor", sector="voluntry", domain="moorcarers.org.uk")
    (fault,) = problems_of(tmp_path, agencies=agency)
    assert (fault.where, fault.severity) == ("agencies.toml [agency moor] sector", Severity.FAULT)
    assert "'voluntry'" in fault.what and "voluntary" in fault.hint


def test_an_unknown_sector_in_a_rule_is_found(tmp_path) -> None:
    rule = """[[rule]]
id = "own/huddle"
stage = "operational"
why = "Our hub's huddle goes through today's list."
when = { title_any = ["hub huddle"], sectors_any = ["nsh"] }
activity = "operational"
example = [{ title = "Team lunch" }]
"""
    assert any("'nsh'" in p.what and "nhs" in p.hint for p in problems_of(tmp_path, pack=rule))


@pytest.mark.parametrize(
    "pack",
    [
        '[list.harbour]\nen = ["harbour"]\nwe = ["harbwr"]\n',
        '[[partnership]]\nid = "hub"\nname = "Hub"\nnames = { en = ["moor hub"], wel = ["hwb"] }\n',
    ],
)
def test_an_unknown_language_key_is_found(tmp_path, pack: str) -> None:
    (fault,) = problems_of(tmp_path, pack=pack)
    assert fault.what.startswith("no such language: 'we")
    assert "cy" in fault.hint


def test_a_language_that_exists_is_no_problem(tmp_path) -> None:
    assert problems_of(tmp_path, pack='[list.harbour]\nnl = ["haven"]\npl = ["port"]\n') == []


@pytest.mark.parametrize(
    ("pack", "what"),
    [
        ('id = "psb"\nname = "Property Strategy Board"', "the id psb belongs to Public Services Board"),
        ('id = "hub"\nname = "Hub"\nshort = { en = ["CSP"] }', "'CSP' belongs to csp already"),
        ('id = "hub"\nname = "Hub"\nshort = { en = ["rpb"] }', "'rpb' belongs to rpb already"),
        (
            'id = "hub"\nname = "Hub"\nnames = { en = ["Public Services Board"] }',
            "'Public Services Board' belongs to psb already",
        ),
    ],
)
def test_an_id_or_abbreviation_that_another_partnership_owns_is_found(tmp_path, pack: str, what: str) -> None:
    faults = problems_of(tmp_path, pack=f"[[partnership]]\n{pack}\n")
    assert any(fault.what.startswith(what) and fault.hint for fault in faults)


def test_phrases_may_be_added_to_a_shipped_partnership_under_its_own_name(tmp_path) -> None:
    pack = 'id = "psb"\nname = "Public Services Board"\nnames = { en = ["northmoor together"] }'
    assert problems_of(tmp_path, pack=f"[[partnership]]\n{pack}\n") == []


def test_an_agency_may_be_given_by_the_id_that_explain_shows(tmp_path) -> None:
    facts = Facts("Catch up", "northmoor.gov.uk", ("heddlu.cymru", "moorpolice.org.uk"))
    shown = next(
        line.split()[1].rstrip(":")
        for line in explain(facts, load_rules(("wales",), None)[0]).lines
        if "police (partner" in line and "heddlu" in line
    )
    assert shown == "police:heddlu"
    book = load_own_book(
        tmp_path, agencies=AGENCY.format(id=shown, sector="police", domain="moorpolice.org.uk")
    )
    assert check_rules(book) == []
    assert classify(facts, book).agencies == ("council:northmoor", "police:heddlu")


@pytest.mark.parametrize("pack", ["wales", "uk", "england", "scotland", "northern-ireland", "history"])
def test_the_shipped_packs_have_no_likely_mistakes(pack: str) -> None:
    assert load_rules((pack,), None)[0].lint_problems == ()
