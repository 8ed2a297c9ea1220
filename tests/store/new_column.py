"""Stores and reads a meeting's location; `test_new_column` runs it in a copy of calsync with this column."""

import sys

from support.builders import meeting, span

from calsync.store.database import open_store
from calsync.store.records import CalendarState, RowCounts


def main(url: str) -> None:
    day = span("00:00-24:00")
    state = CalendarState("m1/test/1", "m1", "test", "m1 (test)")
    with open_store(url) as store:  # migrates it
        before = store.meetings.of_manager("m1", day)
        assert [(stored.title, stored.location) for stored in before] == [("Stored before the migration", "")]
        first = [meeting(title="Board", location="Room 1")]
        assert store.meetings.replace(state, day, first) == RowCounts(added=1, removed=1)
        assert store.meetings.of_manager("m1", day) == first
        moved = [meeting(title="Board", location="Room 2")]
        assert store.meetings.replace(state, day, moved) == RowCounts(changed=1)
        assert store.meetings.replace(state, day, moved) == RowCounts()
        assert [stored.location for stored in store.meetings.of_manager("m1", day)] == ["Room 2"]


if __name__ == "__main__":
    main(sys.argv[1])
