"""The caldav source against a server with wrong and incomplete responses."""

from collections.abc import Iterator

import pytest
import stamina
from contracts.ics_text import occurrences_to_ics
from contracts.source_contract import WINDOW
from support.builders import LONDON, occurrence
from support.web_server import Page, WebServer, web_server

from calsync.errors import (
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceUnavailableError,
)
from calsync.sources.base import Calendar, FetchResult
from calsync.sources.caldav.source import CaldavOptions, CaldavSource

PATH = "/ana/work/"
BOARD = occurrences_to_ics(occurrence("10:00-11:00", uid="board", title="Board")).decode()
FORUM = occurrences_to_ics(occurrence("12:00-13:00", uid="forum", title="Forum")).decode()


@pytest.fixture(autouse=True)
def _no_retry_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


def multistatus(*responses: str, token: str = "") -> Page:
    body = "".join(responses) + (f"<d:sync-token>{token}</d:sync-token>" if token else "")
    names = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    return Page(f"<d:multistatus {names}>{body}</d:multistatus>".encode(), 207)


def prop(href: str, inside: str, status: str = "200 OK") -> str:
    propstat = f"<d:propstat><d:prop>{inside}</d:prop><d:status>HTTP/1.1 {status}</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{propstat}</d:response>"


def etag(name: str, tag: str = "1") -> str:
    return prop(f"{PATH}{name}", f'<d:getetag>"{tag}"</d:getetag>')


def content(name: str, text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return prop(f"{PATH}{name}", f"<c:calendar-data>{escaped}</c:calendar-data>")


def status_response(href: str, status: str) -> str:
    return f"<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 {status}</d:status></d:response>"


COLLECTION = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
WHOLE = multistatus(etag("a.ics"), etag("b.ics"), token="t1")
BOTH = multistatus(content("a.ics", BOARD), content("b.ics", FORUM))


def calendar(address: str = PATH) -> Calendar:
    return Calendar("m1", "dav", address, frozenset({"ana@brynfelin.example"}), LONDON)


def caldav_source(server: WebServer, **settings: object) -> CaldavSource:
    return CaldavSource("dav", CaldavOptions.model_validate({"url": server.url("/"), **settings}))


def fetch(server: WebServer, *pages: Page, token: str = "", **settings: object) -> FetchResult:
    if pages:
        server.set_pages(PATH, *pages)
    source = caldav_source(server, **settings)
    try:
        return source.fetch(calendar(), WINDOW, token)
    finally:
        source.close()


def error_of(server: WebServer, *pages: Page, **settings: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch(server, *pages, **settings)
    assert caught.value.calendar == str(calendar())
    assert caught.value.hint
    return caught.value


def uids(fetched: FetchResult) -> list[str]:
    return [o.uid for o in fetched.occurrences]


# --- sync reports ---


def test_an_unchanged_calendar_takes_one_request(server: WebServer) -> None:
    first = fetch(server, WHOLE, BOTH)
    requests_before = len(server.requests)
    assert fetch(server, multistatus(token="t2"), token=first.token).unchanged
    assert len(server.requests) == requests_before + 1
    assert b"<d:sync-token>t1</d:sync-token>" in server.requests[-1].body


def test_a_list_truncated_with_507_is_continued_to_its_end(server: WebServer) -> None:
    cut = multistatus(etag("a.ics"), status_response(PATH, "507 Insufficient Storage"), token="p1")
    rest = multistatus(etag("b.ics"), token="p2")
    assert uids(fetch(server, cut, rest, BOTH)) == ["board", "forum"]
    assert b"<d:sync-token>p1</d:sync-token>" in server.requests[1].body


def test_a_list_without_end_is_an_error(server: WebServer) -> None:
    cut = multistatus(etag("a.ics"), status_response(PATH, "507 Insufficient Storage"), token="p1")
    assert "never ends" in error_of(server, cut).what


def test_a_truncated_list_without_a_token_is_an_error(server: WebServer) -> None:
    cut = multistatus(etag("a.ics"), status_response(PATH, "507 Insufficient Storage"))
    assert "never ends" in error_of(server, cut).what


@pytest.mark.parametrize("status", [400, 403, 409, 410, 412, 500, 501, 507])
def test_after_a_rejected_token_everything_is_read(server: WebServer, status: int) -> None:
    first = fetch(server, WHOLE, BOTH)
    refusal = [Page(b"<d:error xmlns:d='DAV:'><d:valid-sync-token/></d:error>", status)]
    again = [*refusal * (2 if status == 500 else 1), multistatus(etag("b.ics"), token="t9")]
    forum = multistatus(content("b.ics", FORUM))
    assert uids(fetch(server, *again, forum, token=first.token)) == ["forum"]


def test_after_a_rejected_token_equal_etags_mean_unchanged(server: WebServer) -> None:
    first = fetch(server, WHOLE, BOTH)
    again = multistatus(etag("b.ics"), etag("a.ics"), token="t9")
    assert fetch(server, Page(status=403), again, token=first.token).unchanged


def test_a_server_without_sync_is_listed_by_propfind(server: WebServer) -> None:
    own = prop(PATH, COLLECTION)
    inner = prop(f"{PATH}sub/", "<d:resourcetype><d:collection/></d:resourcetype>")
    listing = multistatus(own, inner, etag("a.ics"), etag("b.ics"))
    first = fetch(server, Page(status=501), listing, BOTH)
    assert uids(first) == ["board", "forum"]
    assert [request.method for request in server.requests] == ["REPORT", "PROPFIND", "REPORT"]
    assert fetch(server, Page(status=501), listing, token=first.token).unchanged


def test_resources_without_etags_are_never_unchanged(server: WebServer) -> None:
    bare = multistatus(prop(f"{PATH}a.ics", ""), prop(f"{PATH}b.ics", ""))
    first = fetch(server, Page(status=501), bare, BOTH)
    assert uids(fetch(server, Page(status=501), bare, BOTH, token=first.token)) == ["board", "forum"]


def test_a_meeting_deleted_within_the_list_is_not_requested(server: WebServer) -> None:
    listing = multistatus(
        etag("a.ics"), status_response(f"{PATH}a.ics", "404 Not Found"), etag("b.ics"), token="t1"
    )
    assert uids(fetch(server, listing, multistatus(content("b.ics", FORUM)))) == ["forum"]


def test_paths_are_the_same_however_they_are_quoted(server: WebServer) -> None:
    listing = multistatus(etag("a%40x.ics"), token="t1")
    assert uids(fetch(server, listing, multistatus(content("a@x.ics", BOARD)))) == ["board"]


def test_full_addresses_in_responses_are_accepted(server: WebServer) -> None:
    listing = multistatus(prop(server.url(f"{PATH}a.ics"), "<d:getetag>1</d:getetag>"), token="t1")
    answer = multistatus(content("a.ics", BOARD))
    assert uids(fetch(server, listing, answer)) == ["board"]


# --- multiget ---


def test_a_meeting_left_out_of_the_response_is_a_problem_of_itself(server: WebServer) -> None:
    fetched = fetch(server, WHOLE, multistatus(content("a.ics", BOARD)))
    assert uids(fetched) == ["board"]
    assert "b.ics" in fetched.problems[0].where


def test_a_meeting_that_may_not_be_read_is_reported(server: WebServer) -> None:
    fetched = fetch(
        server, WHOLE, multistatus(content("a.ics", BOARD), status_response(f"{PATH}b.ics", "403 Forbidden"))
    )
    assert uids(fetched) == ["board"]
    assert "b.ics" in fetched.problems[0].where
    assert "403 Forbidden" in fetched.problems[0].what


def test_a_meeting_that_the_server_cannot_send_is_a_problem_of_itself(server: WebServer) -> None:
    answer = multistatus(
        content("a.ics", BOARD), status_response(f"{PATH}b.ics", "500 Internal Server Error")
    )
    fetched = fetch(server, WHOLE, answer)
    assert uids(fetched) == ["board"]
    assert "500 Internal Server Error" in fetched.problems[0].what


@pytest.mark.parametrize("text", ["", "rubbish", BOARD[:-30], "<html>", "BEGIN:VCARD\nEND:VCARD"])
def test_a_broken_resource_is_a_problem_of_itself(server: WebServer, text: str) -> None:
    fetched = fetch(server, WHOLE, multistatus(content("a.ics", BOARD), content("b.ics", text)))
    assert uids(fetched) == ["board"]
    assert "b.ics" in fetched.problems[0].where


@pytest.mark.parametrize(
    "answer",
    [
        multistatus(content("a.ics", "rubbish"), content("b.ics", "rubbish")),
        multistatus(
            status_response(f"{PATH}a.ics", "403 Forbidden"), status_response(f"{PATH}b.ics", "403 Forbidden")
        ),
    ],
)
def test_a_calendar_of_which_nothing_can_be_read_is_an_error(server: WebServer, answer: Page) -> None:
    assert "none of its 2 meetings can be read" in error_of(server, WHOLE, answer).what


def test_an_unclosed_calendar_inside_a_resource_affects_that_resource_only(server: WebServer) -> None:
    nested = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + BOARD
    answer = multistatus(content("a.ics", nested), content("b.ics", FORUM))
    fetched = fetch(server, WHOLE, answer)
    assert uids(fetched) == ["forum"]
    assert "a.ics" in fetched.problems[0].where


def test_an_empty_collection_is_an_empty_calendar(server: WebServer) -> None:
    assert fetch(server, multistatus(token="t1")) == FetchResult(token=fetch(server).token)


# --- answers that are none ---


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Sign in</body></html>",
        b"<d:multistatus xmlns:d='DAV:'><d:response>",
        b"not xml",
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><d:multistatus xmlns:d='DAV:'>&a;</d:multistatus>",
        b"\xff\xfe\x00",
    ],
)
def test_a_207_that_is_no_multistatus_is_an_error(server: WebServer, body: bytes) -> None:
    assert "is no WebDAV" in error_of(server, Page(body, 207)).what


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, SourceAuthError), (403, SourceAuthError), (404, SourceContentError), (410, SourceContentError),
     (405, SourceContentError), (200, SourceContentError), (503, SourceUnavailableError)],
)  # fmt: skip
def test_an_error_status_raises_its_error(server: WebServer, status: int, kind: type[SourceError]) -> None:
    assert isinstance(error_of(server, Page(b"<html>", status)), kind)


def test_a_response_that_breaks_off_is_an_error(server: WebServer) -> None:
    cut = Page(BOTH.body, 207, cut=40)
    assert isinstance(error_of(server, WHOLE, cut), SourceUnavailableError)


def test_the_size_limit_applies_to_all_responses_together(server: WebServer) -> None:
    chunk = 100
    names = [f"m{n:03}.ics" for n in range(2 * chunk)]
    listing = multistatus(*map(etag, names), token="t1")
    answers = [multistatus(*(content(name, BOARD) for name in names[i : i + chunk])) for i in (0, chunk)]
    limit = (len(listing.body) + len(answers[0].body) + 1000) / 1_000_000
    assert "larger than" in error_of(server, listing, *answers, max_megabytes=limit).what


# --- where we are sent ---


def test_a_redirect_on_the_same_server_keeps_method_and_body(server: WebServer) -> None:
    server.set_pages("/new/ana/work/", WHOLE, BOTH)
    moved = Page(status=301, headers={"Location": "/new/ana/work/"})
    assert uids(fetch(server, moved)) == ["board", "forum"]
    assert [(request.method, request.body == server.requests[0].body) for request in server.requests[:2]] == [
        ("REPORT", True),
        ("REPORT", True),
    ]


def test_a_redirect_to_another_server_is_an_error_before_it_is_contacted(server: WebServer) -> None:
    with web_server() as other:
        moved = Page(status=307, headers={"Location": other.url(PATH)})
        assert "another server" in error_of(server, moved).what
        assert other.requests == []


def test_a_home_on_another_server_is_an_error(server: WebServer) -> None:
    inside = "<c:calendar-home-set><d:href>https://elsewhere.example/ana/</d:href></c:calendar-home-set>"
    server.set_pages("/ana/", multistatus(prop("/ana/", inside)))
    source = caldav_source(server)
    with pytest.raises(SourceContentError, match="another server"):
        source.calendars(calendar("/ana/"))
    source.close()


# --- whose calendars ---


def test_an_unknown_user_is_not_read_as_the_account_that_logs_in(server: WebServer) -> None:
    mine = "<d:current-user-principal><d:href>/service/</d:href></d:current-user-principal>"
    server.set_pages("/nobody/", multistatus(prop("/nobody/", mine)))
    source = caldav_source(server)
    assert source.calendars(calendar("/nobody/")) == ()
    source.close()
    assert {request.path for request in server.requests} == {"/nobody/"}


def test_an_empty_address_is_the_account_that_logs_in(server: WebServer) -> None:
    server.set_pages(
        "/",
        multistatus(
            prop("/", "<d:current-user-principal><d:href>/p/ana/</d:href></d:current-user-principal>")
        ),
    )
    home = "<c:calendar-home-set><d:href>/ana/</d:href></c:calendar-home-set>"
    server.set_pages("/p/ana/", multistatus(prop("/p/ana/", home)))
    server.set_pages("/ana/", multistatus(prop("/ana/", ""), prop(PATH, COLLECTION)))
    source = caldav_source(server)
    assert [calendar.address for calendar in source.calendars(calendar(""))] == [PATH]
    source.close()


def test_a_shared_calendar_is_left_out_and_reported(server: WebServer) -> None:
    owner = "<d:owner><d:href>/p/{}/</d:href></d:owner>"
    name = "<d:displayname>Bob's board</d:displayname>"
    server.set_pages(
        "/ana/",
        multistatus(
            prop("/ana/", owner.format("ana")),
            prop(PATH, COLLECTION + owner.format("ana")),
            prop("/ana/shared_by_bob/", COLLECTION + owner.format("bob") + name),
        ),
    )
    server.set_pages(PATH, WHOLE, BOTH)
    source = caldav_source(server)
    (only,) = source.calendars(calendar("/ana/"))
    assert only.address == PATH
    assert ["Bob's board" in problem.what for problem in source.fetch(only, WINDOW).problems] == [True]
    source.close()


# --- who we are ---


def test_a_bearer_token_is_sent(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_TOKEN", "t0ken")
    fetch(server, WHOLE, BOTH, token_env="CALSYNC_TEST_TOKEN")
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer t0ken"}


def test_digest_needs_one_challenge_only(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "hunter2")
    challenge = Page(status=401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'})
    settings = {"username": "ana", "password_env": "CALSYNC_TEST_PW", "auth": "digest"}
    assert uids(fetch(server, challenge, WHOLE, BOTH, **settings)) == ["board", "forum"]
    sent = [request.headers.get("authorization", "none").split()[0] for request in server.requests]
    assert sent == ["none", "Digest", "Digest"]


def test_a_password_in_the_url_is_a_settings_error() -> None:
    with pytest.raises(ValueError, match="username and password_env"):
        CaldavOptions.model_validate({"url": "https://ana:hunter2@dav.example/"})
