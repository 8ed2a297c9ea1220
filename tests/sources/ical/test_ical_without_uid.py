"""Events without UID: what distinguishes two of them, and what does not change their generated UID."""

from hypothesis import given
from hypothesis import strategies as st
from support.ical_text import calendar, event, read
from support.reader_comparison import assert_readers_agree

HEARING = "SUMMARY:Appeal hearing"
DISTINGUISHING_LINES = (
    "LOCATION:Room 1",
    "LOCATION:Room 2",
    "DESCRIPTION:Case 12",
    "ORGANIZER:mailto:ana@a.example",
    "ATTENDEE:mailto:eve@e.example",
    "URL:https://a.example/1",
)


def uids(*events: str) -> list[str]:
    occurrences, _ = read(calendar(*events))
    return [occurrence.uid for occurrence in occurrences]


def without_uid(*lines: str) -> str:
    return event(HEARING, *lines, uid="")


def test_two_meetings_without_uid_in_two_rooms_are_two() -> None:
    content = calendar(without_uid("LOCATION:Room 1"), without_uid("LOCATION:Room 2"))
    occurrences, problems = read(content)
    assert [occurrence.location for occurrence in occurrences] in (["Room 1", "Room 2"], ["Room 2", "Room 1"])
    assert not problems
    assert_readers_agree(content)


@given(
    st.lists(st.sampled_from(DISTINGUISHING_LINES), unique=True, min_size=2),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_file_changes_no_uid(lines: list[str], random: object) -> None:
    events = [without_uid(line) for line in lines]
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(uids(*events)) == sorted(uids(*shuffled))
    assert len(set(uids(*events))) == len(events)
    assert_readers_agree(calendar(*shuffled))


def test_a_meeting_without_uid_written_twice_is_one() -> None:
    twice = without_uid("LOCATION:Room 1")
    assert len(uids(twice, twice)) == 1
    assert len(uids(twice, twice, without_uid("LOCATION:Room 2"))) == 2


def test_the_generated_uid_of_a_single_meeting_does_not_depend_on_place_or_text() -> None:
    assert uids(without_uid()) == uids(without_uid("LOCATION:Room 1", "DESCRIPTION:new"))


def test_a_response_changes_no_uid() -> None:
    other = without_uid("LOCATION:Room 2")
    unanswered = without_uid("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:eve@e.example")
    accepted = without_uid("ATTENDEE;PARTSTAT=ACCEPTED:mailto:Eve@e.example")
    assert uids(other, unanswered) == uids(other, accepted)


def test_private_meetings_without_uid_at_one_time_are_one() -> None:
    private = [without_uid("CLASS:PRIVATE", f"LOCATION:Room {number}") for number in (1, 2)]
    assert len(uids(*private)) == 1


def test_series_without_uid_in_two_rooms_are_two() -> None:
    rooms = [without_uid("RRULE:FREQ=WEEKLY;COUNT=3", f"LOCATION:Room {number}") for number in (1, 2)]
    assert len(uids(*rooms)) == 6
    assert_readers_agree(calendar(*rooms))
