"""Private addresses are refused unless the settings allow them, at every redirect and connection."""

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
import trustme
from contracts.ics_text import occurrences_to_ics
from contracts.source_contract import WINDOW
from hypothesis import given
from hypothesis import strategies as st
from support.builders import LONDON, occurrence
from support.web_server import Page, WebServer, web_server

from calsync.errors import SourceAuthError, SourceContentError, SourceError
from calsync.http.address_guard import AddressGuard, AddressRefusedError
from calsync.http.credentials import Origin
from calsync.sources.base import Calendar
from calsync.sources.caldav.source import CaldavOptions, CaldavSource
from calsync.sources.ics import IcsOptions, IcsSource
from calsync.sources.m365.connection import open_account
from calsync.sources.m365.options import M365Options

BOARD = occurrences_to_ics(occurrence("10:00-11:00", uid="board", title="Board"))

PRIVATE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "017700000001", "0.0.0.0", "0",
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "192.0.0.8", "198.18.0.1", "192.88.99.1", "192.0.2.1",
    "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::",
    "2001:db8::1", "localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1.",
    "１２７.0.0.1", "127。0。0。1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "calendar.example"]


@pytest.fixture(autouse=True)
def _no_retry_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


def calendar(address: str, source: str = "published") -> Calendar:
    return Calendar("m1", source, address, frozenset(), LONDON)


def read(address: str, **settings: object) -> list[str]:
    source = IcsSource("published", IcsOptions.model_validate(settings))
    try:
        return [o.uid for o in source.fetch(calendar(address), WINDOW).occurrences]
    finally:
        source.close()


def error_of(address: str, **settings: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(address, **settings)
    return caught.value


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_in_any_form_is_refused(host: str) -> None:
    with pytest.raises(AddressRefusedError):
        AddressGuard.of().check_host(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_or_name_is_allowed(host: str) -> None:
    AddressGuard.of().check_host(host)


@given(st.ip_addresses())
def test_no_address_that_is_not_global_may_be_connected_to(address: ipaddress._BaseAddress) -> None:
    try:
        AddressGuard.of().allowed_addresses("name.example", [str(address)])
    except AddressRefusedError:
        return
    assert address.is_global and not address.is_multicast


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "[::ffff:127.0.0.1]"]
)
def test_a_roster_address_on_this_machine_is_refused_and_nothing_is_sent(
    server: WebServer, host: str
) -> None:
    server.set_pages("/a.ics", Page(BOARD))
    error = error_of(server.url("/a.ics", host))
    assert isinstance(error, SourceAuthError)
    assert "private_hosts" in error.hint
    assert server.requests == []


@pytest.mark.parametrize(
    "allowed", [["127.0.0.1"], ["127.0.0.0/8"], ["0x7f000001"], ["127.0.0.1", "10.0.0.0/8"]]
)
def test_private_hosts_allow_an_address(server: WebServer, allowed: list[str]) -> None:
    assert read(server.set_pages("/a.ics", Page(BOARD)), private_hosts=allowed) == ["board"]


def test_private_hosts_allow_a_name_and_no_other(server: WebServer) -> None:
    server.set_pages("/a.ics", Page(BOARD))
    assert read(server.url("/a.ics", "localhost"), private_hosts=["localhost"]) == ["board"]
    assert "private network" in error_of(server.url("/a.ics"), private_hosts=["localhost"]).what


@pytest.mark.parametrize("entry", ["http://a.example", "a.example:80", "10.0.0.0/99", "", "a b", "-x"])
def test_an_entry_of_private_hosts_is_a_host_an_address_or_a_network(entry: str) -> None:
    with pytest.raises(ValueError, match="private_hosts"):
        IcsOptions.model_validate({"private_hosts": [entry]})


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str], name: str = "name.example") -> list[str]:
    """Let the system resolve a name to these addresses, one list for each look-up; returns the look-ups."""
    look_ups: list[str] = []
    real_getaddrinfo = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: object, **more: object) -> list[tuple[object, ...]]:
        if host != name:
            return real_getaddrinfo(host, port, *rest, **more)  # type: ignore[arg-type,return-value]
        look_ups.append(host)
        addresses = answers[min(len(look_ups), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return look_ups


def test_a_name_that_resolves_to_a_private_address_is_refused(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["127.0.0.1"])
    error = error_of(server.url("/a.ics", "name.example"))
    assert "name.example" in error.what and "127.0.0.1" in error.what
    assert server.requests == []
    assert error_of(server.url("/a.ics", "name.example"), hosts=["name.example"]).hint == error.hint


def test_a_name_in_private_hosts_may_resolve_to_any_address(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.set_pages("/a.ics", Page(BOARD))
    resolve_to(monkeypatch, ["127.0.0.1"])
    assert read(server.url("/a.ics", "name.example"), private_hosts=["name.example"]) == ["board"]


def test_the_connection_goes_to_the_address_that_was_checked(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is public, every later one is this machine."""
    look_ups = resolve_to(monkeypatch, ["192.31.196.1"], ["127.0.0.1"])
    error_of(server.url("/a.ics", "name.example"), connect_seconds=0.1, attempts=1)
    assert (len(look_ups), server.requests) == (1, [])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "name.example"])
def test_a_redirect_to_a_private_address_is_refused(
    server: WebServer, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first server takes the part of a public one: its address is the only one that is allowed."""
    resolve_to(monkeypatch, ["127.0.0.3"])
    resolve_to(monkeypatch, ["127.0.0.1"], name="first.localhost")
    inside = f"http://{host}:{server.port}/inside.ics"
    server.set_pages("/inside.ics", Page(BOARD))
    url = server.set_pages("/a.ics", Page(status=302, headers={"Location": inside}))
    error = error_of(url.replace("127.0.0.1", "first.localhost"), private_hosts=["first.localhost"])
    assert "private" in error.what
    assert [request.path for request in server.requests] == ["/a.ics"]


def test_hosts_apply_to_a_redirect(server: WebServer) -> None:
    server.set_pages("/inside.ics", Page(BOARD))
    elsewhere = server.url("/inside.ics", "localhost")
    url = server.set_pages("/a.ics", Page(status=302, headers={"Location": elsewhere}))
    allowed = {"private_hosts": ["127.0.0.1", "localhost"]}
    assert "none of the hosts" in error_of(url, hosts=["127.0.0.1"], **allowed).what
    assert [request.path for request in server.requests] == ["/a.ics"]
    assert read(url, hosts=["127.0.0.1", "localhost"], **allowed) == ["board"]


def test_hosts_apply_to_the_second_redirect_too(server: WebServer) -> None:
    server.set_pages("/b.ics", Page(status=302, headers={"Location": server.url("/c.ics", "localhost")}))
    url = server.set_pages("/a.ics", Page(status=302, headers={"Location": "/b.ics"}))
    assert "none of the hosts" in error_of(url, hosts=["127.0.0.1"]).what


def test_credentials_are_not_sent_to_another_host(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_TOKEN", "t0ken")
    with web_server() as other:
        other.set_pages("/b.ics", Page(status=302, headers={"Location": server.url("/c.ics")}))
        server.set_pages("/c.ics", Page(BOARD))
        url = server.set_pages("/a.ics", Page(status=302, headers={"Location": other.url("/b.ics")}))
        assert read(url, private_hosts=["127.0.0.1"], token_env="CALSYNC_TEST_TOKEN") == ["board"]
        assert [request.headers.get("authorization") for request in other.requests] == [None]
        assert [request.headers.get("authorization") for request in server.requests] == ["Bearer t0ken", None]


@pytest.mark.parametrize("address", ["https://a.example\\@b.example/", "https://a.example\\.b.example/"])
def test_the_host_of_an_ambiguous_address_is_the_one_that_is_connected_to(address: str) -> None:
    with contextlib.suppress(ValueError):
        assert Origin.of(address).host == "a.example"


def test_a_webcal_address_is_not_requested_in_clear_text_after_a_failed_redirect(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    with web_server(context) as secure, socket.create_server(("127.0.0.1", 0)) as gone:
        dead = gone.getsockname()[1]
        gone.close()
        secure.set_pages("/a.ics", Page(status=302, headers={"Location": f"https://127.0.0.1:{dead}/"}))
        url = secure.url("/a.ics", scheme="webcal")
        error = error_of(url, private_hosts=["127.0.0.1"], ca_file=str(pem))
    assert "cannot be reached" in error.what
    assert {request.path for request in secure.requests} == {"/a.ics"}


def test_the_host_of_a_caldav_url_is_allowed_and_its_redirects_are_not(server: WebServer) -> None:
    source = CaldavSource("dav", CaldavOptions.model_validate({"url": server.url("/")}))
    moved = Page(status=301, headers={"Location": server.url("/b/", "localhost")})
    server.set_pages("/ana/", moved)
    with pytest.raises(SourceContentError, match="another server"):
        source.fetch(calendar("/ana/", "dav"), WINDOW)
    source.close()
    assert {request.path for request in server.requests} == {"/ana/"}


def test_a_caldav_resource_on_another_host_is_requested_from_the_configured_one(server: WebServer) -> None:
    with web_server() as other:
        listing = (
            '<d:multistatus xmlns:d="DAV:"><d:response><d:href>'
            f"{other.url('/ana/a.ics')}</d:href></d:response></d:multistatus>"
        )
        server.set_pages("/ana/", Page(listing.encode(), 207))
        source = CaldavSource("dav", CaldavOptions.model_validate({"url": server.url("/")}))
        with pytest.raises(SourceError):
            source.fetch(calendar("/ana/", "dav"), WINDOW)
        source.close()
        assert other.requests == []
    assert "/ana/a.ics" in [request.path for request in server.requests]


def test_graph_allows_its_own_hosts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_TOKEN", "t0ken")
    given_root = {"token_env": "CALSYNC_TEST_TOKEN", "graph_root": "http://127.0.0.1:9/"}
    guard = M365Options.model_validate(given_root).address_guard
    guard.check_host("127.0.0.1")
    assert guard.allowed_addresses("login.microsoftonline.com", ["10.0.0.1"]) == ["10.0.0.1"]
    with pytest.raises(AddressRefusedError):
        guard.allowed_addresses("elsewhere.example", ["10.0.0.1"])


@pytest.mark.parametrize("name", ["get_session", "get_naive_session"])
def test_every_session_of_o365_is_guarded(
    server: WebServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_TOKEN", "t0ken")
    connection = open_account(M365Options(token_env="CALSYNC_TEST_TOKEN")).con
    try:
        with pytest.raises(AddressRefusedError, match="private network"):
            getattr(connection, name)().get(server.url("/"))
    finally:
        connection.close()
    assert server.requests == []


def test_behind_a_proxy_private_addresses_are_refused(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.setenv("no_proxy", "")
    for host in ("127.0.0.1", "2130706433", "localhost", "10.0.0.1"):
        assert "private" in error_of(f"http://{host}/a.ics").what
    assert server.requests == []


def test_a_proxy_of_the_environment_may_be_private(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.setenv("no_proxy", "")
    server.set_pages("http://calendar.example/a.ics", Page(BOARD))
    assert read("http://calendar.example/a.ics") == ["board"]
