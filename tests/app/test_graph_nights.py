"""Every way in which a mailbox can fail, through a whole night.

The faulty mailbox's stored calendar is untouched or completely replaced, the problem is named where
something was lost, and every other mailbox is complete.
"""

import csv
from datetime import date, datetime, time

import pytest
import stamina
from graph import faults
from graph.emulator import Emulator
from graph.mailboxes import QUIRKS, event
from support.night_council import SETTINGS, run_test_night

from calsync.app.plan import window_days
from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.model.span import Span
from calsync.store.database import open_store
from calsync.store.records import RunState

pytestmark = pytest.mark.slow

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
NAMES = ("ana", "ben", "cai")
BEFORE = [event(f"2026-11-{day:02}T09:00", f"2026-11-{day:02}T10:00") for day in range(2, 9)]
AFTER = [event(f"2026-11-{day:02}T14:00", f"2026-11-{day:02}T15:00") for day in range(9, 14)]

FATAL = {
    "denied": faults.denied(),
    "denied by policy": faults.denied(policy=True),
    "no mailbox": faults.no_mailbox(),
    "unavailable": faults.unavailable(503),
    "throttled for ever": faults.throttled(None),
    "reset": faults.reset(),
    "hang": faults.hang(),
    "truncated": faults.truncated_json(),
    "cut": faults.cut_connection(),
    "page of a proxy": faults.web_page(200),
    "error page": faults.web_page(502),
    "error as text": faults.error_text(502),
    "redirect": faults.redirect(),
}
PASSING = {
    "throttled once": faults.throttled("0"),
    "throttled until a date": faults.throttled("Mon, 16 Nov 2026 04:15:02 GMT"),
    "unavailable once": faults.unavailable(503, "0"),
    "token refused once": faults.unauthorized(),
}
LOST_PAGING = ("endless", "endless-empty", "foreign")
WHOLE_PAGING = ("empty", "duplicate")


@pytest.fixture
def graph(monkeypatch):
    with Emulator() as graph, stamina.set_testing(True, attempts=3, cap=True):
        for name in NAMES:
            graph.set_events(address(name), *BEFORE)
        monkeypatch.setenv("APP_SECRET", graph.secret)
        yield graph


def address(name: str) -> str:
    return f"{name}@brynfelin.gov.wales.example"


def council(folder, graph):
    source = (
        f'[sources.m365]\ntype = "m365"\ntenant = "{graph.tenant}"\nclient_id = "{graph.client_id}"\n'
        f'secret_env = "APP_SECRET"\ngraph_root = "{graph.root}"\npage_size = 3\n'
        "read_seconds = 0.5\ntotal_seconds = 5\n"
    )
    (folder / "calsync.toml").write_text(SETTINGS.partition("[sources")[0] + source, encoding="utf-8")
    with (folder / "managers.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "email"), *((name, address(name)) for name in NAMES)])
    return folder / "calsync.toml"


def stored_starts(config) -> dict[str, set[str]]:
    """The starts that are stored, by manager."""
    settings = load_settings(config)
    first, last = window_days(settings, MONDAY)
    with open_store(store_url(settings)) as store:
        zone = settings.organisation.zone
        window = Span(*(datetime.combine(day, time(0), zone) for day in (first, last)))
        return {
            name: {m.start.isoformat()[:16] for m in store.meetings.of_manager(name, window)}
            for name in NAMES
        }


def starts(events) -> set[str]:
    return {one["start"]["dateTime"][:16] for one in events}


def second_night(tmp_path, graph, spoil):
    """A good night; then other meetings in every mailbox, one mailbox spoilt, and the next night."""
    config = council(tmp_path, graph)
    assert run_test_night(config, MONDAY).outcome is RunState.GOOD
    for name in NAMES:
        graph.set_events(address(name), *AFTER)
    spoil(graph)
    return config, run_test_night(config, TUESDAY)


def others_are_complete(stored) -> None:
    assert stored["ben"] == stored["cai"] == starts(AFTER)


@pytest.mark.parametrize("fault", FATAL.values(), ids=FATAL)
def test_a_mailbox_that_cannot_be_read_keeps_its_stored_meetings_and_is_named(tmp_path, graph, fault):
    config, report = second_night(tmp_path, graph, lambda g: g.inject_fault(address("ana"), fault, None))
    stored = stored_starts(config)
    assert stored["ana"] == starts(BEFORE)
    others_are_complete(stored)
    (problem,) = report.faults
    assert "ana" in problem.where and problem.hint


@pytest.mark.parametrize("fault", FATAL.values(), ids=FATAL)
def test_a_mailbox_that_breaks_off_after_its_first_page_keeps_its_stored_meetings(tmp_path, graph, fault):
    spoil = lambda g: g.inject_fault(address("ana"), fault, None, after=1)  # noqa: E731
    config, report = second_night(tmp_path, graph, spoil)
    stored = stored_starts(config)
    assert stored["ana"] == starts(BEFORE)
    others_are_complete(stored)
    assert len(report.faults) == 1


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_passing_fault_costs_a_request_and_nothing_else(tmp_path, graph, fault):
    config, report = second_night(tmp_path, graph, lambda g: g.inject_fault(address("ana"), fault, 1))
    stored = stored_starts(config)
    assert stored["ana"] == starts(AFTER)
    others_are_complete(stored)
    assert report.outcome is RunState.GOOD


@pytest.mark.parametrize("paging", [*LOST_PAGING, *WHOLE_PAGING])
def test_malformed_pages_are_followed_whole_or_refused_whole(tmp_path, graph, paging):
    def spoil(g):
        g.mailbox(address("ana")).paging = paging

    config, report = second_night(tmp_path, graph, spoil)
    stored = stored_starts(config)
    others_are_complete(stored)
    if paging in LOST_PAGING:
        assert stored["ana"] == starts(BEFORE)
        assert "ana" in report.faults[0].where
    else:
        assert stored["ana"] == starts(AFTER)


@pytest.mark.parametrize("quirk", QUIRKS.values(), ids=QUIRKS)
def test_unusual_fields_lose_no_meeting(tmp_path, graph, quirk):
    def spoil(g):
        g.mailbox(address("ana")).quirks += (quirk,)

    config, report = second_night(tmp_path, graph, spoil)
    stored = stored_starts(config)
    assert stored["ana"] == starts(AFTER)
    others_are_complete(stored)
    assert report.faults == []


def test_summaries_go_out_through_the_application_that_reads_and_once(tmp_path, graph):
    sender = "calsync@brynfelin.gov.wales.example"
    graph.set_events(sender)
    config = council(tmp_path, graph)
    mail = f'[mail]\ntransport = "m365"\nsource = "m365"\nsender = "{sender}"\n'
    config.write_text(config.read_text(encoding="utf-8") + mail, encoding="utf-8")
    roster = "".join(f"{name},{address(name)},weekly\n" for name in NAMES)
    (tmp_path / "managers.csv").write_text(f"id,email,summary\n{roster}", encoding="utf-8")
    assert run_test_night(config, MONDAY).counts["mails"] == 3
    assert run_test_night(config, MONDAY).counts["mails"] == 0
    sent = graph.mailbox(sender).sent
    assert sorted(message["To"] for message in sent) == sorted(map(address, NAMES))
    assert all(message.get_body(("html",)) and message.get_body(("plain",)) for message in sent)
