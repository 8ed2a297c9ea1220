"""The demo council read as files, by CalDAV and by Graph: the same minutes, one for one."""

from pathlib import Path

import icalendar
import pytest
from graph.emulator import Emulator
from support.dav_servers import READER, radicale
from support.demo_through_graph import write_demo_with_source, write_graph_demo
from support.night_council import run_test_night

from calsync.app.plan import window_days
from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.demo.council import council_managers
from calsync.demo.write import DEMO_DAY, render_calendar, write_demo
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

# A series that ends before it begins: no time, and Radicale refuses it.
NEVER_HELD = b"CCTV upgrade catch up"


def minutes(config: Path) -> list[tuple]:
    """Every allocation of the window, without the id that differs from source to source."""
    settings = load_settings(config)
    report = run_test_night(config, DEMO_DAY)
    assert report.faults == []
    assert report.counts["calendars"] >= len(council_managers())
    with open_store(store_url(settings)) as store:
        frame = store.allocations.frame(*window_days(settings, DEMO_DAY))
    frame["minutes"] = frame["minutes"].round(6)
    return sorted(frame.drop(columns="meeting_id").itertuples(index=False, name=None))


def resources(content: bytes) -> dict[str, bytes]:
    """A calendar as a server keeps it: one resource for each uid, with the zones it needs."""
    calendar = icalendar.Calendar.from_ical(content)
    zones = [part for part in calendar.subcomponents if part.name == "VTIMEZONE"]
    by_uid: dict[str, list] = {}
    for event in calendar.walk("VEVENT"):
        by_uid.setdefault(str(event["UID"]), []).append(event)
    made = {}
    for number, events in enumerate(by_uid.values()):
        resource = icalendar.Calendar()
        resource.update({"VERSION": "2.0", "PRODID": "-//calsync//tests//EN"})
        for part in (*zones, *events):
            resource.add_component(part)
        made[f"{number}.ics"] = resource.to_ical()
    return made


@pytest.fixture(scope="module")
def as_files(tmp_path_factory):
    return minutes(write_demo(tmp_path_factory.mktemp("files")))


def test_the_demo_council_has_minutes_of_every_kind(as_files):
    kinds = {row[4] for row in as_files}
    assert {"meeting", "preparation", "travel"} <= kinds
    assert len({row[0] for row in as_files}) == 12


def test_by_graph_the_minutes_are_the_same(tmp_path, as_files, monkeypatch):
    with Emulator() as graph:
        config = write_graph_demo(tmp_path, graph)
        monkeypatch.setenv("APP_SECRET", graph.secret)
        assert minutes(config) == as_files
        request_counts = [len(graph.requests_to(manager.email)) for manager in council_managers()]
    assert max(request_counts) <= 2, "one or two requests for each healthy mailbox"


def test_by_caldav_the_minutes_are_the_same(tmp_path, as_files, monkeypatch):
    monkeypatch.setenv("DAV_PASSWORD", READER[1])
    with radicale(tmp_path) as server:
        calendars = {}
        for manager in council_managers():
            home = server.new_user()
            calendar = server.new_calendar(f"{home}diary/")
            for name, content in resources(render_calendar(manager)).items():
                if NEVER_HELD not in content:
                    server.put(calendar + name, content)
            calendars[manager.id] = home
        source = (
            f'[sources.elsewhere]\ntype = "caldav"\nurl = "{server.root}"\nusername = "{READER[0]}"\n'
            'password_env = "DAV_PASSWORD"\n'
        )
        assert minutes(write_demo_with_source(tmp_path / "council", source, calendars)) == as_files
