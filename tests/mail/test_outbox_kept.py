"""Mails on their way through the real store: queued once, sent once, whatever happens in between."""

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
HOURS = RenderedMail("Oriau: ŵ", "Eich oriau\n", "<p>Eich oriau</p>", Language.CY)
NAMES = ("a", "b", "c")


def now() -> datetime:
    return NOW


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/calsync.db") as opened:
        yield opened


@pytest.fixture
def full(store: Store) -> Store:
    for name in NAMES:
        assert queue(store, name)
    return store


def queue(store: Store, name: str) -> bool:
    return queue_summary(
        store.outbox, name, HOURS, sender="calsync@x.example", recipient=f"{name}@x.example", now=NOW
    )


def states(store: Store) -> dict[str, MailState]:
    return {mail.mail_id: mail.state for mail in store.outbox.mails()}


def test_every_mail_goes_to_a_real_server_once(full: Store) -> None:
    handler = ScriptedHandler()
    with smtp_server(handler) as port:
        transport = SmtpTransport("127.0.0.1", port, security="none")
        first, second = (
            deliver_due_mails(full.outbox, transport, now),
            deliver_due_mails(full.outbox, transport, now),
        )
        transport.close()
    assert (first.sent, second.sent) == (3, 0)
    assert [envelope.rcpt_tos[0][0] for envelope in handler.accepted] == list(NAMES)
    assert not queue(full, "a")


def test_what_is_sent_is_what_was_frozen(full: Store) -> None:
    transport = MemoryTransport()
    frozen = {mail.recipient: mail.mime for mail in full.outbox.mails()}
    deliver_due_mails(full.outbox, transport, now)
    assert {str(mail["To"]): mail.as_bytes() for mail in transport.sent} == frozen
    assert parse_message(frozen["a@x.example"])["Subject"] == HOURS.subject


def test_each_fate_is_kept(full: Store) -> None:
    fate = ScriptedTransport(
        MailUnknownError("a", "lost"), MailRefusedError("b", "550"), MailUnavailableError("c", "451")
    )
    delivered = deliver_due_mails(full.outbox, fate, now)
    assert states(full) == {"a": MailState.UNKNOWN, "b": MailState.FAILED, "c": MailState.PENDING}
    assert (delivered.unknown, delivered.failed, delivered.postponed) == (1, 1, 1)
    later = deliver_due_mails(full.outbox, MemoryTransport(), lambda: NOW + timedelta(days=1))
    assert later.sent == 1


def test_a_wrong_login_leaves_all_of_them_due(full: Store) -> None:
    deliver_due_mails(full.outbox, ScriptedTransport(always=lambda to: MailAuthError(to, "535")), now)
    assert set(states(full).values()) == {MailState.PENDING}
    assert deliver_due_mails(full.outbox, MemoryTransport(), now).sent == 3


class Killed(BaseException):
    """As if the process had been killed."""


def test_a_sender_that_dies_in_the_middle_sends_nothing_twice(full: Store) -> None:
    class Dies(MemoryTransport):
        def send(self, message: object) -> None:
            if len(self.sent) == 1:
                raise Killed
            super().send(message)  # type: ignore[arg-type]

    transport = Dies()
    with pytest.raises(Killed):
        deliver_due_mails(full.outbox, transport, now)
    rest = MemoryTransport()
    deliver_due_mails(full.outbox, rest, lambda: NOW + timedelta(hours=1))
    assert [str(mail["To"]) for mail in (*transport.sent, *rest.sent)] == ["a@x.example", "c@x.example"]
    assert states(full)["b"] is MailState.UNKNOWN
