"""What an event has besides its times: title, people, responses, how it is shown, who may see it."""

import pytest
from support.ical_text import calendar, event, read, read_one

from calsync.model.occurrence import Attendee, AttendeeKind, Response, Sensitivity, ShowAs, Status

OWNER = "ceri@brynfelin.example"


def test_texts_are_unescaped() -> None:
    occurrence = read_one(
        calendar(event("SUMMARY;LANGUAGE=cy:Bwrdd\\, Cymru\\; a\\nmwy", 'LOCATION;ALTREP="http://a:1":Y Ty'))
    )
    assert (occurrence.title, occurrence.location) == ("Bwrdd, Cymru; a\nmwy", "Y Ty")


def test_the_html_description_is_read_only_where_there_is_no_plain_one() -> None:
    html = "X-ALT-DESC;FMTTYPE=text/html:<html><style>p {}</style><p>Agenda</p><p>1 &amp\\; 2</p></html>"
    assert read_one(calendar(event("DESCRIPTION:Plain", html))).description == "Plain"
    assert read_one(calendar(event(html))).description == "Agenda\n1 & 2"
    assert read_one(calendar(event("DESCRIPTION: \\n ", html))).description == "Agenda\n1 & 2"


def test_lists_of_the_html_twin_keep_their_marks() -> None:
    html = "X-ALT-DESC;FMTTYPE=text/html:<ol><li>Minutes</li><li>Falls<ul><li>Cost</li></ul></li></ol>"
    assert read_one(calendar(event(html))).description == "1. Minutes\n2. Falls\n- Cost"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((), Status.CONFIRMED),
        (("STATUS:TENTATIVE",), Status.TENTATIVE),
        (("STATUS:CANCELLED",), Status.CANCELLED),
        (("STATUS:cancelled",), Status.CANCELLED),
        (("SUMMARY:Canceled: board", "STATUS:CONFIRMED"), Status.CONFIRMED),
    ],
)
def test_the_status_is_that_of_the_property(lines: tuple[str, ...], status: Status) -> None:
    assert read_one(calendar(event(*lines))).status is status


def test_a_cancellation_by_mail_is_cancelled() -> None:
    assert read_one(calendar(event(), head="METHOD:CANCEL")).status is Status.CANCELLED


@pytest.mark.parametrize(
    ("lines", "show_as"),
    [
        ((), ShowAs.BUSY),
        (("TRANSP:TRANSPARENT",), ShowAs.FREE),
        (("TRANSP:OPAQUE",), ShowAs.BUSY),
        (("TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"), ShowAs.OUT_OF_OFFICE),
        (("TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"), ShowAs.TENTATIVE),
        (("X-MICROSOFT-CDO-BUSYSTATUS:FREE",), ShowAs.FREE),
        (("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",), ShowAs.ELSEWHERE),
        (("X-MICROSOFT-CDO-BUSYSTATUS:PERHAPS", "TRANSP:TRANSPARENT"), ShowAs.FREE),
    ],
)
def test_outlooks_busy_status_beats_transp(lines: tuple[str, ...], show_as: ShowAs) -> None:
    assert read_one(calendar(event(*lines))).show_as is show_as


@pytest.mark.parametrize(
    ("lines", "sensitivity"),
    [
        ((), Sensitivity.NORMAL),
        (("CLASS:PUBLIC",), Sensitivity.NORMAL),
        (("CLASS:PRIVATE",), Sensitivity.PRIVATE),
        (("CLASS:confidential",), Sensitivity.CONFIDENTIAL),
        (("CLASS:X-SECRET",), Sensitivity.PRIVATE),
    ],
)
def test_a_class_that_is_unknown_is_private(lines: tuple[str, ...], sensitivity: Sensitivity) -> None:
    assert read_one(calendar(event(*lines))).sensitivity is sensitivity


@pytest.mark.parametrize(
    ("lines", "response"),
    [
        ((), Response.UNRECORDED),
        (("ATTENDEE:mailto:sian@heddlu.example",), Response.UNRECORDED),
        (("ATTENDEE:mailto:ceri@brynfelin.example",), Response.UNANSWERED),
        (("ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Ceri@Brynfelin.example",), Response.ACCEPTED),
        (("ATTENDEE;PARTSTAT=tentative:mailto:ceri@brynfelin.example",), Response.TENTATIVE),
        (("ATTENDEE;PARTSTAT=DECLINED:mailto:ceri@brynfelin.example",), Response.DECLINED),
        (("ATTENDEE;PARTSTAT=DELEGATED:mailto:ceri@brynfelin.example",), Response.DECLINED),
        (
            ("ORGANIZER:mailto:ceri@brynfelin.example", "ATTENDEE:mailto:ceri@brynfelin.example"),
            Response.ORGANIZER,
        ),
    ],
)
def test_the_response_is_that_of_the_owner(lines: tuple[str, ...], response: Response) -> None:
    assert read_one(calendar(event(*lines)), owners=(OWNER,)).response is response


@pytest.mark.parametrize(
    ("answers", "response"),
    [
        ({}, Response.ORGANIZER),
        ({OWNER: "NEEDS-ACTION"}, Response.ORGANIZER),
        ({OWNER: "ACCEPTED"}, Response.ORGANIZER),
        ({OWNER: "DECLINED"}, Response.DECLINED),
        ({OWNER: "DELEGATED"}, Response.DECLINED),
        ({OWNER: "TENTATIVE"}, Response.TENTATIVE),
        ({"c.puw@brynfelin.example": "DECLINED"}, Response.DECLINED),
        ({OWNER: "DECLINED", "c.puw@brynfelin.example": "ACCEPTED"}, Response.ORGANIZER),
        ({"sian@heddlu.example": "DECLINED"}, Response.ORGANIZER),
    ],
)
def test_an_organizers_own_response_takes_precedence_over_being_the_organizer(
    answers: dict[str, str], response: Response
) -> None:
    lines = [f"ATTENDEE;PARTSTAT={answer}:mailto:{address}" for address, answer in answers.items()]
    organized = calendar(event(f"ORGANIZER:mailto:{OWNER}", *lines))
    assert read_one(organized, owners=(OWNER, "c.puw@brynfelin.example")).response is response


@pytest.mark.parametrize(
    ("line", "attendee"),
    [
        (":mailto:A@X.example", Attendee("a@x.example")),
        (
            ';CN="B: c, d";PARTSTAT=ACCEPTED:mailto:b@x.example',
            Attendee("b@x.example", response=Response.ACCEPTED),
        ),
        (";CUTYPE=ROOM:mailto:room@x.example", Attendee("room@x.example", AttendeeKind.ROOM)),
        (";CUTYPE=GROUP:mailto:all@x.example", Attendee("all@x.example", AttendeeKind.GROUP)),
        (";CUTYPE=X-ODD:mailto:odd@x.example", Attendee("odd@x.example", AttendeeKind.UNKNOWN)),
        (
            ":mailto:c_1@resource.calendar.google.com",
            Attendee("c_1@resource.calendar.google.com", AttendeeKind.RESOURCE),
        ),
        (";EMAIL=c@x.example:urn:uuid:1", Attendee("c@x.example")),
        (":mailto:d@x.example?subject=hello", Attendee("d@x.example")),
        (":EX:/o=First/cn=Recipients/cn=somebody", Attendee("")),
        (":mailto:", Attendee("")),
        (":invalid:nomail", Attendee("")),
        (":8a7b6c", Attendee("")),
    ],
)
def test_attendees_have_an_address_only_by_mailto(line: str, attendee: Attendee) -> None:
    assert read_one(calendar(event(f"ATTENDEE{line}"))).attendees == (attendee,)


def test_the_organizer_is_a_lower_case_address() -> None:
    assert read_one(calendar(event('ORGANIZER;CN="A B":MAILTO:A.B@X.example'))).organizer == "a.b@x.example"


def test_categories_of_several_lines_are_joined_each_once() -> None:
    occurrence = read_one(calendar(event("CATEGORIES:Board,calsync: process", "CATEGORIES:Board,a\\, b")))
    assert occurrence.categories == ("Board", "calsync: process", "a, b")


def test_the_content_of_an_alarm_is_not_of_the_event() -> None:
    alarm = "BEGIN:VALARM\r\nSUMMARY:Alarm\r\nATTENDEE:mailto:x@x.example\r\nDESCRIPTION:Wake\r\nEND:VALARM"
    occurrence = read_one(calendar(event(alarm, "SUMMARY:Board")))
    assert (occurrence.title, occurrence.description, occurrence.attendees) == ("Board", "", ())


def test_an_override_has_its_own_content_and_the_rest_keep_the_series() -> None:
    series = event("RRULE:FREQ=WEEKLY;COUNT=2", "SUMMARY:Board", "STATUS:CONFIRMED")
    called_off = event("RECURRENCE-ID:20251013T090000Z", "STATUS:CANCELLED", start=":20251013T090000Z")
    assert [(o.title, o.status) for o in read(calendar(series, called_off))[0]] == [
        ("Board", Status.CONFIRMED),
        ("", Status.CANCELLED),
    ]
