"""Corrections are stored, none is overwritten, and meetings are read with them."""

from contextlib import closing
from dataclasses import replace
from fractions import Fraction

from alembic import command
from sqlalchemy import text
from support.builders import at, make_classification, meeting, span

from calsync.model.classification import Activity, MeetingKind, Scope
from calsync.model.correction import Correction, CorrectionFields
from calsync.store.connections import Database
from calsync.store.database import Store, open_store
from calsync.store.migrate import _alembic_config, current_revision
from calsync.store.records import CalendarState

DAY = span("00:00-24:00")
PROCESS = Correction("w", CorrectionFields(activity=Activity.PROCESS), "Alys Puw", at("12:00"))


def store_meetings(store: Store, *meetings, manager: str = "m1") -> None:
    store.meetings.replace(CalendarState(f"{manager}/test/1", manager, "test", "a.ics"), DAY, meetings)


def board(manager: str = "m1", **changes):
    return meeting(
        uid="w",
        manager_id=manager,
        calendar_id=f"{manager}/test/1",
        classification=make_classification("unclear"),
        **changes,
    )


def activities(store: Store) -> list[str]:
    return [str(m.classification.activity) for m in store.meetings.of_manager("m1", DAY)]


def test_a_correction_is_read_as_it_was_stored(store: Store) -> None:
    full = Correction(
        "w",
        CorrectionFields(
            Scope.INTER_AGENCY, ("psb", "rpb"), Activity.MIXED, Fraction(1, 3), MeetingKind.PREPARATION
        ),
        "Alys Puw (m1)",
        at("12:00"),
        recurrence_id="",
        manager_id="m1",
        reason="yr agenda",
        previous_classifications=(make_classification(process_share=Fraction(2, 7), label="x"),),
    )
    stored = store.corrections.add(full)
    assert stored == replace(full, number=1)
    assert store.corrections.list_all() == [stored]
    assert store.corrections.add(PROCESS).number == 2
    assert [correction.fields for correction in store.corrections.list_all()] == [full.fields, PROCESS.fields]


def test_a_correction_to_no_partnership_differs_from_no_correction_of_it(store: Store) -> None:
    store.corrections.add(replace(PROCESS, fields=CorrectionFields(partnerships=())))
    assert [correction.fields.partnerships for correction in store.corrections.list_all("w")] == [()]
    assert store.corrections.list_all("x") == []


def test_meetings_are_read_with_corrections_and_also_without(store: Store) -> None:
    store_meetings(store, board())
    store.corrections.add(PROCESS)
    assert activities(store) == ["process"]
    assert [str(m.classification.activity) for m in store.meetings.find_by_uid("w")] == ["process"]
    assert [str(m.classification.activity) for m in store.meetings.find_uncorrected("w")] == ["unclear"]


def test_a_calendar_that_is_read_again_keeps_its_corrections(store: Store) -> None:
    store.corrections.add(PROCESS)
    store_meetings(store, board())
    store_meetings(store, board(title="renamed"))
    assert activities(store) == ["process"]


def test_a_later_correction_wins_until_it_is_withdrawn(store: Store) -> None:
    store_meetings(store, board())
    store.corrections.add(PROCESS)
    mixed = store.corrections.add(
        Correction("w", CorrectionFields(activity=Activity.MIXED), "Bryn Rees", at("13:00"))
    )
    assert activities(store) == ["mixed"]
    store.corrections.withdraw(mixed.number, "Bryn Rees", at("14:00"))
    assert activities(store) == ["process"]
    assert [bool(correction.withdrawn) for correction in store.corrections.list_all()] == [False, True]


def test_a_withdrawal_is_stored_once_and_an_unknown_number_gives_none(store: Store) -> None:
    number = store.corrections.add(PROCESS).number
    first = store.corrections.withdraw(number, "Bryn Rees", at("14:00"))
    assert first and (first.withdrawn, first.withdrawn_by) == (at("14:00"), "Bryn Rees")
    assert store.corrections.withdraw(number, "Cai", at("15:00")) == first
    assert store.corrections.withdraw(number + 1, "Cai", at("15:00")) is None


def test_a_store_opened_later_applies_the_corrections(url: str) -> None:
    with open_store(url) as store:
        store_meetings(store, board())
        store.corrections.add(PROCESS)
    with open_store(url) as store:
        assert activities(store) == ["process"]


def test_characters_that_no_database_accepts_are_replaced_in_corrections(store: Store) -> None:
    stored = store.corrections.add(replace(PROCESS, uid="w\0\ud800", reason="\0"))
    assert [correction.number for correction in store.corrections.list_all("w\0\ud800")] == [stored.number]


def test_a_store_of_the_first_version_is_migrated_without_loss(url: str) -> None:
    with open_store(url) as store:
        store_meetings(store, board())
        before = store.meetings.of_manager("m1", DAY)
    with closing(Database(url)) as database, database.writing() as connection:
        command.downgrade(_alembic_config(connection), "first_tables")
        assert current_revision(connection) == "first_tables"
        assert connection.execute(text("select count(*) from meetings")).scalar() == 1
    with open_store(url) as store:
        assert store.meetings.of_manager("m1", DAY) == before
        store.corrections.add(PROCESS)
        assert activities(store) == ["process"]
