"""CalDAV resources that are listed and not delivered: reported, requested again, and others are read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
import stamina
from contracts.ics_text import occurrences_to_ics
from contracts.source_contract import WINDOW
from hypothesis import given
from hypothesis import strategies as st
from support.builders import LONDON, at, occurrence
from support.hypothesis_profiles import examples
from support.web_server import Page, ReceivedRequest, WebServer, web_server

from calsync.errors import SourceAuthError, SourceError, SourceUnavailableError
from calsync.model.problem import Severity
from calsync.model.span import Span
from calsync.sources.base import Calendar, FetchResult
from calsync.sources.caldav import resources as dav_resources
from calsync.sources.caldav.resources import UidsByResource
from calsync.sources.caldav.source import CaldavOptions, CaldavSource
from calsync.sources.caldav.xml import NotMultistatusError, parse_multistatus
from calsync.sources.ical.read import read_calendar
from calsync.sources.tokens import keep_uids_only

PATH = "/ana/work/"
HEAD = '<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'


def ics_of(uid: str, when: str = "10:00-11:00") -> str:
    return occurrences_to_ics(occurrence(when, uid=uid, title=uid)).decode()


def response(href: str, inside: str, status: str = "200 OK") -> str:
    propstat = f"<d:propstat><d:prop>{inside}</d:prop><d:status>HTTP/1.1 {status}</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{propstat}</d:response>"


def status_response(href: str, status: str = "404 Not Found") -> str:
    return f"<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 {status}</d:status></d:response>"


def content(href: str, text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return response(href, f"<d:getetag>1</d:getetag><c:calendar-data>{escaped}</c:calendar-data>")


class MisbehavingServer(WebServer):
    """A collection on loopback. `listed` are its hrefs; `give` maps an href to its part of a multiget.

    Every ETag and the sync token stay the same, whatever is delivered. `files` are answered to GET.
    """

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[str] = []
        self.multiget_part: Callable[[str], str | bytes] = lambda href: content(
            href, ics_of(unquote(href)[-5:])
        )
        self.listing_part: Callable[[str], str | bytes] = lambda href: response(
            href, "<d:getetag>1</d:getetag>"
        )
        self.files: dict[str, bytes] = {}
        self.sync = True
        self.multiget_status = 207

    def next_page(self, request: ReceivedRequest) -> Page:
        self.requests.append(request)
        if request.method == "GET":
            body = self.files.get(request.path)
            return Page(status=404) if body is None else Page(body)
        if b"sync-collection" in request.body and not self.sync:
            return Page(status=501)
        if b"calendar-multiget" in request.body:
            hrefs = [part.partition(b"</")[0].decode() for part in request.body.split(b"<d:href>")[1:]]
            parts = [self.multiget_part(href) for href in hrefs]
            return self._answer(parts) if self.multiget_status == 207 else Page(status=self.multiget_status)
        unchanged = b"<d:sync-token>t1" in request.body
        token = "<d:sync-token>t1</d:sync-token>" if self.sync else ""
        return self._answer([*([] if unchanged else map(self.listing_part, self.listed)), token])

    @staticmethod
    def _answer(parts: list[str | bytes]) -> Page:
        body = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
        return Page(HEAD.encode() + body + b"</d:multistatus>", 207)


@pytest.fixture(autouse=True)
def _no_retry_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture(params=[True, False], ids=["sync", "etags"])
def server(request: pytest.FixtureRequest) -> Iterator[MisbehavingServer]:
    running = MisbehavingServer()
    running.sync = request.param
    running.listed = [f"{PATH}{name}.ics" for name in "abc"]
    yield running
    running.stop()


def calendar() -> Calendar:
    return Calendar("m1", "dav", PATH, frozenset({"ana@brynfelin.example"}), LONDON)


def fetch(server: WebServer, token: str = "", window: Span = WINDOW, **settings: object) -> FetchResult:
    given_settings = {"url": server.url("/"), "attempts": 1, **settings}
    source = CaldavSource("dav", CaldavOptions.model_validate(given_settings))
    try:
        return source.fetch(calendar(), window, token)
    finally:
        source.close()


def uids(fetched: FetchResult) -> list[str]:
    return [o.uid for o in fetched.occurrences]


def only_for_b(part: Callable[[str], str | bytes]) -> Callable[[str], str | bytes]:
    def give(href: str) -> str | bytes:
        return part(href) if href.endswith("b.ics") else content(href, ics_of(href[-5:]))

    return give


FAULTS: dict[str, Callable[[str], str | bytes]] = {
    "404": status_response,
    "410": lambda href: status_response(href, "410 Gone"),
    "403": lambda href: status_response(href, "403 Forbidden"),
    "500": lambda href: status_response(href, "500 Internal Server Error"),
    "503 of the property": lambda href: response(href, "<c:calendar-data/>", "503 Service Unavailable"),
    "403 of the property": lambda href: response(href, "<c:calendar-data/>", "403 Forbidden"),
    "404 of the property": lambda href: response(href, "<c:calendar-data/>", "404 Not Found"),
    "missing": lambda _: "",
    "empty": lambda href: content(href, ""),
    "no property": lambda href: response(href, "<d:getetag>1</d:getetag>"),
    "no calendar": lambda href: content(href, "<html>Sign in</html>"),
    "cut": lambda href: content(href, ics_of("b")[:-30]),
    "a tag that is not closed": lambda href: content(href, ics_of("b")).replace("</c:calendar-data>", ""),
    "an unknown prefix": lambda href: content(href, "x").replace("c:calendar-data", "q:calendar-data"),
    "a response without end": lambda href: content(href, ics_of("b")).replace("</d:response>", ""),
    "nonsense between tags": lambda href: f"<d:response><d:href>{href}</d:href><<<>>></d:response>",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_undelivered_resource_is_reported_and_requested_every_night_until_it_is_read(
    server: MisbehavingServer, fault: str
) -> None:
    server.multiget_part = only_for_b(FAULTS[fault])
    token = ""
    for _ in range(3):
        requests_before = len(server.requests)
        night = fetch(server, token)
        assert (uids(night), night.unchanged) == (["a.ics", "c.ics"], False)
        assert ["b.ics" in problem.where for problem in night.problems] == [True]
        assert night.problems[0].severity is Severity.FAULT
        assert any(b"b.ics" in request.body for request in server.requests[requests_before:])
        token = night.token
    server.multiget_part = only_for_b(lambda href: content(href, ics_of("b.ics")))
    healed = fetch(server, token)
    assert (uids(healed), healed.problems, bool(healed.unread)) == (["a.ics", "b.ics", "c.ics"], (), False)
    assert fetch(server, healed.token).unchanged


@pytest.mark.parametrize("fault", FAULTS)
def test_stored_meetings_of_an_undelivered_resource_stay_and_no_others(
    server: MisbehavingServer, fault: str
) -> None:
    first = fetch(server)
    server.listing_part = lambda href: response(href, "<d:getetag>2</d:getetag>")
    server.sync = False
    server.listed = server.listed[:2]
    server.multiget_part = only_for_b(FAULTS[fault])
    second = fetch(server, first.token)
    assert [second.unread.must_keep(uid) for uid in ("a.ics", "b.ics", "c.ics")] == [False, True, False]


def test_the_status_of_an_undelivered_resource_is_reported(server: MisbehavingServer) -> None:
    server.multiget_part = only_for_b(FAULTS["503 of the property"])
    assert "503 Service Unavailable" in fetch(server).problems[0].what


def test_with_an_unread_resource_of_unknown_uids_all_unread_meetings_stay(
    server: MisbehavingServer,
) -> None:
    server.multiget_part = only_for_b(status_response)
    fetched = fetch(server)
    assert [fetched.unread.must_keep(uid) for uid in ("a.ics", "b.ics", "whatever")] == [False, True, True]


def test_stored_uids_apply_to_another_window(server: MisbehavingServer) -> None:
    first = fetch(server)
    server.listed = server.listed[:2]
    server.multiget_part = only_for_b(status_response)
    later = Span(at("09:00"), at("20:00"))
    second = fetch(server, keep_uids_only(first.token), later)
    assert [second.unread.must_keep(uid) for uid in ("a.ics", "b.ics", "c.ics")] == [False, True, False]


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ("empty", "no property")])
def test_a_calendar_without_a_delivered_resource_is_an_error(server: MisbehavingServer, fault: str) -> None:
    server.multiget_part = FAULTS[fault]
    with pytest.raises(SourceError):
        fetch(server)


def test_a_resource_missing_from_multiget_is_requested_by_itself(server: MisbehavingServer) -> None:
    server.multiget_part = only_for_b(FAULTS["a tag that is not closed"])
    server.files[f"{PATH}b.ics"] = ics_of("b.ics").encode()
    fetched = fetch(server)
    assert (uids(fetched), fetched.problems) == (["a.ics", "b.ics", "c.ics"], ())
    assert fetch(server, fetched.token).unchanged


@pytest.mark.parametrize("status", [400, 403, 405, 413, 500, 501, 503])
def test_without_multiget_resources_are_requested_one_by_one(server: MisbehavingServer, status: int) -> None:
    server.multiget_status = status
    server.files = {f"{PATH}{name}.ics": ics_of(name).encode() for name in "ac"}
    fetched = fetch(server)
    assert uids(fetched) == ["a", "c"]
    assert "b.ics" in fetched.problems[0].where


@pytest.mark.parametrize(("status", "kind"), [(503, SourceUnavailableError), (401, SourceAuthError)])
def test_a_server_that_sends_no_resource_is_an_error(
    server: MisbehavingServer, status: int, kind: type[SourceError]
) -> None:
    server.multiget_status = status
    with pytest.raises(kind):
        fetch(server)


def test_failed_requests_for_single_resources_are_limited(server: MisbehavingServer) -> None:
    server.listed = [f"{PATH}{number:04}.ics" for number in range(1000)] + [f"{PATH}a.ics"]
    server.multiget_part = lambda href: (
        content(href, ics_of("a")) if href.endswith("/a.ics") else status_response(href)
    )
    fetched = fetch(server)
    assert uids(fetched) == ["a"]
    assert sum(request.method == "GET" for request in server.requests) <= 50


# --- XML that is none ---

REPAIRED: dict[str, tuple[bytes, str]] = {
    "a control character": (b"Gr\x0bup", "Grup"),
    "a zero byte": (b"Gr\x00up", "Grup"),
    "a reference to a control character": (b"Gr&#11;up", "Grup"),
    "a reference to half a character": (b"Gr&#xD83D;up", "Grup"),
    "Latin-1": (b"caf\xe9", "café"),
    "Windows-1252": (b"\x93Board\x94", "“Board”"),
    "an ampersand": (b"Health & Care", "Health & Care"),
}


@pytest.mark.parametrize("kind", REPAIRED)
def test_illegal_xml_characters_are_removed_with_a_note(server: MisbehavingServer, kind: str) -> None:
    raw, title = REPAIRED[kind]
    server.multiget_part = only_for_b(
        lambda href: content(href, ics_of("b.ics")).encode().replace(b"SUMMARY:b.ics", b"SUMMARY:" + raw)
    )
    fetched = fetch(server)
    assert sorted(o.title for o in fetched.occurrences) == sorted(["a.ics", title, "c.ics"])
    assert [problem.severity for problem in fetched.problems] == [Severity.NOTE]
    assert "b.ics" in fetched.problems[0].where


@pytest.mark.parametrize("end", [b"", b"</d:respon", b"</d:response>"])
def test_a_listing_that_breaks_off_is_an_error(server: MisbehavingServer, end: bytes) -> None:
    whole = b"".join(response(href, "<d:getetag>1</d:getetag>").encode() for href in server.listed)
    with pytest.raises(NotMultistatusError):
        parse_multistatus(HEAD.encode() + whole.removesuffix(b"</d:response>") + end)


def test_with_an_entry_without_address_all_meetings_stay_and_the_next_fetch_reads_again(
    server: MisbehavingServer,
) -> None:
    first = fetch(server)
    server.sync = False
    server.listing_part = only_for_b(lambda _: "<d:response><d:href>\x01<</d:href></d:response>")
    second = fetch(server, keep_uids_only(first.token))
    assert uids(second) == ["a.ics", "c.ics"]
    assert second.unread.must_keep("b.ics") and second.unread.must_keep("whatever")
    assert "without a readable address" in second.problems[0].what
    assert not fetch(server, second.token).unchanged


BYTES = st.lists(
    st.sampled_from([b"a", b"<", b"&", b"\x00", b"\xff", b"]]>", b"&#1;", b"</d:response>", b"\xc3"])
)


@given(BYTES)
@examples(150)
def test_any_content_of_one_response_does_not_affect_others(junk: list[bytes]) -> None:
    good = [content(f"{PATH}{name}.ics", ics_of(name)).encode() for name in "ac"]
    bad = f"<d:response><d:href>{PATH}b.ics</d:href>".encode() + b"".join(junk) + b"</d:response>"
    answer = parse_multistatus(HEAD.encode() + good[0] + bad + good[1] + b"</d:multistatus>")
    read = [part.element.findtext("{DAV:}href") for part in answer.responses if part.element is not None]
    assert [f"{PATH}a.ics", f"{PATH}c.ics"] == [href for href in read if href != f"{PATH}b.ics"]


# --- one resource, many spellings ---

SPELLINGS = [
    ("a%40x.ics", "a@x.ics"),
    ("a@x.ics", "a%40x.ics"),
    ("caf%c3%a9.ics", "caf%C3%A9.ics"),
    ("caf%E9.ics", "caf%C3%A9.ics"),
    ("caf%C3%A9.ics", "caf%E9.ics"),
    ("caf%E9.ics", "caf%e9.ics"),
    ("caf%C3%A9.ics", "cafe%CC%81.ics"),
    ("a%2540x.ics", "a%40x.ics"),
    ("a%20x.ics", "a%2520x.ics"),
    ("a.ics", "a.ics/"),
    ("a.ics/", "a.ics"),
    ("caf%E9.ics", "caf\udce9.ics"),
]


@pytest.mark.parametrize(("listed", "answered"), SPELLINGS)
def test_a_resource_is_matched_in_another_spelling(
    server: MisbehavingServer, listed: str, answered: str
) -> None:
    server.listed = [f"{PATH}{listed}"]
    server.multiget_part = lambda _: content(f"{PATH}{answered}", ics_of("a")).encode(
        "utf-8", "surrogateescape"
    )
    fetched = fetch(server)
    assert uids(fetched) == ["a"]
    assert [problem for problem in fetched.problems if problem.severity is Severity.FAULT] == []
    assert fetch(server, fetched.token).unchanged


def test_a_full_address_is_the_same_resource(server: MisbehavingServer) -> None:
    server.listed = [server.url(f"{PATH}a.ics"), f"{PATH}b.ics"]
    server.multiget_part = lambda href: content(f"https://inside.example{PATH}{href[-5:]}", ics_of(href[-5:]))
    assert uids(fetch(server)) == ["a.ics", "b.ics"]


@pytest.mark.parametrize("swapped", [False, True])
def test_two_names_in_latin_1_are_never_confused(server: MisbehavingServer, swapped: bool) -> None:
    names = ["caf%E9.ics", "caf%E8.ics"]
    server.listed = [f"{PATH}{name}" for name in names]
    server.multiget_part = lambda href: content(href, ics_of(href[-5:-4]))
    hrefs = fetch(server).token
    assert uids(fetch(server)) == ["8", "9"]
    server.multiget_part = lambda href: (
        status_response(href) if ("%E9" in href) == swapped else content(href, ics_of(href[-5:-4]))
    )
    server.listing_part = lambda href: response(href, "<d:getetag>2</d:getetag>")
    server.sync = False
    second = fetch(server, hrefs)
    lost = "9" if swapped else "8"
    assert (lost not in uids(second), second.unread.uids) == (True, frozenset({lost}))


def test_a_response_that_matches_two_resources_is_used_for_neither(server: MisbehavingServer) -> None:
    server.listed = [f"{PATH}a%2540x.ics", f"{PATH}a%252540x.ics", f"{PATH}c.ics"]
    server.multiget_part = lambda href: content(href, ics_of("c")) if "c.ics" in href else ""
    fetched = fetch(server)
    assert uids(fetched) == ["c"]
    assert len(fetched.problems) == 2


NAMES = st.text(st.sampled_from("ab%@é/ 0"), min_size=1, max_size=6)


@given(st.dictionaries(NAMES, st.sets(st.sampled_from("uvw"))), st.sets(NAMES), st.sets(NAMES))
def test_stored_uids_of_an_unread_resource_stay(
    known: dict[str, set[str]], listed: set[str], read: set[str]
) -> None:
    before = {f"/{number}.ics": frozenset(own) for number, own in enumerate(known.values())}
    names = [*before, *(f"/new{number}.ics" for number, _ in enumerate(listed))]
    seen = {name: frozenset({f"r{n}"}) for n, name in enumerate(names) if n % 2 == len(read) % 2}
    kept = {name.rpartition("/")[2]: own for name, own in before.items()}
    unread = UidsByResource(kept, names, seen, has_unnamed=False).to_unread(frozenset())
    for name in names:
        if name not in seen:
            assert all(unread.must_keep(uid) for uid in before.get(name, ()))


# --- one event of several ---


def test_stored_meetings_of_an_unreadable_event_stay(server: MisbehavingServer) -> None:
    broken = ics_of("b.ics").replace("DTSTART", "DTSTART;X=1:rubbish\r\nX-WAS")
    server.multiget_part = only_for_b(lambda href: content(href, broken))
    fetched = fetch(server)
    assert uids(fetched) == ["a.ics", "c.ics"]
    assert ["b.ics" in problem.where for problem in fetched.problems] == [True]
    assert [fetched.unread.must_keep(uid) for uid in ("a.ics", "b.ics", "c.ics")] == [False, True, False]


def test_many_broken_events_are_reported_by_resource_and_read_once(
    server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = []

    def counted(*args: Any, **options: Any) -> Any:
        readings.append(args)
        return read_calendar(*args, **options)

    monkeypatch.setattr(dav_resources, "read_calendar", counted)
    server.listed = [f"{PATH}{number:03}.ics" for number in range(200)]
    broken = {href for number, href in enumerate(server.listed) if number % 2}

    def give(href: str) -> str:
        text = ics_of(href[-7:-4])
        return content(
            href, text.replace("DTSTART", "DTSTART;X=1:rubbish\r\nX-WAS") if href in broken else text
        )

    server.multiget_part = give
    fetched = fetch(server)
    assert len(readings) == 1
    places = [problem.where.split()[2] for problem in fetched.problems]
    assert places == [f"{href[-7:]}," for href in server.listed if href in broken]
    assert len({problem.where.split(", ")[1] for problem in fetched.problems}) == 1, (
        "lines count from each begin"
    )
    assert [fetched.unread.must_keep(f"{number:03}") for number in (0, 1, 198, 199)] == [
        False,
        True,
        False,
        True,
    ]


def test_stored_meetings_without_uid_stay_with_an_unreadable_event_without_uid(
    server: MisbehavingServer,
) -> None:
    without = ics_of("b.ics").replace("UID:b.ics\r\n", "")
    server.multiget_part = only_for_b(lambda href: content(href, without))
    stored_uid = next(uid for uid in uids(fetch(server)) if uid not in ("a.ics", "c.ics"))
    server.multiget_part = only_for_b(
        lambda href: content(href, without.replace("DTSTART", "DTSTART;X=1:rubbish\r\nX-WAS"))
    )
    unread = fetch(server).unread
    assert [unread.must_keep(uid) for uid in ("a.ics", stored_uid, "other")] == [False, True, False]


def test_a_report_without_sync_token_does_not_mean_unchanged(server: MisbehavingServer) -> None:
    server.sync = True
    token = fetch(server).token
    server.listed = server.listed[:2]
    server.listing_part = lambda href: response(href, "<d:getetag>2</d:getetag>")
    next_page = server.next_page

    def without_token(request: ReceivedRequest) -> Page:
        page = next_page(request)
        return replace(page, body=page.body.replace(b"<d:sync-token>t1</d:sync-token>", b""))

    server.next_page = without_token  # type: ignore[method-assign]
    assert uids(fetch(server, token)) == ["a.ics", "b.ics"]


@pytest.mark.parametrize("line", ["404 Not Found", " HTTP/1.1 404 Not Found", "http/1.1 404", "HTTP/2 404"])
def test_a_status_is_read_without_its_http_version(server: MisbehavingServer, line: str) -> None:
    server.multiget_part = only_for_b(
        lambda href: status_response(href).replace("HTTP/1.1 404 Not Found", line)
    )
    assert "404 Not Found" in fetch(server).problems[0].what


# --- a calendar of a home ---


@pytest.mark.parametrize("fault", ["403 Forbidden", "500 Internal Server Error"])
def test_a_calendar_listed_with_an_error_is_not_left_out(fault: str) -> None:
    kind = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
    with web_server() as home:
        parts = response("/ana/", ""), response("/ana/a/", kind), status_response("/ana/b/", fault)
        body = HEAD + "".join(parts) + "</d:multistatus>"
        home.set_pages("/ana/", Page(body.encode(), 207))
        source = CaldavSource("dav", CaldavOptions.model_validate({"url": home.url("/")}))
        found = source.calendars(Calendar("m1", "dav", "/ana/", frozenset(), LONDON))
        source.close()
    assert [calendar.address for calendar in found] == ["/ana/a/", "/ana/b/"]
