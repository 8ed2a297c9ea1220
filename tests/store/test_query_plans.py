"""No question that a night asks looks through a whole table of meetings or minutes."""

from datetime import timedelta

from sqlalchemy import event
from support.builders import MONDAY, meeting, span

from calsync.model.span import Span
from calsync.store.database import Store, open_store
from calsync.store.records import AllocationState, CalendarReplacement, CalendarState, Recalculation
from calsync.store.rows import meeting_rows

DAY = span("00:00-24:00")
WEEK = (MONDAY, MONDAY + timedelta(days=7))


def run_all_queries(store: Store) -> None:
    """Every question that a night, a command or an export asks about meetings and minutes."""
    kept = meeting("09:00-10:00", uid="a", calendar_id="m1/x/1")
    state = CalendarState("m1/x/1", "m1", "x", "m1")
    for title in ("before", "after"):
        rows = meeting_rows("m1/x/1", [kept])
        store.meetings.replace_all([CalendarReplacement(state, DAY, rows, frozenset({title}))])
    store.meetings.mark_unchanged(["m1/x/1"], MONDAY)
    store.meetings.count("m1/x/1", DAY)
    store.meetings.of_manager("m1", Span(DAY.start, DAY.end))
    store.meetings.find_by_uid("a")
    store.meetings.with_own_categories(Span(DAY.start, DAY.end))
    store.meetings.with_own_categories(Span(DAY.start, DAY.end), "m1")
    reckoned = Recalculation(*WEEK, (), AllocationState("m1", "basis", *WEEK))
    store.allocations.replace_all([reckoned])
    store.allocations.frame(*WEEK, ["m1"])
    store.meetings.delete_calendar("m1/x/1")


def test_every_query_of_a_night_uses_an_index(tmp_path) -> None:
    asked: list[tuple[str, object]] = []
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        engine = store.meetings._database.engine
        event.listen(
            engine,
            "before_cursor_execute",
            lambda _c, _cursor, statement, parameters, _context, many: asked.append(
                (statement, parameters[0] if many else parameters)
            ),
        )
        run_all_queries(store)
        looking = [one for one in asked if one[0].startswith(("SELECT", "UPDATE", "DELETE"))]
        assert len(looking) > 10
        with engine.connect() as connection:
            plans = [
                (statement, row[3])
                for statement, parameters in looking
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
    scans = [one for one in plans if one[1].startswith(("SCAN meetings", "SCAN allocations"))]
    assert scans == []
