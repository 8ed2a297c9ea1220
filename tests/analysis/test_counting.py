"""Which meetings count: one test for each line of docs/managers/counting.md."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.builders import MONDAY, at, make_classification, meeting, span

from calsync.analysis.counting import (
    CountingDecision,
    CountingStatus,
    NotCountedReason,
    all_day_working_spans,
    decide_counting,
    sum_exclusions,
)
from calsync.analysis.worktime import Leave, WorkingTime
from calsync.model.classification import Scope
from calsync.model.occurrence import Response, Sensitivity, ShowAs, Status
from calsync.model.people import Manager
from calsync.model.span import Span

ANN = Manager("m1", "ann@brynfelin.gov.wales.example", "Ann", hours_per_week=35.0)
WEEK = Span(at("00:00"), at("00:00", MONDAY + timedelta(days=7)))
INTERNAL = make_classification("none", "", scope=Scope.INTERNAL)
TENTATIVE = CountingDecision(CountingStatus.UNCONFIRMED, NotCountedReason.TENTATIVE)


def excluded(reason: NotCountedReason) -> CountingDecision:
    return CountingDecision(CountingStatus.EXCLUDED, reason)


def all_day(days: int = 1, first: date = MONDAY, **changes):
    changes = {"start": at("00:00", first), "end": at("00:00", first + timedelta(days=days)), **changes}
    return meeting(day=first, all_day=True, **changes)


@pytest.mark.parametrize("response", [Response.ORGANIZER, Response.ACCEPTED, Response.UNRECORDED])
def test_busy_and_organised_or_accepted_or_unrecorded_is_confirmed(response):
    assert decide_counting(meeting(response=response)) == CountingDecision(CountingStatus.CONFIRMED)


def test_a_cancelled_meeting_never_counts():
    assert decide_counting(meeting(status=Status.CANCELLED)) == excluded(NotCountedReason.CANCELLED)


def test_a_declined_meeting_never_counts():
    assert decide_counting(meeting(response=Response.DECLINED)) == excluded(NotCountedReason.DECLINED)


@pytest.mark.parametrize(
    ("show_as", "reason"),
    [
        (ShowAs.FREE, NotCountedReason.FREE),
        (ShowAs.OUT_OF_OFFICE, NotCountedReason.OUT_OF_OFFICE),
        (ShowAs.ELSEWHERE, NotCountedReason.ELSEWHERE),
    ],
)
def test_what_is_not_shown_as_busy_never_counts(show_as, reason):
    assert decide_counting(meeting(show_as=show_as)) == excluded(reason)
    assert decide_counting(meeting(show_as=show_as, response=Response.TENTATIVE)) == excluded(reason)


@pytest.mark.parametrize(
    "mark",
    [
        {"status": Status.TENTATIVE},
        {"show_as": ShowAs.TENTATIVE},
        {"response": Response.TENTATIVE},
    ],
)
def test_tentative_by_status_or_show_as_or_answer_is_unconfirmed(mark):
    assert decide_counting(meeting(**mark)) == TENTATIVE


def test_unanswered_is_unconfirmed():
    assert decide_counting(meeting(response=Response.UNANSWERED)) == CountingDecision(
        CountingStatus.UNCONFIRMED, NotCountedReason.UNANSWERED
    )


def test_a_meeting_without_length_takes_no_time():
    assert decide_counting(meeting("09:00-09:00")) == excluded(NotCountedReason.ZERO_LENGTH)


def test_a_private_timed_meeting_counts():
    assert decide_counting(meeting(sensitivity=Sensitivity.PRIVATE)).status is CountingStatus.CONFIRMED


def test_all_day_counts_only_if_busy_and_inter_agency():
    assert decide_counting(all_day()).status is CountingStatus.CONFIRMED
    assert decide_counting(all_day(classification=INTERNAL)) == excluded(NotCountedReason.ALL_DAY)
    assert decide_counting(all_day(show_as=ShowAs.TENTATIVE)) == excluded(NotCountedReason.ALL_DAY)
    assert decide_counting(all_day(sensitivity=Sensitivity.PRIVATE)) == excluded(NotCountedReason.ALL_DAY)


def test_an_unanswered_all_day_meeting_is_unconfirmed():
    assert decide_counting(all_day(response=Response.UNANSWERED)).status is CountingStatus.UNCONFIRMED


NO_LEAVE = Leave()
NINE_TO_FIVE = WorkingTime()


def test_the_first_reason_that_applies_is_given():
    marks = {
        "status": Status.CANCELLED,
        "response": Response.DECLINED,
        "show_as": ShowAs.FREE,
        "end": at("09:00"),
        "classification": INTERNAL,
        "all_day": True,
    }
    kept, given = dict(marks), []
    for mark in marks:
        given.append(decide_counting(meeting("09:00-10:00", **kept)).reason)
        del kept[mark]
    assert given == ["cancelled", "declined", "free", "zero_length", "all_day", None]


def spans(counted, leave: Leave = NO_LEAVE, worktime: WorkingTime = NINE_TO_FIVE, period: Span = WEEK):
    return all_day_working_spans(counted, ANN, leave, worktime, period)


def test_all_day_takes_the_managers_hours_from_the_start_of_the_day():
    assert spans(all_day()) == [span("09:00-16:00")]
    assert spans(all_day(), worktime=WorkingTime(day_start=at("08:30").time())) == [span("08:30-15:30")]


def test_all_day_takes_only_working_days():
    friday = MONDAY + timedelta(days=4)
    assert spans(all_day(4, friday)) == [span("09:00-16:00", friday)]


def test_all_day_takes_no_public_holiday_and_no_leave():
    assert spans(all_day(), Leave(frozenset({MONDAY}))) == []
    assert spans(all_day(), worktime=WorkingTime(closed=frozenset({MONDAY}))) == []


def test_an_all_day_meeting_of_another_zone_is_on_the_same_date():
    there = ZoneInfo("America/New_York")
    abroad = all_day(start=at("00:00").replace(tzinfo=there), end=at("24:00").replace(tzinfo=there))
    assert spans(abroad) == [span("09:00-16:00")]


def test_exclusions_are_counted_by_reason():
    found = sum_exclusions(
        [
            meeting("09:00-10:00", response=Response.DECLINED),
            meeting("09:30-11:00", response=Response.DECLINED),
            all_day(show_as=ShowAs.OUT_OF_OFFICE),
            meeting("12:00-12:00"),
            meeting("13:00-14:00"),
            meeting("14:00-15:00", response=Response.UNANSWERED),
            meeting("09:00-10:00", MONDAY - timedelta(days=1), status=Status.CANCELLED),
        ],
        WEEK,
    )
    assert found == {"declined": (2, 2.5), "out_of_office": (1, 0.0), "zero_length": (1, 0.0)}
