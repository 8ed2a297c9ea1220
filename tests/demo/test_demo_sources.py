"""The council read as files and through Graph, by our own readers: the same meetings, judged alike."""

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
OWN = tuple(load_toml("people.toml")["agencies"][name] for name in ("council", "cyngor"))
Found = dict[tuple[str, str], Occurrence]


@pytest.fixture(scope="module")
def book() -> RuleBook:
    book, problems = load_rules(("wales",), None)
    assert problems == ()
    return book


def by_file(manager: DemoManager, files: dict[str, bytes]) -> Found:
    found, problems = read_calendar(
        files[manager.key], WINDOW, zone=LONDON, owners=frozenset({manager.email}), where=manager.id
    )
    assert [problem for problem in problems if problem.severity is Severity.FAULT] == []
    return named(found)


def by_graph(manager: DemoManager) -> Found:
    # As the source asks: a little more than the window, for all-day events lie by UTC there.
    wider = Span(WINDOW.start - timedelta(hours=14), WINDOW.end + timedelta(hours=14))
    found, problems = read_events(build_graph_events(manager, wider), LONDON, manager.id)
    assert problems == ()
    return named(occurrence for occurrence in found if occurrence.span.overlaps(WINDOW))


def named(found) -> Found:
    return {(one.uid, one.recurrence_id): normalise_occurrence(one) for one in found}


def shown(one: Occurrence) -> tuple[object, ...]:
    """All that counts, but for what a file does not say of an own entry: that its owner called it."""
    own = one.response in (Response.ORGANIZER, Response.UNRECORDED)
    who = () if own and not one.attendees else (one.organizer, one.attendee_domains, one.categories)
    answer = Response.ORGANIZER if own else one.response
    return one.span, one.all_day, one.status, answer, one.show_as, one.private, one.title, one.location, who


def judged(one: Occurrence, book: RuleBook) -> tuple[object, ...]:
    verdict: Classification = classify(build_facts(one, own_domains=OWN), book)
    return verdict.scope, verdict.partnerships, verdict.activity, verdict.kind, verdict.process_share


def test_both_give_the_same_meetings(manager: DemoManager, files: dict[str, bytes]):
    file, graph = by_file(manager, files), by_graph(manager)
    assert len(file) > 150
    assert {name: shown(one) for name, one in file.items()} == {
        name: shown(one) for name, one in graph.items()
    }


def test_both_are_judged_alike(manager: DemoManager, files: dict[str, bytes], book: RuleBook):
    file, graph = by_file(manager, files), by_graph(manager)
    told = {name: (one.title, judged(one, book)) for name, one in file.items()}
    assert told == {name: (one.title, judged(one, book)) for name, one in graph.items()}


def test_the_one_oddity_is_a_note_and_no_fault(files: dict[str, bytes]):
    _, problems = read_calendar(files["mari"], WINDOW, zone=LONDON, where="mari")
    (note,) = problems
    assert (note.severity, "never takes place" in note.what) == (Severity.NOTE, True)
