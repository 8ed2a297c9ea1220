"""Writes the files of the demo to a folder: settings, managers, grades and calendars (`calsync demo`)."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from calsync.demo.council import COUNCIL_NAME, WEEKDAY_NAMES, DemoManager, council_managers, load_toml
from calsync.demo.diary import DEMO_DAY
from calsync.demo.google import render_google_calendar
from calsync.demo.outlook import render_outlook_calendar
from calsync.private_files import make_private_folder, replace_private_file, restrict_to_owner

__all__ = ["DEMO_DAY", "write_demo"]

_SETTINGS = """\
# A council that does not exist: what `calsync demo` reads. Copy it for your own; every key is
# explained in docs/operators/settings.md. Paths are relative to this file.

[organisation]
name = "{name}"
domains = ["{council}", "{cyngor}"]   # one agency may have several
nation = "wales"                      # public holidays; wales | england | scotland | northern-ireland
timezone = "Europe/London"
language = "both"                     # en | cy | both; a manager's own choice wins

[window]                              # whole weeks around the current one
weeks_back = 13
weeks_ahead = 4

[store]
url = "sqlite:///calsync.db"          # or postgresql+psycopg://user@host/name

[sources.exported]
type = "ics"                          # files, folders and published addresses

[managers]
file = "managers.csv"                 # one line for each manager; calendars/ holds what they exported

[rules]
packs = ["wales"]                     # our own rules can be in a folder: folder = "our-rules"

[costs]
file = "grades.csv"                   # pounds an hour by grade; take the line out for hours only

[mail]
transport = "folder"                  # folder | smtp | m365
folder = "outbox"
sender = "calsync@{council}"

[schedule]
nightly = "04:15"

[demo]                                # remove this table from settings of your own
today = {today}                    # the date that the demo uses instead of the current one
"""

_MANAGER_COLUMNS = (
    "id",
    "email",
    "name",
    "department",
    "grade",
    "fte",
    "hours_per_week",
    "working_days",
    "source",
    "calendar",
    "summary",
    "language",
)
_GRADES = (
    ("grade", "contract", "productive", "source", "year"),
    ("Director", "80", "99", "example: salary 115000 with on-costs, 1931 or 1561 hours", "2025/26"),
    ("Head of service", "56", "69", "example: salary 80000 with on-costs, 1931 or 1561 hours", "2025/26"),
    ("Service manager", "38", "47", "NJC SCP 43: salary 54495 with on-costs, 1931 or 1561 hours", "2025/26"),
)


def write_demo(folder: Path) -> Path:
    """Write the files of the council, replacing those of an earlier demo, and return the settings file.

    Files get mode 0600, new folders 0700; the folder of an earlier demo is changed to 0700.
    """
    settings = folder / "calsync.toml"
    if not make_private_folder(folder) and settings.exists():
        restrict_to_owner(folder)
    calendars = folder / "calendars"
    for manager in council_managers():
        _write_file(calendars / f"{manager.id}.ics", render_calendar(manager))
    _write_table(folder / "managers.csv", _MANAGER_COLUMNS, map(_manager_row, council_managers()))
    _write_table(folder / "grades.csv", _GRADES[0], _GRADES[1:])
    agencies = load_toml("people.toml")["agencies"]
    content = _SETTINGS.format(
        today=DEMO_DAY, name=COUNCIL_NAME, council=agencies["council"], cyngor=agencies["cyngor"]
    )
    _write_file(settings, content.encode())
    return settings


def render_calendar(manager: DemoManager) -> bytes:
    """The manager's calendar as an exported file of Outlook or Google."""
    return (render_google_calendar if manager.calendar == "google" else render_outlook_calendar)(manager)


def _manager_row(manager: DemoManager) -> Sequence[str]:
    return (
        manager.id,
        manager.email,
        manager.name,
        manager.department,
        manager.grade,
        str(manager.fte),
        "37",
        " ".join(WEEKDAY_NAMES[day] for day in manager.working_days),
        "exported",
        f"calendars/{manager.id}.ics",
        manager.summary,
        manager.language,
    )


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    _write_file(path, text.getvalue().encode())


def _write_file(path: Path, content: bytes) -> None:
    with replace_private_file(path) as file:
        file.write(content)
