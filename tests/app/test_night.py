"""Whole nights: nothing is lost, nothing is stored or sent twice."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest
from support.night_council import (
    ALLOW_LOOPBACK,
    NIGHT,
    mail_files,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)

from calsync.errors import ConfigError, StoreError
from calsync.store.records import RunState

PSB = vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference and membership")
TEAM = vevent("smt", "20261109T110000Z", "20261109T130000Z", "SUMMARY:SMT")
GOOD = vcalendar(PSB, TEAM)


def test_a_calendar_becomes_minutes_and_a_mail(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    report = run_test_night(config)
    assert report.outcome is RunState.GOOD
    assert len(stored_tables(config)["meetings"]) == 2
    assert len(mail_files(config)) == 1
    assert report.counts["mails"] == 1


def test_the_same_night_twice_changes_no_row_and_sends_no_mail(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD, "bob": GOOD})
    run_test_night(config)
    before, sent = stored_tables(config), mail_files(config)
    stamps = [mail.stat().st_mtime_ns for mail in sent]
    report = run_test_night(config)
    assert stored_tables(config) == before
    assert [mail.stat().st_mtime_ns for mail in mail_files(config)] == stamps
    assert report.counts["unchanged"] == 2
    assert not report.counts["added"] + report.counts["changed"] + report.counts["removed"]


def test_the_order_of_managers_does_not_matter(tmp_path):
    calendars = {"ana": GOOD, "bob": vcalendar(TEAM), "cai": vcalendar(PSB)}
    here = write_council(tmp_path / "1", calendars)
    there = write_council(tmp_path / "2", dict(reversed(calendars.items())))
    run_test_night(here)
    run_test_night(there)
    assert stored_tables(here) == stored_tables(there)


def test_a_changed_calendar_is_replaced_whole(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    write_council(tmp_path, {"ana": vcalendar(TEAM.replace("130000Z", "140000Z"))})
    report = run_test_night(config)
    assert (report.counts["changed"], report.counts["removed"]) == (1, 1)


def test_a_broken_calendar_keeps_its_stored_meetings_and_the_others_are_read(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD, "bob": GOOD})
    run_test_night(config)
    before = stored_tables(config, ("meetings", "allocations"))
    (tmp_path / "calendars" / "ana.ics").write_bytes(GOOD[:-40])
    report = run_test_night(config)
    assert report.outcome is RunState.PROBLEMS
    (fault,) = report.faults
    assert "ana" in fault.where and fault.hint
    assert stored_tables(config, ("meetings", "allocations")) == before


def test_a_calendar_that_empties_is_a_fault_until_it_is_accepted(tmp_path):
    many = vcalendar(
        *(vevent(f"e{n}", f"202611{n:02}T090000Z", f"202611{n:02}T100000Z") for n in range(1, 15))
    )
    config = write_council(tmp_path, {"ana": many})
    run_test_night(config)
    write_council(tmp_path, {"ana": vcalendar()})
    report = run_test_night(config)
    assert "--accept-empty" in report.faults[0].hint
    assert len(stored_tables(config)["meetings"]) == 14
    run_test_night(config, accept_empty=["ana"])
    assert stored_tables(config)["meetings"] == []


def test_a_calendar_that_moved_is_not_counted_twice(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    (tmp_path / "calendars" / "ana.ics").rename(tmp_path / "calendars" / "moved.ics")
    text = (tmp_path / "managers.csv").read_text()
    (tmp_path / "managers.csv").write_text(text.replace("calendars/ana.ics", "calendars/moved.ics"))
    run_test_night(config)
    assert len(stored_tables(config)["meetings"]) == 2


def test_wrong_settings_change_nothing(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD}, more='[rules]\npacks = ["walse"]\n')
    with pytest.raises(ConfigError) as caught:
        run_test_night(config)
    assert "wales" in str(caught.value)
    assert not (tmp_path / "calsync.db").exists()


def test_a_private_meeting_leaves_only_its_times(tmp_path):
    secret = vevent("s", "20261109T090000Z", "20261109T100000Z", "SUMMARY:Oncology", "CLASS:PRIVATE",
                    "LOCATION:Ward 9", "ORGANIZER:mailto:dr@hospital.example")  # fmt: skip
    config = write_council(tmp_path, {"ana": vcalendar(secret)}, more='[privacy]\ntitles = "all"\n')
    run_test_night(config)
    stored = (tmp_path / "calsync.db").read_bytes() + b"".join(
        mail.read_bytes() for mail in mail_files(config)
    )
    for word in (b"Oncology", b"Ward 9", b"hospital.example"):
        assert word not in stored
    assert len(stored_tables(config)["meetings"]) == 1


def test_nothing_of_descriptions_or_addresses_is_stored(tmp_path):
    event = vevent("d", "20261109T090000Z", "20261109T100000Z", "SUMMARY:PSB", "DESCRIPTION:heron migration",
                   "ATTENDEE;PARTSTAT=ACCEPTED:mailto:magpie@dyffryn.gov.wales.example")  # fmt: skip
    config = write_council(tmp_path, {"ana": vcalendar(event)})
    run_test_night(config)
    stored = (tmp_path / "calsync.db").read_bytes()
    assert b"heron" not in stored and b"magpie" not in stored


NIGHT_PROCESS = """
import sys
from datetime import date
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from support.night_council import run_test_night
run_test_night(Path(sys.argv[1]))
"""


def start_night_process(config, folder) -> subprocess.Popen:
    command = [sys.executable, "-c", NIGHT_PROCESS, str(config), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def busy_council(folder):
    """Forty managers, each with a weekly series and forty single meetings."""
    weekly = vevent("w", "20260907T090000Z", "20260907T100000Z", "RRULE:FREQ=WEEKLY", "SUMMARY:RPB leads")
    singles = [
        vevent(
            f"s{n}",
            f"202610{n % 28 + 1:02}T1{n % 8}0000Z",
            f"202610{n % 28 + 1:02}T1{n % 8}4500Z",
            "SUMMARY:SMT",
        )
        for n in range(40)
    ]
    return write_council(folder, {f"m{n:02}": vcalendar(weekly, *singles) for n in range(40)})


def test_a_night_killed_in_the_middle_ends_like_an_undisturbed_one_when_run_again(tmp_path):
    here = Path(__file__).parents[1]
    undisturbed, killed = busy_council(tmp_path / "a"), busy_council(tmp_path / "b")
    run_test_night(undisturbed)
    night = start_night_process(killed, here)
    base = killed.parent / "calsync.db"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and night.poll() is None and count_meetings(base) < 200:
        time.sleep(0.01)
    night.send_signal(signal.SIGKILL)
    night.wait()
    assert count_meetings(base) > 0
    run_test_night(killed)
    assert without_mails(stored_tables(killed)) == without_mails(stored_tables(undisturbed))
    assert len(mail_files(killed)) == len(mail_files(undisturbed)) == 40


def count_meetings(base) -> int:
    import sqlite3

    try:
        with sqlite3.connect(base) as opened:
            return opened.execute("select count(*) from meetings").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def without_mails(tables):
    """Mails carry dates of sending; meetings and minutes do not."""
    return {name: tables[name] for name in ("meetings", "allocations")}


def test_a_second_night_at_the_same_time_is_an_error(tmp_path):
    from calsync.app.wiring import store_url
    from calsync.config.load import load_settings
    from calsync.store.lock import night_lock

    config = write_council(tmp_path, {"ana": GOOD})
    with night_lock(store_url(load_settings(config))), pytest.raises(StoreError):
        run_test_night(config)


def test_a_stopped_night_finishes_the_calendar_in_hand_and_is_interrupted(tmp_path):
    config = busy_council(tmp_path)
    stop = Event()

    def after_three(what, done, total):
        if done >= 3:
            stop.set()

    report = run_test_night(config, stop=stop, progress=after_three)
    assert report.outcome is RunState.INTERRUPTED
    assert 3 <= report.counts["calendars"] < 40
    assert mail_files(config) == []
    assert run_test_night(config).outcome is RunState.GOOD
    assert len(mail_files(config)) == 40


def test_a_night_is_stored_as_the_last_good_one(tmp_path):
    from calsync.app.night import last_good_night
    from calsync.config.load import load_settings

    config = write_council(tmp_path, {"ana": GOOD})
    assert last_good_night(load_settings(config)) is None
    run_test_night(config)
    assert last_good_night(load_settings(config)) == NIGHT


def test_a_calendar_that_hangs_does_not_stop_the_night(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = write_council(
            tmp_path, {"ana": GOOD, "bob": GOOD}, more=f"{ALLOW_LOOPBACK}[engine]\ncalendar_seconds = 1\n"
        )
        rows = (tmp_path / "managers.csv").read_text()
        hanging = f"http://127.0.0.1:{server.getsockname()[1]}/bob.ics"
        (tmp_path / "managers.csv").write_text(rows.replace("calendars/bob.ics", hanging))
        report = run_test_night(config)
    assert report.counts["calendars"] == 1
    (fault,) = report.faults
    assert "bob" in fault.where and "within 1 second;" in fault.what
