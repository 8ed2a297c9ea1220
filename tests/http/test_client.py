"""The HTTP client against a real server whose responses are correct, wrong, late or absent."""

import gzip
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
import trustme
from support.web_server import Page, WebServer, web_server

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.http.client import ClientPool, HttpResponse
from calsync.http.errors import OtherServerError
from calsync.http.options import WebOptions

BOARD = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@pytest.fixture(autouse=True)
def _no_retry_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def pool(**settings: object) -> ClientPool:
    return ClientPool(WebOptions.model_validate({"private_hosts": ("127.0.0.1", "localhost"), **settings}))


def get_from(clients: ClientPool, url: str) -> HttpResponse:
    with clients.client_for("m1 (a calendar)") as client:
        return client.require_status(client.request("GET", url), 200)


def get(url: str, **settings: object) -> HttpResponse:
    clients = pool(**settings)
    try:
        return get_from(clients, url)
    finally:
        clients.close()


def error_of(url: str, **settings: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        get(url, **settings)
    assert caught.value.calendar == "m1 (a calendar)"
    return caught.value


# --- transfer ---


def test_a_compressed_page_is_read(server: WebServer) -> None:
    assert get(server.set_pages("/a.ics", Page(BOARD, gzipped=True))).body == BOARD
    assert "gzip" in server.requests[0].headers["accept-encoding"]


def test_a_page_with_a_wrong_content_encoding_is_an_error(server: WebServer) -> None:
    page = Page(BOARD, headers={"Content-Encoding": "gzip"})
    assert "decompressed" in error_of(server.set_pages("/a.ics", page)).what


def test_a_page_is_measured_after_decompression(server: WebServer) -> None:
    bomb = Page(BOARD + b" " * 3_000_000, gzipped=True)
    assert len(gzip.compress(bomb.body)) < 10_000
    assert "larger than 1 MB" in error_of(server.set_pages("/a.ics", bomb), max_megabytes=1).what


def test_a_transfer_that_breaks_off_is_an_error(server: WebServer) -> None:
    error = error_of(server.set_pages("/a.ics", Page(BOARD, cut=10)))
    assert isinstance(error, SourceUnavailableError)
    assert "broke before the response was complete" in error.what
    assert len(server.requests) == 3


def test_a_server_that_sends_nothing_is_left_after_the_read_timeout(server: WebServer) -> None:
    error = error_of(server.set_pages("/a.ics", Page(silent=True)), read_seconds=0.2, attempts=1)
    assert isinstance(error, SourceUnavailableError)
    assert "sent nothing for more than 0.2 seconds" in error.what


def test_a_server_that_sends_slowly_is_left_at_the_total_limit(server: WebServer) -> None:
    page = Page(BOARD, drip=0.05)
    error = error_of(server.set_pages("/a.ics", page), read_seconds=5, total_seconds=0.4)
    assert isinstance(error, SourceUnavailableError)
    assert "longer than 0.4 seconds in all" in error.what
    assert len(server.requests) == 1


def test_a_page_without_end_is_an_error_at_the_total_limit(server: WebServer) -> None:
    page = Page(BOARD + b"\r\n" * 200, drip=0.02, headers={"Connection": "close"})
    assert "in all" in error_of(server.set_pages("/a.ics", page), total_seconds=2, attempts=1).what


def test_a_server_that_is_down_is_reported_as_unreachable() -> None:
    with web_server() as gone:
        url = gone.url("/a.ics")
    error = error_of(url)
    assert isinstance(error, SourceUnavailableError)
    assert "cannot be reached" in error.what


def test_a_server_that_is_down_is_tried_once_for_each_further_calendar(server: WebServer) -> None:
    silent = server.set_pages("/silent.ics", Page(silent=True))
    clients = pool(read_seconds=0.1, attempts=3)
    for _ in range(2):
        with pytest.raises(SourceUnavailableError):
            get_from(clients, silent)
    assert len(server.requests) == 3 + 1
    assert get_from(clients, server.set_pages("/a.ics", Page(BOARD))).body == BOARD
    with pytest.raises(SourceUnavailableError):
        get_from(clients, silent)
    assert len(server.requests) == 4 + 1 + 3
    clients.close()


def test_a_proxy_of_the_environment_is_used(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    server.set_pages("http://calendar.example/a.ics", Page(BOARD))
    assert get("http://calendar.example/a.ics").body == BOARD


def test_a_proxy_that_sends_slowly_is_left_at_the_total_limit(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    server.set_pages("http://calendar.example/a.ics", Page(BOARD, drip=0.05))
    assert "in all" in error_of("http://calendar.example/a.ics", total_seconds=0.4).what


def test_an_unknown_host_is_reported_as_such() -> None:
    assert "cannot be resolved" in error_of("https://calendar.invalid/a.ics", attempts=1).what


# --- statuses ---


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
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
def test_an_error_status_is_not_retried_and_has_a_hint(
    server: WebServer, status: int, kind: type[SourceError], hint: str
) -> None:
    error = error_of(server.set_pages("/a.ics", Page(status=status)))
    assert isinstance(error, kind)
    assert str(status) in error.what
    assert hint in error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_request_to_a_busy_server_is_repeated(server: WebServer, status: int) -> None:
    url = server.set_pages("/a.ics", Page(status=status), Page(status=status), Page(BOARD))
    assert get(url).body == BOARD
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_unavailable(server: WebServer) -> None:
    error = error_of(server.set_pages("/a.ics", Page(status=503)))
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
        assert get(url).body == BOARD
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert waits == [wait]


def test_a_retry_after_beyond_the_total_limit_ends_the_attempts(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(status=429, headers={"Retry-After": "3600"}), Page(BOARD))
    assert "429" in error_of(url, total_seconds=30).what
    assert len(server.requests) == 1


# --- redirects ---


def test_redirects_are_followed(server: WebServer) -> None:
    server.set_pages("/new.ics", Page(BOARD))
    for status in (301, 302, 303, 307, 308):
        url = server.set_pages("/old.ics", Page(status=status, headers={"Location": "/new.ics"}))
        assert get(url).body == BOARD, status


def test_a_redirect_loop_is_an_error(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(status=302, headers={"Location": "/a.ics"}))
    assert "more than 5 times" in error_of(url).what
    assert len(server.requests) == 6


def test_a_redirect_to_an_invalid_address_is_an_error(server: WebServer) -> None:
    for target in ("ftp://files.example/a.ics", "http://[::1", "https://"):
        url = server.set_pages("/a.ics", Page(status=302, headers={"Location": target}))
        assert isinstance(error_of(url), SourceContentError), target


def test_credentials_are_sent_to_their_own_server_only(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "pŵ:secret")
    with web_server() as other:
        target = other.set_pages("/new.ics", Page(BOARD))
        url = server.set_pages("/a.ics", Page(status=307, headers={"Location": target}))
        assert get(url, username="ana", password_env="CALSYNC_TEST_PW").body == BOARD
        assert server.requests[0].headers["authorization"] == "Basic YW5hOnDFtTpzZWNyZXQ="
        assert "authorization" not in other.requests[0].headers


def test_credentials_are_not_sent_again_when_another_server_redirects_back(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_TOKEN", "t0ken")
    back = server.set_pages("/back.ics", Page(BOARD))
    with web_server() as other:
        away = other.set_pages("/away.ics", Page(status=302, headers={"Location": back}))
        url = server.set_pages("/a.ics", Page(status=302, headers={"Location": away}))
        get(url, token_env="CALSYNC_TEST_TOKEN")
    assert [request.headers.get("authorization") for request in server.requests] == ["Bearer t0ken", None]


def test_a_redirect_from_https_to_http_is_an_error(
    secure: WebServer, server: WebServer, ca_file: Path
) -> None:
    target = server.set_pages("/b.ics", Page(BOARD))
    url = secure.set_pages("/a.ics", Page(status=302, headers={"Location": target}))
    assert "from https to http" in error_of(url, ca_file=ca_file).what
    assert server.requests == []


# --- credentials ---


def test_user_and_password_in_an_address_are_sent_and_not_shown_in_errors(server: WebServer) -> None:
    page = Page(status=401, headers={"WWW-Authenticate": "Basic"})
    url = server.set_pages("/a.ics", page).replace("http://", "http://ana:hunter2@")
    error = error_of(url)
    assert server.requests[0].headers["authorization"] == "Basic YW5hOmh1bnRlcjI="
    assert "hunter2" not in f"{error!r} {error} {error.calendar} {error.hint}"


def test_netrc_is_not_read(server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login root password toor\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    get(server.set_pages("/a.ics", Page(BOARD)))
    assert "authorization" not in server.requests[0].headers


def test_a_challenge_for_digest_names_the_setting(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "x")
    page = Page(status=401, headers={"WWW-Authenticate": 'Digest realm="cal", nonce="1"'})
    url = server.set_pages("/a.ics", page)
    assert 'auth = "digest"' in error_of(url, username="ana", password_env="CALSYNC_TEST_PW").hint


def test_digest_answers_the_challenge_without_sending_the_password(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "hunter2")
    challenge = {"WWW-Authenticate": 'Digest realm="cal", nonce="abc", qop="auth", algorithm=SHA-256'}
    url = server.set_pages("/a.ics", Page(status=401, headers=challenge), Page(BOARD))
    assert get(url, username="ana", password_env="CALSYNC_TEST_PW", auth="digest").body == BOARD
    sent = [request.headers.get("authorization", "") for request in server.requests]
    assert sent[1].startswith('Digest username="ana"')
    assert "hunter2" not in "".join(sent)


def test_a_password_is_not_sent_in_clear_text_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "x")
    error = error_of("http://calendar.example/a.ics", username="ana", password_env="CALSYNC_TEST_PW")
    assert isinstance(error, SourceAuthError)
    assert "allow_clear_text" in error.hint


def test_cookies_of_one_calendar_are_not_sent_for_another(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD, headers={"Set-Cookie": "session=ana; Path=/"}))
    clients = pool()
    for _ in range(2):
        get_from(clients, url)
    clients.close()
    assert "cookie" not in server.requests[1].headers


# --- TLS ---


def test_ca_file_is_trusted(secure: WebServer, ca_file: Path) -> None:
    assert get(secure.set_pages("/a.ics", Page(BOARD)), ca_file=ca_file).body == BOARD


def test_an_unknown_certificate_is_an_error_that_names_ca_file(secure: WebServer) -> None:
    error = error_of(secure.set_pages("/a.ics", Page(BOARD)))
    assert "certificate cannot be trusted" in error.what
    assert "ca_file" in error.hint
    assert secure.requests == []


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, ca_file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    with web_server(context) as elsewhere:
        error = error_of(elsewhere.set_pages("/a.ics", Page(BOARD)), ca_file=ca_file)
    assert "certificate cannot be trusted" in error.what


# --- one server only ---


def test_with_same_server_a_redirect_to_another_server_is_an_error(server: WebServer) -> None:
    with web_server() as other:
        url = server.set_pages("/a.ics", Page(status=302, headers={"Location": other.url("/b.ics")}))
        with pool().client_for("m1") as client, pytest.raises(OtherServerError, match="another server"):
            client.request("GET", url, same_server=True)
    assert other.requests == []
