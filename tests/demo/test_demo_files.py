"""The calendars are files as Outlook and Google write them, whole and the same everywhere."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, date, datetime, time

import pytest
import recurring_ical_events
from icalendar import Calendar
from support.builders import LONDON

from calsync.demo.all_plans import calendar_entries
from calsync.demo.council import DemoManager, council_managers

pytestmark = pytest.mark.slow

PRINT = """
import hashlib
from calsync.demo.council import council_managers
from calsync.demo.write import render_calendar
print(hashlib.sha256(b"".join(map(render_calendar, council_managers()))).hexdigest())
"""


@pytest.mark.parametrize(("seed", "zone"), [("1", "Asia/Tokyo"), ("2", "America/St_Johns")])
@pytest.mark.slow
def test_the_same_bytes_come_out_in_every_process_and_zone(files: dict[str, bytes], seed: str, zone: str):
    around = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
    made = subprocess.run(
        [sys.executable, "-c", PRINT], env=around, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == hashlib.sha256(b"".join(files.values())).hexdigest()


def test_every_event_of_the_diary_is_in_the_file_once(manager: DemoManager, files: dict[str, bytes]):
    kept = calendar_entries(manager)
    changes = [
        change
        for one in kept
        if one.plan.rule
        for change in one.plan.changes
        if change.day not in one.plan.dropped
    ]
    (calendar,) = Calendar.from_ical(files[manager.key], multiple=True)
    assert len(calendar.walk("VEVENT")) == len(kept) + len(changes)
    assert files[manager.key].count(b"BEGIN:VEVENT") == len(kept) + len(changes)


def test_no_event_has_a_fault(manager: DemoManager, files: dict[str, bytes]):
    (calendar,) = Calendar.from_ical(files[manager.key], multiple=True)
    assert [event.errors for event in calendar.walk("VEVENT") if event.errors] == []


def test_lines_are_folded_at_75_octets_within_no_letter(manager: DemoManager, files: dict[str, bytes]):
    *lines, last = files[manager.key].split(b"\r\n")
    assert last == b""
    assert max(map(len, lines)) == 75
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    for line in lines:
        line.decode("utf-8")


def test_outlook_and_google_say_who_they_are(files: dict[str, bytes]):
    heads = {manager.key: files[manager.key].splitlines()[1:4] for manager in council_managers()}
    assert sorted(key for key, head in heads.items() if head[0].startswith(b"PRODID:-//Google Inc")) == [
        "mari",
        "rhodri",
        "sian",
    ]
    exchange = [head for head in heads.values() if b"PRODID:Microsoft Exchange Server 2010" in head]
    assert len(exchange) == 9


def test_recurring_ical_events_finds_what_graph_gives(
    manager: DemoManager, files: dict[str, bytes], events: dict[str, list[dict]]
):
    (calendar,) = Calendar.from_ical(files[manager.key], multiple=True)
    found = recurring_ical_events.of(calendar, components=["VEVENT"]).between(
        datetime(2026, 8, 17, tzinfo=LONDON), datetime(2026, 12, 21, tzinfo=LONDON)
    )
    assert sorted((str(e["UID"]), instant(e["DTSTART"].dt), instant(e["DTEND"].dt)) for e in found) == sorted(
        (event["iCalUId"], event["start"]["dateTime"][:19], event["end"]["dateTime"][:19])
        for event in events[manager.key]
    )


def instant(moment: date) -> str:
    """In UTC; of a date its midnight, as Graph says it."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return datetime.combine(moment, time()).isoformat()
