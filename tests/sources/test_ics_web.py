"""The ics source against a real HTTP server that answers well, badly, late or never."""

import gzip
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
import trustme
from contracts.ics_text import occurrences_to_ics
from contracts.source_contract import WINDOW, SourceContract
from support.builders import LONDON, occurrence
from support.web_server import Page, WebServer, web_server

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Severity
from calsync.sources.base import Calendar, FetchResult
from calsync.sources.ics import IcsOptions, IcsSource

BOARD = occurrences_to_ics(occurrence("10:00-11:00", uid="board", title="Board"))
LOOPBACK = ("127.0.0.1", "localhost")
SECRET = "/calendar/private-0123456789abcdef/basic.ics"
SETTLED = {"Last-Modified": "Sun, 01 Nov 2026 08:00:00 GMT", "Date": "Mon, 02 Nov 2026 08:00:00 GMT"}


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[WebServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with web_server(context) as running:
        yield running


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def ics_source(**settings: object) -> IcsSource:
    given = {"private_hosts": LOOPBACK, **settings}
    return IcsSource("published", IcsOptions.model_validate(given))


def calendar(address: str) -> Calendar:
    return Calendar("m1", "published", address, frozenset({"ana@brynfelin.example"}), LONDON)


def fetch(address: str, token: str = "", **settings: object) -> FetchResult:
    source = ics_source(**settings)
    try:
        return source.fetch(calendar(address), WINDOW, token)
    finally:
        source.close()


def refused(address: str, **settings: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch(address, **settings)
    return caught.value


class WebPlace:
    def __init__(self, server: WebServer) -> None:
        self.server = server
        self.source = ics_source()

    def hold(self, name: str, *occurrences: Occurrence) -> Calendar:
        body = occurrences_to_ics(*occurrences)
        return calendar(
            self.server.set_pages(f"/{name}.ics", Page(body, headers={"ETag": f'"{hash(body)}"'}))
        )

    def missing(self) -> Calendar:
        return calendar(self.server.url("/nobody.ics"))


class TestIcsUrl(SourceContract):
    @pytest.fixture
    def place(self, server: WebServer) -> Iterator[WebPlace]:
        place = WebPlace(server)
        yield place
        place.source.close()


# --- what has not changed is not sent again ---


def test_an_etag_is_given_back_and_304_means_unchanged(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD, headers={"ETag": '"v1"'}), Page(status=304))
    first = fetch(url)
    second = fetch(url, first.token)
    assert second == FetchResult(unchanged=True, token=first.token)
    assert [asked.headers.get("if-none-match") for asked in server.requests] == [None, '"v1"']


def test_a_settled_last_modified_is_given_back(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD, headers=SETTLED), Page(status=304))
    assert fetch(url, fetch(url).token).unchanged
    assert server.requests[1].headers["if-modified-since"] == SETTLED["Last-Modified"]


def test_a_last_modified_of_this_very_minute_proves_nothing(server: WebServer) -> None:
    young = {**SETTLED, "Last-Modified": "Mon, 02 Nov 2026 07:59:59 GMT"}
    url = server.set_pages("/a.ics", Page(BOARD, headers=young))
    fetch(url, fetch(url).token)
    assert "if-modified-since" not in server.requests[1].headers


def test_a_page_that_differs_only_in_time_stamps_is_unchanged(server: WebServer) -> None:
    pages = [
        Page(occurrences_to_ics(occurrence(uid="a"), stamp=stamp))
        for stamp in ("20260101T000000Z", "20261123T040000Z")
    ]
    url = server.set_pages("/a.ics", *pages)
    assert fetch(url, fetch(url).token).unchanged


def test_304_that_nobody_asked_for_is_no_calendar(server: WebServer) -> None:
    assert isinstance(refused(server.set_pages("/a.ics", Page(status=304))), SourceContentError)


# --- transfer ---


def test_a_compressed_page_is_read(server: WebServer) -> None:
    assert fetch(server.set_pages("/a.ics", Page(BOARD, gzipped=True))).occurrences
    assert "gzip" in server.requests[0].headers["accept-encoding"]


def test_a_page_that_only_says_it_is_compressed_is_refused(server: WebServer) -> None:
    page = Page(BOARD, headers={"Content-Encoding": "gzip"})
    assert "decompressed" in refused(server.set_pages("/a.ics", page)).what


def test_a_page_is_measured_after_decompression(server: WebServer) -> None:
    bomb = Page(BOARD + b" " * 3_000_000, gzipped=True)
    assert len(gzip.compress(bomb.body)) < 10_000
    assert "larger than 1 MB" in refused(server.set_pages("/a.ics", bomb), max_megabytes=1).what


def test_a_transfer_cut_short_is_never_taken_for_a_calendar(server: WebServer) -> None:
    error = refused(server.set_pages("/a.ics", Page(BOARD, cut=10)))
    assert isinstance(error, SourceUnavailableError)
    assert "broke before the answer was whole" in error.what
    assert len(server.requests) == 3


def test_a_server_that_says_nothing_costs_the_read_timeout(server: WebServer) -> None:
    error = refused(server.set_pages("/a.ics", Page(silent=True)), read_seconds=0.2, attempts=1)
    assert isinstance(error, SourceUnavailableError)
    assert "silent for more than 0.2 seconds" in error.what


def test_a_server_that_drips_costs_the_total_limit(server: WebServer) -> None:
    page = Page(BOARD, drip=0.05)
    error = refused(server.set_pages("/a.ics", page), read_seconds=5, total_seconds=0.4)
    assert isinstance(error, SourceUnavailableError)
    assert "longer than 0.4 seconds in all" in error.what
    assert len(server.requests) == 1


def test_a_server_that_drips_an_endless_page_is_not_taken_for_whole(server: WebServer) -> None:
    page = Page(BOARD + b"\r\n" * 200, drip=0.02, headers={"Connection": "close"})
    assert "in all" in refused(server.set_pages("/a.ics", page), total_seconds=2, attempts=1).what


def test_nobody_listening_is_told_with_the_way_out() -> None:
    with web_server() as gone:
        url = gone.url("/a.ics")
    error = refused(url)
    assert isinstance(error, SourceUnavailableError)
    assert "cannot be reached" in error.what


def test_a_server_that_is_down_is_tried_once_for_each_further_calendar(server: WebServer) -> None:
    silent = server.set_pages("/silent.ics", Page(silent=True))
    source = ics_source(read_seconds=0.1, attempts=3)
    for _ in range(2):
        with pytest.raises(SourceUnavailableError):
            source.fetch(calendar(silent), WINDOW)
    assert len(server.requests) == 3 + 1
    assert source.fetch(calendar(server.set_pages("/a.ics", Page(BOARD))), WINDOW).occurrences
    with pytest.raises(SourceUnavailableError):
        source.fetch(calendar(silent), WINDOW)
    assert len(server.requests) == 4 + 1 + 3
    source.close()


def test_a_proxy_of_the_environment_is_used(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    server.set_pages("http://calendar.example/a.ics", Page(BOARD))
    assert fetch("http://calendar.example/a.ics").occurrences


def test_a_proxy_that_drips_costs_the_total_limit(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    server.set_pages("http://calendar.example/a.ics", Page(BOARD, drip=0.05))
    assert "in all" in refused("http://calendar.example/a.ics", total_seconds=0.4).what


def test_an_unknown_host_is_told_apart() -> None:
    assert "not known" in refused("https://calendar.invalid/a.ics", attempts=1).what


# --- statuses ---


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, SourceAuthError, "publish the calendar, or give username"),
        (403, SourceAuthError, "publish the calendar, or give username"),
        (404, SourceContentError, "check the address"),
        (410, SourceContentError, "check the address"),
        (400, SourceContentError, "check the address"),
        (204, SourceContentError, "check the address"),
        (206, SourceContentError, "check the address"),
        (418, SourceContentError, "check the address"),
        (599, SourceContentError, "check the address"),
    ],
)
def test_a_refusal_is_told_once_with_the_way_out(
    server: WebServer, status: int, kind: type[SourceError], said: str
) -> None:
    error = refused(server.set_pages("/a.ics", Page(status=status)))
    assert isinstance(error, kind)
    assert str(status) in error.what
    assert said in error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(server: WebServer, status: int) -> None:
    url = server.set_pages("/a.ics", Page(status=status), Page(status=status), Page(BOARD))
    assert fetch(url).occurrences
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_unavailable(server: WebServer) -> None:
    error = refused(server.set_pages("/a.ics", Page(status=503)))
    assert isinstance(error, SourceUnavailableError)
    assert "503 Service Unavailable" in error.what
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "Mon, 02 Nov 2026 08:00:00 GMT", "Date": "Mon, 02 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 02 Nov 2026 07:00:00 GMT", "Date": "Mon, 02 Nov 2026 08:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_obeyed_in_seconds_and_as_a_date(
    server: WebServer, headers: dict[str, str], wait: float
) -> None:
    url = server.set_pages("/a.ics", Page(status=429, headers=headers), Page(BOARD))
    waits: list[float] = []
    stamina.set_testing(False)
    stamina.instrumentation.set_on_retry_hooks([lambda details: waits.append(details.wait_for)])
    try:
        assert fetch(url).occurrences
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert waits == [wait]


def test_a_retry_after_beyond_the_total_limit_is_not_waited_for(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(status=429, headers={"Retry-After": "3600"}), Page(BOARD))
    assert "429" in refused(url, total_seconds=30).what
    assert len(server.requests) == 1


def test_a_sign_in_page_is_no_calendar(server: WebServer) -> None:
    page = Page(b"<!DOCTYPE html><html><body>Sign in</body></html>", headers={"Content-Type": "text/html"})
    assert isinstance(refused(server.set_pages("/a.ics", page)), SourceContentError)


def test_an_empty_page_is_no_calendar(server: WebServer) -> None:
    assert isinstance(refused(server.set_pages("/a.ics", Page())), SourceContentError)


# --- redirects ---


def test_redirects_are_followed(server: WebServer) -> None:
    server.set_pages("/new.ics", Page(BOARD))
    for status in (301, 302, 303, 307, 308):
        url = server.set_pages("/old.ics", Page(status=status, headers={"Location": "/new.ics"}))
        assert fetch(url).occurrences, status


def test_a_circle_of_redirects_ends(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(status=302, headers={"Location": "/a.ics"}))
    assert "more than 5 times" in refused(url).what
    assert len(server.requests) == 6


def test_a_redirect_to_nowhere_is_no_calendar(server: WebServer) -> None:
    for target in ("ftp://files.example/a.ics", "http://[::1", "https://"):
        url = server.set_pages("/a.ics", Page(status=302, headers={"Location": target}))
        assert isinstance(refused(url), SourceContentError), target


def test_credentials_are_sent_to_their_own_server_only(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "pŵ:secret")
    with web_server() as other:
        target = other.set_pages("/new.ics", Page(BOARD))
        url = server.set_pages("/a.ics", Page(status=307, headers={"Location": target}))
        assert fetch(url, username="ana", password_env="CALSYNC_TEST_PW").occurrences
        assert server.requests[0].headers["authorization"] == "Basic YW5hOnDFtTpzZWNyZXQ="
        assert "authorization" not in other.requests[0].headers


def test_credentials_stay_away_even_when_the_other_server_sends_back(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_TOKEN", "t0ken")
    back = server.set_pages("/back.ics", Page(BOARD))
    with web_server() as other:
        away = other.set_pages("/away.ics", Page(status=302, headers={"Location": back}))
        url = server.set_pages("/a.ics", Page(status=302, headers={"Location": away}))
        fetch(url, token_env="CALSYNC_TEST_TOKEN")
    assert [asked.headers.get("authorization") for asked in server.requests] == ["Bearer t0ken", None]


def test_https_is_never_left_for_http(secure: WebServer, server: WebServer, ca_file: Path) -> None:
    target = server.set_pages("/b.ics", Page(BOARD))
    url = secure.set_pages("/a.ics", Page(status=302, headers={"Location": target}))
    assert "from https to http" in refused(url, ca_file=ca_file).what
    assert server.requests == []


# --- who we are ---


def test_user_and_password_in_an_address_are_used_and_never_shown(server: WebServer) -> None:
    page = Page(status=401, headers={"WWW-Authenticate": "Basic"})
    url = server.set_pages("/a.ics", page).replace("http://", "http://ana:hunter2@")
    error = refused(url)
    assert server.requests[0].headers["authorization"] == "Basic YW5hOmh1bnRlcjI="
    assert "hunter2" not in f"{error!r} {error} {error.calendar} {error.hint}"


def test_netrc_is_not_looked_into(server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login root password toor\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    fetch(server.set_pages("/a.ics", Page(BOARD)))
    assert "authorization" not in server.requests[0].headers


def test_a_server_that_wants_digest_says_so(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "x")
    page = Page(status=401, headers={"WWW-Authenticate": 'Digest realm="cal", nonce="1"'})
    url = server.set_pages("/a.ics", page)
    assert 'auth = "digest"' in refused(url, username="ana", password_env="CALSYNC_TEST_PW").hint


def test_digest_answers_the_challenge_without_sending_the_password(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "hunter2")
    challenge = {"WWW-Authenticate": 'Digest realm="cal", nonce="abc", qop="auth", algorithm=SHA-256'}
    url = server.set_pages("/a.ics", Page(status=401, headers=challenge), Page(BOARD))
    assert fetch(url, username="ana", password_env="CALSYNC_TEST_PW", auth="digest").occurrences
    sent = [asked.headers.get("authorization", "") for asked in server.requests]
    assert sent[1].startswith('Digest username="ana"')
    assert "hunter2" not in "".join(sent)


def test_a_password_is_not_sent_in_clear_text_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "x")
    error = refused("http://calendar.example/a.ics", username="ana", password_env="CALSYNC_TEST_PW")
    assert isinstance(error, SourceAuthError)
    assert "allow_clear_text" in error.hint


def test_only_the_named_hosts_are_asked(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD))
    assert "none of the hosts of [sources.published]" in refused(url, hosts=("calendar.example",)).what
    assert fetch(url, hosts=("127.0.0.1",)).occurrences


def test_cookies_of_one_calendar_do_not_serve_another(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD, headers={"Set-Cookie": "session=ana; Path=/"}))
    source = ics_source()
    for _ in range(2):
        source.fetch(calendar(url), WINDOW)
    source.close()
    assert "cookie" not in server.requests[1].headers


# --- TLS and webcal ---


def test_tls_with_an_authority_of_our_own(secure: WebServer, ca_file: Path) -> None:
    assert fetch(secure.set_pages("/a.ics", Page(BOARD)), ca_file=ca_file).occurrences


def test_an_unknown_certificate_is_refused_and_the_way_out_told(secure: WebServer) -> None:
    error = refused(secure.set_pages("/a.ics", Page(BOARD)))
    assert "certificate cannot be trusted" in error.what
    assert "ca_file" in error.hint
    assert secure.requests == []


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, ca_file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("support.demo_through_graph.example").configure_cert(context)
    with web_server(context) as elsewhere:
        error = refused(elsewhere.set_pages("/a.ics", Page(BOARD)), ca_file=ca_file)
    assert "certificate cannot be trusted" in error.what


def test_webcal_is_read_over_tls(secure: WebServer, ca_file: Path) -> None:
    secure.set_pages("/a.ics", Page(BOARD))
    for scheme in ("webcal", "webcals", "WEBCAL"):
        assert fetch(secure.url("/a.ics", scheme=scheme), ca_file=ca_file).problems == ()


def test_webcal_without_tls_is_read_over_http_and_says_so(server: WebServer) -> None:
    server.set_pages("/a.ics", Page(BOARD))
    fetched = fetch(server.url("/a.ics", scheme="webcal"))
    assert len(fetched.occurrences) == 1
    assert [problem.severity for problem in fetched.problems] == [Severity.NOTE]


def test_webcal_with_a_certificate_nobody_knows_does_not_fall_back_to_http(secure: WebServer) -> None:
    secure.set_pages("/a.ics", Page(BOARD))
    assert "certificate cannot be trusted" in refused(secure.url("/a.ics", scheme="webcal")).what


# --- addresses and secrets ---


@pytest.mark.parametrize(
    "address",
    ["ftp://files.example/a.ics", "http://", "https://[::1/a.ics", "http://x:99999/", "http://a b/"],
)
def test_an_address_that_cannot_be_asked_is_named(address: str) -> None:
    assert isinstance(refused(address), SourceContentError)


@pytest.mark.parametrize(
    "page",
    [Page(status=404), Page(status=500), Page(BOARD, cut=5), Page(silent=True), Page(b"<html>"),
     Page(status=302, headers={"Location": "http://127.0.0.1:9/private-0123456789abcdef"})],
)  # fmt: skip
def test_a_secret_address_is_in_no_error_and_no_log(
    server: WebServer, caplog: pytest.LogCaptureFixture, page: Page
) -> None:
    import traceback

    caplog.set_level(logging.DEBUG)
    url = server.set_pages(f"{SECRET}?token=0123456789abcdef", page)
    error = refused(url, read_seconds=0.2)
    said = "".join(traceback.format_exception(error)) + f"{error!r}{error.calendar}{error.hint}"
    said += "".join(str(vars(record)) + record.getMessage() for record in caplog.records)
    assert "0123456789abcdef" not in said
