"""The columns whose changes make minutes due are those that minutes depend on."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from support.builders import LONDON, MONDAY, make_classification, meeting, span

from calsync.analysis.allocate import allocate
from calsync.analysis.worktime import WorkingTime
from calsync.model.classification import Activity, Scope
from calsync.model.occurrence import Response, ShowAs, Status
from calsync.model.people import Manager
from calsync.model.span import Span
from calsync.store.meetings import COUNTED_COLUMNS
from calsync.store.schema import meetings as table

START = span("00:00-24:00", MONDAY).start
WEEK = Span(START, START + timedelta(days=7))
BOARD = meeting(classification=make_classification("mixed", process_share=Fraction(1, 2)))
OTHERS = {
    "uid": "another",
    "recurrence_id": "2026-11-02T10:00:00",
    "title": "Another title",
    "organizer_domain": "b.example",
    "attendee_domains": ("b.example", "c.example"),
    "attendees": 12,
    "categories": ("Red",),
    "fingerprint": "0" * 32,
    "sequence": 3,
    "stamp": "20261101T090000Z",
}
CLASSIFICATION_OTHERS = {"rule": "another/rule", "evidence": "other words", "agencies": ("nhs:b",)}
# An id names the start, and zones only how it is shown.
NAMES = {"id", "calendar_id", "manager_id", "start_zone", "end_zone"}
MOVES = {
    "starts": {"start": BOARD.start - timedelta(minutes=5)},
    "ends": {"end": BOARD.end + timedelta(minutes=5)},
    "status": {"status": Status.TENTATIVE},
    "response": {"response": Response.DECLINED},
    "show_as": {"show_as": ShowAs.FREE},
    "scope": {"all_day": True, "classification": replace(BOARD.classification, scope=Scope.INTERNAL)},
    "all_day": {"all_day": True},
    "private": {"all_day": True, "private": True},
    "partnerships": {"classification": replace(BOARD.classification, partnerships=("rpb",))},
    "activity": {"classification": replace(BOARD.classification, activity=Activity.UNCLEAR)},
    "label": {"classification": replace(BOARD.classification, label="werkbezoek")},
    "kind": {"classification": replace(BOARD.classification, kind="travel")},
    "process_share": {"classification": replace(BOARD.classification, process_share=Fraction(1, 4))},
}


def minutes(one):
    return allocate(Manager("m1", "m1@a.example", "M"), [one], WorkingTime(zone=LONDON), WEEK)


def test_every_column_is_either_counted_or_does_not_affect_minutes():
    assert set(table.c.keys()) == {*COUNTED_COLUMNS, *OTHERS, *CLASSIFICATION_OTHERS, *NAMES}
    assert set(MOVES) == set(COUNTED_COLUMNS)


@pytest.mark.parametrize("name", OTHERS)
def test_columns_that_are_not_counted_do_not_affect_minutes(name):
    assert minutes(BOARD)
    assert minutes(BOARD._replace(**{name: OTHERS[name]})) == minutes(BOARD)


@pytest.mark.parametrize("name", CLASSIFICATION_OTHERS)
def test_classification_columns_that_are_not_counted_do_not_affect_minutes(name):
    assert minutes(
        BOARD._replace(classification=replace(BOARD.classification, **{name: CLASSIFICATION_OTHERS[name]}))
    ) == minutes(BOARD)


@pytest.mark.parametrize("name", COUNTED_COLUMNS)
def test_counted_columns_affect_minutes(name):
    assert minutes(BOARD._replace(**MOVES[name])) != minutes(BOARD)
