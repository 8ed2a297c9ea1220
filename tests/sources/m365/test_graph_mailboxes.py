"""A mailbox is read whole, however Graph behaves, or not at all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from support.builders import LONDON, at
from support.graph_stub import GraphStub, Reply, event, fault, mailbox, page

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.span import Span
from calsync.sources.base import Calendar
from calsync.sources.m365.events import EVENT_FIELDS
from calsync.sources.m365.source import OUTAGE_THRESHOLD, M365Source

WEEK = Span(at("00:00"), at("00:00") + timedelta(days=7))
Opened = Callable[..., M365Source]


def many(count: int) -> list[dict[str, Any]]:
    return [
        event(f"2026-11-02T{9 + n % 8:02}:00:00", f"2026-11-02T{10 + n % 8:02}:00:00", name=f"E{n}")
        for n in range(count)
    ]


def uids(source: M365Source, calendar: Calendar) -> list[str]:
    return sorted(occurrence.uid for occurrence in source.fetch(calendar, WEEK).occurrences)


def test_a_healthy_mailbox_takes_one_question(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = many(600)
    assert len(uids(opened(), ana)) == 600
    assert len(desk.requests) == 1


def test_the_question_names_every_field_and_asks_for_lasting_ids(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.mailboxes[ana.address] = []
    opened().fetch(ana, WEEK)
    (asked,) = desk.requests
    assert asked.query["$select"].split(",") == [*EVENT_FIELDS, "body"]
    assert asked.headers["prefer"] == 'IdType="ImmutableId"'
    assert "outlook.timezone" not in asked.headers["prefer"]
    assert (asked.query["startDateTime"], asked.query["endDateTime"]) == (
        "2026-11-01T10:00:00Z",
        "2026-11-09T14:00:00Z",
    )


def test_without_agendas_no_text_is_asked_for(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = many(1)
    (occurrence,) = opened(agendas=False).fetch(ana, WEEK).occurrences
    assert occurrence.description == ""
    assert "body" not in desk.requests[0].query["$select"]


def test_every_page_is_read(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = many(7)
    assert len(uids(opened(page_size=3), ana)) == 7
    assert len(desk.requests) == 3


def test_a_window_longer_than_graph_allows_is_read_in_stretches(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.mailboxes[ana.address] = many(2)
    fetched = opened().fetch(ana, Span(at("00:00"), at("00:00") + timedelta(days=2500)))
    assert len(fetched.occurrences) == 2
    assert [asked.query["startDateTime"][:4] for asked in desk.requests] == ["2026", "2031"]


def test_an_empty_page_with_a_link_is_not_the_end(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    here = f"{desk.root}v1.0/users/{ana.address}/calendar/calendarView"
    desk.script_replies(
        ana.address,
        page(event(name="a"), link=f"{here}?p=2"),
        page(link=f"{here}?p=3"),
        page(event(name="b")),
    )
    assert uids(opened(), ana) == ["U-a", "U-b"]


def test_pages_that_come_twice_count_once_and_the_last_version_counts(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    here = f"{desk.root}v1.0/users/{ana.address}/calendar/calendarView"
    desk.script_replies(
        ana.address,
        page(event(name="a"), event(name="b"), link=f"{here}?p=2"),
        page(event(name="a"), event(name="b"), link=f"{here}?p=3"),
        page(event(name="b", subject="changed meanwhile")),
    )
    assert [o.title for o in opened().fetch(ana, WEEK).occurrences] == [
        "Public Services Board",
        "changed meanwhile",
    ]


@pytest.mark.parametrize("same_link", [True, False])
def test_pages_that_never_end_are_given_up(
    desk: GraphStub, opened: Opened, ana: Calendar, same_link: bool
) -> None:
    here = f"{desk.root}v1.0/users/{ana.address}/calendar/calendarView"
    endless = (page(event(), link=f"{here}?p={0 if same_link else n}") for n in range(100))
    desk.script_replies(ana.address, *endless)
    with pytest.raises(SourceContentError, match="do not end"):
        opened().fetch(ana, WEEK)
    assert len(desk.requests) == (2 if same_link else 21)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users/x",
        "http://127.0.0.1:1/v1.0/x",
        "//evil.example/x",
        "mailto:x",
        "\x00",
    ],
)
def test_our_token_goes_to_no_other_server(desk: GraphStub, opened: Opened, ana: Calendar, link: str) -> None:
    desk.script_replies(ana.address, page(event(), link=link))
    with pytest.raises(SourceContentError, match="another server"):
        opened().fetch(ana, WEEK)
    assert len(desk.requests) == 1


def test_not_even_a_redirect_takes_it_there(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.script_replies(ana.address, Reply(302, headers={"Location": f"{desk.root}elsewhere"}))
    with pytest.raises(SourceContentError, match="sent elsewhere"):
        opened().fetch(ana, WEEK)
    assert len(desk.requests) == 1


SECONDS = {"Retry-After": "1"}
DATE = {"Date": "Mon, 02 Nov 2026 04:15:00 GMT", "Retry-After": "Mon, 02 Nov 2026 04:15:01 GMT"}


@pytest.mark.parametrize(
    "passing",
    [
        Reply(429, b"{}"),
        Reply(429, b"{}", SECONDS),
        Reply(429, b"{}", DATE),
        fault(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        Reply(503, b"<html>"),
        Reply(504),
        Reply(500, b'{"error": "string"}'),
        Reply(reset=True),
        Reply(200, b'{"value": [', cut=50),
        Reply(200, b'{"value": [{"id": "E1", "subj'),
    ],
)
def test_what_passes_is_asked_again(desk: GraphStub, opened: Opened, ana: Calendar, passing: Reply) -> None:
    desk.mailboxes[ana.address] = many(3)
    desk.script_replies(ana.address, passing)
    assert len(uids(opened(), ana)) == 3
    assert len(desk.requests) == 2


@pytest.mark.parametrize(
    ("lasting", "told", "says"),
    [
        (
            fault(429, "ApplicationThrottled", "over its limit"),
            SourceUnavailableError,
            "429.*ApplicationThrottled: over",
        ),
        (Reply(503), SourceUnavailableError, "503 Service Unavailable"),
        (Reply(reset=True), SourceUnavailableError, "connection broke"),
        (Reply(200, b'{"value": ['), SourceContentError, "broke off"),
        (Reply(200, b"{}"), SourceContentError, "no list of events"),
        (Reply(200, b"[]"), SourceContentError, "no page"),
        (Reply(200, b'{"value": {}}'), SourceContentError, "no list"),
        (Reply(200, b"[" * 200_000), SourceContentError, "no JSON"),
        (Reply(200, b"<!DOCTYPE html><h1>Sign in"), SourceContentError, "web page"),
        (Reply(403, b"<html>Blocked by policy</html>"), SourceContentError, "web page"),
        (Reply(407, b"<html>Proxy</html>"), SourceContentError, "web page"),
        (Reply(400, b'{"error": "string"}'), SourceContentError, "string"),
        (fault(403, "ErrorAccessDenied", "Access is denied."), SourceAuthError, "may not read this mailbox"),
        (fault(404, "ErrorInvalidUser"), SourceContentError, "no such mailbox"),
        (fault(404, "MailboxNotEnabledForRESTAPI"), SourceContentError, "no mailbox in Exchange Online"),
        (fault(400, "ErrorInvalidRequest", "too long"), SourceContentError, "too long"),
        (fault(410, "SyncStateNotFound"), SourceContentError, "SyncStateNotFound"),
    ],
)
def test_what_lasts_is_told_with_a_way_out(
    desk: GraphStub, opened: Opened, ana: Calendar, lasting: Reply, told: type[SourceError], says: str
) -> None:
    desk.mailboxes |= {ana.address: many(3), "ben@brynfelin.example": many(2)}
    desk.script_replies(ana.address, *[lasting] * 9)
    source = opened()
    with pytest.raises(told, match=says) as caught:
        source.fetch(ana, WEEK)
    assert caught.value.calendar == str(ana)
    assert caught.value.hint
    assert len(uids(source, mailbox("ben@brynfelin.example"))) == 2


def test_a_wait_longer_than_the_time_left_is_not_begun(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.script_replies(ana.address, *[fault(429, "ApplicationThrottled", Retry_After="3600")] * 9)
    with pytest.raises(SourceUnavailableError, match="429"):
        opened(total_seconds=30).fetch(ana, WEEK)
    assert len(desk.requests) == 1


def test_a_server_that_says_nothing_does_not_hold_the_night(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.script_replies(ana.address, *[Reply(hang=True)] * 9)
    with pytest.raises(SourceUnavailableError, match="silent"):
        opened(read_seconds=0.1).fetch(ana, WEEK)
    with pytest.raises(SourceUnavailableError, match=r"longer than 0\.2 seconds"):
        opened(total_seconds=0.2).fetch(ana, WEEK)


def test_while_nothing_answers_each_mailbox_is_asked_once_only(desk: GraphStub, opened: Opened) -> None:
    addresses = [f"user{n}@b.example" for n in range(OUTAGE_THRESHOLD + 2)]
    for address in addresses:
        desk.mailboxes[address] = many(1)
        desk.script_replies(address, *[Reply(503)] * 9)
    source = opened()
    for address in addresses:
        with pytest.raises(SourceUnavailableError):
            source.fetch(mailbox(address), WEEK)
    questions = [asked.path.split("/")[3] for asked in desk.requests]
    assert [questions.count(address) for address in addresses] == [3] * OUTAGE_THRESHOLD + [1, 1]
    desk.script_replies(addresses[0], fault(403, "ErrorAccessDenied"))
    with pytest.raises(SourceAuthError):
        source.fetch(mailbox(addresses[0]), WEEK)
    desk.script_replies(addresses[1], Reply(503))  # an answer, if not a good one: patience is back
    assert len(uids(source, mailbox(addresses[1]))) == 1


def test_a_mailbox_without_end_is_given_up(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = many(500)
    with pytest.raises(SourceContentError, match="larger than"):
        opened(max_megabytes=0.1).fetch(ana, WEEK)


def test_nothing_half_read_is_ever_given(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = many(6)
    source = opened(page_size=2)
    here = f"{desk.root}v1.0/users/{ana.address}/calendar/calendarView?p=2"
    desk.script_replies(ana.address, page(*many(2), link=here), *[Reply(503)] * 9)
    with pytest.raises(SourceUnavailableError):
        source.fetch(ana, WEEK)
    desk.script_replies(ana.address)
    assert len(uids(source, ana)) == 6


def test_if_no_meeting_can_be_read_the_mailbox_is_doubted(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.mailboxes[ana.address] = [event(zone="Atlantis"), event(zone="Lemuria", name="E2")]
    with pytest.raises(SourceContentError, match="none of its 2 meetings"):
        opened().fetch(ana, WEEK)


def test_a_mailbox_is_asked_one_thing_at_a_time_and_few_mailboxes_at_once(
    desk: GraphStub, opened: Opened
) -> None:
    addresses = [f"user{n}@brynfelin.example" for n in range(6)]
    desk.mailboxes |= {address: many(4) for address in addresses}
    desk.reply_delay = 0.01
    source = opened(page_size=1, mailboxes_at_once=3)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda address: uids(source, mailbox(address)), sorted(addresses * 2)))
    assert [len(names) for names in found] == [4] * 12
    assert desk.most_at_once.pop("*") == 3
    assert set(desk.most_at_once.values()) == {1}


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("ana@brynfelin.example", "ana@brynfelin.example"),
        (" Ana@Brynfelin.example ", "Ana@Brynfelin.example"),
        ("guest_health.example#EXT#@brynfelin.example", "guest_health.example#EXT#@brynfelin.example"),
        ("6f9c-object-id", "6f9c-object-id"),
        ("../../v1.0/me", "../../v1.0/me"),
    ],
)
def test_an_address_is_one_step_of_the_path_whatever_is_in_it(
    desk: GraphStub, opened: Opened, address: str, path: str
) -> None:
    with pytest.raises(SourceError):
        opened().fetch(mailbox(address), WEEK)
    assert desk.requests[0].path == f"/v1.0/users/{path}/calendar/calendarView"


def test_private_meetings_come_without_content(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = [event(sensitivity="private"), {**event(name="E2"), "sensitivity": None}]
    fetched = opened().fetch(ana, WEEK)
    assert {o.title + o.organizer + o.location + o.description for o in fetched.occurrences} == {""}


def test_an_all_day_event_at_the_edge_of_the_window_is_seen_in_the_calendars_zone(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    days = [
        event(f"2026-07-{n:02}T00:00:00", f"2026-07-{n + 1:02}T00:00:00", name=str(n), isAllDay=True)
        for n in (5, 6, 12, 13)
    ]
    desk.mailboxes[ana.address] = days
    monday = at("00:00", at("00:00").date().replace(month=7, day=6))
    found = opened().fetch(ana, Span(monday, monday + timedelta(days=7))).occurrences
    assert [o.start.day for o in found] == [6, 12]


def test_a_second_reading_says_that_nothing_changed_and_a_changed_answer_that_it_did(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.mailboxes[ana.address] = many(2)
    source = opened()
    first = source.fetch(ana, WEEK)
    assert source.fetch(ana, WEEK, first.token).unchanged
    desk.mailboxes[ana.address] = [{**one, "responseStatus": {"response": "declined"}} for one in many(2)]
    assert not source.fetch(ana, WEEK, first.token).unchanged


def test_what_the_body_says_is_read_and_nothing_else_is_sent(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.mailboxes[ana.address] = [event(body={"contentType": "html", "content": "<ul><li>Falls</li></ul>"})]
    (occurrence,) = opened().fetch(ana, WEEK).occurrences
    assert occurrence.description == "- Falls"
    assert {asked.method for asked in desk.requests} == {"GET"}


def test_zone_of_the_answer_is_that_of_the_calendar(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = many(1)
    (occurrence,) = opened().fetch(ana, WEEK).occurrences
    assert str(occurrence.start.tzinfo) == str(LONDON)
    assert occurrence.start.isoformat() == "2026-11-02T09:00:00+00:00"
