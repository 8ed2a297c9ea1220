"""From which day on a calendar's days were read, in a store of an older version."""

from contextlib import closing
from datetime import date

from alembic import command
from support.builders import span

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, MeetingKind
from calsync.store.connections import Database
from calsync.store.database import open_store
from calsync.store.migrate import _alembic_config
from calsync.store.records import CalendarState

DAY = span("00:00-24:00")


def test_calendars_of_an_older_store_are_covered_from_their_managers_first_minutes(url: str) -> None:
    calendar = CalendarState("c1", "m1", "ics", "c1", window=DAY, last_good=date(2026, 11, 16))
    never = CalendarState("c2", "m2", "ics", "c2")
    old = Allocation(
        "m1", date(2026, 8, 3), "gone", "psb", Activity.PROCESS, MeetingKind.MEETING, True, True, 60.0
    )
    with open_store(url) as store:
        store.meetings.replace(calendar, DAY, [])
        store.meetings.replace(never, DAY, [])
        store.allocations.replace("m1", date(2026, 8, 3), date(2026, 8, 4), [old])
    with closing(Database(url)) as database, database.writing() as connection:
        command.downgrade(_alembic_config(connection), "own_categories")
    with open_store(url) as store:
        read_days = [(days.calendar_id, days.first, days.last) for days in store.meetings.calendar_days()]
    assert read_days == [("c1", date(2026, 8, 3), date(2026, 11, 16)), ("c2", None, None)]
