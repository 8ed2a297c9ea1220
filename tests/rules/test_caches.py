"""Caches change no classification, in whatever order meetings come."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from calsync.rules.book import Caches
from calsync.rules.classify import classify
from calsync.rules.explain import explain
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules
from calsync.rules.scanner import scan_text

BOOK, _ = load_rules(["uk"])
TITLES = [
    "PSB",
    "RPB: terms of reference",
    "LRF",
    "SEND strategy",
    "Winter beds",
    "PSB and RSB chairs",
    "IAA",
]
AGENDAS = [
    "",
    "1. Minutes 2. Care at home contract award 3. Membership 4. AOB",
    "10.00 Welcome 10.05 Terms of reference 10.30 Reablement hours for the Regional Partnership Board",
    "before the Community Safety Partnership",
]
SOFTWARE_TEXTS = [
    "",
    "\nMicrosoft Teams meeting\nMeeting ID: 271 828",
    "\nMicrosoft Teams meeting\nMeeting ID: 314 159 NHS Swansea and NHS Cardiff",
]
DOMAINS = [
    "northmoor.gov.wales.example",
    "wales.nhs.uk.example",
    "moor.police.uk.example",
    "northmoor.gov.uk.example",
]
FACTS = st.builds(
    Facts,
    title=st.sampled_from(TITLES),
    organizer_domain=st.sampled_from(DOMAINS),
    attendee_domains=st.lists(st.sampled_from(DOMAINS), unique=True).map(sorted).map(tuple),
    description=st.builds(str.__add__, st.sampled_from(AGENDAS), st.sampled_from(SOFTWARE_TEXTS)),
    minutes=st.sampled_from([60, 100]),
    categories=st.sampled_from([(), ("calsync: process",)]),
)


def book_with_empty_caches():
    return replace(BOOK, caches=Caches())


@given(st.lists(FACTS, max_size=6))
def test_a_meeting_is_classified_as_if_it_were_the_first(meetings):
    book = book_with_empty_caches()
    for facts in meetings:
        empty = book_with_empty_caches()
        assert classify(facts, book) == classify(facts, empty)
        assert explain(facts, book) == explain(facts, empty)


@given(FACTS)
def test_what_meeting_software_adds_is_no_evidence(facts):
    plain = replace(facts, description=facts.description.partition("\nMicrosoft")[0])
    assert classify(facts, book_with_empty_caches()) == classify(plain, book_with_empty_caches())


def test_a_title_with_its_agenda_is_scanned_twice_at_most_whatever_is_added_below():
    book = book_with_empty_caches()
    _, second, third = (
        scan_text("PSB", f"{AGENDAS[1]}{software_text}", book)
        for software_text in (*SOFTWARE_TEXTS[1:], SOFTWARE_TEXTS[1])
    )
    assert second is third
