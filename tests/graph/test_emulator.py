"""The emulator is as strict as Graph, and has faults only where they are set."""

import base64
import json
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import requests
from graph import faults
from graph.emulator import Emulator
from graph.entra import Application, sign_in_error
from graph.mailboxes import event, in_zone, no_attendees, no_body, no_sensitivity, unknown_enums

ANA = "ana@brynfelin.gov.wales.example"
NOVEMBER = {"startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2026-12-01T00:00:00Z"}
IMMUTABLE = 'IdType="ImmutableId"'


@pytest.fixture
def graph() -> Iterator[Emulator]:
    with Emulator() as graph:
        graph.set_events(
            ANA, *(event(f"2026-11-{day:02}T09:00", f"2026-11-{day:02}T10:00") for day in range(2, 9))
        )
        yield graph


def ask(graph: Emulator, path: str = "calendar/calendarView", **options: Any) -> requests.Response:
    """Ask about Ana's mailbox; `params`, `prefer`, `token` and the rest as in requests."""
    token = options.pop("token", None) or graph.token()
    headers = {"Authorization": f"Bearer {token}", "Prefer": options.pop("prefer", IMMUTABLE)}
    url = path if "://" in path else f"{graph.root}v1.0/users/{options.pop('mailbox', ANA)}/{path}"
    options.setdefault("params", None if "://" in path else NOVEMBER)
    return requests.request(
        options.pop("method", "GET"),
        url,
        headers={**headers, **options.pop("headers", {})},
        timeout=5,
        allow_redirects=False,
        **options,
    )


def code(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def form(**changes: str) -> dict[str, str]:
    plain = {"client_id": "99999999-8888-7777-6666-555555555555", "client_secret": "emulated~secret"}
    rest = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    return {**plain, **rest, **changes}


def sign_in(graph: Emulator, tenant: str = "", **changes: str) -> requests.Response:
    url = f"{graph.root}{tenant or graph.tenant}/oauth2/v2.0/token"
    return requests.post(url, data=form(**changes), timeout=5)


# ------------------------------------------------------------------ signing in
def test_a_secret_is_exchanged_for_a_token_that_can_read_the_mailbox(graph: Emulator) -> None:
    token = sign_in(graph).json()["access_token"]
    assert ask(graph, token=token).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "number"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "nobody"}, 400, 700016),
        ({"tenant": "elsewhere"}, 400, 90002),
        ({"scope": "https://graph.microsoft.com/Calendars.Read"}, 400, 1002012),
        ({"grant_type": "password"}, 400, 70003),
    ],
)
def test_the_sign_in_names_the_fault(
    graph: Emulator, changes: dict[str, str], status: int, number: int
) -> None:
    refused = sign_in(graph, **changes)
    assert (refused.status_code, refused.json()["error_codes"]) == (status, [number])


def test_the_next_response_of_the_sign_in_can_be_set(graph: Emulator) -> None:
    graph.entra.replies.append(sign_in_error(401, "invalid_client", 7000222, "expired"))
    assert [sign_in(graph).status_code for _ in range(2)] == [401, 200]


@pytest.mark.parametrize("token", ["", "made-up"])
def test_an_unknown_token_is_rejected(graph: Emulator, token: str) -> None:
    url = f"{graph.root}v1.0/users/{ANA}/calendar/calendarView"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    refused = requests.get(url, params=NOVEMBER, headers=headers, timeout=5)
    assert code(refused) == (401, "InvalidAuthenticationToken")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_by_the_clock_and_by_revocation(graph: Emulator) -> None:
    late, revoked = graph.token(), graph.token()
    now = graph.clock()
    graph.clock = lambda: now + 3600
    assert "expired" in ask(graph, token=late).json()["error"]["message"]
    graph.clock = lambda: now
    graph.entra.revoke()
    assert code(ask(graph, token=revoked)) == (401, "InvalidAuthenticationToken")


def test_a_token_of_another_tenant_does_not_find_the_mailbox(graph: Emulator) -> None:
    graph.add_tenant("other", Application("app", "s3cret"))
    assert code(ask(graph, token=graph.token("other"))) == (404, "ErrorInvalidUser")


def test_a_mailbox_outside_the_scope_is_refused_and_one_inside_is_not(graph: Emulator) -> None:
    graph.set_events("bo@brynfelin.gov.wales.example")
    graph.application.scope = frozenset({ANA})
    assert ask(graph).status_code == 200
    assert code(ask(graph, mailbox="bo@brynfelin.gov.wales.example")) == (403, "ErrorAccessDenied")


def test_a_request_without_consent_is_rejected(graph: Emulator) -> None:
    graph.application.roles = frozenset({"Mail.Send"})
    assert code(ask(graph)) == (403, "ErrorAccessDenied")


# ------------------------------------------------------------------ the question
@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, "ErrorInvalidParameter"),
        ({"startDateTime": "2026-11-01T00:00:00Z"}, "ErrorInvalidParameter"),
        ({**NOVEMBER, "startDateTime": "yesterday"}, "ErrorInvalidParameter"),
        ({**NOVEMBER, "endDateTime": "2026-11-01T00:00:00Z"}, "ErrorInvalidParameter"),
        ({**NOVEMBER, "endDateTime": "2031-11-01T00:00:01Z"}, "ErrorInvalidRequest"),
        ({**NOVEMBER, "$top": "0"}, "ErrorInvalidUrlQuery"),
        ({**NOVEMBER, "$top": "1001"}, "ErrorInvalidUrlQuery"),
        ({**NOVEMBER, "$top": ["5", "6"]}, "BadRequest"),
        ({**NOVEMBER, "$select": "subject,icalUid2"}, "RequestBroker--ParseUri"),
        ({**NOVEMBER, "$select": "lastModifiedDateTime"}, "ErrorInvalidProperty"),
        ({**NOVEMBER, "$skiptoken": "made-up"}, "ErrorInvalidParameter"),
    ],
)
def test_an_invalid_request_is_rejected(graph: Emulator, params: dict[str, Any], wanted: str) -> None:
    assert code(ask(graph, params=params)) == (400, wanted)


def test_the_window_may_be_written_in_any_case_and_with_an_offset(graph: Emulator) -> None:
    params = {"STARTDATETIME": "2026-11-02T11:00:00+02:00", "enddatetime": "2026-11-02T12:00:00+02:00"}
    assert [e["id"] for e in ask(graph, params=params).json()["value"]] == ["E2026-11-02T09:00"]


def test_an_offset_whose_plus_sign_was_not_quoted_is_refused(graph: Emulator) -> None:
    window = "startDateTime=2026-11-02T00:00:00+02:00&endDateTime=2026-12-02"
    url = f"{graph.root}v1.0/users/{ANA}/calendarView?{window}"
    assert code(ask(graph, url)) == (400, "ErrorInvalidParameter")


def test_an_event_is_shown_if_it_shares_time_with_the_window(graph: Emulator) -> None:
    box = graph.set_events(ANA, event("2026-11-02T09:00", "2026-11-02T10:00"))
    for start, end, shown in [(8, 9, 0), (8, 10, 1), (9, 10, 1), (10, 11, 0)]:
        params = {
            "startDateTime": f"2026-11-02T{start:02}:00:00Z",
            "endDateTime": f"2026-11-02T{end:02}:00:00Z",
        }
        assert len(ask(graph, params=params).json()["value"]) == shown, (start, end)
    assert box.most_at_once == 1


def test_a_mailbox_is_known_by_address_in_any_case_and_by_object_id(graph: Emulator) -> None:
    for name in (ANA.upper(), graph.mailbox(ANA).object_id):
        assert ask(graph, mailbox=name).status_code == 200
    assert code(ask(graph, mailbox="nobody@brynfelin.gov.wales.example")) == (404, "ErrorInvalidUser")


# ------------------------------------------------------------------ the answer
def test_only_what_is_selected_is_shown_with_id_and_etag(graph: Emulator) -> None:
    shown = ask(graph, params={**NOVEMBER, "$select": "Subject,showAs"}).json()["value"][0]
    assert set(shown) == {"@odata.etag", "id", "subject", "showAs"}


def test_a_page_has_ten_events_unless_more_are_requested(graph: Emulator) -> None:
    graph.set_events(ANA, *(event(name=f"E{n}") for n in range(12)))
    first = ask(graph).json()
    rest = ask(graph, first["@odata.nextLink"]).json()
    assert (len(first["value"]), len(rest["value"]), "@odata.nextLink" in rest) == (10, 2, False)


def test_a_link_belongs_to_its_mailbox_and_request(graph: Emulator) -> None:
    graph.set_events("bo@brynfelin.gov.wales.example")
    link = ask(graph, params={**NOVEMBER, "$top": "3"}).json()["@odata.nextLink"]
    assert code(ask(graph, link.replace(ANA, "bo@brynfelin.gov.wales.example"))) == (
        400,
        "ErrorInvalidParameter",
    )
    assert code(ask(graph, link.replace("$top=3", "$top=4"))) == (400, "ErrorInvalidParameter")


def test_ids_change_unless_immutable_ones_are_requested(graph: Emulator) -> None:
    moving = ask(graph, prefer="").json()["value"][0]["id"]
    still = ask(graph)
    assert still.headers["Preference-Applied"] == IMMUTABLE
    assert still.json()["value"][0]["id"] == "E2026-11-02T09:00" != moving


def test_preferences_are_a_list_and_may_name_a_zone(graph: Emulator) -> None:
    answered = ask(graph, prefer=f'outlook.timezone="Romance Standard Time", {IMMUTABLE}')
    assert answered.headers["Preference-Applied"] == f'{IMMUTABLE}, outlook.timezone="Romance Standard Time"'
    assert answered.json()["value"][0]["start"] == {
        "dateTime": "2026-11-02T10:00:00.0000000",
        "timeZone": "Romance Standard Time",
    }
    assert code(ask(graph, prefer='outlook.timezone="Nowhere"')) == (400, "ErrorInvalidParameter")


def test_more_than_four_requests_at_once_are_too_many_for_a_mailbox(graph: Emulator) -> None:
    graph.most_in_mailbox = 0
    busy = ask(graph)
    assert (code(busy), busy.headers["Retry-After"]) == ((429, "ApplicationThrottled"), "1")


# ------------------------------------------------------------------ delta
def test_delta_refuses_what_it_does_not_support(graph: Emulator) -> None:
    refused = ask(graph, "calendarView/delta", params={**NOVEMBER, "$select": "subject"})
    assert code(refused) == (400, "ErrorInvalidUrlQuery")


def test_delta_returns_stubs_of_occurrences_and_then_nothing_new(graph: Emulator) -> None:
    graph.set_events(ANA, event(type="occurrence", seriesMasterId="M1", name="O1"), event(name="S1"))
    page = ask(graph, "calendarView/delta", prefer=f"odata.maxpagesize=1, {IMMUTABLE}").json()
    last = ask(graph, page["@odata.nextLink"], prefer=IMMUTABLE).json()
    (stub,) = page["value"]
    assert set(stub) == {"@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"}
    assert [e["id"] for e in last["value"]] == ["S1"]
    assert ask(graph, last["@odata.deltaLink"]).json()["value"] == []


def test_an_old_delta_token_is_gone(graph: Emulator) -> None:
    gone = ask(graph, "calendarView/delta", params={"$deltatoken": "old"})
    assert code(gone) == (410, "SyncStateNotFound")
    assert gone.headers["Location"].endswith("$deltatoken=")


# ------------------------------------------------------------------ sending
def mime(**headers: str) -> bytes:
    message = EmailMessage()
    for name, value in {"Subject": "Week 46", "To": ANA, **headers}.items():
        message[name] = value
    return base64.b64encode(message.as_bytes())


def send(graph: Emulator, body: bytes, kind: str = "text/plain") -> requests.Response:
    return ask(graph, "sendMail", method="POST", data=body, headers={"Content-Type": kind}, params={})


def test_a_mail_in_mime_form_is_accepted_and_stored(graph: Emulator) -> None:
    assert (send(graph, mime()).status_code, graph.mailbox(ANA).sent[0]["Subject"]) == (202, "Week 46")


@pytest.mark.parametrize(
    ("body", "kind", "wanted"),
    [
        (b"not base64!", "text/plain", (400, "ErrorMimeContentInvalidBase64String")),
        (mime(To=""), "text/plain", (400, "ErrorInvalidRecipients")),
        (mime(), "message/rfc822", (415, "UnsupportedMediaType")),
        (mime(), "application/json", (400, "BadRequest")),
    ],
)
def test_an_invalid_mail_is_rejected(
    graph: Emulator, body: bytes, kind: str, wanted: tuple[int, str]
) -> None:
    assert code(send(graph, body, kind)) == wanted
    assert graph.mailbox(ANA).sent == []


# ------------------------------------------------------------------ misbehaving
def test_a_fault_comes_after_the_set_number_of_responses_and_as_often_as_set(graph: Emulator) -> None:
    graph.inject_fault(ANA, faults.unavailable(), times=2, after=1)
    assert [ask(graph).status_code for _ in range(4)] == [200, 503, 503, 200]
    graph.inject_fault(ANA, faults.denied(), times=None)
    assert [ask(graph).status_code for _ in range(2)] == [403, 403]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (faults.throttled("7"), 429, b"MailboxConcurrency"),
        (faults.unauthorized(), 401, b"expired"),
        (faults.denied(policy=True), 403, b"OData is disabled"),
        (faults.no_mailbox(), 404, b"MailboxNotEnabledForRESTAPI"),
        (faults.web_page(), 200, b"<!DOCTYPE html>"),
        (faults.error_text(), 502, b'{"error": "upstream'),
        (faults.malformed_page(None), 200, b"null"),
        (faults.redirect(), 302, b""),
    ],
)
def test_a_fault_changes_the_response(
    graph: Emulator, fault: faults.Fault, status: int, words: bytes
) -> None:
    graph.inject_fault(ANA, fault)
    spoilt = ask(graph)
    assert (spoilt.status_code, words in spoilt.content) == (status, True)


@pytest.mark.parametrize("after", ["3", "Mon, 16 Nov 2026 04:15:02 GMT", None])
def test_throttling_may_have_a_retry_after(graph: Emulator, after: str | None) -> None:
    graph.inject_fault(ANA, faults.throttled(after))
    assert ask(graph).headers.get("Retry-After") == after


def test_truncated_json_is_complete_for_http_and_a_cut_connection_is_not(graph: Emulator) -> None:
    graph.inject_fault(ANA, faults.truncated_json())
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask(graph).content)
    graph.inject_fault(ANA, faults.cut_connection())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(graph)


def test_a_connection_can_be_reset_or_stay_silent(graph: Emulator) -> None:
    graph.inject_fault(ANA, faults.reset())
    with pytest.raises(requests.ConnectionError):
        ask(graph)
    graph.inject_fault(ANA, faults.hang())
    with pytest.raises(requests.ReadTimeout):
        requests.get(
            f"{graph.root}v1.0/users/{ANA}/calendarView",
            headers={"Authorization": f"Bearer {graph.token()}"},
            timeout=0.2,
        )


def pages(graph: Emulator, most: int = 6) -> list[list[str]]:
    found, url = [], "calendar/calendarView"
    params: dict[str, str] | None = {**NOVEMBER, "$top": "4", "$select": "subject"}
    while url and len(found) < most:
        page = ask(graph, url, params=params).json()
        found.append([event["id"][6:10] for event in page["value"]])
        url, params = page.get("@odata.nextLink", ""), None
    return found


FIRST, SECOND = ["11-0"] * 4, ["11-0"] * 3


@pytest.mark.parametrize(
    ("paging", "wanted"),
    [
        ("plain", [FIRST, SECOND]),
        ("empty", [[], FIRST, SECOND]),
        ("duplicate", [FIRST, FIRST, SECOND, SECOND]),
        ("endless", [FIRST] * 6),
        ("endless-empty", [[]] * 6),
    ],
)
def test_pages_follow_each_other_as_set(graph: Emulator, paging: str, wanted: list[list[str]]) -> None:
    graph.mailbox(ANA).paging = paging
    assert pages(graph) == wanted


def test_the_link_to_the_next_page_can_name_another_server(graph: Emulator) -> None:
    graph.mailbox(ANA).paging = "foreign"
    assert ask(graph).json()["@odata.nextLink"].startswith("https://graph.elsewhere.example/v1.0/users/")


def test_quirks_change_the_events(graph: Emulator) -> None:
    graph.mailbox(ANA).quirks = (
        unknown_enums,
        no_attendees,
        no_body,
        no_sensitivity,
        in_zone("GMT Standard Time"),
    )
    shown = ask(graph).json()["value"][0]
    assert (shown["showAs"], shown["attendees"], shown["body"]) == ("hybrid", None, None)
    assert "sensitivity" not in shown
    assert shown["start"]["timeZone"] == "GMT Standard Time"


def test_requests_are_recorded(graph: Emulator) -> None:
    graph.set_events("bo@brynfelin.gov.wales.example")
    ask(graph)
    ask(graph, mailbox=graph.mailbox(ANA).object_id)
    ask(graph, mailbox="bo@brynfelin.gov.wales.example")
    assert (len(graph.requests_to(ANA)), len(graph.requests_to())) == (2, 3)
