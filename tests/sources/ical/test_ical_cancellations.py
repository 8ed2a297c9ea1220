"""METHOD:CANCEL messages (RFC 5546, 3.2.5): what they cancel, and what their version is."""

import pytest
from support.ical_text import LONDON, OCTOBER, calendar, event, read

from calsync.model.copies import Cancellation
from calsync.model.occurrence import Status
from calsync.sources.base import Calendar
from calsync.sources.ical.digests import calendar_digest
from calsync.sources.ical.read import read_calendar
from calsync.sources.ics import IcsOptions, IcsSource


def cancel(*lines: str, start: str = "", end: str = "", uid: str = "u1") -> bytes:
    return calendar(event(*lines, uid=uid, start=start, end=end), head="METHOD:CANCEL")


def cancellations(content: bytes) -> tuple[list[Cancellation], list[str]]:
    found: list[Cancellation] = []
    _, problems = read_calendar(content, OCTOBER, zone=LONDON, where="a.ics", cancellations=found)
    return found, [problem.what for problem in problems]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), Cancellation("u1", stamp="20250101T000000Z")),
        (("SEQUENCE:3",), Cancellation("u1", sequence=3, stamp="20250101T000000Z")),
        (
            ("RECURRENCE-ID;TZID=Europe/London:20251013T100000",),
            Cancellation("u1", "2025-10-13T10:00:00+01:00", stamp="20250101T000000Z"),
        ),
        (
            ("RECURRENCE-ID;RANGE=THISANDFUTURE:20251013T090000Z",),
            Cancellation("u1", "2025-10-13T09:00:00+00:00", True, stamp="20250101T000000Z"),
        ),
        (
            ("RECURRENCE-ID;VALUE=DATE:20251013",),
            Cancellation("u1", "2025-10-13", stamp="20250101T000000Z"),
        ),
    ],
)
def test_a_message_without_a_time_cancels_by_uid(lines: tuple[str, ...], expected: Cancellation) -> None:
    assert cancellations(cancel(*lines)) == ([expected], [])


def test_a_message_with_a_time_is_a_cancelled_meeting_as_well() -> None:
    content = cancel("SEQUENCE:1", start=":20251006T090000Z")
    (found,), _ = cancellations(content)
    assert found == Cancellation("u1", sequence=1, stamp="20250101T000000Z")
    assert [occurrence.status for occurrence in read(content)[0]] == [Status.CANCELLED]


@pytest.mark.parametrize("line", ["RECURRENCE-ID:", "RECURRENCE-ID:soon"])
def test_a_message_whose_recurrence_id_cannot_be_read_cancels_nothing_and_is_named(line: str) -> None:
    found, problems = cancellations(cancel(line))
    assert found == []
    assert "RECURRENCE-ID" in problems[0]


def test_other_methods_cancel_nothing() -> None:
    for head in ("", "METHOD:PUBLISH", "METHOD:REQUEST", "METHOD:ADD"):
        assert cancellations(calendar(event(), head=head)) == ([], [])


@pytest.mark.parametrize(
    ("head", "stamp"), [("", ""), ("METHOD:PUBLISH", ""), ("METHOD:REQUEST", "20250101T000000Z")]
)
def test_a_time_stamp_is_part_of_the_version_in_scheduling_messages_only(head: str, stamp: str) -> None:
    (occurrence,), _ = read(calendar(event("SEQUENCE:2"), head=head))
    assert (occurrence.sequence, occurrence.stamp) == (2, stamp)
    (modified,), _ = read(calendar(event("LAST-MODIFIED:20250202T000000Z"), head=head))
    assert (modified.sequence, modified.stamp) == (0, stamp or "20250202T000000Z")


def test_a_message_that_was_sent_again_is_another_file() -> None:
    once = calendar(event(), head="METHOD:REQUEST")
    assert calendar_digest(once) != calendar_digest(once.replace(b"DTSTAMP:2025", b"DTSTAMP:2026"))


def test_a_message_and_what_it_cancels_in_one_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    weekly = event("RRULE:FREQ=WEEKLY;COUNT=3", "SEQUENCE:1")
    moved = event("RECURRENCE-ID:20251013T090000Z", "SEQUENCE:1", start=":20251014T090000Z", end="")
    alive = event("SUMMARY:Neighbour", uid="neighbour")
    for sequence, expected in ((1, Status.CANCELLED), (0, Status.CONFIRMED)):
        content = calendar(weekly, moved, alive) + cancel(f"SEQUENCE:{sequence}")
        (tmp_path / "a.ics").write_bytes(content)
        source = IcsSource("ics", IcsOptions())
        calendar_of_ana = Calendar("ana", "ics", str(tmp_path / "a.ics"), frozenset(), LONDON)
        found = source.fetch(calendar_of_ana, OCTOBER).occurrences
        assert {occurrence.status for occurrence in found if occurrence.uid == "u1"} == {expected}
        assert {occurrence.status for occurrence in found if occurrence.uid == "neighbour"} == {
            Status.CONFIRMED
        }
        assert len(found) == 4


def read_for(owner: str, *lines: str) -> tuple[list[Cancellation], int, list[str]]:
    """What a message in the calendar of one person cancels, how many meetings it is, and its problems."""
    found: list[Cancellation] = []
    occurrences, problems = read_calendar(
        cancel(*lines, start=":20251006T090000Z"),
        OCTOBER,
        zone=LONDON,
        owners=frozenset({owner}),
        where="a.ics",
        cancellations=found,
    )
    return found, len(occurrences), [problem.what for problem in problems]


def test_a_message_that_takes_others_off_the_list_cancels_nothing_for_the_owner_and_is_named() -> None:
    found, meetings, (what,) = read_for(
        "ana@a.org", "ATTENDEE:mailto:bob@a.org", "ORGANIZER:mailto:ana@a.org"
    )
    assert (found, meetings) == ([], 0)
    assert "removes other attendees" in what


@pytest.mark.parametrize(
    "lines",
    [
        ("ATTENDEE:mailto:bob@a.org", "ATTENDEE:MAILTO:Ana@A.org"),
        ("ATTENDEE;EMAIL=ana@a.org:urn:uuid:1",),
        ("ATTENDEE:mailto:bob@a.org", "STATUS:CANCELLED"),
        (),
    ],
)
def test_a_message_to_the_owner_or_about_the_whole_meeting_cancels_it(lines: tuple[str, ...]) -> None:
    found, meetings, problems = read_for("ana@a.org", *lines)
    assert (len(found), meetings, problems) == (1, 1, [])
