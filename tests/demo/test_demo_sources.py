"""The demo read from files and through Graph: the same meetings with the same classification."""

from datetime import datetime, timedelta

import pytest
from support.builders import LONDON

from calsync.demo.council import DemoManager, load_toml
from calsync.demo.graph import build_graph_events
from calsync.model.classification import Classification
from calsync.model.occurrence import Occurrence, Response, normalise_occurrence
from calsync.model.problem import Severity
from calsync.model.span import Span
from calsync.rules.book import RuleBook
from calsync.rules.classify import classify
from calsync.rules.facts import build_facts
from calsync.rules.packs.load import load_rules
from calsync.sources.ical.read import read_calendar
from calsync.sources.m365.events import read_events

WINDOW = Span(datetime(2026, 8, 17, tzinfo=LONDON), datetime(2026, 12, 21, tzinfo=LONDON))
OWN_DOMAINS = tuple(load_toml("people.toml")["agencies"][name] for name in ("council", "cyngor"))
OccurrencesByName = dict[tuple[str, str], Occurrence]


@pytest.fixture(scope="module")
def book() -> RuleBook:
    book, problems = load_rules(("wales",), None)
    assert problems == ()
    return book


def read_from_file(manager: DemoManager, files: dict[str, bytes]) -> OccurrencesByName:
    occurrences, problems = read_calendar(
        files[manager.key], WINDOW, zone=LONDON, owners=frozenset({manager.email}), where=manager.id
    )
    assert [problem for problem in problems if problem.severity is Severity.FAULT] == []
    return by_name(occurrences)


def read_from_graph(manager: DemoManager) -> OccurrencesByName:
    # The source also requests a little more than the window, because all-day events of Graph are in UTC.
    wider = Span(WINDOW.start - timedelta(hours=14), WINDOW.end + timedelta(hours=14))
    occurrences, problems = read_events(build_graph_events(manager, wider), LONDON, manager.id)
    assert problems == ()
    return by_name(occurrence for occurrence in occurrences if occurrence.span.overlaps(WINDOW))


def by_name(occurrences) -> OccurrencesByName:
    return {(o.uid, o.recurrence_id): normalise_occurrence(o) for o in occurrences}


def compared_fields(o: Occurrence) -> tuple[object, ...]:
    """The fields that are equal in both sources; in a file, own entries have no organizer and no response."""
    own = o.response in (Response.ORGANIZER, Response.UNRECORDED)
    people = () if own and not o.attendees else (o.organizer, o.attendee_domains, o.categories)
    answer = Response.ORGANIZER if own else o.response
    return o.span, o.all_day, o.status, answer, o.show_as, o.private, o.title, o.location, people


def classified(occurrence: Occurrence, book: RuleBook) -> tuple[object, ...]:
    """The title and the fields of the classification that are compared."""
    c: Classification = classify(build_facts(occurrence, own_domains=OWN_DOMAINS), book)
    return occurrence.title, c.scope, c.partnerships, c.activity, c.kind, c.process_share


def test_file_and_graph_contain_the_same_meetings(manager: DemoManager, files: dict[str, bytes]):
    from_file, from_graph = read_from_file(manager, files), read_from_graph(manager)
    assert len(from_file) > 150
    assert {name: compared_fields(occurrence) for name, occurrence in from_file.items()} == {
        name: compared_fields(occurrence) for name, occurrence in from_graph.items()
    }


def test_meetings_from_file_and_graph_have_the_same_classification(
    manager: DemoManager, files: dict[str, bytes], book: RuleBook
):
    from_file, from_graph = read_from_file(manager, files), read_from_graph(manager)
    assert {name: classified(occurrence, book) for name, occurrence in from_file.items()} == {
        name: classified(occurrence, book) for name, occurrence in from_graph.items()
    }


def test_the_series_without_occurrences_is_reported_as_a_note(files: dict[str, bytes]):
    _, problems = read_calendar(files["mari"], WINDOW, zone=LONDON, where="mari")
    (note,) = problems
    assert note.severity is Severity.NOTE
    assert "never takes place" in note.what
