"""A folder of calendars of which one is healthy: it is complete, the others are named, exit code 1."""

import subprocess
import sys

from support.night_council import NIGHT, stored_tables, vcalendar, vevent, write_council

GOOD = vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB")
OTHER = vevent("smt", "20261109T110000Z", "20261109T130000Z", "SUMMARY:SMT")
WHOLE = vcalendar(GOOD, OTHER)
UNREADABLE = {
    "empty": b"",
    "signin": b"<!DOCTYPE html><html><title>Sign in to your account</title></html>",
    "cut": WHOLE[:-60],
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
}
ONE_EVENT = {
    "nostart": WHOLE.replace(b"DTSTART:20261109T110000Z\r\n", b""),
    "badstart": WHOLE.replace(b"DTSTART:20261109T110000Z", b"DTSTART:20261341T110000Z"),
    "badrule": WHOLE.replace(b"SUMMARY:SMT", b"RRULE:FREQ=SOMETIMES\r\nSUMMARY:SMT"),
    "endless": WHOLE.replace(b"SUMMARY:SMT", b"RRULE:FREQ=SECONDLY\r\nSUMMARY:SMT"),
}
MENDED = {
    "utf16": WHOLE.decode().encode("utf-16"),
    "crcrlf": WHOLE.replace(b"\r\n", b"\r\r\n"),
    "cr": WHOLE.replace(b"\r\n", b"\r"),
    "twice": vcalendar(GOOD) + vcalendar(OTHER),
    "alarm": WHOLE.replace(b"SUMMARY:SMT", b"SUMMARY:SMT\r\nBEGIN:VALARM\r\nTRIGGER:PT-2H\r\nEND:VALARM"),
}


def run(config) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "calsync", "run", "--config", str(config), "--night", str(NIGHT)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def meetings_by_manager(config) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in stored_tables(config, ("meetings",))["meetings"]:
        name = next(cell for cell in row if cell in NAMES)
        found[name] = found.get(name, 0) + 1
    return found


NAMES = {"healthy", *UNREADABLE, *ONE_EVENT, *MENDED}


def test_each_broken_calendar_is_named_with_a_hint_and_the_healthy_one_is_complete(
    tmp_path,
):
    config = write_council(tmp_path, {"healthy": WHOLE, **UNREADABLE, **ONE_EVENT, **MENDED})
    ran = run(config)
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert meetings_by_manager(config) == {
        "healthy": 2,
        **dict.fromkeys(ONE_EVENT, 1),
        **dict.fromkeys(MENDED, 2),
    }
    faults = [line for line in ran.stderr.splitlines() if line.startswith("●")]
    for name in (*UNREADABLE, *ONE_EVENT):
        (told,) = [line for line in faults if f"{name}.ics" in line]
        assert "→" in told, told
    assert not any("healthy.ics" in line for line in ran.stderr.splitlines())


def test_the_same_in_one_managers_folder(tmp_path):
    config = write_council(tmp_path, {"healthy": WHOLE, **UNREADABLE})
    roster = "id,email,calendar\nana,ana@brynfelin.gov.wales.example,calendars\n"
    (tmp_path / "managers.csv").write_text(roster, encoding="utf-8")
    ran = run(config)
    assert ran.returncode == 1
    assert len(stored_tables(config, ("meetings",))["meetings"]) == 2
    for name in UNREADABLE:
        assert f"{name}.ics" in ran.stderr
