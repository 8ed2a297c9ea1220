"""A meeting in several calendars of one manager counts once, and a CANCEL message cancels every copy."""

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
GLOBAL_OBJECT_ID = (
    "040000008200E00074C5B7101A82E008{date}80D2B1C5A5F0DC01000000000000000010000000"
    "AABBCCDDEEFF00112233445566778899"
)


def work(when="09:00-10:00", **changes):
    return meeting(when, calendar_id=WORK, **{"uid": "psb", **changes})


def shared(when="09:00-10:00", **changes):
    return meeting(when, calendar_id=SHARED, **{"uid": "psb", **changes})


def chosen_copy(*copies):
    """The only copy that counts, in whichever order the copies are given."""
    (chosen,) = drop_duplicate_copies(copies)
    (chosen_in_reverse_order,) = drop_duplicate_copies(copies[::-1])
    assert chosen == chosen_in_reverse_order
    return chosen


def test_the_same_uid_in_two_calendars_of_a_manager_is_one_meeting():
    assert chosen_copy(work(), shared()) in (work(), shared())


@pytest.mark.parametrize("answer", [Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED])
@pytest.mark.parametrize("other", [Response.UNRECORDED, Response.UNANSWERED, Response.ORGANIZER])
def test_the_copy_with_the_managers_answer_counts(answer, other):
    answered = work(response=answer, show_as=ShowAs.TENTATIVE)
    assert chosen_copy(answered, shared(response=other)) == answered


def test_the_later_of_two_answers_counts_and_acceptance_in_equal_versions():
    declined, accepted = work(response=Response.DECLINED), shared(response=Response.ACCEPTED)
    assert chosen_copy(declined, accepted) == accepted
    assert chosen_copy(newer := declined._replace(sequence=2), accepted._replace(sequence=1)) == newer
    assert chosen_copy(newer := declined._replace(stamp=LATER), accepted._replace(stamp=EARLIER)) == newer


@pytest.mark.parametrize("version", [{"sequence": 1}, {"sequence": 0, "stamp": LATER}])
def test_the_later_version_counts_if_copies_are_at_different_times(version):
    outdated = shared("09:00-10:00", sequence=0, stamp=EARLIER)
    moved = work("14:00-15:00", **{"stamp": EARLIER, **version})
    assert chosen_copy(outdated, moved) == moved


def test_a_later_version_without_an_answer_takes_the_answer_of_the_earlier_one():
    answered = shared("09:00-10:00", sequence=0, response=Response.DECLINED)
    moved = work("14:00-15:00", sequence=1)
    assert chosen_copy(answered, moved) == moved._replace(response=Response.DECLINED)
    invited_again = moved._replace(response=Response.UNANSWERED)
    assert chosen_copy(answered, invited_again) == invited_again


def test_the_answered_copy_counts_if_copies_at_different_times_have_no_versions():
    answered = work("09:00-10:00", response=Response.ACCEPTED)
    assert chosen_copy(answered, shared("14:00-15:00")) == answered


def test_a_category_in_any_calendar_corrects_the_meeting():
    answered = work(
        response=Response.ACCEPTED, categories=("Red",), classification=make_classification("process")
    )
    by_category = make_classification("service_improvement", rule=CATEGORY_RULE)
    corrected = shared(categories=("calsync: improvement",), classification=by_category)
    chosen = chosen_copy(answered, corrected)
    assert (chosen.id, chosen.classification.activity) == (answered.id, "service_improvement")
    assert chosen_copy(answered._replace(private=True), corrected) == answered._replace(private=True)


def test_a_cancelled_copy_counts_unless_another_copy_is_a_later_version():
    cancelled = work(status=Status.CANCELLED, sequence=1, stamp=EARLIER)
    assert chosen_copy(cancelled, shared(sequence=1, stamp=EARLIER, response=Response.ACCEPTED)) == cancelled
    assert chosen_copy(cancelled, shared(response=Response.ACCEPTED)) == cancelled
    assert chosen_copy(cancelled, restored := shared(sequence=2)) == restored
    assert chosen_copy(cancelled, restored := shared(sequence=1, stamp=LATER)) == restored


def test_two_meetings_with_one_uid_in_one_calendar_both_count():
    two_meetings = [work("09:00-10:00"), work("14:00-15:00")]
    assert drop_duplicate_copies(two_meetings) == two_meetings
    assert len(drop_duplicate_copies([*two_meetings, shared("14:00-15:00")])) == 2


def test_occurrences_of_a_series_are_matched_by_original_start_in_any_zone():
    local = work(recurrence_id="2026-10-06T10:00:00+01:00")
    utc = shared(recurrence_id="2026-10-06T09:00:00+00:00")
    other = shared("14:00-15:00", recurrence_id="2026-10-13T10:00:00+01:00")
    assert len(drop_duplicate_copies([local, utc, other])) == 2


def test_a_series_exported_as_single_events_is_matched_by_its_starts():
    start = at("09:00").astimezone(UTC).isoformat()
    series = work(recurrence_id=start)
    assert len(drop_duplicate_copies([series, shared("09:00-10:00"), shared("14:00-15:00")])) == 2


def test_exchange_ids_match_with_and_without_the_date_of_an_occurrence():
    # [MS-OXOCAL] 2.2.1.27: bytes 16 to 19 of a global object id.
    series = GLOBAL_OBJECT_ID.format(date="00000000")
    dated = GLOBAL_OBJECT_ID.format(date="07EA0B02").lower()
    start = at("09:00").isoformat()
    assert len(drop_duplicate_copies([work(uid=series, recurrence_id=start), shared(uid=dated)])) == 1


def test_meetings_with_different_uids_all_count():
    meetings = [work(), shared(uid="rpb"), work(uid="smt"), shared(uid="smt")]
    uids = [meeting.uid for meeting in drop_duplicate_copies(meetings)]
    assert uids in (["psb", "rpb", "smt"], ["psb", "smt", "rpb"])


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
    unique_by=lambda copy: copy.id,
)


@given(copies, st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_the_order_of_meetings(meetings, random):
    shuffled = list(meetings)
    random.shuffle(shuffled)
    assert sorted(drop_duplicate_copies(meetings)) == sorted(drop_duplicate_copies(shuffled))


@given(copies)
def test_every_uid_remains_and_no_meeting_is_added(meetings):
    chosen = drop_duplicate_copies(meetings)
    assert {copy.uid for copy in chosen} == {meeting.uid for meeting in meetings}
    assert (
        {copy.id for copy in drop_duplicate_copies(chosen)}
        <= {copy.id for copy in chosen}
        <= {meeting.id for meeting in meetings}
    )


WEEKLY = [
    occurrence(day=day, uid="psb", recurrence_id=at("09:00", day).isoformat(), sequence=1, stamp=EARLIER)
    for day in (MONDAY, MONDAY + timedelta(days=7), MONDAY + timedelta(days=14))
]
SECOND = at("09:00", date(2026, 11, 9)).astimezone(UTC).isoformat()


def cancelled_entries(*cancellations, entries=WEEKLY):
    """Whether each entry is cancelled after these messages."""
    return [entry.status is Status.CANCELLED for entry in apply_cancellations(entries, cancellations)]


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
def test_a_cancel_message_cancels_a_series_or_some_of_its_occurrences(cancellation, expected):
    assert cancelled_entries(cancellation) == expected


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
def test_a_cancel_message_does_not_cancel_a_later_version(version, expected):
    assert set(cancelled_entries(Cancellation("psb", **version))) == {expected}


def test_a_cancel_message_cancels_entries_without_a_version():
    unknown = [entry._replace(sequence=-1, stamp="") for entry in WEEKLY]
    message = Cancellation("psb", sequence=0, stamp=EARLIER)
    assert set(cancelled_entries(message, entries=unknown)) == {True}


def test_an_occurrence_without_recurrence_id_is_cancelled_by_its_start():
    single = [entry._replace(recurrence_id="") for entry in WEEKLY]
    assert cancelled_entries(Cancellation("psb", SECOND, sequence=1), entries=single) == [False, True, False]


def test_meetings_without_uid_are_copies_only_if_their_content_is_equal():
    room_1, room_2 = work(uid="calsync-1", location="Room 1"), shared(uid="calsync-1", location="Room 2")
    assert len(drop_duplicate_copies([room_1, room_2])) == 2
    assert len(drop_duplicate_copies([room_1, shared(uid="calsync-1", location="Room 1")])) == 1


def test_the_private_copy_of_equal_copies_counts():
    for private, public in ((work(sensitivity="private"), shared()), (shared(sensitivity="private"), work())):
        assert chosen_copy(private, public).private
