"""One meeting in several calendars of one manager counts once, and a CANCEL message cancels it in all."""

from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import MONDAY, at, make_classification, meeting, occurrence

from calsync.model.copies import Cancellation, apply_cancellations, drop_duplicate_copies
from calsync.model.correction import CATEGORY_RULE
from calsync.model.occurrence import Response, ShowAs, Status

WORK, SHARED = "m1/ics/work", "m1/ics/shared"
EARLIER, LATER = "20261101T090000Z", "20261101T100000Z"
GOID = (
    "040000008200E00074C5B7101A82E008{date}80D2B1C5A5F0DC01000000000000000010000000"
    "AABBCCDDEEFF00112233445566778899"
)


def work(when="09:00-10:00", **changes):
    return meeting(when, calendar_id=WORK, **{"uid": "psb", **changes})


def shared(when="09:00-10:00", **changes):
    return meeting(when, calendar_id=SHARED, **{"uid": "psb", **changes})


def only(*copies):
    (chosen,) = drop_duplicate_copies(copies)
    (again,) = drop_duplicate_copies(copies[::-1])
    assert chosen == again
    return chosen


def test_one_uid_in_two_calendars_of_one_manager_is_one_meeting():
    assert only(work(), shared()) in (work(), shared())


@pytest.mark.parametrize("answer", [Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED])
@pytest.mark.parametrize("other", [Response.UNRECORDED, Response.UNANSWERED, Response.ORGANIZER])
def test_the_calendar_in_which_the_manager_answered_decides(answer, other):
    answered = work(response=answer, show_as=ShowAs.TENTATIVE)
    assert only(answered, shared(response=other)) == answered


def test_of_two_answers_the_later_version_decides_and_of_equal_versions_the_acceptance():
    declined, accepted = work(response=Response.DECLINED), shared(response=Response.ACCEPTED)
    assert only(declined, accepted) == accepted
    assert only(newer := declined._replace(sequence=2), accepted._replace(sequence=1)) == newer
    assert only(newer := declined._replace(stamp=LATER), accepted._replace(stamp=EARLIER)) == newer


@pytest.mark.parametrize("version", [{"sequence": 1}, {"sequence": 0, "stamp": LATER}])
def test_of_two_times_the_later_version_decides(version):
    outdated = shared("09:00-10:00", sequence=0, stamp=EARLIER)
    moved = work("14:00-15:00", **{"stamp": EARLIER, **version})
    assert only(outdated, moved) == moved


def test_a_later_version_that_records_no_answer_takes_the_one_that_was_given():
    answered = shared("09:00-10:00", sequence=0, response=Response.DECLINED)
    moved = work("14:00-15:00", sequence=1)
    assert only(answered, moved) == moved._replace(response=Response.DECLINED)
    asked_again = moved._replace(response=Response.UNANSWERED)
    assert only(answered, asked_again) == asked_again


def test_of_two_times_without_versions_the_answered_one_decides():
    answered = work("09:00-10:00", response=Response.ACCEPTED)
    assert only(answered, shared("14:00-15:00")) == answered


def test_a_category_in_any_of_the_calendars_corrects_the_meeting():
    answered = work(
        response=Response.ACCEPTED, categories=("Red",), classification=make_classification("process")
    )
    by_category = make_classification("service_improvement", rule=CATEGORY_RULE)
    corrected = shared(categories=("calsync: improvement",), classification=by_category)
    chosen = only(answered, corrected)
    assert (chosen.id, chosen.classification.activity) == (answered.id, "service_improvement")
    assert only(answered._replace(private=True), corrected) == answered._replace(private=True)


def test_a_cancelled_copy_cancels_unless_the_other_is_a_later_version():
    gone = work(status=Status.CANCELLED, sequence=1, stamp=EARLIER)
    assert only(gone, shared(sequence=1, stamp=EARLIER, response=Response.ACCEPTED)) == gone
    assert only(gone, shared(response=Response.ACCEPTED)) == gone
    assert only(gone, revived := shared(sequence=2)) == revived
    assert only(gone, revived := shared(sequence=1, stamp=LATER)) == revived


def test_two_meetings_of_one_uid_in_one_calendar_both_count():
    twice = [work("09:00-10:00"), work("14:00-15:00")]
    assert drop_duplicate_copies(twice) == twice
    assert len(drop_duplicate_copies([*twice, shared("14:00-15:00")])) == 2


def test_occurrences_of_a_series_are_matched_by_their_original_start_in_any_zone():
    local = work(recurrence_id="2026-10-06T10:00:00+01:00")
    utc = shared(recurrence_id="2026-10-06T09:00:00+00:00")
    other = shared("14:00-15:00", recurrence_id="2026-10-13T10:00:00+01:00")
    assert len(drop_duplicate_copies([local, utc, other])) == 2


def test_a_series_that_was_exported_meeting_by_meeting_is_matched_by_its_starts():
    start = at("09:00").astimezone(UTC).isoformat()
    series = work(recurrence_id=start)
    assert len(drop_duplicate_copies([series, shared("09:00-10:00"), shared("14:00-15:00")])) == 2


def test_outlooks_uids_are_one_with_and_without_the_date_of_an_occurrence():
    # [MS-OXOCAL] 2.2.1.27: bytes 16 to 19 of a global object id.
    series, dated = GOID.format(date="00000000"), GOID.format(date="07EA0B02").lower()
    start = at("09:00").isoformat()
    assert len(drop_duplicate_copies([work(uid=series, recurrence_id=start), shared(uid=dated)])) == 1


def test_other_uids_and_other_meetings_are_left_alone():
    many = [work(), shared(uid="rpb"), work(uid="smt"), shared(uid="smt")]
    assert [one.uid for one in drop_duplicate_copies(many)] in (["psb", "rpb", "smt"], ["psb", "smt", "rpb"])


copies = st.lists(
    st.builds(
        meeting,
        st.sampled_from(["09:00-10:00", "14:00-15:00"]),
        calendar_id=st.sampled_from(["m1/a", "m1/b", "m1/c"]),
        uid=st.sampled_from(["psb", "rpb"]),
        recurrence_id=st.sampled_from(["", at("09:00").isoformat(), "2026-11-02"]),
        response=st.sampled_from(Response),
        status=st.sampled_from(Status),
        sequence=st.integers(-1, 2),
        stamp=st.sampled_from(["", EARLIER, LATER]),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


@given(copies, st.randoms(use_true_random=False))
def test_the_order_of_calendars_and_meetings_changes_nothing(meetings, random):
    shuffled = list(meetings)
    random.shuffle(shuffled)
    assert sorted(drop_duplicate_copies(meetings)) == sorted(drop_duplicate_copies(shuffled))


@given(copies)
def test_choosing_twice_is_choosing_once_and_every_uid_stays(meetings):
    chosen = drop_duplicate_copies(meetings)
    assert {one.uid for one in chosen} == {one.uid for one in meetings}
    assert (
        {one.id for one in drop_duplicate_copies(chosen)}
        <= {one.id for one in chosen}
        <= {one.id for one in meetings}
    )


WEEKLY = [
    occurrence(day=day, uid="psb", recurrence_id=at("09:00", day).isoformat(), sequence=1, stamp=EARLIER)
    for day in (MONDAY, MONDAY + timedelta(days=7), MONDAY + timedelta(days=14))
]
SECOND = at("09:00", date(2026, 11, 9)).astimezone(UTC).isoformat()


def cancelled(*cancellations, entries=WEEKLY):
    return [one.status is Status.CANCELLED for one in apply_cancellations(entries, cancellations)]


@pytest.mark.parametrize(
    ("cancellation", "expected"),
    [
        (Cancellation("psb", sequence=1), [True, True, True]),
        (Cancellation("psb", SECOND, sequence=1), [False, True, False]),
        (Cancellation("psb", "2026-11-09", sequence=1), [False, True, False]),
        (Cancellation("psb", SECOND, this_and_following=True, sequence=1), [False, True, True]),
        (Cancellation("psb", "2026-11-10", sequence=1), [False, False, False]),
        (Cancellation("rpb", sequence=1), [False, False, False]),
    ],
)
def test_a_message_cancels_a_series_or_one_of_its_meetings(cancellation, expected):
    assert cancelled(cancellation) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ({"sequence": 0, "stamp": LATER}, False),
        ({"sequence": 2, "stamp": ""}, True),
        ({"sequence": 1, "stamp": ""}, True),
        ({"sequence": 1, "stamp": EARLIER}, True),
        ({"sequence": 1, "stamp": "20261031T090000Z"}, False),
        ({"stamp": EARLIER}, True),
        ({"stamp": "20261031T090000Z"}, False),
    ],
)
def test_a_later_version_than_the_message_takes_place(version, expected):
    assert set(cancelled(Cancellation("psb", **version))) == {expected}


def test_where_a_source_gives_no_version_the_message_holds():
    unknown = [one._replace(sequence=-1, stamp="") for one in WEEKLY]
    assert set(cancelled(Cancellation("psb", sequence=0, stamp=EARLIER), entries=unknown)) == {True}


def test_a_meeting_written_without_recurrence_id_is_cancelled_by_its_start():
    single = [one._replace(recurrence_id="") for one in WEEKLY]
    assert cancelled(Cancellation("psb", SECOND, sequence=1), entries=single) == [False, True, False]


def test_meetings_without_uid_are_copies_only_if_they_are_equal():
    room_1, room_2 = work(uid="calsync-1", location="Room 1"), shared(uid="calsync-1", location="Room 2")
    assert len(drop_duplicate_copies([room_1, room_2])) == 2
    assert len(drop_duplicate_copies([room_1, shared(uid="calsync-1", location="Room 1")])) == 1


def test_of_equal_copies_the_private_one_counts():
    for private, public in ((work(sensitivity="private"), shared()), (shared(sensitivity="private"), work())):
        assert only(private, public).private
