"""When the night runs: due, caught up, once, and stopped clean."""

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


def nights(config) -> list:
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
def test_a_night_is_due_from_its_hour_on(tmp_path, now, due):
    settings = load_settings(write_council(tmp_path, {"ana": GOOD}))
    assert scheduler.due_night(clock(now)(), settings) == due


def test_a_missed_night_is_caught_up_once(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    for _ in range(3):
        scheduler.run_if_due(config, Event(), clock("2026-11-16T13:00"))
    (night,) = nights(config)
    assert (night.night, night.attempt, night.state) == (date(2026, 11, 16), 1, "good")


def test_the_next_night_runs_again(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    scheduler.run_if_due(config, Event(), clock("2026-11-16T04:15"))
    scheduler.run_if_due(config, Event(), clock("2026-11-17T04:15"))
    assert [night.night.day for night in nights(config)] == [17, 16]
    assert len(mail_files(config)) == 1


def test_wrong_settings_do_not_stop_the_service(tmp_path, caplog):
    config = write_council(tmp_path, {"ana": GOOD})
    config.write_text(config.read_text() + "[window]\nweeks_bak = 1\n")
    scheduler.run_if_due(config, Event(), clock("2026-11-16T04:15"))
    assert "weeks_back" in caplog.text


def test_asked_to_stop_nothing_is_begun(tmp_path):
    config, stop = write_council(tmp_path, {"ana": GOOD}), Event()
    stop.set()
    scheduler.run_if_due(config, stop, clock("2026-11-16T04:15"))
    assert nights(config) == []


def service(config: Path) -> subprocess.Popen:
    script = ROOT / "scheduler.py"
    command = [sys.executable, str(script), "--config", str(config)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for(what, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def test_the_service_catches_up_at_once_and_stops_clean_at_sigterm(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    process = service(config)
    try:
        wait_for(
            lambda: (config.parent / "calsync.db").exists() and nights(config) and nights(config)[0].ended
        )
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "stopped" in told
    assert nights(config)[0].state == "good"


def test_the_service_refuses_wrong_settings_with_exit_code_2(tmp_path):
    process = service(tmp_path / "nowhere.toml")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "calsync init" in told


def test_sigterm_in_the_middle_of_a_night_finishes_the_calendar_in_hand_and_ends_with_0(tmp_path):
    singles = [
        vevent(f"s{n}", f"202611{n % 28 + 1:02}T1{n % 8}0000Z", f"202611{n % 28 + 1:02}T1{n % 8}4500Z")
        for n in range(200)
    ]
    config = write_council(tmp_path, {f"m{n:02}": vcalendar(*singles) for n in range(60)})
    process = service(config)
    try:
        wait_for(lambda: held(config) > 200)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, told
    (night,) = nights(config)
    assert night.state == "interrupted"
    assert 0 < night.counts["calendars"] < 60
    assert held(config) % len(singles) == 0, "no calendar is kept in part"


def held(config: Path) -> int:
    """How many meetings are kept."""
    try:
        return len(stored_tables(config, ("meetings",))["meetings"])
    except sqlite3.OperationalError:
        return 0
