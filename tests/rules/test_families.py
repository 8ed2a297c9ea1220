"""Families of titles: a service and a word of doing decide, whatever the service is."""

from itertools import product

import pytest

from calsync.rules.classify import classify
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

BOOK, _ = load_rules(["uk"])
COUNCIL, POLICE, TRUST = (
    "northmoor.gov.uk.example",
    "moorshire.police.uk.example",
    "moorhospitals.nhs.uk.example",
)
PARTNERSHIPS = (
    ("CSP", "csp"),
    ("HWB", "hwb"),
    ("LSCP", "lscp"),
    ("IJB", "ijb"),
    ("ADP", "adp"),
    ("LRF", "lrf"),
    ("Safeguarding Adults Board", "sab"),
    ("Adult Protection Committee", "asp"),
    ("Place board", "place"),
)
SERVICES = (
    "reablement",
    "wheelchair repairs",
    "young carers breaks",
    "needle exchange",
    "street wardens",
    "memory clinic",
    "interpreters",
    "mortuary capacity",
    "throw lines",
    "pothole gangs",
    "asylum accommodation",
    "school buses",
)
CHANGES = (
    "reduce waits for {}",
    "{}: agree extra hours",
    "recommission {}",
    "{}: did it work?",
    "fix delays in {}",
    "redesign {}",
    "who funds {}",
    "{} contract award",
    "expand {}",
    "stop or continue {}",
    "{} shortage",
)
ARRANGING = (
    "{}: ToR",
    "{}: elect vice chair",
    "{} - who represents the districts",
    "{} annual report",
    "{}: risk register",
    "{} coordinator recruitment",
    "{}: merge with next door?",
    "{}: how do we work together",
    "{}: vacancies on the board",
    "{}: review of sub groups",
    "{} - final proofs of the plan",
    "{}: partner contributions",
)
SERVING = (
    "{} pre-meet",
    "Brief Cllr Moss for {}",
    "{}: our response to the draft",
    "Before {}: agree our line",
)
NOTED = (
    "Write {} paper",
    "{} minutes - type up",
    "Chase actions for {}",
    "Send {} papers out",
    "Comments on {} ToR",
)
TOPICS = (
    "Dementia",
    "Frailty",
    "Hate Crime",
    "Fire Safety",
    "Youth Justice",
    "Drugs",
    "Skills",
    "Waiting Well",
)
GROUPS = (
    "Board",
    "Steering Group",
    "Strategy Group",
    "Delivery Group",
    "Executive",
    "Workstream",
    "Programme",
)
CASES = ("Strategy meeting", "Core group", "Discharge planning meeting", "Child protection conference", "IRD")
PEOPLE = ("{} - JT", "{} re Mr P", "{}: Child B", "{} - twins, 6", "{} re baby H", "{} - 15yo")


def labels_of(title: str, *domains: str) -> str:
    """Scope, partnerships and activity of a meeting that the council organizes and these domains attend."""
    facts = Facts(title=title, organizer_domain=COUNCIL, attendee_domains=domains)
    classification = classify(facts, BOOK)
    return "/".join((classification.scope, ";".join(classification.partnerships), classification.activity))


def titles(templates, names):
    return [template.format(name) for template, name in product(templates, names)]


@pytest.mark.parametrize("title", titles(CHANGES, SERVICES))
def test_a_service_and_a_word_of_change_are_service_improvement(title):
    assert labels_of(title, COUNCIL, POLICE, TRUST) == "inter_agency//service_improvement"


@pytest.mark.parametrize(("name", "id_"), PARTNERSHIPS)
def test_a_partnership_and_a_word_of_arranging_are_process(name, id_):
    for title in titles(ARRANGING, [name]):
        assert labels_of(title, COUNCIL, POLICE, TRUST) == f"inter_agency/{id_}/process", title


@pytest.mark.parametrize(("name", "id_"), PARTNERSHIPS)
def test_servicing_a_partnership_is_internal_process(name, id_):
    for title in titles(SERVING, [name]):
        assert labels_of(title, COUNCIL) == f"internal/{id_}/process", title
    for title in titles(NOTED, [name]):
        assert labels_of(title) == f"internal/{id_}/process", title


def test_a_bare_name_shows_nothing():
    for title in (f"{topic} {group}" for topic, group in product(TOPICS, GROUPS)):
        assert labels_of(title, COUNCIL, POLICE, TRUST).endswith("/unclear"), title


def test_a_step_of_a_case_and_a_person_are_operational():
    for title in titles(PEOPLE, CASES):
        assert labels_of(title, COUNCIL, POLICE, TRUST) == "inter_agency//operational", title
