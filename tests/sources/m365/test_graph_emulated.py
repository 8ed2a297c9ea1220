"""The contract and every misbehaviour again, against the strict emulator of Graph and its sign-in."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from contracts.source_contract import SourceContract
from graph import faults
from graph import mailboxes as oddities
from graph.emulator import Emulator
from graph.entra import Application, sign_in_error
from graph.mailboxes import event
from support.builders import LONDON, at
from support.graph_stub import mailbox, to_graph_event

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.occurrence import Occurrence, Sensitivity, ShowAs
from calsync.model.span import Span
from calsync.sources.base import Calendar
from calsync.sources.m365.source import M365Source
from calsync.sources.registry import open_source

ANA, BEN = "ana@brynfelin.gov.wales.example", "ben@brynfelin.gov.wales.example"
MONTH = Span(datetime(2026, 11, 1, tzinfo=LONDON), datetime(2026, 12, 1, tzinfo=LONDON))
EVENTS = [event(f"2026-11-{day:02}T09:00", f"2026-11-{day:02}T10:00") for day in range(2, 9)]
Reading = Callable[..., M365Source]


@pytest.fixture
def graph() -> Iterator[Emulator]:
    with Emulator() as graph:
        graph.add_events(ANA, *EVENTS)
        graph.add_events(BEN, *EVENTS[:3])
        yield graph


@pytest.fixture
def reading(graph: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    monkeypatch.setenv("APP_SECRET", graph.secret)
    own = {"type": "m365", "tenant": graph.tenant, "client_id": graph.client_id, "graph_root": graph.root}
    made: list[M365Source] = []

    def read_it(**table: Any) -> M365Source:
        source = open_source("m365", {**own, "secret_env": "APP_SECRET", **table}, base=Path.cwd())
        assert isinstance(source, M365Source)
        made.append(source)
        return source

    yield read_it
    for source in made:
        source.close()


def count(source: M365Source, address: str) -> int:
    return len(source.fetch(mailbox(address), MONTH).occurrences)


class EmulatedPlace:
    def __init__(self, graph: Emulator, source: M365Source) -> None:
        self.source = source
        self._graph = graph

    def hold(self, name: str, *occurrences: Occurrence) -> Calendar:
        address = f"{name}@brynfelin.gov.wales.example"
        self._graph.add_events(address, *({**event(), **to_graph_event(one)} for one in occurrences))
        return mailbox(address)

    def missing(self) -> Calendar:
        return mailbox("nobody@brynfelin.gov.wales.example")


class TestM365SourceOnTheEmulator(SourceContract):
    @pytest.fixture
    def place(self, graph: Emulator, reading: Reading) -> EmulatedPlace:
        return EmulatedPlace(graph, reading(page_size=2))


def test_one_question_and_one_token_for_a_healthy_mailbox(graph: Emulator, reading: Reading) -> None:
    assert count(reading(), ANA) == 7
    assert len(graph.requests(ANA)) == 1
    assert graph.entra.made == 1


@pytest.mark.parametrize(
    "spoil",
    [
        faults.throttled("1"),
        faults.throttled(None),
        faults.throttled("Mon, 16 Nov 2026 04:15:02 GMT"),
        faults.unavailable(),
        faults.unavailable(504, "1"),
        faults.unauthorized(),
        faults.reset(),
        faults.truncated_json(),
        faults.cut_connection(1000),
        faults.web_page(502),
        faults.error_text(502),
    ],
)
@pytest.mark.parametrize("after", [0, 2])
def test_what_passes_costs_nothing_on_whatever_page_it_comes(
    graph: Emulator, reading: Reading, spoil: faults.Fault, after: int
) -> None:
    graph.inject_fault(ANA, spoil, times=1, after=after)
    assert count(reading(page_size=3), ANA) == 7


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (faults.throttled("1"), SourceUnavailableError, "429"),
        (faults.throttled(None), SourceUnavailableError, "429"),
        (faults.unavailable(), SourceUnavailableError, "503"),
        (faults.unauthorized(), SourceAuthError, "does not accept the token"),
        (faults.denied(), SourceAuthError, "may not read this mailbox"),
        (faults.denied(policy=True), SourceAuthError, "OData is disabled"),
        (faults.no_mailbox(), SourceContentError, "no mailbox in Exchange Online"),
        (faults.reset(), SourceUnavailableError, "connection broke"),
        (faults.truncated_json(), SourceContentError, "broke off"),
        (faults.cut_connection(1000), SourceUnavailableError, "connection broke"),
        (faults.web_page(200), SourceContentError, "web page"),
        (faults.web_page(502), SourceUnavailableError, "502"),
        (faults.error_text(502), SourceUnavailableError, "502"),
        (faults.error_text(400), SourceContentError, "upstream connect error"),
        (faults.odd_page([]), SourceContentError, "no page of events"),
        (faults.odd_page({"value": None}), SourceContentError, "no list of events"),
        (faults.redirect(), SourceContentError, "sent elsewhere"),
    ],
)
def test_what_lasts_costs_its_mailbox_only_and_is_named(
    graph: Emulator, reading: Reading, spoil: faults.Fault, after: int, error: type[SourceError], says: str
) -> None:
    graph.inject_fault(ANA, spoil, times=20, after=after)
    source = reading(page_size=3)
    with pytest.raises(error, match=says) as caught:
        count(source, ANA)
    assert caught.value.hint
    assert caught.value.calendar == str(mailbox(ANA))
    assert count(source, BEN) == 3


@pytest.mark.parametrize("spoil", [faults.hang(), faults.drip(0.05)])
def test_neither_silence_nor_dripping_holds_the_night(
    graph: Emulator, reading: Reading, spoil: faults.Fault
) -> None:
    graph.inject_fault(ANA, spoil, times=None)
    source = reading(total_seconds=0.3)
    with pytest.raises(SourceUnavailableError, match="took longer than"):
        count(source, ANA)
    assert count(source, BEN) == 3


@pytest.mark.parametrize("paging", ["plain", "empty", "duplicate"])
def test_odd_pages_are_read_to_the_end_and_each_meeting_once(
    graph: Emulator, reading: Reading, paging: str
) -> None:
    graph.mailbox(ANA).paging = paging
    assert count(reading(page_size=2), ANA) == 7


@pytest.mark.parametrize(
    ("paging", "says"),
    [
        ("endless", "do not end"),
        ("endless-empty", "do not end"),
        ("foreign", "another server.*not sent there"),
    ],
)
def test_pages_that_lead_nowhere_are_no_calendar(
    graph: Emulator, reading: Reading, paging: str, says: str
) -> None:
    graph.mailbox(ANA).paging = paging
    with pytest.raises(SourceContentError, match=says):
        count(reading(page_size=2), ANA)


@pytest.mark.parametrize("quirk", [oddities.in_zone("Europe/London"), oddities.in_zone("GMT Standard Time")])
def test_times_in_any_zone_are_the_same_moments(
    graph: Emulator, reading: Reading, quirk: oddities.Quirk
) -> None:
    plain = reading().fetch(mailbox(ANA), MONTH)
    graph.mailbox(ANA).quirks = (quirk,)
    assert reading().fetch(mailbox(ANA), MONTH).occurrences == plain.occurrences


@pytest.mark.parametrize("quirk", [oddities.no_attendees, oddities.no_body])
def test_null_is_empty(graph: Emulator, reading: Reading, quirk: oddities.Quirk) -> None:
    graph.mailbox(ANA).quirks = (quirk,)
    fetched = reading().fetch(mailbox(ANA), MONTH)
    assert len(fetched.occurrences) == 7
    assert fetched.problems == ()


@pytest.mark.parametrize("quirk", [oddities.unknown_enums, oddities.no_sensitivity])
def test_what_nobody_has_heard_of_is_read_with_care_and_told(
    graph: Emulator, reading: Reading, quirk: oddities.Quirk
) -> None:
    graph.mailbox(ANA).quirks = (quirk,)
    fetched = reading().fetch(mailbox(ANA), MONTH)
    assert {o.sensitivity for o in fetched.occurrences} == {Sensitivity.PRIVATE}
    assert {o.title for o in fetched.occurrences} == {""}
    assert {o.show_as for o in fetched.occurrences} <= {ShowAs.BUSY, ShowAs.TENTATIVE}
    assert any("in 7 meetings" in problem.what for problem in fetched.problems)


def test_tokens_that_are_revoked_or_run_out_in_mid_run_are_renewed(graph: Emulator, reading: Reading) -> None:
    source = reading(page_size=3)
    assert count(source, ANA) == 7
    graph.entra.revoke()
    assert count(source, ANA) == 7
    graph.clock = lambda: datetime.now(LONDON).timestamp() + 7200
    assert count(source, BEN) == 3
    assert graph.entra.made == 3


def test_a_mailbox_outside_the_scope_is_told_to_be_so(graph: Emulator, reading: Reading) -> None:
    graph.application.scope = frozenset({BEN})
    source = reading()
    with pytest.raises(SourceAuthError, match="may not read this mailbox") as caught:
        count(source, ANA)
    assert "Test-ServicePrincipalAuthorization" in caught.value.hint
    assert count(source, BEN) == 3
    assert source.check(mailbox(BEN)) == ()


def test_a_right_for_the_whole_tenant_is_noted(graph: Emulator, reading: Reading) -> None:
    (told,) = reading().check(mailbox(ANA))
    assert "every calendar of the tenant" in told.what


def test_another_tenants_mailbox_is_not_there_for_us(graph: Emulator, reading: Reading) -> None:
    elsewhere = "aaaaaaaa-2222-3333-4444-555555555555"
    graph.add_tenant(elsewhere, Application(graph.client_id, "another~secret"))
    graph.add_events("eve@elsewhere.example", *EVENTS, tenant=elsewhere)
    with pytest.raises(SourceContentError, match="no such mailbox"):
        count(reading(), "eve@elsewhere.example")
    with pytest.raises(SourceAuthError, match="client secret is wrong"):
        count(reading(tenant=elsewhere), "eve@elsewhere.example")
    assert {request.path.split("/")[1] for request in graph.asked if request.method == "POST"} == {
        graph.tenant,
        elsewhere,
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"client_id": "00000000-8888-7777-6666-555555555555"}, "no such application"),
        ({"tenant": "00000000-2222-3333-4444-555555555555"}, "no such tenant"),
    ],
)
def test_wrong_settings_are_told_by_their_name(reading: Reading, wrong: dict[str, str], says: str) -> None:
    with pytest.raises(SourceAuthError, match=says):
        count(reading(**wrong), ANA)


def test_an_expired_secret_is_told(graph: Emulator, reading: Reading) -> None:
    graph.entra.replies.append(
        sign_in_error(401, "invalid_client", 7000222, "The provided client secret keys are expired.")
    )
    with pytest.raises(SourceAuthError, match="secret has expired"):
        count(reading(), ANA)


def test_the_window_of_ten_years_is_one_that_graph_takes(graph: Emulator, reading: Reading) -> None:
    ten_years = Span(at("00:00"), at("00:00") + timedelta(days=3650))
    assert len(reading().fetch(mailbox(ANA), ten_years).occurrences) == 7
    assert len(graph.requests(ANA)) == 3


def test_a_mailbox_is_found_by_its_object_id_too(graph: Emulator, reading: Reading) -> None:
    assert count(reading(), graph.mailbox(ANA).object_id) == 7
