"""The outbox's rules: what is sent, what waits, what is given up, and what nobody knows."""

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
HOURS = RenderedMail("Hours", "Your hours", "<p>Your hours</p>", Language.EN)


def now() -> datetime:
    return NOW


def queued(outbox: MemoryOutbox, *names: str) -> None:
    for name in names:
        queue_summary(outbox, name, HOURS, sender="calsync@x.example", recipient=f"{name}@x.example", now=NOW)


def box(*names: str) -> MemoryOutbox:
    outbox = MemoryOutbox()
    queued(outbox, *(names or ("a", "b", "c")))
    return outbox


def test_all_that_is_due_is_sent_once() -> None:
    outbox, transport = box(), MemoryTransport()
    first, second = deliver_due_mails(outbox, transport, now), deliver_due_mails(outbox, transport, now)
    assert (first.sent, second.sent) == (3, 0)
    assert [mail["To"] for mail in transport.sent] == ["a@x.example", "b@x.example", "c@x.example"]
    assert not first.problems


def test_a_summary_is_queued_once_however_often_the_night_runs() -> None:
    outbox = MemoryOutbox()
    asked = [
        queue_summary(
            outbox, "a", HOURS, sender="s@x.example", recipient="a@x.example", now=NOW + timedelta(n)
        )
        for n in range(3)
    ]
    assert asked == [True, False, False]


def test_a_summarys_name_tells_manager_and_period() -> None:
    week = last_period(Frequency.WEEKLY, MONDAY)
    assert week is not None
    assert summary_mail_id("m1", week) == "summary/m1/weekly/2026-10-26"


def test_a_recipient_who_is_refused_costs_only_their_own_mail() -> None:
    outbox = box()
    delivered = deliver_due_mails(outbox, ScriptedTransport(None, MailRefusedError("b", "550 gone")), now)
    assert outbox.states == {"a": "sent", "b": "failed", "c": "sent"}
    assert [(p.where, p.what, p.severity) for p in delivered.problems] == [("b", "550 gone", Severity.FAULT)]


def test_a_mail_not_taken_now_waits_and_the_next_is_tried() -> None:
    outbox = box()
    delivered = deliver_due_mails(outbox, ScriptedTransport(MailUnavailableError("a", "451 greylisted")), now)
    assert outbox.states == {"a": "pending", "b": "sent", "c": "sent"}
    assert outbox.rows["a"].next_at == NOW + timedelta(minutes=5)
    assert [p.severity for p in delivered.problems] == [Severity.NOTE]
    assert deliver_due_mails(outbox, MemoryTransport(), lambda: NOW + timedelta(minutes=5)).sent == 1


def test_a_wrong_login_stops_the_batch_and_everything_stays_due() -> None:
    outbox, fate = (
        box(),
        ScriptedTransport(always=lambda to: MailAuthError(to, "535 wrong", "check the password")),
    )
    delivered = deliver_due_mails(outbox, fate, now)
    assert len(fate.recipients) == 1
    assert set(outbox.states.values()) == {"pending"}
    assert [p.hint for p in delivered.problems] == ["check the password"]
    assert deliver_due_mails(outbox, MemoryTransport(), now).sent == 3


def test_a_server_that_is_not_there_is_tried_once_a_night() -> None:
    outbox, fate = (
        box(),
        ScriptedTransport(always=lambda to: MailUnavailableError(to, "no route", is_server_reached=False)),
    )
    delivered = deliver_due_mails(outbox, fate, now)
    assert len(fate.recipients) == 1
    assert [p.severity for p in delivered.problems] == [Severity.FAULT]
    assert set(outbox.states.values()) == {"pending"}


def test_a_mail_of_which_nobody_knows_is_named_and_never_sent_again() -> None:
    outbox = box()
    delivered = deliver_due_mails(outbox, ScriptedTransport(MailUnknownError("a", "lost after the dot")), now)
    later = deliver_due_mails(outbox, MemoryTransport(), lambda: NOW + timedelta(days=30))
    assert outbox.states == {"a": "unknown", "b": "sent", "c": "sent"}
    assert (delivered.unknown, later.sent) == (1, 0)
    assert [p.where for p in delivered.problems] == ["a"]


def test_pauses_double_from_five_minutes_to_a_day() -> None:
    assert [retry_delay(n) / timedelta(minutes=1) for n in (1, 2, 3, 9, 10, 99)] == [
        5,
        10,
        20,
        1280,
        1440,
        1440,
    ]


def test_a_server_that_asks_for_more_patience_gets_it_but_no_more_than_a_day() -> None:
    assert retry_delay(1, requested_seconds=3600) == timedelta(hours=1)
    assert retry_delay(3, requested_seconds=1) == timedelta(minutes=20)
    assert retry_delay(1, requested_seconds=10**9) == timedelta(hours=24)


def test_a_mail_that_is_never_taken_is_given_up_after_some_days() -> None:
    outbox = box("a")
    days = count()
    fate = ScriptedTransport(always=lambda to: MailUnavailableError(to, "451 later"))
    clock: Callable[[], datetime] = lambda: NOW + timedelta(days=next(days))  # noqa: E731
    delivered = deliver_due_mails(outbox, fate, clock)
    assert outbox.states == {"a": "failed"}
    assert (len(fate.recipients), delivered.failed) == (14, 1)


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
def test_no_mail_is_left_half_sent_and_every_one_not_sent_is_named(error: MailError) -> None:
    outbox = box("a")
    delivered = deliver_due_mails(outbox, ScriptedTransport(error), now)
    assert "sending" not in outbox.states.values()
    assert [p.where for p in delivered.problems] == ["a"]
