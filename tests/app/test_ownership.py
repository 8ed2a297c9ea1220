"""Two managers who claim one calendar or mail address are neither read nor mailed until it is put right."""

import csv
import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from support.night_council import (
    LONDON,
    NIGHT,
    SETTINGS,
    mail_files,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
)

from calsync.app.mails import send_waiting
from calsync.app.wiring import store_url
from calsync.cli.system_status import find_failing_calendars
from calsync.config.load import load_settings
from calsync.sources.identity import web_identity_key
from calsync.store.database import open_store
from calsync.store.records import RunState

pytestmark = pytest.mark.slow

GOOGLE, OUTLOOK = "https://calendar.google.com", "https://outlook.office365.com"
DOMAIN = "brynfelin.gov.wales.example"
TITLE = "PSB: terms of reference and membership"


def calendar(name: str) -> bytes:
    return vcalendar(
        vevent(f"{name}-1", "20261109T100000Z", "20261109T120000Z", f"SUMMARY:{TITLE} of {name}")
    )


def write(folder: Path, rows: list[dict[str, str]], more: str = "") -> Path:
    """The list of managers, each with a weekly mail unless the row says otherwise, and a calendar of each."""
    (folder / "calendars").mkdir(parents=True, exist_ok=True)
    (folder / "calsync.toml").write_text(SETTINGS + more, encoding="utf-8")
    names = ["id", "email", "aliases", "source", "calendar", "summary", "left"]
    with (folder / "managers.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, restval="")
        table.writeheader()
        for row in rows:
            name = row["id"]
            (folder / "calendars" / f"{name}.ics").write_bytes(calendar(name))
            own = {"email": f"{name}@{DOMAIN}", "calendar": f"calendars/{name}.ics", "summary": "weekly"}
            table.writerow(own | row)
    return folder / "calsync.toml"


def mailed(config: Path) -> list[str]:
    """The managers to whom mails were sent."""
    lines = [line for path in mail_files(config) for line in path.read_text().splitlines()]
    return sorted(line[4:].partition("@")[0] for line in lines if line.startswith("To: "))


def meetings_of(config: Path) -> set[str]:
    return {row[2] for row in stored_tables(config)["meetings"]}


WRITTEN = {
    "the same": "calendars/ana.ics",
    "with a dot": "./calendars/ana.ics",
    "through another folder": "calendars/../calendars//ana.ics",
    "as Windows writes it": "calendars\\ana.ics",
    "absolute": "{folder}/calendars/ana.ics",
    "as an address": "file://{folder}/calendars/ana.ics",
    "percent-encoded": "file://{folder}/calendars/%61na.ics",
    "through a link": "link.ics",
    "through a linked folder": "linked/ana.ics",
    "through a hard link": "hard.ics",
    "as the folder that holds it": "calendars/of-ana",
}


@pytest.mark.parametrize("cell", WRITTEN.values(), ids=WRITTEN)
def test_one_file_on_two_lines_is_read_for_neither_however_it_is_written(tmp_path, cell):
    config = write(tmp_path, [{"id": "ana"}, {"id": "bob"}, {"id": "cai"}])
    (tmp_path / "link.ics").symlink_to(tmp_path / "calendars" / "ana.ics")
    (tmp_path / "linked").symlink_to(tmp_path / "calendars")
    (tmp_path / "hard.ics").hardlink_to(tmp_path / "calendars" / "ana.ics")
    (tmp_path / "calendars" / "of-ana").mkdir()
    os.link(tmp_path / "calendars" / "ana.ics", tmp_path / "calendars" / "of-ana" / "a.ics")
    cell = cell.format(folder=tmp_path)
    write(tmp_path, [{"id": "ana"}, {"id": "bob", "calendar": cell}, {"id": "cai"}])
    report = run_test_night(config)
    assert report.outcome is RunState.PROBLEMS
    (fault,) = report.faults
    assert fault.where == "managers.csv lines 2 and 3"
    assert "ana and bob" in fault.what and "[managers.shared]" in fault.hint
    assert meetings_of(config) == {"cai"}
    assert mailed(config) == ["cai"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Host.example/Cal/ana.ics", "https://host.example/cal/ana.ics"),
        ("https://host.example/cal/", "https://host.example/cal"),
        ("https://host.example:443/a.ics", "https://host.example/a.ics"),
        ("http://host.example:80/a.ics", "http://host.example/a.ics"),
        ("webcal://host.example/a.ics", "https://host.example/a.ics"),
        ("https://host.example/a%2Eics", "https://host.example/a.ics"),
        ("https://host.example/x/../a.ics", "https://host.example/./a.ics"),
        ("https://host.example./a.ics#today", "https://host.example/a.ics"),
        ("https://user@host.example/a.ics", "https://host.example/a.ics"),
        ("https://b\u00fccher.example/a.ics", "https://xn--bcher-kva.example/a.ics"),
        ("https://host.example/a?x=1&y=2", "https://host.example/a?y=2&x=%31"),
        ("https://host.example/a?x=b%20c", "https://host.example/a?x=b+c"),
        ("https://host.example/caf\u00e9.ics", "https://host.example/cafe%CC%81.ics"),
        ("https://host.example/dav/ana/work/", "https://host.example/dav/ana/work?export"),
        (
            f"{GOOGLE}/calendar/ical/c1%40group/private-0a1b/basic.ics",
            f"{GOOGLE}/calendar/ical/c1@group/public/full.ics",
        ),
        (
            f"{GOOGLE}/calendar/ical/c1/public/basic.ics",
            "http://www.google.com/calendar/ical/c1/public/basic.ics",
        ),
        (f"{OUTLOOK}/owa/calendar/g@t/s/calendar.ics", f"{OUTLOOK}/owa/calendar/g@t/s/reachcalendar.ics"),
        (f"{OUTLOOK}/owa/calendar/g@t/s/calendar.ics", f"{OUTLOOK}/owa/calendar/g@t/s/calendar.html"),
    ],
)
def test_one_published_calendar_has_one_key_however_it_is_written(one, other):
    assert web_identity_key(one) == web_identity_key(other)
    assert web_identity_key(one) != web_identity_key("https://host.example/b.ics")


def test_different_published_calendars_have_different_keys():
    names = ["https://h.example/a", "https://h.example/b", "https://h.example:8443/a", "https://i.example/a",
             "https://h.example/a?id=x", "https://h.example/a?id=X",
             f"{GOOGLE}/calendar/ical/c1/public/basic.ics", f"{GOOGLE}/calendar/ical/c2/public/basic.ics",
             f"{OUTLOOK}/owa/calendar/g/s/x.ics", f"{OUTLOOK}/owa/calendar/g/r/x.ics"]  # fmt: skip
    assert len({web_identity_key(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "second",
    [
        {"email": f"ana@{DOMAIN}"},
        {"email": f" ANA@{DOMAIN.upper()} "},
        {"email": f"a\u200bna@{DOMAIN}"},
        {"aliases": f"ana@{DOMAIN}"},
        {"email": f"a.puw@{DOMAIN}"},
        {"aliases": f"A.Puw@{DOMAIN}"},
    ],
)
def test_one_mail_address_on_two_ids_is_read_and_mailed_for_neither(tmp_path, second):
    rows = [{"id": "ana", "aliases": f"a.puw@{DOMAIN}"}, {"id": "bob"} | second, {"id": "cai"}]
    config = write(tmp_path, rows)
    report = run_test_night(config)
    (fault,) = report.faults
    assert "ana and bob have one mail address" in fault.what and fault.where == "managers.csv lines 2 and 3"
    assert meetings_of(config) == {"cai"}
    assert mailed(config) == ["cai"]


def test_a_calendar_cell_that_is_anothers_mailbox_is_read_for_neither(tmp_path):
    rows = [{"id": "ana", "aliases": f"a.puw@{DOMAIN}"}, {"id": "bob", "calendar": f"x/A.Puw%40{DOMAIN}/"}]
    config = write(tmp_path, rows)
    (fault,) = run_test_night(config).faults
    assert "the calendar of bob is the mailbox of ana" in fault.what
    assert mail_files(config) == [] and meetings_of(config) == set()


def test_stored_meetings_of_held_back_managers_stay_and_are_neither_summarised_nor_mailed(tmp_path):
    config = write(tmp_path, [{"id": "ana"}, {"id": "bob"}, {"id": "cai"}])
    run_test_night(config)
    before = stored_tables(config, ("meetings", "allocations"))
    monday = NIGHT.replace(day=23)
    write(tmp_path, [{"id": "ana"}, {"id": "bob", "calendar": "calendars/ana.ics"}, {"id": "cai"}])
    run_test_night(config, monday)
    assert stored_tables(config, ("meetings", "allocations")) == before
    assert len(mail_files(config)) == 4, "three of the first week, one of the second"
    with open_store(store_url(load_settings(config))) as store:
        failing, _ = find_failing_calendars(load_settings(config), store, monday)
    assert {state.manager_id for state in failing} == {"ana", "bob"}
    write(tmp_path, [{"id": "ana"}, {"id": "bob"}, {"id": "cai"}])
    assert run_test_night(config, monday).outcome is RunState.GOOD
    assert len(mail_files(config)) == 6


def test_a_waiting_mail_is_not_sent_to_an_address_that_two_managers_have_now(tmp_path):
    refused = '[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\n'
    config = write(tmp_path, [{"id": "ana"}, {"id": "bob"}], refused)
    run_test_night(config)
    assert len(stored_tables(config)["outbox"]) == 2
    write(tmp_path, [{"id": "ana", "email": f"bob@{DOMAIN}"}, {"id": "bob"}])
    run_test_night(config, NIGHT.replace(day=17))
    later = datetime(2026, 11, 17, 23, tzinfo=LONDON)
    assert send_waiting(load_settings(config), lambda: later).sent == 0
    assert mail_files(config) == []
    write(tmp_path, [{"id": "bob"}])
    run_test_night(config, NIGHT.replace(day=18))
    assert mailed(config) == ["bob"]
    assert len(stored_tables(config)["outbox"]) == 1


def test_a_waiting_mail_is_built_again_if_its_manager_has_another_address(tmp_path):
    refused = '[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\n'
    config = write(tmp_path, [{"id": "ana"}], refused)
    run_test_night(config)
    write(tmp_path, [{"id": "ana", "email": f"ana.puw@{DOMAIN}"}])
    run_test_night(config, NIGHT.replace(day=17))
    assert mailed(config) == ["ana.puw"]


def test_a_shared_calendar_counts_once_for_the_manager_whom_the_settings_name(tmp_path):
    rows = [{"id": "ana"}, {"id": "bob", "calendar": "./calendars/ana.ics"}, {"id": "cai"}]
    config = write(tmp_path, rows, '[managers.shared]\n"calendars/ana.ics" = "bob"\n')
    report = run_test_night(config)
    assert report.outcome is RunState.GOOD
    assert meetings_of(config) == {"bob", "cai"}
    assert sum(row[8] for row in stored_tables(config)["allocations"]) == 240
    assert mailed(config) == ["bob", "cai"]
    assert any("its time is that of bob" in problem.what for problem in report.problems)


def test_stored_meetings_of_a_calendar_that_counts_for_another_now_are_not_counted(tmp_path):
    config = write(tmp_path, [{"id": "ana"}, {"id": "bob"}])
    run_test_night(config)
    rows = [{"id": "ana"}, {"id": "bob", "calendar": "calendars/ana.ics"}]
    write(tmp_path, rows, '[managers.shared]\n"calendars/ana.ics" = "ana"\n')
    assert run_test_night(config).outcome is RunState.GOOD
    assert meetings_of(config) == {"ana"}
    assert {row[0] for row in stored_tables(config)["allocations"]} == {"ana"}


def test_a_shared_file_in_a_folder_counts_for_one_and_the_rest_of_the_folder_for_its_owner(tmp_path):
    config = write(tmp_path, [{"id": "ana"}, {"id": "bob", "calendar": "bobs"}],
                   '[managers.shared]\n"bobs/team.ics" = "ana"\n')  # fmt: skip
    (tmp_path / "bobs").mkdir()
    os.link(tmp_path / "calendars" / "ana.ics", tmp_path / "bobs" / "team.ics")
    (tmp_path / "bobs" / "own.ics").write_bytes(calendar("bobs own"))
    assert run_test_night(config).outcome is RunState.GOOD
    assert sorted((row[2], row[3]) for row in stored_tables(config)["meetings"]) == [
        ("ana", "ana-1"), ("bob", "bobs own-1"),
    ]  # fmt: skip


def test_a_calendar_that_everyone_attends_is_everyones_time(tmp_path):
    rows = [{"id": "ana"}, {"id": "bob", "calendar": "calendars/ana.ics"}]
    config = write(tmp_path, rows, '[managers.shared]\n"calendars/ana.ics" = "everyone"\n')
    assert run_test_night(config).outcome is RunState.GOOD
    assert {(row[0], row[8]) for row in stored_tables(config)["allocations"]} == {("ana", 120), ("bob", 120)}


@pytest.mark.parametrize("value", ["cai", "nobody"])
def test_a_shared_calendar_of_somebody_who_does_not_have_it_is_read_for_nobody(tmp_path, value):
    rows = [{"id": "ana"}, {"id": "bob", "calendar": "calendars/ana.ics"}, {"id": "cai"}]
    config = write(tmp_path, rows, f'[managers.shared]\n"calendars/ana.ics" = "{value}"\n')
    (fault,) = run_test_night(config).faults
    assert value in fault.hint
    assert meetings_of(config) == {"cai"}


def test_managers_of_one_address_are_never_mailed_even_where_their_calendar_is_shared(tmp_path):
    team = {"email": f"team@{DOMAIN}", "calendar": "calendars/ana.ics"}
    rows = [{"id": "ana"} | team, {"id": "bob"} | team]
    config = write(tmp_path, rows, '[managers.shared]\n"calendars/ana.ics" = "everyone"\n')
    (fault,) = run_test_night(config).faults
    assert "no mail for ana and bob" in fault.what
    assert mail_files(config) == []
    assert meetings_of(config) == {"ana", "bob"}


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "ana", "summary": "daily"},
        {"id": "", "calendar": "calendars/ana.ics"},
        {"id": "cai", "calendar": "calendars/ana.ics"},
        {"id": "ana", "source": "nowhere"},
        {"id": "dai", "email": f"BOB@{DOMAIN}", "left": "soon"},
    ],
)
def test_an_unusable_line_keeps_its_calendar_from_others(tmp_path, bad):
    rows = [{"id": "ana"}, {"id": "bob", "calendar": "calendars/ana.ics"}, {"id": "cai"}, {"id": "eva"}]
    config = write(tmp_path, rows)
    write(tmp_path, [bad, *rows[1:]])
    report = run_test_night(config)
    assert any("bob and line 2" in fault.what for fault in report.faults)
    assert "bob" not in meetings_of(config) and "eva" in meetings_of(config)
    assert "bob" not in mailed(config)


def test_a_manager_who_has_left_claims_no_calendar(tmp_path):
    rows = [{"id": "ana", "left": "2026-11-15"}, {"id": "bob", "calendar": "calendars/ana.ics"}]
    config = write(tmp_path, rows)
    assert run_test_night(config).outcome is RunState.GOOD
    assert meetings_of(config) == {"bob"}


def test_the_mailbox_of_two_managers_is_never_requested(tmp_path, monkeypatch):
    from graph.emulator import Emulator
    from graph.mailboxes import event

    with Emulator() as graph:
        monkeypatch.setenv("APP_SECRET", graph.secret)
        for name in ("ana", "cai"):
            graph.set_events(f"{name}@{DOMAIN}", event("2026-11-09T09:00", "2026-11-09T10:00"))
        source = (
            f'[sources.m365]\ntype = "m365"\ntenant = "{graph.tenant}"\nclient_id = "{graph.client_id}"\n'
            f'secret_env = "APP_SECRET"\ngraph_root = "{graph.root}"\n'
        )
        rows = [
            {"id": "ana", "aliases": f"a.puw@{DOMAIN}", "calendar": "", "source": "m365"},
            {"id": "bob", "calendar": f"A.PUW@{DOMAIN}", "source": "m365"},
            {"id": "cai", "calendar": "", "source": "m365"},
        ]
        config = write(tmp_path, rows, source)
        (fault,) = run_test_night(config).faults
        requests = json.dumps([str(request) for request in graph.requests_to()])
    assert "ana" in fault.what and "bob" in fault.what
    assert meetings_of(config) == {"cai"}
    assert "puw" not in requests.lower() and f"ana@{DOMAIN}" not in requests


@pytest.fixture(scope="module")
def dav(tmp_path_factory):
    from support.dav_servers import radicale

    with radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.mark.parametrize("shared", ["", "everyone", "bob"])
@pytest.mark.parametrize("cell", ["{home}", "{home}work", "{root}{home}work/", "/other/../{home}%77ork/"])
def test_a_collection_that_is_in_anothers_home_is_read_for_neither(tmp_path, monkeypatch, dav, shared, cell):
    from contracts.ics_text import occurrences_to_ics as one_event
    from support.builders import occurrence
    from support.dav_servers import READER

    monkeypatch.setenv("CALSYNC_TEST_DAV", READER[1])
    homes = [dav.new_user() for _ in range(2)]
    for home in homes:
        dav.new_calendar(f"{home}work/")
        dav.put(f"{home}work/a.ics", one_event(occurrence("10:00-11:00", uid=home.strip("/"))))
    source = (
        f'[sources.dav]\ntype = "caldav"\nurl = "{dav.root}"\nusername = "{READER[0]}"\n'
        f'password_env = "CALSYNC_TEST_DAV"\n'
    )
    more = f'[managers.shared]\n"{homes[0]}" = "{shared}"\n' if shared else ""
    other_address = cell.format(home=homes[0], root=dav.root)
    rows = [
        {"id": "ana", "calendar": homes[0], "source": "dav"},
        {"id": "bob", "calendar": other_address, "source": "dav"},
        {"id": "cai", "calendar": homes[1], "source": "dav"},
    ]
    config = write(tmp_path, rows, source + more)
    report = run_test_night(config)
    read = {"": {"cai"}, "everyone": {"ana", "bob", "cai"}, "bob": {"bob", "cai"}}
    assert meetings_of(config) == read[shared]
    if not shared:
        (fault,) = report.faults
        assert "ana and bob have one calendar" in fault.what


def case_10(tmp_path: Path, more: str) -> Path:
    """Five ids of one address and one folder, in which one meeting is in two files."""
    (tmp_path / "folder").mkdir()
    for name in ("work", "shared"):
        (tmp_path / "folder" / f"{name}.ics").write_bytes(
            vcalendar(
                vevent("one", "20261006T090000Z", "20261006T110000Z", "SUMMARY:Regional Partnership Board")
            )
        )
    (tmp_path / "calsync.toml").write_text(SETTINGS + more, encoding="utf-8")
    lines = [f"d{n},owner@{DOMAIN},Two,folder" for n in range(1, 6)]
    (tmp_path / "managers.csv").write_text("\n".join(["id,email,department,calendar", *lines, ""]))
    return tmp_path / "calsync.toml"


def test_five_ids_of_one_address_and_one_folder_are_held_back_and_named(tmp_path):
    config = case_10(tmp_path, "")
    report = run_test_night(config)
    assert len(report.faults) == 1
    assert "d1, d2, d3, d4 and d5" in report.faults[0].what
    assert meetings_of(config) == set()


def test_a_folder_that_everyone_attends_gives_each_of_five_the_hours(tmp_path):
    config = case_10(tmp_path, '[managers.shared]\nfolder = "everyone"\n')
    assert run_test_night(config).outcome is RunState.GOOD
    minutes = {row[0]: 0.0 for row in stored_tables(config)["allocations"]}
    for row in stored_tables(config)["allocations"]:
        minutes[row[0]] += row[8]
    assert minutes == dict.fromkeys(("d1", "d2", "d3", "d4", "d5"), 120.0)
