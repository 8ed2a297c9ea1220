"""Delivery from the outbox: which mails are sent, postponed, failed or unknown after each error."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest
from support.builders import MONDAY, at
from support.mail_servers import MemoryOutbox, ScriptedTransport

from calsync.errors import (
    MailAuthError,
    MailError,
    MailRefusedError,
    MailUnavailableError,
    MailUnknownError,
)
from calsync.mail.outbox import deliver_due_mails, queue_summary, retry_delay, summary_mail_id
from calsync.mail.transport import MemoryTransport
from calsync.model.people import Frequency, Language
from calsync.model.problem import Severity
from calsync.reports.period import last_period
from calsync.reports.render import RenderedMail

NOW = at("05:00")
RENDERED = RenderedMail("Hours", "Your hours", "<p>Your hours</p>", Language.EN)


def now() -> datetime:
    return NOW


def make_outbox(*names: str) -> MemoryOutbox:
    """An outbox with a mail for each name, by default a, b and c."""
    outbox = MemoryOutbox()
    for name in names or ("a", "b", "c"):
        queue_summary(
            outbox, name, RENDERED, sender="calsync@x.example", recipient=f"{name}@x.example", now=NOW
        )
    return outbox


def test_every_due_mail_is_sent_once() -> None:
    outbox, transport = make_outbox(), MemoryTransport()
    first, second = deliver_due_mails(outbox, transport, now), deliver_due_mails(outbox, transport, now)
    assert (first.sent, second.sent) == (3, 0)
    assert [mail["To"] for mail in transport.sent] == ["a@x.example", "b@x.example", "c@x.example"]
    assert not first.problems


def test_a_summary_that_is_queued_again_is_not_added() -> None:
    outbox = MemoryOutbox()
    queued = [
        queue_summary(
            outbox, "a", RENDERED, sender="s@x.example", recipient="a@x.example", now=NOW + timedelta(n)
        )
        for n in range(3)
    ]
    assert queued == [True, False, False]


def test_the_id_of_a_summary_contains_manager_and_period() -> None:
    week = last_period(Frequency.WEEKLY, MONDAY)
    assert week is not None
    assert summary_mail_id("m1", week) == "summary/m1/weekly/2026-10-26"


def test_a_refused_recipient_does_not_stop_the_other_mails() -> None:
    outbox = make_outbox()
    result = deliver_due_mails(outbox, ScriptedTransport(None, MailRefusedError("b", "550 gone")), now)
    assert outbox.states == {"a": "sent", "b": "failed", "c": "sent"}
    assert [(p.where, p.what, p.severity) for p in result.problems] == [("b", "550 gone", Severity.FAULT)]


def test_a_temporary_refusal_postpones_the_mail_and_the_next_one_is_sent() -> None:
    outbox = make_outbox()
    result = deliver_due_mails(outbox, ScriptedTransport(MailUnavailableError("a", "451 greylisted")), now)
    assert outbox.states == {"a": "pending", "b": "sent", "c": "sent"}
    assert outbox.rows["a"].next_at == NOW + timedelta(minutes=5)
    assert [p.severity for p in result.problems] == [Severity.NOTE]
    assert deliver_due_mails(outbox, MemoryTransport(), lambda: NOW + timedelta(minutes=5)).sent == 1


def test_a_refused_login_stops_the_batch_and_all_mails_stay_due() -> None:
    outbox, transport = (
        make_outbox(),
        ScriptedTransport(always=lambda to: MailAuthError(to, "535 wrong", "check the password")),
    )
    result = deliver_due_mails(outbox, transport, now)
    assert len(transport.recipients) == 1
    assert set(outbox.states.values()) == {"pending"}
    assert [p.hint for p in result.problems] == ["check the password"]
    assert deliver_due_mails(outbox, MemoryTransport(), now).sent == 3


def test_an_unreachable_server_is_tried_once_per_delivery() -> None:
    outbox, transport = (
        make_outbox(),
        ScriptedTransport(always=lambda to: MailUnavailableError(to, "no route", is_server_reached=False)),
    )
    result = deliver_due_mails(outbox, transport, now)
    assert len(transport.recipients) == 1
    assert [p.severity for p in result.problems] == [Severity.FAULT]
    assert set(outbox.states.values()) == {"pending"}


def test_a_mail_with_an_unknown_outcome_is_reported_and_never_sent_again() -> None:
    outbox = make_outbox()
    result = deliver_due_mails(outbox, ScriptedTransport(MailUnknownError("a", "lost after the dot")), now)
    later = deliver_due_mails(outbox, MemoryTransport(), lambda: NOW + timedelta(days=30))
    assert outbox.states == {"a": "unknown", "b": "sent", "c": "sent"}
    assert (result.unknown, later.sent) == (1, 0)
    assert [p.where for p in result.problems] == ["a"]


def test_retry_delays_double_from_five_minutes_to_a_day() -> None:
    assert [retry_delay(n) / timedelta(minutes=1) for n in (1, 2, 3, 9, 10, 99)] == [
        5,
        10,
        20,
        1280,
        1440,
        1440,
    ]


def test_a_longer_delay_requested_by_the_server_is_used_up_to_a_day() -> None:
    assert retry_delay(1, requested_seconds=3600) == timedelta(hours=1)
    assert retry_delay(3, requested_seconds=1) == timedelta(minutes=20)
    assert retry_delay(1, requested_seconds=10**9) == timedelta(hours=24)


def test_a_mail_fails_after_fourteen_attempts() -> None:
    outbox = make_outbox("a")
    days = count()
    transport = ScriptedTransport(always=lambda to: MailUnavailableError(to, "451 later"))
    clock: Callable[[], datetime] = lambda: NOW + timedelta(days=next(days))  # noqa: E731
    result = deliver_due_mails(outbox, transport, clock)
    assert outbox.states == {"a": "failed"}
    assert (len(transport.recipients), result.failed) == (14, 1)


@pytest.mark.parametrize(
    "error",
    [
        MailRefusedError("a", "no"),
        MailUnavailableError("a", "no"),
        MailAuthError("a", "no"),
        MailUnknownError("a", "no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_after_every_error_the_mail_is_no_longer_claimed_and_is_reported(error: MailError) -> None:
    outbox = make_outbox("a")
    result = deliver_due_mails(outbox, ScriptedTransport(error), now)
    assert "sending" not in outbox.states.values()
    assert [p.where for p in result.problems] == ["a"]
