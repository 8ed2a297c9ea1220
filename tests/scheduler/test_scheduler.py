"""The scheduler runs each night once, catches up missed nights, and stops after the current calendar."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import date, datetime
from pathlib import Path
from threading import Event

import pytest
from support.night_council import LONDON, mail_files, stored_tables, vcalendar, vevent, write_council

from calsync import scheduler
from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
GOOD = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB"))


def clock(text: str):
    moment = datetime.fromisoformat(text).replace(tzinfo=LONDON)
    return lambda: moment


def recorded_nights(config) -> list:
    with open_store(store_url(load_settings(config))) as store:
        return store.runs.nights(10)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-16T04:14", date(2026, 11, 15)),
        ("2026-11-16T04:15", date(2026, 11, 16)),
        ("2026-11-16T23:59", date(2026, 11, 16)),
        ("2026-10-25T04:15", date(2026, 10, 25)),
    ],
)
def test_a_night_is_due_from_the_nightly_hour_on(tmp_path, now, due):
    settings = load_settings(write_council(tmp_path, {"ana": GOOD}))
    assert scheduler.due_night(clock(now)(), settings) == due


def test_a_missed_night_is_caught_up_once(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    for _ in range(3):
        scheduler.run_if_due(config, Event(), clock("2026-11-16T13:00"))
    (night,) = recorded_nights(config)
    assert (night.night, night.attempt, night.state) == (date(2026, 11, 16), 1, "good")


def test_the_next_night_runs_again(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    scheduler.run_if_due(config, Event(), clock("2026-11-16T04:15"))
    scheduler.run_if_due(config, Event(), clock("2026-11-17T04:15"))
    assert [night.night.day for night in recorded_nights(config)] == [17, 16]
    assert len(mail_files(config)) == 1


def test_wrong_settings_do_not_stop_the_service(tmp_path, caplog):
    config = write_council(tmp_path, {"ana": GOOD})
    config.write_text(config.read_text() + "[window]\nweeks_bak = 1\n")
    scheduler.run_if_due(config, Event(), clock("2026-11-16T04:15"))
    assert "weeks_back" in caplog.text


def test_no_night_starts_after_a_stop_request(tmp_path):
    config, stop = write_council(tmp_path, {"ana": GOOD}), Event()
    stop.set()
    scheduler.run_if_due(config, stop, clock("2026-11-16T04:15"))
    assert recorded_nights(config) == []


def start_service(config: Path) -> subprocess.Popen:
    script = ROOT / "scheduler.py"
    command = [sys.executable, str(script), "--config", str(config)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"the condition was not met within {seconds} seconds")


def test_the_service_catches_up_a_missed_night_at_its_start_and_ends_with_0_at_sigterm(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    process = start_service(config)
    try:
        # The service creates the store: opened earlier, it would be created by the test.
        wait_for((tmp_path / "calsync.db").exists)
        wait_for(lambda: any(night.ended for night in recorded_nights(config)))
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "stopped" in log
    assert recorded_nights(config)[0].state == "good"


def test_wrong_settings_end_the_service_with_exit_code_2(tmp_path):
    process = start_service(tmp_path / "nowhere.toml")
    _, log = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "calsync init" in log


def test_sigterm_during_a_night_finishes_the_current_calendar_and_ends_with_0(tmp_path):
    events = [
        vevent(f"s{n}", f"202611{n % 28 + 1:02}T1{n % 8}0000Z", f"202611{n % 28 + 1:02}T1{n % 8}4500Z")
        for n in range(200)
    ]
    config = write_council(tmp_path, {f"m{n:02}": vcalendar(*events) for n in range(60)})
    process = start_service(config)
    try:
        wait_for(lambda: count_stored_meetings(config) > 200)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, log
    (night,) = recorded_nights(config)
    assert night.state == "interrupted"
    assert 0 < night.counts["calendars"] < 60
    assert count_stored_meetings(config) % len(events) == 0, "a calendar is stored in part"


def count_stored_meetings(config: Path) -> int:
    try:
        return len(stored_tables(config, ("meetings",))["meetings"])
    except sqlite3.OperationalError:
        return 0
