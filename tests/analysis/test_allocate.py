"""One person-minute is spent once."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.builders import LONDON, MONDAY, at, make_classification, meeting, span
from support.hypothesis_profiles import examples

from calsync.analysis.allocate import FRAME_COLUMNS, allocate, allocations_frame
from calsync.analysis.worktime import WorkingTime
from calsync.model.classification import Activity, MeetingKind, Scope
from calsync.model.occurrence import Response, ShowAs
from calsync.model.people import Manager
from calsync.model.span import Span, count_covered_minutes

ANN = Manager("m1", "ann@brynfelin.gov.wales.example", "Ann", hours_per_week=35.0)
WORK = WorkingTime()
WEEK = Span(at("00:00"), at("00:00", MONDAY + timedelta(days=7)))
TUESDAY = MONDAY + timedelta(days=1)
NONE = make_classification("none", "", scope=Scope.INTERNAL)
TRAVEL = make_classification("none", "", scope=Scope.OTHER, kind=MeetingKind.TRAVEL)


def allocate_meetings(*meetings, period: Span = WEEK, worktime: WorkingTime = WORK):
    return allocate(ANN, meetings, worktime, period)


def minutes_by(field: str, *meetings, **options) -> dict:
    sums: dict = defaultdict(float)
    for allocation in allocate_meetings(*meetings, **options):
        sums[getattr(allocation, field)] += allocation.minutes
    return {key: round(value, 9) for key, value in sums.items()}


def unanswered(when: str, **changes):
    return meeting(when, response=Response.UNANSWERED, **changes)


def test_a_meeting_alone_gets_its_whole_time():
    assert [(a.day, a.minutes, a.in_hours) for a in allocate_meetings(meeting("09:00-10:30"))] == [
        (MONDAY, 90, True)
    ]


def test_a_double_booking_is_shared_equally_by_the_minute():
    long, short = meeting("09:00-11:00"), meeting("10:00-10:30")
    assert minutes_by("meeting_id", long, short) == {long.id: 105, short.id: 15}


def test_three_share_by_thirds_and_nothing_is_lost():
    three = [meeting("09:00-10:00", uid=str(n)) for n in range(3)]
    assert [a.minutes for a in allocate_meetings(*three)] == [20.0, 20.0, 20.0]


def test_unconfirmed_meetings_get_only_what_no_confirmed_meeting_covers():
    sure, maybe = meeting("09:00-10:00"), unanswered("09:30-11:00")
    assert minutes_by("meeting_id", sure, maybe) == {sure.id: 60, maybe.id: 60}


def test_unconfirmed_meetings_share_among_themselves():
    assert minutes_by("confirmed", unanswered("09:00-10:00"), unanswered("09:00-10:00", uid="b")) == {
        False: 60
    }


@pytest.mark.parametrize("mark", [{"response": Response.DECLINED}, {"show_as": ShowAs.FREE}])
def test_excluded_meetings_take_nothing_from_others(mark):
    assert minutes_by(
        "meeting_id", sure := meeting("09:00-10:00"), meeting("09:00-10:00", uid="b", **mark)
    ) == {sure.id: 60}


def test_a_meeting_over_midnight_is_split_between_the_days():
    night = meeting(start=at("23:00"), end=at("01:30", TUESDAY))
    assert minutes_by("day", night) == {MONDAY: 60, TUESDAY: 90}


def test_time_outside_working_hours_is_counted_apart():
    assert minutes_by("in_hours", meeting("08:00-10:00")) == {True: 60, False: 60}
    assert minutes_by("in_hours", meeting("16:30-18:00")) == {True: 30, False: 60}


def test_a_holiday_a_day_off_and_leave_are_outside_working_hours():
    saturday = MONDAY - timedelta(days=2)
    closed = WorkingTime(closed=frozenset({MONDAY}))
    leave = meeting(all_day=True, start=at("00:00"), end=at("24:00"), show_as=ShowAs.OUT_OF_OFFICE)
    assert minutes_by("in_hours", meeting(), worktime=closed) == {False: 60}
    assert minutes_by("in_hours", meeting(), leave) == {False: 60}
    assert minutes_by("in_hours", meeting(day=saturday), period=span("00:00-24:00", saturday)) == {False: 60}


def test_the_clock_change_in_autumn_gives_an_hour_more():
    day = date(2026, 10, 25)
    assert minutes_by("day", meeting("00:00-24:00", day), period=span("00:00-24:00", day)) == {day: 25 * 60}


def test_the_clock_change_in_spring_takes_an_hour():
    day = date(2026, 3, 29)
    assert minutes_by("day", meeting("00:30-03:30", day), period=span("00:00-24:00", day)) == {day: 120}


def test_a_period_cuts_meetings_at_its_edges():
    assert minutes_by("day", meeting("08:00-12:00"), period=span("09:00-10:00")) == {MONDAY: 60}


def test_all_day_partnership_time_is_the_working_day_and_shares_it():
    whole = meeting(all_day=True, start=at("00:00"), end=at("24:00"))
    other = meeting("09:00-10:00")
    assert minutes_by("meeting_id", whole, other) == {whole.id: 390, other.id: 30}


def test_several_days_of_partnership_are_a_row_for_each_working_day():
    friday = MONDAY + timedelta(days=4)
    away = meeting(all_day=True, start=at("00:00", friday), end=at("00:00", friday + timedelta(days=4)))
    period = Span(at("00:00"), at("00:00", MONDAY + timedelta(days=14)))
    assert minutes_by("day", away, period=period) == {friday: 420, MONDAY + timedelta(days=7): 420}


def test_a_true_tie_is_shared_equally_between_the_partnerships():
    tie = meeting(classification=make_classification(partnerships=("psb", "rpb", "csp")))
    assert minutes_by("partnership", tie) == {"psb": 20, "rpb": 20, "csp": 20}


def test_mixed_with_an_agenda_is_split_by_it():
    split = meeting(classification=make_classification("mixed", process_share=Fraction(1, 3)))
    assert minutes_by("activity", split) == {"process": 20, "service_improvement": 40}


def test_mixed_with_an_agenda_of_one_activity_gives_no_empty_row():
    assert minutes_by(
        "activity", meeting(classification=make_classification("mixed", process_share=Fraction(1)))
    ) == {"process": 60}


def test_mixed_without_an_agenda_stays_mixed():
    assert minutes_by("activity", meeting(classification=make_classification("mixed"))) == {"mixed": 60}


def test_a_meeting_of_no_partnership_is_entered_without_one():
    assert minutes_by("partnership", meeting(classification=NONE)) == {"": 60}


def test_preparation_stays_preparation():
    prep = meeting(classification=make_classification(kind=MeetingKind.PREPARATION))
    assert minutes_by("kind", prep) == {MeetingKind.PREPARATION: 60}


def travel_goes_to(*meetings, when: str = "11:00-12:00", **changes):
    block = meeting(when, classification=TRAVEL, uid="travel", **changes)
    found = [a for a in allocate_meetings(*meetings, block) if a.meeting_id == block.id]
    assert {a.kind for a in found} == {MeetingKind.TRAVEL}
    return {(a.partnership, a.activity) for a in found}


def stop(when: str, partnership: str, activity: str = "process", **changes):
    return meeting(when, classification=make_classification(activity, partnership), **changes)


@pytest.mark.parametrize("when", ["12:00-13:00", "12:30-13:00", "10:00-11:00", "10:00-10:30", "11:45-13:00"])
def test_travel_within_thirty_minutes_of_a_partnership_meeting_belongs_to_it(when):
    assert travel_goes_to(stop(when, "rpb", "service_improvement")) == {("rpb", "service_improvement")}


@pytest.mark.parametrize("when", ["12:31-13:00", "10:00-10:29"])
def test_travel_further_off_belongs_to_no_meeting(when):
    assert travel_goes_to(stop(when, "rpb")) == {("", "none")}


def test_travel_between_two_meetings_belongs_to_the_later():
    assert travel_goes_to(stop("10:00-11:00", "psb"), stop("12:15-13:00", "rpb")) == {("rpb", "process")}


def test_travel_home_belongs_to_the_meeting_that_ended_last():
    assert travel_goes_to(stop("09:00-11:00", "psb"), stop("10:00-10:40", "rpb")) == {("psb", "process")}


def test_travel_to_an_internal_or_cancelled_meeting_belongs_to_no_meeting():
    assert travel_goes_to(meeting("12:00-13:00", classification=NONE)) == {("", "none")}
    assert travel_goes_to(stop("12:00-13:00", "rpb", response=Response.DECLINED)) == {("", "none")}


def test_confirmed_travel_never_belongs_to_an_unconfirmed_meeting():
    maybe = stop("12:00-13:00", "rpb", response=Response.UNANSWERED)
    assert travel_goes_to(maybe) == {("", "none")}
    assert travel_goes_to(maybe, response=Response.UNANSWERED) == {("rpb", "process")}


def test_travel_to_a_mixed_meeting_is_split_by_its_agenda():
    mixed = meeting(
        "12:00-13:00", classification=make_classification("mixed", "psb", process_share=Fraction(1, 4))
    )
    assert travel_goes_to(mixed) == {("psb", "process"), ("psb", "service_improvement")}


def test_travel_with_a_partnership_of_its_own_keeps_it():
    corrected = meeting(
        "11:00-12:00",
        classification=make_classification("process", "csp", kind=MeetingKind.TRAVEL),
        uid="travel",
    )
    found = allocate_meetings(stop("12:00-13:00", "rpb"), corrected)
    assert [a.partnership for a in found if a.meeting_id == corrected.id] == ["csp"]


def test_travel_that_names_its_partnership_belongs_to_that_partnerships_meeting():
    named = meeting(
        "11:00-12:00",
        classification=make_classification("none", "csp", kind=MeetingKind.TRAVEL),
        uid="travel",
    )
    found = allocate_meetings(stop("12:00-13:00", "rpb"), stop("10:00-11:00", "csp"), named)
    assert [(a.partnership, a.activity) for a in found if a.meeting_id == named.id] == [("csp", "process")]


def test_travel_belongs_to_a_meeting_beyond_the_edge_of_the_period():
    board, block = stop("12:00-13:00", "rpb"), meeting("11:00-12:00", classification=TRAVEL)
    assert minutes_by("partnership", board, block, period=span("11:00-12:00")) == {"rpb": 60}


def test_the_frame_has_a_column_for_each_field():
    frame = allocations_frame(allocate_meetings(meeting()))
    assert tuple(frame.columns) == FRAME_COLUMNS
    assert frame.loc[0, ["day", "activity", "kind", "minutes"]].tolist() == [MONDAY, "process", "meeting", 60]
    assert type(frame.loc[0, "activity"]) is str


def test_no_meetings_give_an_empty_frame_with_its_columns():
    frame = allocations_frame(allocate_meetings())
    assert (len(frame), frame["minutes"].dtype, frame["confirmed"].dtype) == (0, "float64", "bool")


# Around the clock changes of 2026 and over the end of a month and of a year.
STARTS = [datetime(2026, 3, 28, 18), datetime(2026, 10, 24, 18), datetime(2026, 12, 31, 12)]
ACTIVITIES = [make_classification(activity) for activity in Activity]


@st.composite
def calendars(draw):
    zero = draw(st.sampled_from(STARTS)).replace(tzinfo=UTC)
    meetings = []
    for number in range(draw(st.integers(0, 9))):
        start = zero + timedelta(seconds=draw(st.integers(0, 36 * 3600)))
        length = timedelta(seconds=draw(st.integers(0, 30 * 3600)))
        meetings.append(
            meeting(
                uid=str(number),
                start=start.astimezone(LONDON),
                end=(start + length).astimezone(LONDON),
                response=draw(st.sampled_from([Response.ACCEPTED, Response.UNANSWERED, Response.DECLINED])),
                classification=draw(st.sampled_from(ACTIVITIES)),
            )
        )
    return meetings


def union_by_day(meetings) -> dict[date, float]:
    """Reckoned apart: clip to each local day, then measure the union."""
    found = {}
    for n in range(366):
        day = date(2026, 3, 28) + timedelta(days=n)
        midnights = span("00:00-24:00", day)
        minutes = count_covered_minutes(
            cut for m in meetings if (cut := m.span.intersection(midnights)) is not None
        )
        if minutes:
            found[day] = minutes
    return found


ALWAYS = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))


def by_day(allocations) -> dict[date, float]:
    sums: dict[date, float] = defaultdict(float)
    for allocation in allocations:
        sums[allocation.day] += allocation.minutes
    return sums


@examples(100)
@given(calendars())
@example(
    [meeting(start=at("01:30", date(2026, 10, 25)), end=at("01:30", date(2026, 10, 25)).replace(fold=1))]
)
def test_a_days_minutes_are_the_union_of_its_counted_spans(meetings):
    counted = [m for m in meetings if m.response is not Response.DECLINED]
    confirmed = [m for m in counted if m.response is not Response.UNANSWERED]
    allocations = allocate_meetings(*meetings, period=ALWAYS)
    assert by_day(allocations) == pytest.approx(union_by_day(counted))
    assert by_day(a for a in allocations if a.confirmed) == pytest.approx(union_by_day(confirmed))


@examples(50)
@given(calendars())
def test_the_order_of_the_meetings_does_not_matter(meetings):
    assert allocate_meetings(*meetings, period=ALWAYS) == allocate_meetings(
        *reversed(meetings), period=ALWAYS
    )


@examples(50)
@given(calendars(), st.integers(0, 48 * 60))
def test_two_periods_that_touch_give_what_the_whole_gives(meetings, minute):
    middle = STARTS[0].replace(tzinfo=UTC) + timedelta(minutes=minute)
    halves = [
        *allocate_meetings(*meetings, period=Span(ALWAYS.start, middle)),
        *allocate_meetings(*meetings, period=Span(middle, ALWAYS.end)),
    ]
    assert by_day(halves) == pytest.approx(by_day(allocate_meetings(*meetings, period=ALWAYS)))


def test_a_long_timed_entry_counts_as_entered():
    tuesday = MONDAY + timedelta(days=1)
    residential = meeting(start=at("10:00"), end=at("16:00", tuesday))
    rows = allocate(ANN, [residential], WorkingTime(), WEEK)
    assert sum(row.minutes for row in rows) == 30 * 60


def test_a_meeting_is_cut_at_the_edge_of_the_period():
    assert (
        sum(r.minutes for r in allocate(ANN, [meeting("09:00-11:00")], WorkingTime(), span("10:00-12:00")))
        == 60
    )
    assert allocate(ANN, [meeting("09:00-10:00")], WorkingTime(), span("10:00-12:00")) == []


def test_more_than_sixteen_meetings_at_once_share_the_time_exactly():
    crowd = [meeting("09:00-10:00", uid=f"u{n}") for n in range(17)]
    rows = allocate(ANN, crowd, WorkingTime(), WEEK)
    assert [row.minutes for row in rows] == [float(Fraction(60, 17))] * 17


def test_time_has_the_label_of_an_own_activity_also_if_an_agenda_splits_it():
    half = make_classification("mixed", process_share=Fraction(1, 2), label="open day")
    found = allocate_meetings(meeting(classification=half), meeting("14:00-15:00", uid="plain"))
    assert {(one.activity.value, one.label, one.minutes) for one in found} == {
        ("process", "open day", 30.0),
        ("service_improvement", "open day", 30.0),
        ("process", "", 60.0),
    }


def test_travel_has_the_label_of_the_meeting_it_belongs_to():
    visit = meeting(
        "10:00-11:00", classification=make_classification("service_improvement", label="site visit")
    )
    trip = meeting("09:30-10:00", classification=TRAVEL, uid="trip")
    found = allocate_meetings(trip, visit)
    assert [(one.kind.value, one.activity.value, one.label) for one in found] == [
        ("travel", "service_improvement", "site visit"),
        ("meeting", "service_improvement", "site visit"),
    ]
