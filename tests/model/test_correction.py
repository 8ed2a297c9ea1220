"""A person's word: what it says, which meetings it holds for, which of several wins."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import at, make_classification, meeting
from support.hypothesis_profiles import examples

from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.correction import Correction, CorrectionFields, applicable_corrections, apply_corrections
from calsync.model.occurrence import Sensitivity

FIRST, SECOND = "2026-11-02T09:00:00+00:00", "2026-11-09T09:00:00+00:00"
UNCLEAR = make_classification("unclear")


def board(**changes):
    return meeting(uid="w", **{"recurrence_id": FIRST, "classification": UNCLEAR, **changes})


def word(activity="process", minute=0, **changes):
    says = changes.pop("says", None) or CorrectionFields(activity=Activity(activity))
    return Correction("w", says, "Alys Puw", at("12:00") + timedelta(minutes=minute), **changes)


def said_of(one, *corrections):
    return apply_corrections(one, corrections).activity


def test_a_correction_of_the_series_holds_for_every_meeting_of_it_and_no_other():
    other = meeting(uid="x", classification=UNCLEAR)
    assert said_of(board(), word()) == "process"
    assert said_of(board(recurrence_id=SECOND), word()) == "process"
    assert said_of(other, word()) == "unclear"


def test_a_correction_of_one_meeting_leaves_the_others_alone():
    one = word(recurrence_id=SECOND)
    assert said_of(board(), one) == "unclear"
    assert said_of(board(recurrence_id=SECOND), one) == "process"


def test_one_original_start_written_in_two_zones_is_one():
    assert said_of(board(), word(recurrence_id="2026-11-02T10:00:00+01:00")) == "process"


def test_this_meeting_beats_the_series_however_new_the_series_word_is():
    mine, series = word("mixed", recurrence_id=FIRST), word("operational", minute=9)
    assert said_of(board(), mine, series) == "mixed"


def test_a_word_about_one_calendar_beats_one_about_all_and_the_newer_the_older():
    older, newer, own = word("mixed"), word("operational", minute=1), word(manager_id="m1")
    assert said_of(board(), older, newer) == "operational"
    assert said_of(board(), older, newer, own) == "process"
    assert said_of(board(manager_id="m2"), older, newer, own) == "operational"


def test_on_what_a_word_does_not_say_the_next_in_line_is_heard():
    whose = word(says=CorrectionFields(partnerships=("rpb",)), minute=1)
    after = apply_corrections(board(), [word(), whose])
    assert (after.activity, after.partnerships) == ("process", ("rpb",))


def test_a_withdrawn_word_is_not_heard_and_what_was_beneath_it_holds():
    gone = replace(word("mixed", minute=1), withdrawn=at("13:00"))
    assert said_of(board(), word(), gone) == "process"


def test_a_private_meeting_is_only_its_own_managers_to_speak_about():
    private = board(sensitivity=Sensitivity.PRIVATE)
    assert said_of(private, word()) == "unclear"
    assert said_of(private, word(manager_id="m1")) == "process"


def test_the_evidence_names_who_and_when_and_what_it_was():
    after = apply_corrections(
        board(), [word(says=CorrectionFields(activity=Activity.PROCESS, partnerships=("rpb",)))]
    )
    assert after.rule == "correction/series"
    assert after.evidence == "Alys Puw, 2 November 2026: process, rpb (was unclear, psb)"


def test_a_word_that_agrees_with_the_rules_says_nothing_of_before():
    after = apply_corrections(board(classification=make_classification()), [word(recurrence_id=FIRST)])
    assert (after.rule, after.evidence) == ("correction/meeting", "Alys Puw, 2 November 2026: process")


@pytest.mark.parametrize(
    ("says", "scope", "partnerships", "activity"),
    [
        (CorrectionFields(activity=Activity.NONE), "internal", (), "none"),
        (CorrectionFields(scope=Scope.PERSONAL), "personal", (), "none"),
        (CorrectionFields(partnerships=()), "inter_agency", (), "unclear"),
        (CorrectionFields(Scope.INTERNAL, ("rpb",), Activity.PROCESS), "internal", ("rpb",), "process"),
        (CorrectionFields(kind=MeetingKind.TRAVEL), "inter_agency", ("psb",), "unclear"),
    ],
)
def test_what_is_said_brings_what_it_implies(says, scope, partnerships, activity):
    after = says.apply_to(UNCLEAR)
    assert (after.scope, after.partnerships, after.activity) == (scope, partnerships, activity)


def test_a_packs_own_name_of_an_activity_does_not_outlive_it():
    labelled = make_classification("operational", label="werkbezoek")
    assert CorrectionFields(activity=Activity.PROCESS).apply_to(labelled).label == ""
    assert CorrectionFields(activity=Activity.OPERATIONAL).apply_to(labelled).label == "werkbezoek"


def test_the_share_of_a_mixed_meeting_can_be_said():
    says = CorrectionFields(activity=Activity.MIXED, process_share=Fraction(1, 4))
    assert says.apply_to(UNCLEAR).process_share == Fraction(1, 4)
    assert str(says) == "mixed, 25% process"


verdicts = st.builds(
    Classification,
    st.sampled_from(Scope),
    st.sampled_from([(), ("psb",), ("psb", "rpb")]),
    st.sampled_from(Activity),
)
words = st.builds(
    CorrectionFields,
    st.none() | st.sampled_from(Scope),
    st.none() | st.sampled_from([(), ("csp",)]),
    st.none() | st.sampled_from(Activity),
)


@given(verdicts, words)
@examples(100)
def test_saying_it_twice_is_the_same_as_saying_it_once(before, says):
    once = says.apply_to(before)
    assert says.apply_to(once) == once


@given(st.permutations([word(), word("mixed", 1), word("none", recurrence_id=FIRST), word(manager_id="m1")]))
@examples(24)
def test_the_order_in_which_words_are_read_does_not_matter(words):
    assert apply_corrections(board(), words).activity == "none"
    assert applicable_corrections(board(), words)[0].rule == "correction/meeting"
