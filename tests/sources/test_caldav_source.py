"""The caldav source against real servers: Radicale and Xandikos."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from contracts.ics_text import occurrences_to_ics
from contracts.source_contract import WINDOW, SourceContract, fetch_only_calendar
from support.builders import LONDON, at, occurrence
from support.dav_servers import OWNER, READER, DavServer, radicale, xandikos

from calsync.errors import SourceAuthError, SourceContentError
from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.model.unread_parts import ALL_READ
from calsync.sources.base import Calendar, FetchResult
from calsync.sources.caldav.source import CaldavOptions, CaldavSource
from calsync.sources.guards import build_result
from calsync.sources.ical.read import read_calendar

CALENDARS = Path(__file__).parents[1] / "calendars"
FORUM = (CALENDARS / "weekly_in_a_windows_zone_with_a_moved_override.ics").read_bytes()
LEAVE = (CALENDARS / "all_day_leave.ics").read_bytes()


@pytest.fixture(scope="session")
def radicale_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DavServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture(scope="session")
def xandikos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DavServer]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as server:
        yield server


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest) -> DavServer:
    running: DavServer = request.getfixturevalue(f"{request.param}_server")
    return running


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_DAV", READER[1])


def caldav_source(server: DavServer, **settings: object) -> CaldavSource:
    given: dict[str, object] = {"url": server.root, "username": READER[0], "password_env": "CALSYNC_TEST_DAV"}
    return CaldavSource("dav", CaldavOptions.model_validate({**given, **settings}))


def calendar(address: str) -> Calendar:
    return Calendar("m1", "dav", address, frozenset({"ana@brynfelin.example"}), LONDON)


@pytest.fixture
def source(server: DavServer) -> Iterator[CaldavSource]:
    opened = caldav_source(server)
    yield opened
    opened.close()


class DavHarness:
    """Each calendar is the only one in the home of a user of its own, whose home is the address."""

    def __init__(self, server: DavServer) -> None:
        self.server = server
        self.source = caldav_source(server)
        self._homes: dict[str, str] = {}

    def set_occurrences(self, name: str, *occurrences: Occurrence) -> Calendar:
        if name not in self._homes:
            self._homes[name] = self.server.new_user(name)
            self.server.new_calendar(f"{self._homes[name]}work/")
        self.server.set_occurrences(f"{self._homes[name]}work/", occurrences)
        return calendar(self._homes[name])

    def missing(self) -> Calendar:
        return calendar("/nobody/")


class TestRadicale(SourceContract):
    @pytest.fixture
    def harness(self, radicale_server: DavServer) -> Iterator[DavHarness]:
        harness = DavHarness(radicale_server)
        yield harness
        harness.source.close()


class TestXandikos(SourceContract):
    @pytest.fixture
    def harness(self, xandikos_server: DavServer) -> Iterator[DavHarness]:
        harness = DavHarness(xandikos_server)
        yield harness
        harness.source.close()


def uids(fetched: FetchResult) -> list[str]:
    return [o.uid for o in fetched.occurrences]


def test_every_calendar_of_a_home_is_found_under_its_path(server: DavServer, source: CaldavSource) -> None:
    home = server.new_user()
    paths = [server.new_calendar(f"{home}{name}/") for name in ("work", "other")]
    for path in paths:
        server.set_occurrences(path, [occurrence("10:00-11:00", uid=path.strip("/").replace("/", "-"))])
    found = source.calendars(calendar(home))
    assert [calendar.address for calendar in found] == sorted(paths)
    assert source.calendars(calendar(home.strip("/"))) == found
    assert [uids(source.fetch(one, WINDOW)) for one in found] == [
        [path.strip("/").replace("/", "-")] for path in sorted(paths)
    ]


def test_a_calendar_is_read_by_its_path_or_full_address(server: DavServer, source: CaldavSource) -> None:
    path = server.new_calendar(f"{server.new_user()}work/")
    server.set_occurrences(path, [occurrence("10:00-11:00", uid="a")])
    for address in (path, path.strip("/"), f"{server.root}{path}"):
        assert source.calendars(calendar(address)) == (calendar(address),)
        assert uids(source.fetch(calendar(address), WINDOW)) == ["a"]


def test_a_service_account_never_mixes_up_two_users(server: DavServer, source: CaldavSource) -> None:
    homes = [server.new_user(name) for name in ("alys", "bob")]
    for home in homes:
        server.set_occurrences(
            server.new_calendar(f"{home}work/"), [occurrence("10:00-11:00", uid=home.strip("/")[-5:])]
        )
    for home in [*homes, *reversed(homes)]:
        assert uids(fetch_only_calendar(source, calendar(home))) == [home.strip("/")[-5:]]


def test_a_collection_of_tasks_is_no_calendar(server: DavServer, source: CaldavSource) -> None:
    home = server.new_user()
    work = server.new_calendar(f"{home}work/")
    tasks = "<c:supported-calendar-component-set><c:comp name='VTODO'/></c:supported-calendar-component-set>"
    server.new_calendar(f"{home}tasks/", tasks)
    assert [calendar.address for calendar in source.calendars(calendar(home))] == [work]


def test_a_collection_can_be_left_out_by_name(server: DavServer) -> None:
    home = server.new_user()
    for name in ("work", "rota", "contact_birthdays"):
        server.new_calendar(f"{home}{name}/")
    source = caldav_source(server, skip=("rota", "contact_birthdays"))
    assert [calendar.address for calendar in source.calendars(calendar(home))] == [f"{home}work/"]
    source.close()


def test_a_user_without_calendars_has_none(server: DavServer, source: CaldavSource) -> None:
    assert source.calendars(calendar(server.new_user())) == ()


def test_many_meetings_are_read_in_several_multigets(server: DavServer, source: CaldavSource) -> None:
    path = server.new_calendar(f"{server.new_user()}work/")
    server.set_occurrences(path, [occurrence("10:00-11:00", uid=f"u{n:03}") for n in range(110)])
    assert uids(source.fetch(calendar(path), WINDOW)) == [f"u{n:03}" for n in range(110)]


def test_added_changed_and_deleted_meetings_are_read_at_the_next_fetch(
    server: DavServer, source: CaldavSource
) -> None:
    path = server.new_calendar(f"{server.new_user()}work/")
    server.set_occurrences(path, [occurrence("10:00-11:00", uid=uid, title="old") for uid in ("a", "b")])
    first = source.fetch(calendar(path), WINDOW)
    server.set_occurrences(path, [occurrence("10:00-11:00", uid=uid, title="new") for uid in ("b", "c")])
    second = source.fetch(calendar(path), WINDOW, first.token)
    assert [(o.uid, o.title) for o in second.occurrences] == [("b", "new"), ("c", "new")]
    assert source.fetch(calendar(path), WINDOW, second.token).unchanged


def test_a_server_has_the_same_meetings_as_an_exported_file(server: DavServer, source: CaldavSource) -> None:
    path = server.new_calendar(f"{server.new_user()}work/")
    server.put(f"{path}forum.ics", FORUM)
    server.put(f"{path}leave.ics", LEAVE)
    window = Span(at("00:00", date(2026, 3, 1)), at("00:00", date(2026, 12, 1)))
    collection = calendar(path)
    exported = FORUM.replace(b"END:VCALENDAR\r\n", LEAVE.partition(b"EN\r\n")[2])
    occurrences, problems = read_calendar(
        exported, window, zone=collection.zone, owners=collection.owners, where=str(collection)
    )
    fetched = source.fetch(collection, window)
    assert fetched.occurrences == build_result(collection, window, occurrences).occurrences
    assert (len(fetched.occurrences), fetched.problems, tuple(problems)) == (38, (), ())


def test_after_an_unknown_sync_token_everything_is_read(server: DavServer, source: CaldavSource) -> None:
    path = server.new_calendar(f"{server.new_user()}work/")
    server.set_occurrences(path, [occurrence("10:00-11:00", uid="a")])
    token = source.fetch(calendar(path), WINDOW).token
    server.set_occurrences(path, [occurrence("10:00-11:00", uid="b")])
    broken = token.replace('"sync": "', '"sync": "rubbish')
    assert broken != token
    assert uids(source.fetch(calendar(path), WINDOW, broken)) == ["b"]


def test_a_name_with_blanks_and_signs_is_read(server: DavServer, source: CaldavSource) -> None:
    path = server.new_calendar(f"{server.new_user()}caf%C3%A9%20%26%20co/")
    server.set_occurrences(path, [occurrence("10:00-11:00", uid=uid) for uid in ("a&b@x.example", "c d")])
    assert uids(source.fetch(calendar(path), WINDOW)) == ["a&b@x.example", "c d"]


def test_a_wrong_password_is_an_auth_error(
    radicale_server: DavServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_DAV", "wrong")
    source = caldav_source(radicale_server)
    with pytest.raises(SourceAuthError, match="401"):
        source.calendars(calendar(radicale_server.new_user()))
    source.close()


def test_the_service_account_cannot_write(radicale_server: DavServer) -> None:
    import requests

    path = radicale_server.new_calendar(f"{radicale_server.new_user()}work/")
    answer = requests.put(f"{radicale_server.root}{path}a.ics", b"x", auth=READER, timeout=10)
    assert answer.status_code == 403


def test_a_user_reads_their_own_calendars_and_nobody_elses(
    radicale_server: DavServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALSYNC_TEST_DAV", OWNER[1])
    radicale_server.new_calendar(radicale_server.new_home("/ana/") + "work/")
    source = caldav_source(radicale_server, username=OWNER[0])
    assert [calendar.address for calendar in source.calendars(calendar("/ana/"))] == ["/ana/work/"]
    with pytest.raises(SourceAuthError, match="403"):
        source.calendars(calendar(radicale_server.new_user()))
    source.close()


def test_an_empty_address_is_the_account_that_logs_in(xandikos_server: DavServer) -> None:
    source = caldav_source(xandikos_server)
    found = source.calendars(calendar(""))
    source.close()
    assert "/me/calendars/calendar/" in [calendar.address for calendar in found]


def test_another_server_is_never_contacted(server: DavServer, source: CaldavSource) -> None:
    with pytest.raises(SourceAuthError, match="another server"):
        source.fetch(calendar("https://elsewhere.example/dav/ana/work/"), WINDOW)
    with pytest.raises(SourceContentError, match="no valid web address"):
        source.fetch(calendar("ftp://127.0.0.1/x"), WINDOW)


# --- what real servers list and give ---


def test_names_that_servers_quote_in_their_own_way_are_read_and_then_unchanged(
    server: DavServer, source: CaldavSource
) -> None:
    home = server.new_user()
    work = server.new_calendar(f"{home}work/")
    names = ["a@b.ics", "a%20b.ics", "caf%C3%A9.ics", "a+b.ics", "100%25.ics"]
    for hour, name in enumerate(names, start=10):
        meeting = occurrence(f"{hour}:00-{hour}:30", uid=name.replace("%", "_"))
        server.put(f"{work}{name}", occurrences_to_ics(meeting))
    first = fetch_only_calendar(source, calendar(home))
    assert [o.uid for o in first.occurrences] == [name.replace("%", "_") for name in names]
    assert (first.problems, first.unread) == ((), ALL_READ)
    assert fetch_only_calendar(source, calendar(home), token=first.token).unchanged


def test_a_control_character_in_one_meeting_does_not_affect_others(
    server: DavServer, source: CaldavSource
) -> None:
    home = server.new_user()
    work = server.new_calendar(f"{home}work/")
    server.put(f"{work}a.ics", occurrences_to_ics(occurrence("10:00-11:00", uid="a", title="Board")))
    content = occurrences_to_ics(occurrence("12:00-13:00", uid="b", title="Forum"))
    expected = ["a", "b"]
    try:
        server.put(f"{work}b.ics", content.replace(b"Forum", b"For\x0bum"))
    except AssertionError:  # Radicale refuses such a meeting, Xandikos keeps it
        expected = ["a"]
    fetched = fetch_only_calendar(source, calendar(home))
    assert [o.title for o in fetched.occurrences][:1] == ["Board"]
    assert [o.uid for o in fetched.occurrences] == expected
