"""Stores of older versions, whose minutes have no label, get the labels of their meetings."""

from contextlib import closing

from alembic import command
from support.builders import MONDAY, make_classification, meeting, span

from calsync.analysis.allocate import allocate
from calsync.analysis.worktime import WorkingTime
from calsync.model.people import Manager
from calsync.store.connections import Database
from calsync.store.database import open_store
from calsync.store.migrate import _alembic_config
from calsync.store.records import AllocationState, CalendarState, Recalculation

DAY = span("00:00-24:00")
TUESDAY = DAY.end.date()
VISIT = meeting(
    "09:00-10:00", classification=make_classification("service_improvement", label="werkbezoek"), uid="visit"
)
BOARD = meeting("10:00-11:00", uid="board")


def minutes_of(name: str, *meetings) -> Recalculation:
    manager = Manager(name, f"{name}@brynfelin.example", name)
    allocations = allocate(manager, meetings, WorkingTime(), DAY)
    return Recalculation(MONDAY, TUESDAY, allocations, AllocationState(name, "as it was", MONDAY, TUESDAY))


def test_a_migration_copies_labels_to_minutes_and_makes_them_due_again(url: str) -> None:
    with open_store(url) as store:
        store.meetings.replace(CalendarState("m1/test/1", "m1", "ics", "c1"), DAY, [VISIT, BOARD])
        store.allocations.replace_all([minutes_of("m1", VISIT, BOARD), minutes_of("m2")])
    with closing(Database(url)) as database, database.writing() as connection:
        command.downgrade(_alembic_config(connection), "roster")
    with open_store(url) as store:
        frame = store.allocations.frame(MONDAY, TUESDAY).set_index("meeting_id")
        assert frame["label"].to_dict() == {VISIT.id: "werkbezoek", BOARD.id: ""}
        states = store.allocations.allocation_states()
        assert {name: state.basis for name, state in states.items()} == {"m1": "", "m2": "as it was"}
