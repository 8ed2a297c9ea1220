"""Corrections: what they set, which meetings they apply to, and which of several wins."""

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


def correction(activity="process", minute=0, **changes):
    fields = changes.pop("fields", None) or CorrectionFields(activity=Activity(activity))
    return Correction("w", fields, "Alys Puw", at("12:00") + timedelta(minutes=minute), **changes)


def corrected_activity(meeting, *corrections):
    return apply_corrections(meeting, corrections).activity


def test_a_correction_of_a_series_applies_to_all_its_meetings_and_to_no_other():
    other = meeting(uid="x", classification=UNCLEAR)
    assert corrected_activity(board(), correction()) == "process"
    assert corrected_activity(board(recurrence_id=SECOND), correction()) == "process"
    assert corrected_activity(other, correction()) == "unclear"


def test_a_correction_of_one_meeting_applies_to_no_other_meeting_of_the_series():
    of_second = correction(recurrence_id=SECOND)
    assert corrected_activity(board(), of_second) == "unclear"
    assert corrected_activity(board(recurrence_id=SECOND), of_second) == "process"


def test_recurrence_ids_in_different_zones_match():
    in_other_zone = correction(recurrence_id="2026-11-02T10:00:00+01:00")
    assert corrected_activity(board(), in_other_zone) == "process"


def test_a_correction_of_the_meeting_wins_over_a_newer_one_of_the_series():
    of_meeting, of_series = correction("mixed", recurrence_id=FIRST), correction("operational", minute=9)
    assert corrected_activity(board(), of_meeting, of_series) == "mixed"


def test_a_correction_for_one_manager_wins_over_one_for_all_and_newer_over_older():
    older, newer = correction("mixed"), correction("operational", minute=1)
    for_manager = correction(manager_id="m1")
    assert corrected_activity(board(), older, newer) == "operational"
    assert corrected_activity(board(), older, newer, for_manager) == "process"
    assert corrected_activity(board(manager_id="m2"), older, newer, for_manager) == "operational"


def test_a_field_that_a_correction_does_not_set_comes_from_the_next_one():
    of_partnership = correction(fields=CorrectionFields(partnerships=("rpb",)), minute=1)
    after = apply_corrections(board(), [correction(), of_partnership])
    assert (after.activity, after.partnerships) == ("process", ("rpb",))


def test_a_withdrawn_correction_has_no_effect():
    withdrawn = replace(correction("mixed", minute=1), withdrawn=at("13:00"))
    assert corrected_activity(board(), correction(), withdrawn) == "process"


def test_a_private_meeting_is_corrected_only_by_corrections_for_its_manager():
    private = board(sensitivity=Sensitivity.PRIVATE)
    assert corrected_activity(private, correction()) == "unclear"
    assert corrected_activity(private, correction(manager_id="m1")) == "process"


def test_the_evidence_contains_author_day_correction_and_previous_classification():
    fields = CorrectionFields(activity=Activity.PROCESS, partnerships=("rpb",))
    after = apply_corrections(board(), [correction(fields=fields)])
    assert after.rule == "correction/series"
    assert after.evidence == "Alys Puw, 2 November 2026: process, rpb (was unclear, psb)"


def test_the_evidence_omits_the_previous_classification_if_the_correction_agrees_with_it():
    after = apply_corrections(board(classification=make_classification()), [correction(recurrence_id=FIRST)])
    assert (after.rule, after.evidence) == ("correction/meeting", "Alys Puw, 2 November 2026: process")


@pytest.mark.parametrize(
    ("fields", "scope", "partnerships", "activity"),
    [
        (CorrectionFields(activity=Activity.NONE), "internal", (), "none"),
        (CorrectionFields(scope=Scope.PERSONAL), "personal", (), "none"),
        (CorrectionFields(partnerships=()), "inter_agency", (), "unclear"),
        (CorrectionFields(Scope.INTERNAL, ("rpb",), Activity.PROCESS), "internal", ("rpb",), "process"),
        (CorrectionFields(kind=MeetingKind.TRAVEL), "inter_agency", ("psb",), "unclear"),
    ],
)
def test_a_correction_also_sets_the_fields_that_it_implies(fields, scope, partnerships, activity):
    after = fields.apply_to(UNCLEAR)
    assert (after.scope, after.partnerships, after.activity) == (scope, partnerships, activity)


def test_the_label_of_an_activity_is_removed_with_the_activity():
    labelled = make_classification("operational", label="werkbezoek")
    assert CorrectionFields(activity=Activity.PROCESS).apply_to(labelled).label == ""
    assert CorrectionFields(activity=Activity.OPERATIONAL).apply_to(labelled).label == "werkbezoek"


def test_a_correction_sets_the_process_share_of_a_mixed_meeting():
    fields = CorrectionFields(activity=Activity.MIXED, process_share=Fraction(1, 4))
    assert fields.apply_to(UNCLEAR).process_share == Fraction(1, 4)
    assert str(fields) == "mixed, 25% process"


classifications = st.builds(
    Classification,
    st.sampled_from(Scope),
    st.sampled_from([(), ("psb",), ("psb", "rpb")]),
    st.sampled_from(Activity),
)
field_choices = st.builds(
    CorrectionFields,
    st.none() | st.sampled_from(Scope),
    st.none() | st.sampled_from([(), ("csp",)]),
    st.none() | st.sampled_from(Activity),
)


@given(classifications, field_choices)
@examples(100)
def test_applying_a_correction_twice_changes_nothing(before, fields):
    once = fields.apply_to(before)
    assert fields.apply_to(once) == once


CORRECTIONS = [
    correction(),
    correction("mixed", 1),
    correction("none", recurrence_id=FIRST),
    correction(manager_id="m1"),
]


@given(st.permutations(CORRECTIONS))
@examples(24)
def test_the_result_does_not_depend_on_the_order_of_corrections(corrections):
    assert apply_corrections(board(), corrections).activity == "none"
    assert applicable_corrections(board(), corrections)[0].rule == "correction/meeting"
