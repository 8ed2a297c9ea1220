"""Classifications of single meetings: the worked examples of the coding manual, and cases that look alike."""

from fractions import Fraction

import pytest
from support.builders import occurrence

from calsync.model.classification import Activity, MeetingKind, Scope
from calsync.model.occurrence import Sensitivity
from calsync.rules.classify import classify
from calsync.rules.explain import explain
from calsync.rules.facts import Facts, build_facts
from calsync.rules.packs.load import load_rules

BOOK, _ = load_rules(["uk"])
COUNCIL, OTHER_COUNCIL, NHS = (
    "northmoor.gov.wales.example",
    "southmoor.gov.wales.example",
    "wales.nhs.uk.example",
)
POLICE, FIRE = "moor.police.uk.example", "moorfire.gov.wales.example"


def classify_meeting(title, *domains, description="", **more):
    facts = Facts(
        title=title,
        organizer_domain=domains[0] if domains else "",
        attendee_domains=domains,
        description=description,
        **more,
    )
    return classify(facts, BOOK)


def label_of(title, *domains, description=""):
    classification = classify_meeting(title, *domains, description=description)
    return f"{classification.scope}/{';'.join(classification.partnerships) or '-'}/{classification.activity}"


WORKED_EXAMPLES = [
    ("PSB", "", (COUNCIL, NHS, FIRE, POLICE), "inter_agency/psb/unclear"),
    ("PSB", "payroll system go-live", (COUNCIL,), "internal/-/none"),
    ("PSB pre-brief for Leader", "", (COUNCIL,), "internal/psb/process"),
    ("RPB: ToR and membership refresh", "", (COUNCIL, NHS), "inter_agency/rpb/process"),
    ("RPB", "RIF slippage: decide reablement hours; ToR sign-off", (COUNCIL, NHS), "inter_agency/rpb/mixed"),
    ("Discharge delays - unblock brokerage", "", (COUNCIL, NHS), "inter_agency/-/service_improvement"),
    ("Pathways of care delays daily call", "", (COUNCIL, NHS), "inter_agency/-/operational"),
    (
        "Weekly discharge escalation - heads of service",
        "funding agreed for 3 stuck patients",
        (COUNCIL, NHS),
        "inter_agency/-/service_improvement",
    ),
    ("MARAC", "", (POLICE, COUNCIL, NHS), "inter_agency/marac/operational"),
    ("MARAC Steering Group", "", (POLICE, COUNCIL, NHS), "inter_agency/marac/unclear"),
    ("MARAC steering - operating protocol v3", "", (POLICE, COUNCIL), "inter_agency/marac/process"),
    ("CPR panel - Child T", "", (COUNCIL, NHS, POLICE), "inter_agency/rsb/service_improvement"),
    ("DHR panel", "", (COUNCIL, NHS, POLICE), "inter_agency/csp/service_improvement"),
    ("CPR sub group", "", (COUNCIL, NHS, POLICE), "inter_agency/rsb/unclear"),
    ("Joint funding panel", "", (COUNCIL, NHS), "inter_agency/-/service_improvement"),
    ("Strategy meeting - AB", "", (POLICE, COUNCIL, NHS), "inter_agency/-/operational"),
    ("Information sharing protocol review", "", (COUNCIL, NHS), "inter_agency/-/process"),
    ("Fix alerts from A&E to social care", "", (COUNCIL, NHS), "inter_agency/-/service_improvement"),
    ("Partnership forum - updates", "", (COUNCIL, NHS, POLICE), "inter_agency/-/process"),
    ("Catch up", "", (COUNCIL, NHS), "inter_agency/-/unclear"),
    ("All Wales Heads of Adult Services", "", (COUNCIL, OTHER_COUNCIL), "inter_agency/peer/unclear"),
    ("Well-being plan drafting group", "", (COUNCIL, NHS), "inter_agency/psb/process"),
    ("SVD needs assessment sign off", "", (COUNCIL, POLICE), "inter_agency/vru/process"),
    ("CSP: PSPO evaluation, did ASB fall in town centre?", "", (COUNCIL, POLICE), "inter_agency/csp/service_improvement"),  # noqa: E501
    ("Multi-agency safeguarding training", "", (COUNCIL, NHS), "other/-/none"),
    ("Inspection action plan - joint, CAMHS waits", "", (COUNCIL, NHS), "inter_agency/-/service_improvement"),
    ("TCG - flooding", "", (COUNCIL, POLICE, FIRE), "inter_agency/lrf/operational"),
    ("LRF risk group", "", (COUNCIL, POLICE, FIRE), "inter_agency/lrf/unclear"),
    ("Housing support: recommission refuge", "", (COUNCIL, OTHER_COUNCIL), "inter_agency/hscg/service_improvement"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("title", "description", "domains", "expected"), WORKED_EXAMPLES)
def test_the_worked_examples_of_the_manual_are_classified_as_there(title, description, domains, expected):
    assert label_of(title, *domains, description=description) == expected


def test_a_status_prefix_changes_nothing():
    for prefix in ("Canceled: ", "Wedi'i ganslo: ", "FW: ", "[EXTERNAL] "):
        assert label_of(prefix + "PSB", COUNCIL, NHS) == "inter_agency/psb/unclear"


def test_the_two_domains_of_a_bilingual_council_are_one_agency():
    assert label_of("Cyfarfod tîm", "northmoor.gov.wales.example", "northmoor.llyw.cymru.example").startswith(
        "internal"
    )
    assert label_of("Team", "carmarthenshire.gov.wales", "sirgar.llyw.cymru").startswith("internal")


def test_a_shared_domain_hides_two_agencies_only_if_the_text_names_them():
    assert classify_meeting("Escalation meeting", NHS).scope is Scope.INTERNAL
    assert classify_meeting("PHW + UHB liaison", NHS).scope is Scope.INTER_AGENCY


def test_a_plain_partnership_name_without_guests_is_between_agencies_but_a_task_is_not():
    assert label_of("PSB 10am") == "inter_agency/psb/unclear"
    assert label_of("write PSB paper") == "internal/psb/process"


def test_accents_mutations_and_slips_of_the_keyboard_do_not_matter():
    assert label_of("BWRDD GWASANAETHAU CYHOEDDUS", COUNCIL, NHS) == label_of(
        "Fwrdd gwasanaethau cyhoeddus", COUNCIL, NHS
    )
    assert label_of("PSB memebrship", COUNCIL, NHS) == "inter_agency/psb/process"


def test_a_private_meeting_is_personal_whatever_its_title():
    private = occurrence(title="PSB terms of reference", sensitivity=Sensitivity.PRIVATE)
    classification = classify(build_facts(private), BOOK)
    assert (classification.scope, classification.activity, classification.rule) == (
        Scope.PERSONAL,
        Activity.NONE,
        "engine/private",
    )


def test_a_category_corrects_the_rules():
    classification = classify_meeting("PSB", COUNCIL, NHS, categories=("calsync: process",))
    assert (classification.activity, classification.rule) == (Activity.PROCESS, "correction/category")


def test_a_category_that_means_nothing_corrects_nothing():
    assert classify_meeting("PSB", COUNCIL, NHS, categories=("calsync: bananas", "Red")).rule == "bare/name"


def test_preparation_and_travel_are_kinds_of_their_own():
    assert classify_meeting("CSP pre-meet", COUNCIL).kind is MeetingKind.PREPARATION
    assert classify_meeting("Travel to county hall").kind is MeetingKind.TRAVEL


def test_a_mixed_meeting_is_split_by_its_agenda():
    agenda = "1. Terms of reference\n2. Membership\n3. Decide extra reablement hours\n4. AOB"
    assert classify_meeting("RPB", COUNCIL, NHS, description=agenda).process_share == Fraction(2, 3)


def test_a_timed_agenda_is_split_by_its_times():
    agenda = "10:00 Terms of reference\n10:15 Decide extra reablement hours\n11:00 Close"
    classification = classify_meeting("RPB", COUNCIL, NHS, description=agenda, minutes=75)
    assert classification.process_share == Fraction(15, 60)


def test_text_that_meeting_software_adds_is_not_read():
    added = "\n________________\nMicrosoft Teams meeting\nTerms of reference of the host apply"
    assert label_of("RPB", COUNCIL, NHS, description=added) == "inter_agency/rpb/unclear"


def test_explain_names_every_rule_that_matched_and_the_one_that_won():
    explanation = explain(
        Facts(title="RPB: terms of reference", organizer_domain=COUNCIL, attendee_domains=(COUNCIL, NHS)),
        BOOK,
    )
    assert "process/governance" in explanation.matched_rules
    assert "bare/name" in explanation.matched_rules
    assert "won: evidence of cues: process" in str(explanation)


def test_addresses_of_people_are_in_no_cache():
    facts = Facts(
        title="Catch up", attendees=("ana@northmoor.gov.uk.example", "psb@northmoor.gov.uk.example")
    )
    classify(facts, BOOK)
    assert not any("ana@" in repr(key) for key in BOOK.caches.classifications)


def test_standing_items_have_no_share_in_the_split_of_an_agenda():
    agenda = "10.00 Welcome 10.05 Minutes 10.10 Standing orders 10.30 Care at home contract award 11.30 AOB"
    classification = classify_meeting("LRF", COUNCIL, NHS, description=agenda, minutes=100)
    assert classification.process_share == Fraction(20, 80)
