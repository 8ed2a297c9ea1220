"""The calendar files of the demo: formats of Outlook and Google, complete, and the same on every machine."""

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

PRINT_DIGEST = """
import hashlib
from calsync.demo.council import council_managers
from calsync.demo.write import render_calendar
print(hashlib.sha256(b"".join(map(render_calendar, council_managers()))).hexdigest())
"""


@pytest.mark.parametrize(("seed", "zone"), [("1", "Asia/Tokyo"), ("2", "America/St_Johns")])
def test_every_process_in_every_zone_writes_the_same_bytes(files: dict[str, bytes], seed: str, zone: str):
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
    completed = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    assert completed.stdout.strip() == hashlib.sha256(b"".join(files.values())).hexdigest()


def test_every_entry_and_every_change_is_one_event_in_the_file(manager: DemoManager, files: dict[str, bytes]):
    entries = calendar_entries(manager)
    changes = [
        change
        for entry in entries
        if entry.plan.rule
        for change in entry.plan.changes
        if change.day not in entry.plan.dropped
    ]
    (calendar,) = Calendar.from_ical(files[manager.key], multiple=True)
    assert len(calendar.walk("VEVENT")) == len(entries) + len(changes)
    assert files[manager.key].count(b"BEGIN:VEVENT") == len(entries) + len(changes)


def test_icalendar_finds_no_errors_in_events(manager: DemoManager, files: dict[str, bytes]):
    (calendar,) = Calendar.from_ical(files[manager.key], multiple=True)
    assert [event.errors for event in calendar.walk("VEVENT") if event.errors] == []


def test_lines_are_folded_at_75_octets_and_not_within_a_character(
    manager: DemoManager, files: dict[str, bytes]
):
    *lines, last = files[manager.key].split(b"\r\n")
    assert last == b""
    assert max(map(len, lines)) == 75
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    for line in lines:
        line.decode("utf-8")


def test_files_name_outlook_or_google_as_their_product(files: dict[str, bytes]):
    heads = {manager.key: files[manager.key].splitlines()[1:4] for manager in council_managers()}
    assert sorted(key for key, head in heads.items() if head[0].startswith(b"PRODID:-//Google Inc")) == [
        "mari",
        "rhodri",
        "sian",
    ]
    exchange = [head for head in heads.values() if b"PRODID:Microsoft Exchange Server 2010" in head]
    assert len(exchange) == 9


def test_recurring_ical_events_finds_the_events_of_graph(
    manager: DemoManager, files: dict[str, bytes], events: dict[str, list[dict]]
):
    (calendar,) = Calendar.from_ical(files[manager.key], multiple=True)
    found = recurring_ical_events.of(calendar, components=["VEVENT"]).between(
        datetime(2026, 8, 17, tzinfo=LONDON), datetime(2026, 12, 21, tzinfo=LONDON)
    )
    assert sorted(
        (str(e["UID"]), utc_time(e["DTSTART"].dt), utc_time(e["DTEND"].dt)) for e in found
    ) == sorted(
        (event["iCalUId"], event["start"]["dateTime"][:19], event["end"]["dateTime"][:19])
        for event in events[manager.key]
    )


def utc_time(moment: date) -> str:
    """A time in UTC; a date as midnight, as in Graph."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return datetime.combine(moment, time()).isoformat()
