"""Delivery from the outbox of a real store: each mail is queued once and sent once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.builders import at
from support.mail_servers import ScriptedHandler, ScriptedTransport, smtp_server

from calsync.errors import MailAuthError, MailRefusedError, MailUnavailableError, MailUnknownError
from calsync.mail.message import parse_message
from calsync.mail.outbox import deliver_due_mails, queue_summary
from calsync.mail.smtp import SmtpTransport
from calsync.mail.transport import MemoryTransport
from calsync.model.people import Language
from calsync.reports.render import RenderedMail
from calsync.store.database import Store, open_store
from calsync.store.records import MailState

NOW = at("05:00")
RENDERED = RenderedMail("Oriau: ŵ", "Eich oriau\n", "<p>Eich oriau</p>", Language.CY)
NAMES = ("a", "b", "c")


def now() -> datetime:
    return NOW


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/calsync.db") as opened:
        yield opened


@pytest.fixture
def store_with_mails(store: Store) -> Store:
    for name in NAMES:
        assert queue(store, name)
    return store


def queue(store: Store, name: str) -> bool:
    return queue_summary(
        store.outbox, name, RENDERED, sender="calsync@x.example", recipient=f"{name}@x.example", now=NOW
    )


def states(store: Store) -> dict[str, MailState]:
    return {mail.mail_id: mail.state for mail in store.outbox.mails()}


def test_every_mail_is_sent_to_a_server_once(store_with_mails: Store) -> None:
    handler = ScriptedHandler()
    with smtp_server(handler) as port:
        transport = SmtpTransport("127.0.0.1", port, security="none")
        first, second = (
            deliver_due_mails(store_with_mails.outbox, transport, now),
            deliver_due_mails(store_with_mails.outbox, transport, now),
        )
        transport.close()
    assert (first.sent, second.sent) == (3, 0)
    assert [envelope.rcpt_tos[0][0] for envelope in handler.accepted] == list(NAMES)
    assert not queue(store_with_mails, "a")


def test_mails_are_sent_with_the_bytes_that_were_queued(store_with_mails: Store) -> None:
    transport = MemoryTransport()
    frozen = {mail.recipient: mail.mime for mail in store_with_mails.outbox.mails()}
    deliver_due_mails(store_with_mails.outbox, transport, now)
    assert {str(mail["To"]): mail.as_bytes() for mail in transport.sent} == frozen
    assert parse_message(frozen["a@x.example"])["Subject"] == RENDERED.subject


def test_each_outcome_is_stored(store_with_mails: Store) -> None:
    transport = ScriptedTransport(
        MailUnknownError("a", "lost"), MailRefusedError("b", "550"), MailUnavailableError("c", "451")
    )
    result = deliver_due_mails(store_with_mails.outbox, transport, now)
    assert states(store_with_mails) == {"a": MailState.UNKNOWN, "b": MailState.FAILED, "c": MailState.PENDING}
    assert (result.unknown, result.failed, result.postponed) == (1, 1, 1)
    later = deliver_due_mails(store_with_mails.outbox, MemoryTransport(), lambda: NOW + timedelta(days=1))
    assert later.sent == 1


def test_a_refused_login_leaves_all_mails_due(store_with_mails: Store) -> None:
    deliver_due_mails(
        store_with_mails.outbox, ScriptedTransport(always=lambda to: MailAuthError(to, "535")), now
    )
    assert set(states(store_with_mails).values()) == {MailState.PENDING}
    assert deliver_due_mails(store_with_mails.outbox, MemoryTransport(), now).sent == 3


class Killed(BaseException):
    """Ends the delivery as if the process had been killed."""


def test_no_mail_is_sent_twice_after_a_process_was_killed(store_with_mails: Store) -> None:
    class DyingTransport(MemoryTransport):
        def send(self, message: object) -> None:
            if len(self.sent) == 1:
                raise Killed
            super().send(message)  # type: ignore[arg-type]

    transport = DyingTransport()
    with pytest.raises(Killed):
        deliver_due_mails(store_with_mails.outbox, transport, now)
    later_transport = MemoryTransport()
    deliver_due_mails(store_with_mails.outbox, later_transport, lambda: NOW + timedelta(hours=1))
    assert [str(mail["To"]) for mail in (*transport.sent, *later_transport.sent)] == [
        "a@x.example",
        "c@x.example",
    ]
    assert states(store_with_mails)["b"] is MailState.UNKNOWN
