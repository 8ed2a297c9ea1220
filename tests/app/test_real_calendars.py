"""A night over real exports, where they are present: minutes add up to the union of the meetings."""

from collections import defaultdict
from datetime import date, datetime
from pathlib import Path

import icalendar
import pytest
import recurring_ical_events
from support.night_council import LONDON, csv_rows, run_test_night, write_council
from typer.testing import CliRunner

from calsync.cli import app

CALENDARS = Path(__file__).parents[3] / "shared" / "data" / "calendars"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CALENDARS.is_dir(), reason="the real exports are not on this machine"),
]
YEAR = "[window]\nweeks_back = 52\nweeks_ahead = 0\n"
LAST_NIGHT = date(2024, 1, 1)


def union_by_day(file: Path, first: datetime, last: datetime) -> dict[str, float]:
    """Minutes a day that a confirmed, busy, timed meeting covers, minute by minute, in plain sets."""
    covered: dict[str, set[int]] = defaultdict(set)
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    for event in recurring_ical_events.of(calendar, skip_bad_series=True).between(first, last):
        start, end = event["DTSTART"].dt, event["DTEND"].dt
        if not isinstance(start, datetime) or not counts(event):
            continue
        start, end = (t.replace(tzinfo=LONDON) if t.tzinfo is None else t for t in (start, end))
        second = max(start.timestamp(), first.timestamp())
        while second < min(end.timestamp(), last.timestamp()):
            day = datetime.fromtimestamp(second, LONDON).date().isoformat()
            covered[day].add(int(second) // 60)
            second += 60
    return {day: float(len(minutes)) for day, minutes in covered.items()}


def counts(event) -> bool:
    title = str(event.get("SUMMARY", "")).casefold()
    return (
        str(event.get("STATUS", "CONFIRMED")).upper() == "CONFIRMED"
        and str(event.get("TRANSP", "OPAQUE")).upper() != "TRANSPARENT"
        and str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "BUSY")).upper() == "BUSY"
        and not title.startswith(("canceled", "cancelled"))
    )


@pytest.mark.parametrize("name", ["finos_community_google", "openssf_wg_google"])
def test_a_days_minutes_are_the_union_of_its_counted_meetings(tmp_path, name):
    file = CALENDARS / f"{name}.ics"
    config = write_council(tmp_path, {"real": file.read_bytes()}, more=YEAR)
    report = run_test_night(config, LAST_NIGHT)
    assert report.counts["failed"] == 0
    first = datetime(2023, 1, 2, tzinfo=LONDON)
    last = datetime(2024, 1, 8, tzinfo=LONDON)
    given = CliRunner().invoke(
        app,
        [
            "export",
            "--config",
            str(config),
            "--table",
            "allocations",
            "--from",
            "2023-01-02",
            "--to",
            "2024-01-08",
        ],
    )
    assert given.exit_code == 0, given.output
    allocated: dict[str, float] = defaultdict(float)
    for row in csv_rows(given.stdout):
        if row["confirmed"] == "true":
            allocated[row["day"]] += float(row["minutes"])
    expected = union_by_day(file, first, last)
    assert set(allocated) == set(expected)
    assert all(allocated[day] == pytest.approx(expected[day], abs=1e-4) for day in expected)
    assert expected


def test_every_real_calendar_is_read_and_twice_is_the_same_as_once(tmp_path):
    from support.night_council import stored_tables

    files = {file.stem.lower(): file.read_bytes() for file in sorted(CALENDARS.glob("*.ics"))}
    config = write_council(tmp_path, files, more=YEAR)
    report = run_test_night(config, LAST_NIGHT)
    assert report.counts["calendars"] == len(files)
    before = stored_tables(config)
    run_test_night(config, LAST_NIGHT)
    assert stored_tables(config) == before
