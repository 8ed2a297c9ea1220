"""A digest tells every change of what an occurrence holds, and nothing but a change."""

from dataclasses import replace

import pytest
from support.builders import occurrence

from calsync.model.occurrence import (
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
OTHER = {
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
NAMES_AND_TIMES = {"uid", "recurrence_id", "start", "end"}


def test_every_field_is_tried():
    assert OTHER.keys() | NAMES_AND_TIMES == set(Occurrence._fields)


@pytest.mark.parametrize("name", OTHER)
def test_whatever_changes_in_the_content_shows(name):
    one = occurrence()
    other = one._replace(**{name: OTHER[name]})
    assert content_digest(one) != content_digest(other)
    assert occurrence_digest(one) != occurrence_digest(other)


@pytest.mark.parametrize(
    "other",
    [
        replace(ANA, kind=AttendeeKind.ROOM),
        replace(ANA, response=Response.ACCEPTED),
        replace(ANA, address="b@a.example"),
    ],
)
def test_whatever_changes_of_an_attendee_shows(other):
    one = occurrence()
    assert content_digest(one._replace(attendees=(ANA,))) != content_digest(one._replace(attendees=(other,)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"title": "Board", "location": ""}, {"title": "Boa", "location": "rd"}),
        ({"categories": ("a", "b")}, {"categories": ("ab",)}),
        ({"categories": ()}, {"categories": ("",)}),
        ({"organizer": "", "categories": ("a@b.example",)}, {"organizer": "a@b.example", "categories": ()}),
        ({"categories": (ANA.address, "individual", "unanswered")}, {"attendees": (ANA,)}),
    ],
)
def test_the_same_letters_in_other_places_show(one, other):
    assert content_digest(occurrence(**one)) != content_digest(occurrence(**other))


def test_what_is_alike_at_another_time_has_one_digest_and_two_fingerprints():
    one = occurrence()
    later = one._replace(uid="later", recurrence_id="2026-11-24T10:00:00")
    assert content_digest(one) == content_digest(later)
    assert occurrence_digest(one) != occurrence_digest(later)
