"""What a manager is told adds up, and says what it leaves out."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import LONDON, MONDAY, make_classification, meeting
from support.summaries import MANAGER, PARTNERSHIPS, allocation, full_week, summary_of

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, MeetingKind
from calsync.model.people import Partnership
from calsync.reports.hours import Bounds
from calsync.reports.summary import ExcludedMeetings


def test_process_has_a_lower_and_an_upper_bound() -> None:
    summary = summary_of(
        [
            allocation(60),
            allocation(30, "mixed"),
            allocation(120, "unclear"),
            allocation(60, confirmed=False),
            allocation(90, "service_improvement", confirmed=False),
        ]
    )
    assert summary.process == Bounds(low=1.0, estimate=1.25, high=4.5)


def test_bounds_are_equal_without_mixed_unclear_or_unconfirmed_time() -> None:
    summary = summary_of([allocation(60), allocation(45, "service_improvement")])
    assert summary.process.is_exact
    assert summary.improvement == Bounds(0.75, 0.75, 0.75)


def test_unconfirmed_time_is_in_no_estimate() -> None:
    summary = summary_of([allocation(60, confirmed=False)])
    assert (summary.hours.total, summary.unconfirmed.process, summary.diarised) == (0, 1.0, 0)


def test_a_summary_ignores_other_days_and_other_managers() -> None:
    others = [
        allocation(60, day=MONDAY - timedelta(days=1)),
        allocation(60, day=MONDAY + timedelta(days=7)),
        allocation(60, manager_id="m2"),
    ]
    assert summary_of(others).diarised == 0
    assert summary_of([allocation(60, day=MONDAY + timedelta(days=6))]).diarised == 1


def test_time_without_partnership_is_the_last_row() -> None:
    summary = summary_of([allocation(300, partnership=""), allocation(60, "unclear", "rpb"), allocation(90)])
    assert [row.partnership.id for row in summary.partnerships] == ["psb", "rpb", ""]


def test_a_partnership_without_a_name_is_shown_by_its_id() -> None:
    (row,) = summary_of([allocation(60, partnership="new-board")]).partnerships
    assert row.partnership == Partnership("new-board", "new-board")


def test_preparation_and_travel_are_part_of_their_partnership() -> None:
    summary = summary_of(
        [
            allocation(60),
            allocation(30, kind=MeetingKind.PREPARATION, meeting_id="p"),
            allocation(15, kind=MeetingKind.TRAVEL, meeting_id="t"),
        ]
    )
    (row,) = summary.partnerships
    assert (row.hours.total, row.preparation, row.travel, row.meetings) == (1.75, 0.5, 0.25, 1)


def test_shares_are_of_the_calendar_and_of_the_contract() -> None:
    summary = summary_of([allocation(111), allocation(333, "none", "")], contracted=37 * 60)
    assert summary.process_of_diarised == pytest.approx(0.25)
    assert summary.process_of_contracted == pytest.approx(0.05)
    assert summary.displaced_days == pytest.approx(0.25)


def test_a_week_of_leave_has_no_share_of_contracted_time() -> None:
    empty = summary_of([], contracted=0)
    assert (empty.process_of_diarised, empty.process_of_contracted) == (None, None)
    assert summary_of([allocation(60)], manager=replace(MANAGER, working_days=())).displaced_days is None


def test_private_time_is_diarised_time_and_never_a_question() -> None:
    private = meeting(classification=make_classification("unclear"))._replace(private=True)
    summary = summary_of([allocation(60, "unclear", meeting_id=private.id)], [private])
    assert (summary.private, summary.diarised, summary.questions) == (1.0, 1.0, ())


def test_a_series_is_one_question() -> None:
    weekly = [meeting("09:00-10:00", MONDAY + timedelta(days=n), uid="w", title="Catch up") for n in (2, 0)]
    once = meeting("14:00-15:30", title="Liaison")
    asked = [allocation(60, "unclear", "", meeting_id=m.id) for m in weekly]
    summary = summary_of([*asked, allocation(90, "unclear", meeting_id=once.id)], [*weekly, once])
    assert [(q.title, q.meetings, q.hours) for q in summary.questions] == [
        ("Catch up", 2, 2.0),
        ("Liaison", 1, 1.5),
    ]
    assert summary.questions[0].start.date() == MONDAY
    assert summary.questions[1].partnership == PARTNERSHIPS["psb"]
    assert summary.unclear_meetings == 3


def test_at_most_five_questions_are_shown_and_all_are_counted() -> None:
    many = [meeting(f"{n:02}:00-{n + 1:02}:00") for n in range(8, 16)]
    summary = summary_of([allocation(60, "unclear", meeting_id=m.id) for m in many], many)
    assert (len(summary.questions), summary.unclear_meetings) == (5, 8)


def test_the_time_of_a_question_is_local() -> None:
    kept = meeting("09:00-10:00", date(2026, 7, 6))
    utc = kept._replace(start=kept.start.astimezone(tz=__import__("datetime").UTC))
    asked = allocation(60, "unclear", meeting_id=utc.id, day=date(2026, 7, 6))
    summary = summary_of([asked], [utc], days=(date(2026, 7, 6), date(2026, 7, 13)))
    assert summary.questions[0].start.hour == 9
    assert summary.questions[0].start.tzinfo is LONDON


def test_excluded_meetings_are_counted_by_reason() -> None:
    summary = summary_of([], excluded={"free": (2, 0.5), "declined": (3, 4.5)})
    assert summary.excluded == (ExcludedMeetings("declined", 3, 4.5), ExcludedMeetings("free", 2, 0.5))


ALLOCATIONS = st.lists(
    st.builds(
        allocation,
        st.integers(1, 600),
        st.sampled_from(Activity),
        st.sampled_from(["psb", "rpb", "", "unheard-of"]),
        kind=st.sampled_from(MeetingKind),
        confirmed=st.booleans(),
        in_hours=st.booleans(),
        meeting_id=st.sampled_from("abcd"),
    ),
    max_size=20,
)


@given(ALLOCATIONS)
def test_partnerships_add_up_to_the_total_and_bounds_are_in_order(allocations: list[Allocation]) -> None:
    summary = summary_of(allocations)
    assert sum(row.hours.total for row in summary.partnerships) == pytest.approx(summary.hours.total)
    assert summary.hours.total <= summary.diarised + 1e-9
    for bounds in (summary.process, summary.improvement):
        assert bounds.low <= bounds.estimate <= bounds.high


@given(ALLOCATIONS)
def test_the_order_of_allocations_does_not_matter(allocations: list[Allocation]) -> None:
    assert summary_of(allocations) == summary_of(allocations[::-1])


def test_the_full_week_has_every_part_of_a_summary() -> None:
    summary = full_week()
    assert min(summary.hours.parts) > 0
    assert summary.questions
    assert summary.excluded
    assert summary.private > 0


FRACTIONS = st.lists(
    st.builds(
        allocation,
        st.fractions(0, 300, max_denominator=7).map(float),
        st.sampled_from(Activity),
        st.sampled_from(["psb", "rpb", "csp", ""]),
        kind=st.sampled_from(MeetingKind),
        confirmed=st.booleans(),
        meeting_id=st.sampled_from("abcdef"),
    ),
    max_size=25,
)


def minutes(hours: float) -> int:
    """Whole minutes; fails where hours are not."""
    assert hours * 60 == pytest.approx(round(hours * 60), abs=1e-6)
    return round(hours * 60)


@given(FRACTIONS)
def test_parts_add_up_to_their_totals_to_the_minute(allocations: list[Allocation]) -> None:
    met = [
        meeting("09:00-10:00", uid=letter, classification=make_classification("unclear"))._replace(id=letter)
        for letter in "abcdef"
    ]
    summary = summary_of(allocations, met)
    assert sum(minutes(row.hours.total) for row in summary.partnerships) == minutes(summary.hours.total)
    for activity in Activity:
        if activity is not Activity.NONE:
            column = sum(minutes(getattr(row.hours, activity)) for row in summary.partnerships)
            assert column == minutes(getattr(summary.hours, activity))
    assert sum(minutes(row.preparation) for row in summary.partnerships) == minutes(summary.preparation)
    assert sum(minutes(row.travel) for row in summary.partnerships) == minutes(summary.travel)
    estimated = minutes(summary.process.estimate) + minutes(summary.improvement.estimate)
    left = minutes(summary.hours.operational) + minutes(summary.hours.unclear)
    assert estimated + left == minutes(summary.hours.total)
    if summary.unclear_meetings <= 5:
        assert sum(minutes(q.hours) for q in summary.questions) == minutes(summary.hours.unclear)


@given(FRACTIONS)
def test_preparation_and_travel_are_never_more_than_the_partnership_whose_part_they_are(
    allocations: list[Allocation],
) -> None:
    for row in summary_of(allocations).partnerships:
        assert min(row.preparation, row.travel) >= 0
        assert minutes(row.preparation) + minutes(row.travel) <= minutes(row.hours.total)


def test_half_minutes_of_preparation_and_travel_add_up_to_their_partnership() -> None:
    halves = [
        allocation(7.5, kind=MeetingKind.PREPARATION, meeting_id="p"),
        allocation(7.5, kind=MeetingKind.TRAVEL, meeting_id="t"),
    ]
    (row,) = summary_of(halves).partnerships
    assert minutes(row.preparation) + minutes(row.travel) == minutes(row.hours.total) == 15


@given(FRACTIONS)
def test_rounding_moves_the_total_by_half_a_minute_at_most(allocations: list[Allocation]) -> None:
    exact = sum(a.minutes for a in allocations if a.confirmed and a.activity is not Activity.NONE)
    assert abs(minutes(summary_of(allocations).hours.total) - exact) <= 0.5 + 1e-6


def test_own_activities_are_parts_of_what_they_count_as_most_hours_first() -> None:
    summary = summary_of(
        [
            allocation(60),
            allocation(30, label="round table", meeting_id="a"),
            allocation(45, label="away day", meeting_id="b"),
            allocation(20, "process", "rpb", label="round table", meeting_id="c"),
            allocation(15, "none", "", label="speech", meeting_id="d"),
            allocation(10, "unclear", confirmed=False, label="hello", meeting_id="e"),
        ]
    )
    assert summary.hours.process == 155 / 60
    assert [(one.label, round(one.hours * 60)) for one in summary.hours.own_activities] == [
        ("round table", 50),
        ("away day", 45),
    ]
    assert [one.label for one in summary.partnerships[0].hours.own_activities] == ["away day", "round table"]
    assert [one.label for one in summary.unconfirmed.own_activities_of("unclear")] == ["hello"]
    assert [(one.label, one.hours) for one in summary.non_partnership_activities] == [("speech", 0.25)]


@given(st.lists(st.tuples(st.floats(0.1, 50), st.sampled_from(["", "a", "b"])), max_size=8))
def test_own_activities_never_have_more_minutes_than_what_they_count_as(parts) -> None:  # type: ignore[no-untyped-def]
    given_parts = [allocation(m, label=label, meeting_id=str(n)) for n, (m, label) in enumerate(parts)]
    hours = summary_of(given_parts).hours
    assert round(sum(one.hours for one in hours.own_activities) * 60) <= round(hours.process * 60)
    assert round(hours.process * 60) == round(sum(minutes for minutes, _ in parts))
