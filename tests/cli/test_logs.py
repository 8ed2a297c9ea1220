"""Log lines as an operator reads them, in a terminal and in the journal."""

import logging
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from support.night_council import vcalendar, vevent, write_council

from calsync import scheduler
from calsync.cli.logs import LineFormatter
from calsync.config.load import load_settings

pytestmark = pytest.mark.slow

LONDON = ZoneInfo("Europe/London")
GOOD = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB"))


def record(message: str, *arguments: object, level: int = logging.WARNING, name: str = "calsync.scheduler"):
    made = logging.LogRecord(name, level, "x.py", 1, message, arguments, None)
    made.created = datetime(2026, 7, 16, 4, 15, tzinfo=LONDON).timestamp()
    return made


def test_a_line_has_the_local_time_with_its_zone_the_level_and_the_words():
    assert (
        LineFormatter(LONDON).format(record("%s: gone", "ana"))
        == "2026-07-16 04:15:00 BST warning: ana: gone"
    )


def test_a_title_forges_no_line_and_its_control_characters_are_escaped():
    line = LineFormatter(LONDON).format(record("%s", "x\n2026-07-16 04:15:01 BST info: good\x1b[2K\u202e"))
    assert line == r"2026-07-16 04:15:00 BST warning: x\n2026-07-16 04:15:01 BST info: good\x1b[2K\u202e"


def test_lines_of_other_packages_name_them():
    assert "warning: alembic.runtime: hm" in LineFormatter(LONDON).format(
        record("hm", name="alembic.runtime")
    )


def test_every_line_of_a_traceback_is_marked_so_that_an_error_forges_none():
    made = record("it broke")
    try:
        raise RuntimeError("x\n2026-07-16 04:15:01 BST info: good\x1b[2K")
    except RuntimeError:
        made.exc_info = sys.exc_info()
    first, *rest = LineFormatter(LONDON).format(made).split("\n")
    assert first.endswith("it broke")
    assert rest and all(line.startswith("  | ") for line in rest)
    assert "\x1b" not in "".join(rest)


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 3)],
)
def test_in_the_journal_a_line_begins_with_its_priority_and_has_no_time(level, priority):
    shown = LineFormatter(LONDON, in_journal=True).format(record("gone", level=level))
    assert shown == f"<{priority}>gone"


def service(folder, number: int, **environment: str) -> tuple[int, str]:
    """Run `calsync schedule` until a night has ended, send it a signal; its exit code and its log."""
    config = write_council(folder, {"ana": GOOD})
    with (folder / "log").open("w+", encoding="utf-8") as log:
        status = os.fstat(log.fileno())
        journal = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"} if environment else {}
        command = [sys.executable, "-m", "calsync", "schedule", "--config", str(config)]
        process = subprocess.Popen(command, stderr=log, env={**os.environ, **journal})
        try:
            deadline = time.monotonic() + 60
            while (folder / "log").read_text().count("Next night") < 2 and time.monotonic() < deadline:
                time.sleep(0.1)
            process.send_signal(number)
            code = process.wait(timeout=30)
        finally:
            process.kill()
    return code, (folder / "log").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_logs_the_next_night_and_ends_with_0_on_a_signal(tmp_path, number):
    code, log = service(tmp_path, number)
    assert code == 0, log
    lines = log.splitlines()
    assert "started: a night runs at 04:15 (Europe/London)" in lines[0]
    assert "Next night: " in lines[1] and " at 04:15 " in lines[1]
    assert any("The night of" in line and "ended: good. 1 calendar read" in line for line in lines)
    assert f"{number.name} received: " in lines[-2]
    assert lines[-1].endswith("info: calsync stopped.")
    assert "Traceback" not in log and "apscheduler" not in log


def test_in_the_journal_the_service_writes_no_time_of_its_own(tmp_path):
    _, log = service(tmp_path, signal.SIGTERM, journal="yes")
    assert all(line.startswith("<6>") for line in log.splitlines()), log
    assert "<6>calsync " in log


@pytest.mark.parametrize(
    ("now", "following"),
    [
        ("2026-11-16T04:14", "2026-11-16T04:15+00:00"),
        ("2026-11-16T04:15", "2026-11-17T04:15+00:00"),
        ("2026-03-28T12:00", "2026-03-29T04:15+01:00"),
    ],
)
def test_the_next_night_starts_at_its_local_hour(tmp_path, now, following):
    settings = load_settings(write_council(tmp_path, {"ana": GOOD}))
    moment = datetime.fromisoformat(now).replace(tzinfo=LONDON)
    assert scheduler.next_start(moment, settings) == datetime.fromisoformat(following)
