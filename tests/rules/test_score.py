"""Score, rule usage and suggestions: the figures for authors of rules."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import make_classification, meeting

from calsync.model.occurrence import Sensitivity
from calsync.rules.authoring.rule_usage import measure_rule_usage
from calsync.rules.authoring.score import cohen_kappa, score_rules
from calsync.rules.authoring.suggest import suggest_phrases
from calsync.rules.packs.load import load_rules
from calsync.rules.tables import classify_table

BOOK, _ = load_rules(["uk"])
CODED = pd.DataFrame(
    {
        "title": ["LRF: terms of reference", "MARAC", "Team meeting"],
        "organiser_domain": "a.gov.uk",
        "attendee_domains": ["a.gov.uk;b.police.uk", "a.gov.uk;b.police.uk", "a.gov.uk"],
        "duration_minutes": [60, 120, 60],
        "scope": ["inter_agency", "inter_agency", "internal"],
        "partnership": ["lrf", "marac", ""],
        "activity": ["process", "unclear", "none"],
    }
)


def test_a_table_gains_five_columns_and_keeps_its_own():
    classified = classify_table(CODED, BOOK)
    assert [*classified.columns][-5:] == ["scope", "partnership", "activity", "rule", "evidence"]
    assert classified["activity"].tolist() == ["process", "operational", "none"]


def test_a_table_needs_a_title_only():
    classified = classify_table(pd.DataFrame({"title": ["Annual leave", None]}), BOOK)
    assert classified["scope"].tolist() == ["personal", "internal"]


def test_the_score_counts_what_differs():
    result = score_rules(CODED, BOOK)
    assert result.accuracy == {"scope": 1.0, "partnership": 1.0, "activity": pytest.approx(2 / 3)}
    assert result.confusion.loc["unclear", "operational"] == 1
    assert result.hours.loc["process", "error"] == 0
    assert result.differing["title"].tolist() == ["MARAC"]
    assert "kappa of the activity, all rows" in str(result)


def test_missing_coded_columns_are_named_in_the_error():
    with pytest.raises(KeyError, match="activity"):
        score_rules(CODED.drop(columns="activity"), BOOK)


def test_kappa_of_a_textbook_table():
    # Cohen's own kind of example: 20 + 15 agreements of 50, 5 and 10 disagreements.
    coded = ["yes"] * 25 + ["no"] * 25
    classified = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    kappa = cohen_kappa(coded, classified)
    assert kappa.value == pytest.approx(0.4)
    assert kappa.low < 0.4 < kappa.high


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_the_kappa_of_equal_codings_is_one(codes):
    assert cohen_kappa(codes, codes).value == pytest.approx(1.0)


def test_rule_usage_shows_no_title_of_a_private_meeting():
    private = meeting(
        "09:00-10:00",
        sensitivity=Sensitivity.PRIVATE,
        title="Secret",
        classification=make_classification("unclear"),
    )
    public = meeting("10:00-12:00", title="Moor board", classification=make_classification("unclear"))
    usage = measure_rule_usage([private, public], BOOK)
    assert usage.unclear == (("Moor board", 1, 2.0), ("", 1, 1.0))
    assert "Secret" not in str(usage)


def test_rule_usage_counts_an_all_day_meeting_without_hours():
    leave = meeting(
        "00:00-24:00", all_day=True, title="Leave", classification=make_classification("none", rule="leave")
    )
    usage = measure_rule_usage(
        [leave, meeting("10:00-12:00", classification=make_classification(rule="board"))], BOOK
    )
    assert usage.rules == (("board", 1, 2.0), ("leave", 1, 0.0))
    assert (usage.meetings, usage.inter_hours) == (2, 2.0)
    assert "All-day meetings, counted without hours: 1" in str(usage)


def test_a_phrase_that_unclear_titles_share_becomes_a_proposal():
    unclear = [("Glamping liaison", 2.0), ("Glamping update", 1.0), ("Catch up", 9.0)]
    coded = pd.DataFrame({"title": ["Glamping agenda"], "activity": ["process"]})
    (first, *_) = suggest_phrases(unclear, coded, BOOK)
    assert (first.phrase, first.hours, first.activity_counts) == ("glamping", 3.0, {"process": 1})
    assert 'when.any = ["glamping"]' in str(first)


HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "data"  # coded rows that are not ours to ship
CODED_ROWS = [
    path
    for path in (
        HERE / "own" / "meetings.csv",
        HERE / "own" / "phrasings.csv",
        HERE / "blind" / "meetings.csv",
        HERE / "blind" / "second.csv",
        HERE / "blind" / "fourth.csv",
        HERE / "blind" / "fifth.csv",
        SHARED / "titles.csv",
        SHARED / "titles_2.csv",
    )
    if path.exists()
]


@pytest.mark.parametrize("path", CODED_ROWS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_rules_agree_with_the_coded_rows(path):
    result = score_rules(pd.read_csv(path, keep_default_na=False), BOOK)
    assert result.accuracy["scope"] >= 0.97
    assert result.accuracy["partnership"] >= 0.96
    assert result.kappa.value >= 0.95
