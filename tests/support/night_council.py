"""Writes the settings, managers and calendars of a council to a folder, for tests that run whole nights."""

import csv
import io
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from calsync.app.night import run_night

LONDON = ZoneInfo("Europe/London")
NIGHT = date(2026, 11, 16)

SETTINGS = """
[organisation]
name = "Cyngor Brynfelin Council"
domains = ["brynfelin.gov.wales.example", "brynfelin.llyw.cymru.example"]
nation = "wales"
[sources.exported]
type = "ics"
"""
ALLOW_LOOPBACK = 'private_hosts = ["127.0.0.1"]\n'
"""For the beginning of `more`: allows the source to read from servers on loopback."""


def vevent(uid: str, start: str, end: str, *lines: str) -> str:
    """`vevent("1", "20261102T090000Z", "20261102T100000Z", "SUMMARY:PSB")`."""
    body = [f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"DTSTART:{start}", f"DTEND:{end}", *lines]
    return "\r\n".join(["BEGIN:VEVENT", *body, "END:VEVENT", ""])


def vcalendar(*events: str) -> bytes:
    """A calendar with these events."""
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//calsync//tests//EN\r\n"
    return (head + "".join(events) + "END:VCALENDAR\r\n").encode()


def write_council(
    folder: Path, calendars: Mapping[str, bytes], more: str = "", summary: str = "weekly"
) -> Path:
    """Write settings, and a manager for each calendar.

    Args:
        folder: Where the files are written.
        calendars: The contents of the calendar files, by manager's id.
        more: Text that is added to the settings; it begins in the table of the source.
        summary: How often the managers get a summary.

    Returns:
        The settings file.
    """
    (folder / "calendars").mkdir(parents=True, exist_ok=True)
    (folder / "calsync.toml").write_text(SETTINGS + more, encoding="utf-8")
    with (folder / "managers.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "email", "name", "department", "calendar", "summary"])
        for name, content in calendars.items():
            (folder / "calendars" / f"{name}.ics").write_bytes(content)
            address = f"{name}@brynfelin.gov.wales.example"
            rows.writerow([name, address, name.title(), "Social care", f"calendars/{name}.ics", summary])
    return folder / "calsync.toml"


def run_test_night(config: Path, day: date = NIGHT, **options):
    """Run the night of this day at 04:15."""
    at = datetime(day.year, day.month, day.day, 4, 15, tzinfo=LONDON)
    return run_night(config, day, now=lambda: at, **options)


STORED_TABLES = ("meetings", "allocations", "outbox")


def stored_tables(config: Path, names: tuple[str, ...] = STORED_TABLES) -> dict[str, list[tuple]]:
    """The rows of these tables in the store, sorted."""
    with sqlite3.connect(config.parent / "calsync.db") as database:
        return {name: sorted(database.execute(f"select * from {name}"), key=repr) for name in names}


def mail_files(config: Path) -> list[Path]:
    """The mail files in the outbox folder."""
    return sorted((config.parent / "outbox").glob("*.eml"))


def csv_rows(text: str) -> list[dict[str, str]]:
    """The rows of a CSV text, by column."""
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
