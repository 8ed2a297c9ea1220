"""The ics source against a real HTTP server whose responses are correct, wrong, late or absent."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from contracts.ics_text import occurrences_to_ics
from contracts.source_contract import WINDOW, SourceContract
from support.builders import LONDON, occurrence
from support.web_server import Page, WebServer

from calsync.errors import SourceContentError, SourceError
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Severity
from calsync.sources.base import Calendar, FetchResult
from calsync.sources.ics import IcsOptions, IcsSource

BOARD = occurrences_to_ics(occurrence("10:00-11:00", uid="board", title="Board"))
LOOPBACK = ("127.0.0.1", "localhost")
SECRET = "/calendar/private-0123456789abcdef/basic.ics"
SETTLED = {"Last-Modified": "Sun, 01 Nov 2026 08:00:00 GMT", "Date": "Mon, 02 Nov 2026 08:00:00 GMT"}


@pytest.fixture(autouse=True)
def _no_retry_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


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


def error_of(address: str, **settings: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch(address, **settings)
    return caught.value


class WebHarness:
    def __init__(self, server: WebServer) -> None:
        self.server = server
        self.source = ics_source()

    def set_occurrences(self, name: str, *occurrences: Occurrence) -> Calendar:
        body = occurrences_to_ics(*occurrences)
        return calendar(
            self.server.set_pages(f"/{name}.ics", Page(body, headers={"ETag": f'"{hash(body)}"'}))
        )

    def missing(self) -> Calendar:
        return calendar(self.server.url("/nobody.ics"))


class TestIcsUrl(SourceContract):
    @pytest.fixture
    def harness(self, server: WebServer) -> Iterator[WebHarness]:
        harness = WebHarness(server)
        yield harness
        harness.source.close()


# --- what has not changed is not sent again ---


def test_an_etag_is_sent_back_and_304_means_unchanged(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD, headers={"ETag": '"v1"'}), Page(status=304))
    first = fetch(url)
    second = fetch(url, first.token)
    assert second == FetchResult(unchanged=True, token=first.token)
    assert [request.headers.get("if-none-match") for request in server.requests] == [None, '"v1"']


def test_an_old_last_modified_is_sent_back(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD, headers=SETTLED), Page(status=304))
    assert fetch(url, fetch(url).token).unchanged
    assert server.requests[1].headers["if-modified-since"] == SETTLED["Last-Modified"]


def test_a_last_modified_of_the_same_minute_is_not_sent_back(server: WebServer) -> None:
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


def test_an_unrequested_304_is_an_error(server: WebServer) -> None:
    assert isinstance(error_of(server.set_pages("/a.ics", Page(status=304))), SourceContentError)


# --- what is no calendar ---


def test_a_sign_in_page_is_an_error(server: WebServer) -> None:
    page = Page(b"<!DOCTYPE html><html><body>Sign in</body></html>", headers={"Content-Type": "text/html"})
    assert isinstance(error_of(server.set_pages("/a.ics", page)), SourceContentError)


def test_an_empty_page_is_an_error(server: WebServer) -> None:
    assert isinstance(error_of(server.set_pages("/a.ics", Page())), SourceContentError)


def test_only_the_listed_hosts_are_contacted(server: WebServer) -> None:
    url = server.set_pages("/a.ics", Page(BOARD))
    assert "none of the hosts of [sources.published]" in error_of(url, hosts=("calendar.example",)).what
    assert fetch(url, hosts=("127.0.0.1",)).occurrences


# --- webcal ---


def test_webcal_is_read_over_tls(secure: WebServer, ca_file: Path) -> None:
    secure.set_pages("/a.ics", Page(BOARD))
    for scheme in ("webcal", "webcals", "WEBCAL"):
        assert fetch(secure.url("/a.ics", scheme=scheme), ca_file=ca_file).problems == ()


def test_webcal_without_tls_is_read_over_http_with_a_note(server: WebServer) -> None:
    server.set_pages("/a.ics", Page(BOARD))
    fetched = fetch(server.url("/a.ics", scheme="webcal"))
    assert len(fetched.occurrences) == 1
    assert [problem.severity for problem in fetched.problems] == [Severity.NOTE]


def test_webcal_with_an_unknown_certificate_is_not_read_over_http(secure: WebServer) -> None:
    secure.set_pages("/a.ics", Page(BOARD))
    assert "certificate cannot be trusted" in error_of(secure.url("/a.ics", scheme="webcal")).what


# --- addresses and secrets ---


@pytest.mark.parametrize(
    "address",
    ["ftp://files.example/a.ics", "http://", "https://[::1/a.ics", "http://x:99999/", "http://a b/"],
)
def test_the_error_of_an_invalid_address_names_the_calendar(address: str) -> None:
    assert isinstance(error_of(address), SourceContentError)


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
    error = error_of(url, read_seconds=0.2)
    said = "".join(traceback.format_exception(error)) + f"{error!r}{error.calendar}{error.hint}"
    said += "".join(str(vars(record)) + record.getMessage() for record in caplog.records)
    assert "0123456789abcdef" not in said
