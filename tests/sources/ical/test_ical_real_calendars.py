"""Published calendars, where the files are there: start, end and uid are those of recurring-ical-events."""

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import icalendar
import pytest
import recurring_ical_events
from support.ical_text import LONDON, days, read

FOLDER = Path(
    os.environ.get("CALSYNC_CALENDARS", Path(__file__).parents[4] / "shared" / "data" / "calendars")
)
FILES = sorted(FOLDER.glob("*.ics")) if FOLDER.is_dir() else []
YEARS = [("2019-01-01", "2023-01-01"), ("2023-01-01", "2024-01-01"), ("2024-01-01", "2027-01-01")]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FILES, reason="the real calendars are not here")]


def iso_in_london(moment: date) -> str:
    at = (
        moment
        if isinstance(moment, datetime)
        else datetime(moment.year, moment.month, moment.day, tzinfo=LONDON)
    )
    return (at if at.tzinfo else at.replace(tzinfo=LONDON)).isoformat()


def read_by_library(content: bytes, first: datetime, last: datetime) -> Iterator[tuple[str, str, str]]:
    icalendar.use_zoneinfo()
    for calendar in icalendar.Calendar.from_ical(content, multiple=True):
        for found in recurring_ical_events.of(calendar, components=["VEVENT"]).between(first, last):
            yield str(found["UID"]), iso_in_london(found["DTSTART"].dt), iso_in_london(found["DTEND"].dt)
    icalendar.use_zoneinfo()


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
@pytest.mark.parametrize("years", YEARS, ids=[first[:4] for first, _ in YEARS])
def test_a_real_calendar_is_read_as_by_recurring_ical_events(path: Path, years: tuple[str, str]) -> None:
    window = days(*years)
    found, _ = read(path.read_bytes(), window)
    read_by_calsync = sorted((o.uid, o.start.isoformat(), o.end.isoformat()) for o in found)
    assert read_by_calsync == sorted(read_by_library(path.read_bytes(), window.start, window.end))


def test_a_year_of_finos_is_414_meetings() -> None:
    content = next((path for path in FILES if path.stem == "finos_community_google"), None)
    if content is None:
        pytest.skip("that calendar is not here")
    assert len(read(content.read_bytes(), days("2023-01-01", "2024-01-01"))[0]) == 414
