"""A council with broken calendars: the healthy one is complete, the others are named, exit code 1."""

import subprocess
import sys

import pytest
from support.night_council import NIGHT, stored_tables, vcalendar, vevent, write_council

pytestmark = pytest.mark.slow

GOOD = vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB")
OTHER = vevent("smt", "20261109T110000Z", "20261109T130000Z", "SUMMARY:SMT")
COMPLETE = vcalendar(GOOD, OTHER)
UNREADABLE = {
    "empty": b"",
    "signin": b"<!DOCTYPE html><html><title>Sign in to your account</title></html>",
    "cut": COMPLETE[:-60],
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
}
ONE_EVENT = {
    "nostart": COMPLETE.replace(b"DTSTART:20261109T110000Z\r\n", b""),
    "badstart": COMPLETE.replace(b"DTSTART:20261109T110000Z", b"DTSTART:20261341T110000Z"),
    "badrule": COMPLETE.replace(b"SUMMARY:SMT", b"RRULE:FREQ=SOMETIMES\r\nSUMMARY:SMT"),
    "endless": COMPLETE.replace(b"SUMMARY:SMT", b"RRULE:FREQ=SECONDLY\r\nSUMMARY:SMT"),
}
REPAIRED = {
    "utf16": COMPLETE.decode().encode("utf-16"),
    "crcrlf": COMPLETE.replace(b"\r\n", b"\r\r\n"),
    "cr": COMPLETE.replace(b"\r\n", b"\r"),
    "twice": vcalendar(GOOD) + vcalendar(OTHER),
    "alarm": COMPLETE.replace(b"SUMMARY:SMT", b"SUMMARY:SMT\r\nBEGIN:VALARM\r\nTRIGGER:PT-2H\r\nEND:VALARM"),
}


def run(config) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "calsync", "run", "--config", str(config), "--night", str(NIGHT)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def meetings_by_manager(config) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in stored_tables(config, ("meetings",))["meetings"]:
        name = next(cell for cell in row if cell in NAMES)
        counts[name] = counts.get(name, 0) + 1
    return counts


NAMES = {"healthy", *UNREADABLE, *ONE_EVENT, *REPAIRED}


def test_each_broken_calendar_is_named_with_a_hint_and_the_healthy_one_is_complete(
    tmp_path,
):
    config = write_council(tmp_path, {"healthy": COMPLETE, **UNREADABLE, **ONE_EVENT, **REPAIRED})
    result = run(config)
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert meetings_by_manager(config) == {
        "healthy": 2,
        **dict.fromkeys(ONE_EVENT, 1),
        **dict.fromkeys(REPAIRED, 2),
    }
    faults = [line for line in result.stderr.splitlines() if line.startswith("●")]
    for name in (*UNREADABLE, *ONE_EVENT):
        (fault,) = [line for line in faults if f"{name}.ics" in line]
        assert "→" in fault, fault
    assert not any("healthy.ics" in line for line in result.stderr.splitlines())


def test_the_same_in_one_managers_folder(tmp_path):
    config = write_council(tmp_path, {"healthy": COMPLETE, **UNREADABLE})
    roster = "id,email,calendar\nana,ana@brynfelin.gov.wales.example,calendars\n"
    (tmp_path / "managers.csv").write_text(roster, encoding="utf-8")
    result = run(config)
    assert result.returncode == 1
    assert len(stored_tables(config, ("meetings",))["meetings"]) == 2
    for name in UNREADABLE:
        assert f"{name}.ics" in result.stderr
