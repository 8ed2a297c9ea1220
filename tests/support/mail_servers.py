"""An SMTP server with scripted replies, an outbox in memory, and a transport with scripted errors."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from calsync.errors import MailError

USER, PASSWORD = "calsync", "made-up-for-tests"


@dataclass
class ScriptedHandler:
    """Stores the mails that it accepts, and replies "250 OK" unless another reply is set.

    recipient_replies: replies to RCPT, by recipient. sender_reply: the reply to MAIL. data_replies: the
    replies to the content, mail by mail; "drop" closes the connection instead, "hang" delays the reply.
    peers: the clients that connected.
    """

    recipient_replies: dict[str, str] = field(default_factory=dict)
    sender_reply: str = ""
    data_replies: list[str] = field(default_factory=list)
    accepted: list[Envelope] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.peers.add(session.peer)
        envelope.mail_from = address
        return self.sender_reply or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.recipient_replies.get(address, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self.data_replies.pop(0) if self.data_replies else "250 OK"
        if reply.startswith("2") or reply in ("drop", "hang"):
            self.accepted.append(envelope)
        if reply == "drop":
            server.transport.abort()
            await asyncio.sleep(0.05)
        if reply == "hang":
            await asyncio.sleep(2)
        return reply


def free_port() -> int:
    """An unused port on loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def smtp_server(handler: ScriptedHandler, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """Run a server on an unused port; with `tls` it requires STARTTLS and a login."""
    if tls is not None:
        options |= {
            "tls_context": tls,
            "require_starttls": True,
            "authenticator": _login,
            "auth_required": True,
        }
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        # The server must process the closed connections of its clients, or their sockets leak.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.02), controller.loop).result()
        controller.stop()


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    is_correct = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
    return AuthResult(success=is_correct, handled=False)


@dataclass(frozen=True)
class MemoryOutboxRow:
    """A mail in a `MemoryOutbox`."""

    mail_id: str
    recipient: str
    mime: bytes
    next_at: datetime
    state: str = "pending"
    attempts: int = 0
    what: str = ""


class MemoryOutbox:
    """The interface and the rules of the store's outbox, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, MemoryOutboxRow] = {}

    def queue(
        self, mail_id: str, recipient: str, subject: str, message_id: str, mime: bytes, now: datetime
    ) -> bool:
        if mail_id in self.rows:
            return False
        self.rows[mail_id] = MemoryOutboxRow(mail_id, recipient, mime, now)
        return True

    def claim(self, now: datetime, lease: timedelta) -> MemoryOutboxRow | None:
        due = [row for row in self.rows.values() if row.state == "pending" and row.next_at <= now]
        if not due:
            return None
        row = min(due, key=lambda row: row.next_at)
        self._set(row.mail_id, state="sending", attempts=row.attempts + 1)
        return self.rows[row.mail_id]

    def mark_sent(self, mail_id: str, now: datetime) -> None:
        self._set(mail_id, state="sent")

    def mark_for_retry(self, mail_id: str, now: datetime, next_at: datetime, what: str) -> None:
        self._set(mail_id, state="pending", next_at=next_at, what=what)

    def mark_failed(self, mail_id: str, what: str) -> None:
        self._set(mail_id, state="failed", what=what)

    def mark_unknown(self, mail_id: str, what: str) -> None:
        self._set(mail_id, state="unknown", what=what)

    def _set(self, mail_id: str, **changes: Any) -> None:
        self.rows[mail_id] = replace(self.rows[mail_id], **changes)

    @property
    def states(self) -> dict[str, str]:
        return {row.mail_id: row.state for row in self.rows.values()}


class ScriptedTransport:
    """A transport that raises given errors, and records the recipients.

    errors: raised mail by mail; None for a mail that is sent, as are all mails after these. always: makes the
    error of every mail from its recipient.
    """

    def __init__(self, *errors: MailError | None, always: Callable[[str], MailError] | None = None) -> None:
        self.errors = list(errors)
        self.always = always
        self.recipients: list[str] = []

    def send(self, message: Any) -> None:
        recipient = str(message["To"])
        self.recipients.append(recipient)
        error = self.always(recipient) if self.always else self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error

    def close(self) -> None:
        pass
