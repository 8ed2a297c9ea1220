"""A real SMTP server that can be told to misbehave, and an outbox in memory."""

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
    """Keeps what it takes; `to`, `sender` and `data` answer instead, by recipient, sender or in turn."""

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
        answer = self.recipient_replies.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data_replies.pop(0) if self.data_replies else "250 OK"
        if answer.startswith("2") or answer in ("drop", "hang"):
            self.accepted.append(envelope)
        if answer == "drop":
            server.transport.abort()
            await asyncio.sleep(0.05)
        if answer == "hang":
            await asyncio.sleep(2)
        return answer


def free_port() -> int:
    """A port on loopback that nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def smtp_server(handler: ScriptedHandler, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """A server on a free port; with `tls`, STARTTLS and a login are demanded."""
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
        # What the clients closed, the server must have noticed, or it leaks their sockets.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.02), controller.loop).result()
        controller.stop()


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@dataclass(frozen=True)
class MemoryOutboxRow:
    """A mail in the outbox in memory."""

    mail_id: str
    recipient: str
    mime: bytes
    next_at: datetime
    state: str = "pending"
    attempts: int = 0
    what: str = ""


class MemoryOutbox:
    """Keeps the rules of the store's outbox, and nothing after the test."""

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
    """A transport that answers as it is told, mail by mail, and says what it saw."""

    def __init__(self, *answers: MailError | None, always: Callable[[str], MailError] | None = None) -> None:
        self.errors = list(answers)
        self.always = always
        self.recipients: list[str] = []

    def send(self, message: Any) -> None:
        recipient = str(message["To"])
        self.recipients.append(recipient)
        answer = self.always(recipient) if self.always else self.errors.pop(0) if self.errors else None
        if answer is not None:
            raise answer

    def close(self) -> None:
        pass
