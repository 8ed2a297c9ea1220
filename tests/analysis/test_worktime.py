"""Working time, public holidays by nation, leave, contracted minutes."""

from datetime import date, timedelta

import pytest
from support.builders import MONDAY, at, meeting, span

from calsync.analysis.worktime import (
    WorkingTime,
    contracted_minutes,
    find_leave,
    public_holidays,
    working_spans,
)
from calsync.model.occurrence import Response, ShowAs, Status
from calsync.model.people import Manager, Nation
from calsync.model.span import Span

WORK = WorkingTime()
TUESDAY = MONDAY + timedelta(days=1)
NEXT = MONDAY + timedelta(days=7)
ANN = Manager("ann", "ann@brynfelin.gov.wales.example", "Ann")


def off(when: str = "09:00-17:00", day: date = MONDAY, **changes):
    return meeting(when, day, show_as=ShowAs.OUT_OF_OFFICE, **changes)


def day_off(day: date = MONDAY, days: int = 1, **changes):
    until = at("00:00", day + timedelta(days=days))
    return off(day=day, all_day=True, start=at("00:00", day), end=until, **changes)


def minutes(manager: Manager, meetings=(), first: date = MONDAY, last: date = NEXT, work: WorkingTime = WORK):
    return list(contracted_minutes(manager, meetings, work, first, last)["minutes"])


def test_contracted_time_is_hours_by_fte_over_the_working_days():
    assert minutes(ANN) == [444.0] * 5 + [0.0, 0.0]
    half = Manager("bo", "", "Bo", fte=0.5, hours_per_week=37.0, working_days=(0, 1, 2))
    assert minutes(half) == pytest.approx([370.0] * 3 + [0.0] * 4)


def test_contracted_time_comes_with_manager_and_day():
    frame = contracted_minutes(ANN, [], WORK, MONDAY, TUESDAY)
    assert frame.to_dict("records") == [{"manager_id": "ann", "day": MONDAY, "minutes": 444.0}]


def test_a_manager_without_working_days_is_contracted_for_nothing():
    assert sum(minutes(Manager("x", "", "X", working_days=()))) == 0


@pytest.mark.parametrize(
    ("nation", "day"),
    [
        (Nation.WALES, date(2026, 4, 6)),
        (Nation.ENGLAND, date(2026, 8, 31)),
        (Nation.SCOTLAND, date(2026, 1, 2)),
        (Nation.NORTHERN_IRELAND, date(2026, 7, 13)),
    ],
)
def test_public_holidays_are_those_of_the_nation(nation, day):
    assert [day in public_holidays(other, 2026) for other in Nation].count(True) in {1, 3}
    assert minutes(ANN, (), day, day + timedelta(days=1), WorkingTime(nation=nation)) == [0.0]


def test_a_holiday_on_a_weekend_has_a_substitute_day():
    assert minutes(ANN, (), date(2026, 12, 25), date(2026, 12, 30)) == [0.0, 0.0, 0.0, 0.0, 444.0]


def test_scotland_works_on_easter_monday_and_wales_does_not():
    easter = date(2026, 4, 6)
    assert not WORK.is_working(ANN, easter)
    assert WorkingTime(nation=Nation.SCOTLAND).is_working(ANN, easter)


def test_the_organisation_may_close_on_more_days():
    assert minutes(ANN, (), MONDAY, TUESDAY, WorkingTime(closed=frozenset({MONDAY}))) == [0.0]


def test_all_day_out_of_office_is_leave():
    assert minutes(ANN, [day_off(days=2)])[:3] == [0.0, 0.0, 444.0]


def test_timed_out_of_office_takes_the_working_time_that_it_covers():
    assert minutes(ANN, [off("07:00-10:00")])[0] == 444.0 - 60
    assert minutes(ANN, [off("09:00-17:00")])[0] == 0.0


def test_leave_that_overlaps_is_taken_once():
    assert minutes(ANN, [off("09:00-11:00"), off("10:00-12:00")])[0] == 444.0 - 180


def test_timed_leave_over_several_days_takes_them_all():
    away = off(start=at("00:00"), end=at("13:00", TUESDAY))
    assert minutes(ANN, [away])[:2] == [0.0, 444.0 - 240]


@pytest.mark.parametrize(
    "mark",
    [
        {"response": Response.DECLINED},
        {"response": Response.UNANSWERED},
        {"response": Response.TENTATIVE},
        {"status": Status.CANCELLED},
        {"status": Status.TENTATIVE},
    ],
)
def test_leave_that_is_not_certain_is_no_leave(mark):
    assert minutes(ANN, [day_off(**mark)])[0] == 444.0


def test_busy_all_day_is_no_leave():
    busy = meeting(all_day=True, start=at("00:00"), end=at("24:00"))
    assert minutes(ANN, [busy])[0] == 444.0


WHOLE_DAY = span("00:00-24:00")


def working(meetings=(), period: Span = WHOLE_DAY, work: WorkingTime = WORK):
    return working_spans(ANN, find_leave(meetings, work, period), work, period)


def test_working_hours_are_nine_to_five_unless_told_otherwise():
    assert working() == [span("09:00-17:00")]
    early = WorkingTime(day_start=at("08:00").time(), day_end=at("16:00").time())
    assert working(work=early) == [span("08:00-16:00")]


def test_leave_is_no_working_time():
    assert working([day_off()]) == []
    assert working([off("12:00-13:00"), off("16:00-18:00")]) == [span("09:00-12:00"), span("13:00-16:00")]
    assert working([off("08:00-18:00")]) == []
    assert working([off("18:00-19:00")]) == [span("09:00-17:00")]


def test_weekends_and_holidays_are_no_working_time():
    saturday = MONDAY - timedelta(days=2)
    assert working(period=span("00:00-24:00", saturday)) == []
    assert working(work=WorkingTime(closed=frozenset({MONDAY}))) == []


def test_leave_of_a_day_is_seen_from_a_period_that_begins_in_the_afternoon():
    assert working([day_off()], period=span("13:00-17:00")) == []


def test_a_working_day_ends_at_midnight_at_the_latest():
    late = WorkingTime(day_start=at("20:00").time(), day_end=at("23:00").time())
    assert late.hours_from_start(MONDAY, 8).duration == timedelta(hours=4)


def test_a_span_that_ends_at_midnight_touches_one_day():
    assert WORK.around(span("09:00-24:00")) == span("00:00-24:00")
    assert list(WORK.days(span("09:00-24:00"))) == [MONDAY]
