"""No query of a night scans a whole table of meetings or minutes."""

from datetime import timedelta

import pytest
from sqlalchemy import event
from support.builders import MONDAY, meeting, span

from calsync.model.span import Span
from calsync.store.database import Store, open_store
from calsync.store.records import AllocationState, CalendarReplacement, CalendarState, Recalculation
from calsync.store.rows import meeting_rows

pytestmark = pytest.mark.slow

DAY = span("00:00-24:00")
WEEK = (MONDAY, MONDAY + timedelta(days=7))


def run_all_queries(store: Store) -> None:
    """Run every query of meetings and minutes that a night, a command or an export runs."""
    board = meeting("09:00-10:00", uid="a", calendar_id="m1/x/1")
    state = CalendarState("m1/x/1", "m1", "x", "m1")
    for title in ("before", "after"):
        rows = meeting_rows("m1/x/1", [board])
        store.meetings.replace_all([CalendarReplacement(state, DAY, rows, frozenset({title}))])
    store.meetings.mark_unchanged(["m1/x/1"], MONDAY)
    store.meetings.count("m1/x/1", DAY)
    store.meetings.of_manager("m1", Span(DAY.start, DAY.end))
    store.meetings.find_by_uid("a")
    store.meetings.with_own_categories(Span(DAY.start, DAY.end))
    store.meetings.with_own_categories(Span(DAY.start, DAY.end), "m1")
    recalculation = Recalculation(*WEEK, (), AllocationState("m1", "basis", *WEEK))
    store.allocations.replace_all([recalculation])
    store.allocations.frame(*WEEK, ["m1"])
    store.meetings.delete_calendar("m1/x/1")


def test_every_query_of_a_night_uses_an_index(tmp_path) -> None:
    statements: list[tuple[str, object]] = []
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        engine = store.meetings._database.engine
        event.listen(
            engine,
            "before_cursor_execute",
            lambda _c, _cursor, statement, parameters, _context, many: statements.append(
                (statement, parameters[0] if many else parameters)
            ),
        )
        run_all_queries(store)
        searches = [query for query in statements if query[0].startswith(("SELECT", "UPDATE", "DELETE"))]
        assert len(searches) > 10
        with engine.connect() as connection:
            plans = [
                (statement, row[3])
                for statement, parameters in searches
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
    scans = [plan for plan in plans if plan[1].startswith(("SCAN meetings", "SCAN allocations"))]
    assert scans == []
