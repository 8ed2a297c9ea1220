"""Every category that a mail offers is understood, and what is not understood is returned by name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import meeting, occurrence
from support.summaries import full_week

from calsync.model.classification import Activity, Scope
from calsync.model.copies import drop_duplicate_copies
from calsync.model.correction import CorrectionFields
from calsync.model.occurrence import Sensitivity, redact_private
from calsync.model.people import Language
from calsync.reports.render import render_summary
from calsync.rules.categories import find_unknown_categories, parse_categories
from calsync.rules.classify import classify
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

BOOK, _ = load_rules(("wales",), None)


def correction_of(*categories: str) -> CorrectionFields | None:
    return parse_categories(categories, BOOK).correction_fields


@pytest.mark.parametrize("language", [Language.EN, Language.CY])
def test_every_category_that_a_mail_offers_is_understood(language: Language) -> None:
    mail = render_summary(full_week(), language).text
    offered = re.findall(r"^ +(calsync: .+?) +-", mail, flags=re.MULTILINE)
    understood = [correction_of(category) for category in offered]
    activities = [Activity.PROCESS, Activity.SERVICE_IMPROVEMENT, Activity.NONE]
    assert understood == [CorrectionFields(activity=activity) for activity in activities]


@pytest.mark.parametrize(
    ("category", "activity"),
    [
        ("calsync: process", Activity.PROCESS),
        ("CALSYNC:Processes", Activity.PROCESS),
        ("calsync : prosesau", Activity.PROCESS),
        ("calsync process", Activity.PROCESS),
        ("calsync – process", Activity.PROCESS),
        ("calsync：process", Activity.PROCESS),
        ("calsync: service improvements", Activity.SERVICE_IMPROVEMENT),
        ("calsync: service_improvement", Activity.SERVICE_IMPROVEMENT),
        ("calsync: service-improvement", Activity.SERVICE_IMPROVEMENT),
        ("calsync: improving services", Activity.SERVICE_IMPROVEMENT),
        ("calsync: Gwella Gwasanaethau", Activity.SERVICE_IMPROVEMENT),
        ("calsync: gwelliannau gwasanaeth", Activity.SERVICE_IMPROVEMENT),
        ("calsync: both", Activity.MIXED),
        ("calsync: y ddau", Activity.MIXED),
        ("calsync: process and service improvement", Activity.MIXED),
        ("calsync: gweithredol", Activity.OPERATIONAL),
        ("calsync: ddim yn siŵr", Activity.UNCLEAR),
        ("calsync: not partnership", Activity.NONE),
        ("calsync: not a partnership meeting", Activity.NONE),
        ("calsync: not-partnerships", Activity.NONE),
        ("calsync: nid partneriaethau", Activity.NONE),
        ("calsync: neither", Activity.NONE),
    ],
)
def test_words_are_understood_in_both_languages_singular_and_plural(
    category: str, activity: Activity
) -> None:
    assert correction_of(category) == CorrectionFields(activity=activity)


@pytest.mark.parametrize(
    ("category", "activity"),
    [
        ("calsync: prcoess", Activity.PROCESS),
        ("calsync: procces", Activity.PROCESS),
        ("calsync: service improvment", Activity.SERVICE_IMPROVEMENT),
        ("calsync: servcie improvement", Activity.SERVICE_IMPROVEMENT),
        ("calsync: gwella gwasnaethau", Activity.SERVICE_IMPROVEMENT),
        ("calsync: operatoinal", Activity.OPERATIONAL),
        ("calsync: not partnershp", Activity.NONE),
        ("calsnyc: process", Activity.PROCESS),
        ("calsync: proccess.", Activity.PROCESS),
        ("calsync: \u201cprocess\u201d", Activity.PROCESS),
        ("calsync: serviceimprovement", Activity.SERVICE_IMPROVEMENT),
        ("calsync: improving the service", Activity.SERVICE_IMPROVEMENT),
        ("calsync: gwelliannau gwasanaethau", Activity.SERVICE_IMPROVEMENT),
        ("calsync: notpartnership", Activity.NONE),
        ("calsync: nid yw'n bartneriaeth", Activity.NONE),
        ("calsync: mxied", Activity.MIXED),
    ],
)
def test_a_misspelt_category_is_understood(category: str, activity: Activity) -> None:
    assert correction_of(category) == CorrectionFields(activity=activity)


@pytest.mark.parametrize(
    ("category", "activity"),
    [
        ('"calsync: process"', Activity.PROCESS),
        ("[calsync] process", Activity.PROCESS),
        ("#calsync: process.", Activity.PROCESS),
        ("cal sync: process", Activity.PROCESS),
        ("calsync: serviceimprovement", Activity.SERVICE_IMPROVEMENT),
        ("calsync: notpartnership", Activity.NONE),
        ("calsync: un-clear", Activity.UNCLEAR),
        ("calsync: isn't partnership", Activity.NONE),
        ("calsync: nid yw'n bartneriaeth", Activity.NONE),
        ("calsync: operational work", Activity.OPERATIONAL),
    ],
)
def test_signs_around_the_name_and_missing_or_additional_spaces_are_ignored(
    category: str, activity: Activity
) -> None:
    assert correction_of(category) == CorrectionFields(activity=activity)


@pytest.mark.parametrize(
    "category",
    ["calsync – process", "CALSYNC process", "calsync：bananas", "#calsync: x", "calsnyc: process"],
)
def test_a_private_meeting_keeps_every_category_for_calsync_and_no_other(category: str) -> None:
    private = occurrence(sensitivity=Sensitivity.PRIVATE, categories=("Red", category, "Divorce"))
    assert redact_private(private).categories == (category,)


@pytest.mark.parametrize("category", ["calsync process", "[calsync] process", "calsync: bananas"])
def test_a_category_of_a_dropped_copy_is_added_to_the_meeting_however_it_is_written(category: str) -> None:
    ours = meeting("09:00-10:00")._replace(sequence=2)
    other = ours._replace(id="other", sequence=1, categories=(category,))
    assert [copy.categories for copy in drop_duplicate_copies([ours, other])] == [(category,)]


@pytest.mark.parametrize(
    "category",
    [
        "calsync",
        "calsync:",
        "calsync: bananas",
        "calsync: csb",  # one slip away from csp and psb
        "calsync: not service improvement",  # a word more turns the meaning round
        "calsync: not process",
        "calsync: process, operational",
        "calsync: not partnership, psb",
        "calsync: process, bananas",
        "calsync: " + "process " * 400,
    ],
)
def test_an_uncertain_category_corrects_nothing_and_is_returned(category: str) -> None:
    parsed = parse_categories(["Red", category], BOOK)
    assert (parsed.correction_fields, parsed.unknown) == (None, (category,))


@pytest.mark.parametrize(
    "category", ["Red", "calsyncing", "calendar: process", "process", "", "psb", "Calsyn"]
)
def test_a_category_that_is_not_for_calsync_is_ignored(category: str) -> None:
    parsed = parse_categories([category], BOOK)
    assert (parsed.correction_fields, parsed.unknown) == (None, ())


def test_partnerships_are_known_by_id_and_by_their_names_in_both_languages() -> None:
    for name in ("psb", "PSB", "Public Services Board", "Bwrdd Gwasanaethau Cyhoeddus"):
        assert correction_of(f"calsync: {name}") == CorrectionFields(partnerships=("psb",))


def test_two_categories_of_one_meeting_are_read_together_in_any_order() -> None:
    assert correction_of("calsync: psb", "calsync: process") == CorrectionFields(
        partnerships=("psb",), activity=Activity.PROCESS
    )
    assert correction_of("calsync: csp", "calsync: psb") == CorrectionFields(partnerships=("csp", "psb"))
    assert correction_of("calsync: service improvement", "calsync: process") == CorrectionFields(
        activity=Activity.MIXED
    )


def test_categories_that_contradict_each_other_correct_nothing_and_are_both_returned() -> None:
    parsed = parse_categories(["calsync: process", "calsync: operational"], BOOK)
    assert (parsed.correction_fields, parsed.unknown) == (
        None,
        ("calsync: operational", "calsync: process"),
    )


def test_not_partnership_takes_a_meeting_out_of_the_partnership_time() -> None:
    after = classify(Facts(title="PSB: terms of reference", categories=("calsync: not partnership",)), BOOK)
    assert (after.scope, after.partnerships, after.activity) == (Scope.INTERNAL, (), Activity.NONE)


def test_a_partnership_named_for_an_internal_meeting_makes_it_that_partnerships() -> None:
    after = classify(Facts(title="Team meeting", categories=("calsync: psb",)), BOOK)
    assert (after.scope, after.partnerships, after.activity) == (
        Scope.INTER_AGENCY,
        ("psb",),
        Activity.UNCLEAR,
    )


def test_a_category_on_a_whole_series_is_returned_once() -> None:
    series = [
        meeting(f"{hour}:00-{hour}:30", uid="weekly")._replace(categories=("calsync: bananas",))
        for hour in (11, 10)
    ]
    (unknown,) = find_unknown_categories(series, BOOK)
    assert (unknown.category, unknown.meeting.start.hour) == ("calsync: bananas", 10)


WORDS = st.sampled_from(
    ["process", "service improvement", "psb", "csp", "operational", "internal", "none", "bananas", "", "not"]
)


@given(st.lists(st.lists(WORDS, max_size=3).map(lambda words: "calsync: " + ", ".join(words)), max_size=4))
def test_the_order_of_categories_changes_nothing_and_each_is_read_or_returned(categories: list[str]) -> None:
    parsed = parse_categories(categories, BOOK)
    assert parsed == parse_categories(categories[::-1], BOOK)
    assert set(parsed.unknown) <= set(categories)
    if categories and parsed.correction_fields is None:
        assert set(parsed.unknown) == set(categories)


@given(st.text(max_size=40))
def test_every_text_can_be_parsed(text: str) -> None:
    parse_categories([text, f"calsync:{text}"], BOOK)
