"""The digests of an occurrence change if, and only if, its content changes."""

from dataclasses import replace

import pytest
from support.builders import occurrence

from calsync.model.occurrence import (
    NAME_AND_TIMES,
    Attendee,
    AttendeeKind,
    Occurrence,
    Response,
    Sensitivity,
    ShowAs,
    Status,
    content_digest,
    occurrence_digest,
)

ANA = Attendee("ana@a.example")
OTHER_VALUES = {
    "all_day": True,
    "status": Status.TENTATIVE,
    "response": Response.DECLINED,
    "show_as": ShowAs.FREE,
    "sensitivity": Sensitivity.PRIVATE,
    "title": "Another",
    "location": "Elsewhere",
    "description": "Other words",
    "organizer": "ben@b.example",
    "attendees": (ANA,),
    "categories": ("Red",),
    "sequence": 3,
    "stamp": "20261101T090000Z",
}


def test_these_tests_cover_every_field():
    assert OTHER_VALUES.keys() | set(NAME_AND_TIMES) == set(Occurrence._fields)


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_a_change_in_any_field_of_the_content_changes_the_digests(name):
    before = occurrence()
    after = before._replace(**{name: OTHER_VALUES[name]})
    assert content_digest(before) != content_digest(after)
    assert occurrence_digest(before) != occurrence_digest(after)


@pytest.mark.parametrize(
    "other",
    [
        replace(ANA, kind=AttendeeKind.ROOM),
        replace(ANA, response=Response.ACCEPTED),
        replace(ANA, address="b@a.example"),
    ],
)
def test_a_change_in_any_field_of_an_attendee_changes_the_digest(other):
    assert content_digest(occurrence(attendees=(ANA,))) != content_digest(occurrence(attendees=(other,)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"title": "Board", "location": ""}, {"title": "Boa", "location": "rd"}),
        ({"categories": ("a", "b")}, {"categories": ("ab",)}),
        ({"categories": ()}, {"categories": ("",)}),
        ({"organizer": "", "categories": ("a@b.example",)}, {"organizer": "a@b.example", "categories": ()}),
        ({"categories": (ANA.address, "individual", "unanswered")}, {"attendees": (ANA,)}),
    ],
)
def test_the_same_characters_divided_differently_between_fields_change_the_digest(first, second):
    assert content_digest(occurrence(**first)) != content_digest(occurrence(**second))


def test_equal_content_at_another_time_changes_only_the_digest_of_the_whole_occurrence():
    first = occurrence()
    later = first._replace(uid="later", recurrence_id="2026-11-24T10:00:00")
    assert content_digest(first) == content_digest(later)
    assert occurrence_digest(first) != occurrence_digest(later)
