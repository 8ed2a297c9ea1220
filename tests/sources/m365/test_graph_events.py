"""Events of Graph become occurrences or problems."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from graph import mailboxes
from graph.mailboxes import Event, attendee
from hypothesis import given
from hypothesis import strategies as st
from support.builders import LONDON, at

from calsync.model.occurrence import AttendeeKind, Occurrence, Response, Sensitivity, ShowAs, Status
from calsync.model.problem import Severity
from calsync.sources.m365.events import read_events


def event(start: str = "2026-11-02T09:00", end: str = "2026-11-02T10:00", **changes: Any) -> Event:
    """A meeting with two people, a room and an agenda."""
    own = {
        "organizer": {"emailAddress": {"name": "Bo", "address": "Bo@Health.Example"}},
        "attendees": [attendee("ana@brynfelin.example"), attendee("cai@police.example", "optional")],
        "location": {"displayName": "Room 4"},
        "body": {"contentType": "html", "content": "<p>1. Minutes</p>"},
    }
    return mailboxes.event(start, end, **{**own, **changes})


def read(*events: Any, zone: ZoneInfo = LONDON) -> tuple[tuple[Occurrence, ...], list[str]]:
    occurrences, problems = read_events(events, zone, "ana")
    return occurrences, [problem.what for problem in problems]


def only(*events: Any, zone: ZoneInfo = LONDON) -> Occurrence:
    (occurrence,), problems = read(*events, zone=zone)
    assert problems == []
    return occurrence


def test_all_fields_of_a_plain_event_are_read() -> None:
    assert only(event()) == Occurrence(
        uid="U-E2026-11-02T09:00",
        recurrence_id="",
        start=at("09:00"),
        end=at("10:00"),
        response=Response.ACCEPTED,
        title="Public Services Board",
        location="Room 4",
        description="1. Minutes",
        organizer="bo@health.example",
        attendees=only(event()).attendees,
    )
    assert only(event()).attendee_domains == ("brynfelin.example", "police.example")


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Etc/UTC", "GMT Standard Time", "gmt standard time", "Europe/London", "tzone://Microsoft/Utc"],
)
def test_zones_are_read_by_windows_and_iana_name(zone: str) -> None:
    assert only(event(zone=zone)).start == at("09:00")


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("W. Europe Standard Time", 8),
        ("Europe/Paris", 8),
        ("Pacific Standard Time", 17),
        ("Manitoba Standard Time", 15),
    ],
)
def test_a_time_in_another_zone_is_the_same_moment(zone: str, hour: int) -> None:
    assert only(event(zone=zone)).start == datetime(2026, 11, 2, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone", ["Atlantis Standard Time", "Customized Time Zone", "../../etc/passwd", "Europe"]
)
def test_an_unknown_zone_is_a_problem_of_its_meeting(zone: str) -> None:
    occurrences, problems = read(event(zone=zone), event(start="2026-11-02T09:30:00"))
    assert len(occurrences) == 1
    assert "unknown time zone" in problems[0]
    assert "Public Services Board" not in problems[0]


def test_an_absent_zone_is_utc_with_a_note() -> None:
    (occurrence,), problems = read({**event(), "start": {"dateTime": "2026-11-02T09:00:00.0000000"}})
    assert occurrence.start == at("09:00")
    assert problems == ["start.timeZone is absent in 1 meeting, read as UTC"]


def test_a_time_in_summer_is_the_same_moment() -> None:
    summer = only(event(start="2026-07-06T08:00:00", end="2026-07-06T09:00:00"))
    assert summer.start.isoformat() == "2026-07-06T09:00:00+01:00"


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Brisbane"])
def test_an_all_day_event_is_its_date_in_the_calendars_zone(zone: str) -> None:
    here = ZoneInfo(zone)
    leave = only(event(start="2026-07-06T00:00:00", end="2026-07-08T00:00:00", isAllDay=True), zone=here)
    assert (leave.start, leave.end) == (datetime(2026, 7, 6, tzinfo=here), datetime(2026, 7, 8, tzinfo=here))
    assert leave.all_day


def test_a_shifted_all_day_event_has_its_original_date() -> None:
    shifted = event(start="2026-07-05T23:00:00", end="2026-07-06T23:00:00", isAllDay=True)
    assert only(shifted).start.isoformat() == "2026-07-06T00:00:00+01:00"
    assert only(shifted).end.isoformat() == "2026-07-07T00:00:00+01:00"


def test_an_all_day_event_lasts_a_day_at_least() -> None:
    assert only(event(start="2026-11-02T00:00:00", end="2026-11-02T00:00:00", isAllDay=True)).end == at(
        "24:00"
    )


def test_occurrences_are_named_by_their_series_and_original_start() -> None:
    moved = event(type="exception", seriesMasterId="M", originalStart="2026-07-06T08:00:00Z", iCalUId="S")
    kept = event(type="occurrence", seriesMasterId="M", iCalUId="S")
    assert [(o.uid, o.recurrence_id) for o in read(moved, kept)[0]] == [
        ("S", "2026-07-06T09:00:00+01:00"),
        ("S", "2026-11-02T09:00:00+00:00"),
    ]


def test_an_all_day_series_is_named_by_date() -> None:
    day = {"start": "2026-11-02T00:00:00", "end": "2026-11-03T00:00:00", "isAllDay": True}
    leave = only(event(**day, type="occurrence", seriesMasterId="M", originalStart="2026-11-02T00:00:00Z"))
    assert leave.recurrence_id == "2026-11-02"


def test_without_icaluid_the_id_names_it_and_without_both_it_is_no_meeting() -> None:
    assert only({**event(), "iCalUId": None}).uid == "E2026-11-02T09:00"
    assert "neither iCalUId nor id" in read({**event(), "iCalUId": None, "id": ""})[1][0]


@pytest.mark.parametrize("missing", [{}, {"sensitivity": None}, {"sensitivity": "topSecret"}])
def test_an_event_not_marked_normal_is_private_and_its_text_is_not_read(
    missing: dict[str, Any],
) -> None:
    odd = {key: value for key, value in event().items() if key != "sensitivity"} | missing
    (occurrence,), problems = read(odd)
    assert occurrence.sensitivity is Sensitivity.PRIVATE
    assert occurrence.description == ""
    assert "read as private" in problems[0]


@pytest.mark.parametrize("value", ["personal", "private", "confidential"])
def test_every_sensitivity_is_read(value: str) -> None:
    assert only(event(sensitivity=value)).sensitivity == value


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("free", ShowAs.FREE),
        ("tentative", ShowAs.TENTATIVE),
        ("busy", ShowAs.BUSY),
        ("oof", ShowAs.OUT_OF_OFFICE),
        ("workingElsewhere", ShowAs.ELSEWHERE),
    ],
)
def test_every_show_as_is_read(value: str, read_as: ShowAs) -> None:
    assert only(event(showAs=value)).show_as is read_as


@pytest.mark.parametrize("value", ["unknown", "focusing", None, 7])
def test_an_unknown_show_as_is_tentative_with_one_note(value: object) -> None:
    occurrences, problems = read(*(event(name=f"E{n}", showAs=value) for n in range(3)))
    assert {o.show_as for o in occurrences} == {ShowAs.TENTATIVE}
    assert len(problems) == 1
    assert "in 3 meetings" in problems[0]


def test_a_replaced_value_is_a_note_and_an_unreadable_event_a_fault() -> None:
    _, problems = read_events([event(showAs="focusing"), "no event"], LONDON, "ana")
    assert [problem.severity for problem in problems] == [Severity.FAULT, Severity.NOTE]
    assert all(problem.where == "ana" and problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("organizer", Response.ORGANIZER),
        ("accepted", Response.ACCEPTED),
        ("tentativelyAccepted", Response.TENTATIVE),
        ("declined", Response.DECLINED),
        ("notResponded", Response.UNANSWERED),
        ("none", Response.UNANSWERED),
    ],
)
def test_the_owners_response_is_read(value: str, read_as: Response) -> None:
    assert only(event(responseStatus={"response": value})).response is read_as


@pytest.mark.parametrize(
    ("answer", "read_as"),
    [
        ("none", Response.ORGANIZER),
        ("organizer", Response.ORGANIZER),
        ("accepted", Response.ORGANIZER),
        ("declined", Response.DECLINED),
        ("tentativelyAccepted", Response.TENTATIVE),
    ],
)
@pytest.mark.parametrize("own", ["bo@health.example", "Ana@brynfelin.example"])
@pytest.mark.parametrize("value", ["organizer", "none"])
def test_an_organizers_own_answer_outranks_being_the_organizer(
    own: str, answer: str, read_as: Response, value: str
) -> None:
    organized = event(
        responseStatus={"response": value},
        isOrganizer=True,
        attendees=[attendee(own, answer=answer), attendee("cai@police.example", answer="declined")],
    )
    (occurrence,), _ = read_events([organized], LONDON, "ana", frozenset({"ana@brynfelin.example"}))
    assert occurrence.response is read_as


def test_without_attendees_a_missing_response_is_unrecorded() -> None:
    own = event(responseStatus={"response": "none"}, attendees=[])
    assert only(own).response is Response.UNRECORDED
    assert only({**own, "isOrganizer": True}).response is Response.ORGANIZER
    assert only({**event(), "responseStatus": None}).response is Response.UNANSWERED


def test_an_unknown_response_is_unanswered_with_a_note() -> None:
    (occurrence,), problems = read(event(responseStatus={"response": "perhaps"}))
    assert occurrence.response is Response.UNANSWERED
    assert "perhaps" in problems[0]


def test_a_cancelled_event_is_cancelled() -> None:
    assert only(event(isCancelled=True)).status is Status.CANCELLED


@pytest.mark.parametrize("lacking", ["attendees", "body", "location", "categories", "organizer", "subject"])
def test_what_is_null_or_absent_is_empty(lacking: str) -> None:
    empty = only({**event(), lacking: None})
    absent = only({key: value for key, value in event().items() if key != lacking})
    assert empty == absent
    assert empty.start == at("09:00")


def test_rooms_are_no_people_and_internal_names_no_addresses() -> None:
    attendees = [
        attendee("room4@brynfelin.example", "resource"),
        attendee("/O=EXCHANGELABS/CN=X"),
        attendee("SMTP:A@B.Example"),
    ]
    occurrence = only(event(attendees=[*attendees, {"type": "required", "emailAddress": None}, None]))
    assert [a.address for a in occurrence.attendees] == ["room4@brynfelin.example", "", "a@b.example", ""]
    assert occurrence.attendees[0].kind is AttendeeKind.RESOURCE
    assert occurrence.attendee_domains == ("b.example",)


def test_responses_of_attendees_are_read() -> None:
    attendees = only(event(attendees=[attendee("x@y.example", answer="declined")])).attendees
    assert attendees[0].response is Response.DECLINED


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "text",
        [],
        {},
        {**event(), "start": None},
        {**event(), "end": {"dateTime": "soon", "timeZone": "UTC"}},
        {**event(), "end": {"dateTime": "2026-11-02T08:00:00", "timeZone": "UTC"}},
        {**event(), "start": {"dateTime": "0001-01-01T00:00:00", "timeZone": "Asia/Tokyo"}},
        event(start="9999-12-31T23:00:00", end="9999-12-31T23:00:00", isAllDay=True),
    ],
)
def test_an_unreadable_event_is_one_problem_and_does_not_affect_others(broken: object) -> None:
    occurrences, problems = read(broken, event())
    assert len(occurrences) == len(problems) == 1


def test_categories_are_read() -> None:
    assert only(event(categories=["calsync: process", "", None])).categories == ("calsync: process",)


def test_characters_that_no_database_can_store_are_replaced() -> None:
    title = only(json.loads(json.dumps(event()).replace("Public", r"\ud83d\u0000"))).title
    assert title.encode("utf-8")
    assert "\x00" not in title


def test_a_meeting_across_the_end_of_summer_time_has_its_real_duration() -> None:
    night = event(start="2026-10-25T00:45:00", end="2026-10-25T01:15:00", zone="UTC")
    assert only(night).span.duration == timedelta(minutes=30)
    assert (only(night).start.fold, only(night).end.fold) == (0, 1)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.lists(st.text(max_size=3), max_size=2)
)


@given(
    st.dictionaries(st.sampled_from(sorted(event())), VALUES | st.dictionaries(st.text(max_size=8), VALUES))
)
def test_any_json_becomes_occurrences_and_problems(changes: dict[str, Any]) -> None:
    occurrences, problems = read_events([{**event(), **changes}], LONDON, "ana")
    assert len(occurrences) <= 1
    assert occurrences or problems


@given(
    st.datetimes(at("00:00").replace(tzinfo=None), at("00:00", date(2035, 1, 1)).replace(tzinfo=None)),
    st.timedeltas(timedelta(), timedelta(days=3)),
)
def test_moments_are_those_of_the_event(start: datetime, lasts: timedelta) -> None:
    start = start.replace(microsecond=0)
    lasts = timedelta(seconds=int(lasts.total_seconds()))
    read_back = only(event(start=start.isoformat(), end=(start + lasts).isoformat()))
    # Compared in UTC: across zones, Python takes no moment of the hour that comes twice for equal.
    assert read_back.start.astimezone(UTC) == start.replace(tzinfo=UTC)
    assert read_back.span.duration == lasts
