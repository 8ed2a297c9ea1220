"""A mailbox is read completely or not at all, whatever faults Graph has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from contracts.source_contract import SourceContract
from graph import faults
from graph import mailboxes as quirks
from graph.emulator import Emulator
from graph.entra import Application, sign_in_error
from graph.mailboxes import Event, event
from graph.occurrences import event_of, mailbox_calendar
from graph.replies import Reply, error_reply, page
from support.builders import LONDON, at

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.occurrence import Occurrence, Sensitivity, ShowAs
from calsync.model.span import Span
from calsync.sources.base import Calendar
from calsync.sources.m365.events import EVENT_FIELDS
from calsync.sources.m365.source import OUTAGE_THRESHOLD, M365Source

ANA, BEN = "ana@brynfelin.gov.wales.example", "ben@brynfelin.gov.wales.example"
WEEK = Span(at("00:00"), at("00:00") + timedelta(days=7))
MONTH = Span(datetime(2026, 11, 1, tzinfo=LONDON), datetime(2026, 12, 1, tzinfo=LONDON))
EVENTS = [event(f"2026-11-{day:02}T09:00", f"2026-11-{day:02}T10:00") for day in range(2, 9)]
Open = Callable[..., M365Source]


@pytest.fixture
def graph(graph: Emulator) -> Emulator:
    graph.set_events(ANA, *EVENTS)
    graph.set_events(BEN, *EVENTS[:3])
    return graph


def many(count: int) -> list[Event]:
    return [
        event(f"2026-11-02T{9 + n % 8:02}:00", f"2026-11-02T{10 + n % 8:02}:00", name=f"E{n}")
        for n in range(count)
    ]


def count(source: M365Source, address: str) -> int:
    return len(source.fetch(mailbox_calendar(address), MONTH).occurrences)


def uids(source: M365Source, calendar: Calendar) -> list[str]:
    return sorted(occurrence.uid for occurrence in source.fetch(calendar, WEEK).occurrences)


class EmulatedHarness:
    def __init__(self, graph: Emulator, source: M365Source) -> None:
        self.source = source
        self._graph = graph

    def set_occurrences(self, name: str, *occurrences: Occurrence) -> Calendar:
        address = f"{name}@brynfelin.gov.wales.example"
        self._graph.set_events(address, *map(event_of, occurrences))
        return mailbox_calendar(address)

    def missing(self) -> Calendar:
        return mailbox_calendar("nobody@brynfelin.gov.wales.example")


class TestM365Source(SourceContract):
    @pytest.fixture
    def harness(self, graph: Emulator, open_m365: Open) -> EmulatedHarness:
        return EmulatedHarness(graph, open_m365(page_size=2))


def test_a_correct_mailbox_takes_one_request_and_one_token(graph: Emulator, open_m365: Open) -> None:
    assert count(open_m365(), ANA) == 7
    assert len(graph.requests_to(ANA)) == 1
    assert graph.entra.made == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.throttled("1"),
        faults.throttled(None),
        faults.throttled("Mon, 16 Nov 2026 04:15:02 GMT"),
        faults.unavailable(),
        faults.unavailable(504, "1"),
        faults.unauthorized(),
        faults.reset(),
        faults.truncated_json(),
        faults.cut_connection(1000),
        faults.web_page(502),
        faults.error_text(502),
        faults.error_text(500),
    ],
)
@pytest.mark.parametrize("after", [0, 2])
def test_a_temporary_fault_on_any_page_is_retried(
    graph: Emulator, open_m365: Open, fault: faults.Fault, after: int
) -> None:
    graph.inject_fault(ANA, fault, times=1, after=after)
    assert count(open_m365(page_size=3), ANA) == 7


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (faults.throttled("1"), SourceUnavailableError, "429"),
        (faults.throttled(None), SourceUnavailableError, "429"),
        (faults.unavailable(), SourceUnavailableError, "503"),
        (faults.unauthorized(), SourceAuthError, "does not accept the token"),
        (faults.denied(), SourceAuthError, "may not read the mailbox"),
        (faults.denied(policy=True), SourceAuthError, "OData is disabled"),
        (faults.no_mailbox(), SourceContentError, "no mailbox in Exchange Online"),
        (faults.reset(), SourceUnavailableError, "connection broke"),
        (faults.truncated_json(), SourceContentError, "broke off"),
        (faults.cut_connection(1000), SourceUnavailableError, "connection broke"),
        (faults.web_page(200), SourceContentError, "web page"),
        (faults.web_page(502), SourceUnavailableError, "502"),
        (faults.error_text(502), SourceUnavailableError, "502"),
        (faults.error_text(400), SourceContentError, "upstream connect error"),
        (faults.malformed_page([]), SourceContentError, "no page of events"),
        (faults.malformed_page({"value": None}), SourceContentError, "no list of events"),
        (faults.redirect(), SourceContentError, "a redirect"),
        (faults.malformed_page({}), SourceContentError, "no list of events"),
        (faults.malformed_page({"value": {}}), SourceContentError, "no list of events"),
        (faults.always(Reply(200, b"[" * 200_000)), SourceContentError, "no JSON"),
        (faults.always(Reply(403, b"<html>Blocked by policy</html>")), SourceContentError, "web page"),
        (faults.always(Reply(407, b"<html>Proxy</html>")), SourceContentError, "web page"),
        (faults.always(error_reply(404, "ErrorInvalidUser")), SourceContentError, "no such mailbox"),
        (faults.always(error_reply(400, "ErrorInvalidRequest", "too long")), SourceContentError, "too long"),
        (faults.always(error_reply(410, "SyncStateNotFound")), SourceContentError, "SyncStateNotFound"),
    ],
)
def test_a_lasting_fault_is_an_error_of_its_mailbox_only(
    graph: Emulator, open_m365: Open, fault: faults.Fault, after: int, error: type[SourceError], message: str
) -> None:
    graph.inject_fault(ANA, fault, times=20, after=after)
    source = open_m365(page_size=3)
    with pytest.raises(error, match=message) as caught:
        count(source, ANA)
    assert caught.value.hint
    assert caught.value.calendar == str(mailbox_calendar(ANA))
    assert count(source, BEN) == 3


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip(0.05)])
def test_a_silent_or_slow_server_is_left_at_the_time_limit(
    graph: Emulator, open_m365: Open, fault: faults.Fault
) -> None:
    graph.inject_fault(ANA, fault, times=None)
    source = open_m365(total_seconds=0.3)
    with pytest.raises(SourceUnavailableError, match="took longer than"):
        count(source, ANA)
    assert count(source, BEN) == 3


@pytest.mark.parametrize("paging", ["plain", "empty", "duplicate"])
def test_empty_and_repeated_pages_are_read_to_the_end_and_each_meeting_once(
    graph: Emulator, open_m365: Open, paging: str
) -> None:
    graph.mailbox(ANA).paging = paging
    assert count(open_m365(page_size=2), ANA) == 7


@pytest.mark.parametrize(
    ("paging", "message"),
    [
        ("endless", "do not end"),
        ("endless-empty", "do not end"),
        ("foreign", "another server.*not sent there"),
    ],
)
def test_pages_without_end_or_on_another_server_are_an_error(
    graph: Emulator, open_m365: Open, paging: str, message: str
) -> None:
    graph.mailbox(ANA).paging = paging
    with pytest.raises(SourceContentError, match=message):
        count(open_m365(page_size=2), ANA)


@pytest.mark.parametrize("quirk", [quirks.in_zone("Europe/London"), quirks.in_zone("GMT Standard Time")])
def test_times_in_any_zone_are_the_same_moments(
    graph: Emulator, open_m365: Open, quirk: quirks.Quirk
) -> None:
    plain = open_m365().fetch(mailbox_calendar(ANA), MONTH)
    graph.mailbox(ANA).quirks = (quirk,)
    assert open_m365().fetch(mailbox_calendar(ANA), MONTH).occurrences == plain.occurrences


@pytest.mark.parametrize("quirk", [quirks.no_attendees, quirks.no_body])
def test_null_values_are_read_as_empty(graph: Emulator, open_m365: Open, quirk: quirks.Quirk) -> None:
    graph.mailbox(ANA).quirks = (quirk,)
    fetched = open_m365().fetch(mailbox_calendar(ANA), MONTH)
    assert len(fetched.occurrences) == 7
    assert fetched.problems == ()


@pytest.mark.parametrize("quirk", [quirks.unknown_enums, quirks.no_sensitivity])
def test_unknown_values_are_read_with_care_and_noted(
    graph: Emulator, open_m365: Open, quirk: quirks.Quirk
) -> None:
    graph.mailbox(ANA).quirks = (quirk,)
    fetched = open_m365().fetch(mailbox_calendar(ANA), MONTH)
    assert {o.sensitivity for o in fetched.occurrences} == {Sensitivity.PRIVATE}
    assert {o.title for o in fetched.occurrences} == {""}
    assert {o.show_as for o in fetched.occurrences} <= {ShowAs.BUSY, ShowAs.TENTATIVE}
    assert any("in 7 meetings" in problem.what for problem in fetched.problems)


def test_revoked_and_expired_tokens_are_renewed_during_a_fetch(graph: Emulator, open_m365: Open) -> None:
    source = open_m365(page_size=3)
    assert count(source, ANA) == 7
    graph.entra.revoke()
    assert count(source, ANA) == 7
    graph.clock = lambda: datetime.now(LONDON).timestamp() + 7200
    assert count(source, BEN) == 3
    assert graph.entra.made == 3


def test_a_mailbox_outside_the_scope_is_an_auth_error(graph: Emulator, open_m365: Open) -> None:
    graph.application.scope = frozenset({BEN})
    source = open_m365()
    with pytest.raises(SourceAuthError, match="may not read the mailbox") as caught:
        count(source, ANA)
    assert "Test-ServicePrincipalAuthorization" in caught.value.hint
    assert count(source, BEN) == 3
    assert source.check(mailbox_calendar(BEN)) == ()


def test_a_right_for_the_whole_tenant_is_noted(graph: Emulator, open_m365: Open) -> None:
    (problem,) = open_m365().check(mailbox_calendar(ANA))
    assert "every calendar of the tenant" in problem.what


def test_a_mailbox_of_another_tenant_is_not_found(graph: Emulator, open_m365: Open) -> None:
    elsewhere = "aaaaaaaa-2222-3333-4444-555555555555"
    graph.add_tenant(elsewhere, Application(graph.client_id, "another~secret"))
    graph.set_events("eve@elsewhere.example", *EVENTS, tenant=elsewhere)
    with pytest.raises(SourceContentError, match="no such mailbox"):
        count(open_m365(), "eve@elsewhere.example")
    with pytest.raises(SourceAuthError, match="client secret is wrong"):
        count(open_m365(tenant=elsewhere), "eve@elsewhere.example")
    assert {request.path.split("/")[1] for request in graph.requests if request.method == "POST"} == {
        graph.tenant,
        elsewhere,
    }


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"client_id": "00000000-8888-7777-6666-555555555555"}, "no such application"),
        ({"tenant": "00000000-2222-3333-4444-555555555555"}, "no such tenant"),
    ],
)
def test_a_wrong_setting_is_named(open_m365: Open, wrong: dict[str, str], message: str) -> None:
    with pytest.raises(SourceAuthError, match=message):
        count(open_m365(**wrong), ANA)


def test_an_expired_secret_is_reported(graph: Emulator, open_m365: Open) -> None:
    graph.entra.replies.append(
        sign_in_error(401, "invalid_client", 7000222, "The provided client secret keys are expired.")
    )
    with pytest.raises(SourceAuthError, match="secret has expired"):
        count(open_m365(), ANA)


def test_a_mailbox_is_found_by_its_object_id_too(graph: Emulator, open_m365: Open) -> None:
    assert count(open_m365(), graph.mailbox(ANA).object_id) == 7


def test_a_request_names_every_field_and_requests_immutable_ids(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.set_events(ana.address)
    open_m365().fetch(ana, WEEK)
    (request,) = graph.requests_to()
    assert request.query["$select"].split(",") == [*EVENT_FIELDS, "body"]
    assert request.headers["prefer"] == 'IdType="ImmutableId"'
    assert "outlook.timezone" not in request.headers["prefer"]
    assert (request.query["startdatetime"], request.query["enddatetime"]) == (
        "2026-11-01T10:00:00Z",
        "2026-11-09T14:00:00Z",
    )


def test_without_agendas_no_text_is_requested(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, *many(1))
    (occurrence,) = open_m365(agendas=False).fetch(ana, WEEK).occurrences
    assert occurrence.description == ""
    assert "body" not in graph.requests_to()[0].query["$select"]


def test_a_window_longer_than_graph_allows_is_split(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, *many(2))
    fetched = open_m365().fetch(ana, Span(at("00:00"), at("00:00") + timedelta(days=2500)))
    assert len(fetched.occurrences) == 2
    assert [request.query["startdatetime"][:4] for request in graph.requests_to()] == ["2026", "2031"]


def test_of_an_event_on_two_pages_the_last_version_is_used(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    here = f"{graph.root}v1.0/users/{ana.address}/calendar/calendarView"
    graph.respond(
        ana.address,
        page(event(name="a"), event(name="b"), link=f"{here}?p=2"),
        page(event(name="a"), event(name="b"), link=f"{here}?p=3"),
        page(event(name="b", subject="changed meanwhile")),
    )
    assert [o.title for o in open_m365().fetch(ana, WEEK).occurrences] == [
        "Public Services Board",
        "changed meanwhile",
    ]


@pytest.mark.parametrize("same_link", [True, False])
def test_pages_without_end_are_an_error(
    graph: Emulator, open_m365: Open, ana: Calendar, same_link: bool
) -> None:
    here = f"{graph.root}v1.0/users/{ana.address}/calendar/calendarView"
    endless = (page(event(), link=f"{here}?p={0 if same_link else n}") for n in range(100))
    graph.respond(ana.address, *endless)
    with pytest.raises(SourceContentError, match="do not end"):
        open_m365().fetch(ana, WEEK)
    assert len(graph.requests_to()) == (2 if same_link else 21)


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
def test_the_token_is_sent_to_no_other_server(
    graph: Emulator, open_m365: Open, ana: Calendar, link: str
) -> None:
    graph.respond(ana.address, page(event(), link=link))
    with pytest.raises(SourceContentError, match="another server"):
        open_m365().fetch(ana, WEEK)
    assert len(graph.requests_to()) == 1


def test_a_retry_after_beyond_the_time_limit_ends_the_attempts(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.respond(ana.address, *[error_reply(429, "ApplicationThrottled", Retry_After="3600")] * 9)
    with pytest.raises(SourceUnavailableError, match="429"):
        open_m365(total_seconds=30).fetch(ana, WEEK)
    assert len(graph.requests_to()) == 1


def test_a_server_that_sends_nothing_is_left_after_the_read_timeout(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.respond(ana.address, *[Reply(conduct="hang")] * 9)
    with pytest.raises(SourceUnavailableError, match="sent nothing"):
        open_m365(read_seconds=0.1).fetch(ana, WEEK)
    with pytest.raises(SourceUnavailableError, match=r"longer than 0\.2 seconds"):
        open_m365(total_seconds=0.2).fetch(ana, WEEK)


def test_during_an_outage_each_mailbox_is_requested_once(graph: Emulator, open_m365: Open) -> None:
    addresses = [f"user{n}@b.example" for n in range(OUTAGE_THRESHOLD + 2)]
    for address in addresses:
        graph.set_events(address, *many(1))
        graph.respond(address, *[Reply(503)] * 9)
    source = open_m365()
    for address in addresses:
        with pytest.raises(SourceUnavailableError):
            source.fetch(mailbox_calendar(address), WEEK)
    questions = [request.parts[2] for request in graph.requests_to()]
    assert [questions.count(address) for address in addresses] == [3] * OUTAGE_THRESHOLD + [1, 1]
    graph.respond(addresses[0], error_reply(403, "ErrorAccessDenied"))
    with pytest.raises(SourceAuthError):
        source.fetch(mailbox_calendar(addresses[0]), WEEK)
    graph.respond(addresses[1], Reply(503))  # an answer, if not a good one: patience is back
    assert len(uids(source, mailbox_calendar(addresses[1]))) == 1


def test_a_mailbox_over_the_size_limit_is_an_error(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, *many(500))
    with pytest.raises(SourceContentError, match="larger than"):
        open_m365(max_megabytes=0.1).fetch(ana, WEEK)


def test_an_error_on_a_later_page_returns_no_part(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, *many(6))
    source = open_m365(page_size=2)
    here = f"{graph.root}v1.0/users/{ana.address}/calendar/calendarView?p=2"
    graph.respond(ana.address, page(*many(2), link=here), *[Reply(503)] * 9)
    with pytest.raises(SourceUnavailableError):
        source.fetch(ana, WEEK)
    graph.respond(ana.address)
    assert len(uids(source, ana)) == 6


def test_a_mailbox_of_which_no_meeting_can_be_read_is_an_error(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.respond(ana.address, page(event(zone="Atlantis"), event(zone="Lemuria", name="E2")))
    with pytest.raises(SourceContentError, match="none of its 2 meetings"):
        open_m365().fetch(ana, WEEK)


def test_a_mailbox_has_one_request_at_a_time_and_few_are_read_at_once(
    graph: Emulator, open_m365: Open
) -> None:
    addresses = [f"user{n}@brynfelin.example" for n in range(6)]
    for address in addresses:
        graph.set_events(address, *many(4))
    graph.answer_after = 0.01
    source = open_m365(page_size=1, mailboxes_at_once=3)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda address: uids(source, mailbox_calendar(address)), sorted(addresses * 2)))
    assert [len(names) for names in found] == [4] * 12
    assert graph.most_at_once == 3
    assert {graph.mailbox(address).most_at_once for address in addresses} == {1}


@pytest.mark.parametrize(
    ("address", "step"),
    [
        ("ana@brynfelin.example", "ana@brynfelin.example"),
        (" Ana@Brynfelin.example ", "Ana@Brynfelin.example"),
        ("guest_health.example#EXT#@brynfelin.example", "guest_health.example#EXT#@brynfelin.example"),
        ("6f9c-object-id", "6f9c-object-id"),
        ("../../v1.0/me", "../../v1.0/me"),
    ],
)
def test_an_address_is_one_segment_of_the_path(
    graph: Emulator, open_m365: Open, address: str, step: str
) -> None:
    with pytest.raises(SourceError):
        open_m365().fetch(mailbox_calendar(address), WEEK)
    assert graph.requests_to()[0].parts == ["v1.0", "users", step, "calendar", "calendarView"]


def test_private_meetings_come_without_content(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, event(sensitivity="private"), {**event(name="E2"), "sensitivity": None})
    fetched = open_m365().fetch(ana, WEEK)
    assert {o.title + o.organizer + o.location + o.description for o in fetched.occurrences} == {""}


def test_an_all_day_event_at_the_edge_of_the_window_is_read_in_the_calendars_zone(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    days = [
        event(f"2026-07-{n:02}T00:00:00", f"2026-07-{n + 1:02}T00:00:00", name=str(n), isAllDay=True)
        for n in (5, 6, 12, 13)
    ]
    graph.set_events(ana.address, *days)
    monday = at("00:00", at("00:00").date().replace(month=7, day=6))
    found = open_m365().fetch(ana, Span(monday, monday + timedelta(days=7))).occurrences
    assert [o.start.day for o in found] == [6, 12]


def test_a_second_fetch_is_unchanged_and_one_after_a_change_is_not(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.set_events(ana.address, *many(2))
    source = open_m365()
    first = source.fetch(ana, WEEK)
    assert source.fetch(ana, WEEK, first.token).unchanged
    graph.set_events(ana.address, *({**one, "responseStatus": {"response": "declined"}} for one in many(2)))
    assert not source.fetch(ana, WEEK, first.token).unchanged


def test_the_body_is_read_and_other_fields_are_not_sent(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.set_events(ana.address, event(body={"contentType": "html", "content": "<ul><li>Falls</li></ul>"}))
    (occurrence,) = open_m365().fetch(ana, WEEK).occurrences
    assert occurrence.description == "- Falls"
    assert {request.method for request in graph.requests_to()} == {"GET"}


def test_occurrences_are_in_the_calendars_zone(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, *many(1))
    (occurrence,) = open_m365().fetch(ana, WEEK).occurrences
    assert str(occurrence.start.tzinfo) == str(LONDON)
    assert occurrence.start.isoformat() == "2026-11-02T09:00:00+00:00"
