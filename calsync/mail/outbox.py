"""Queues and delivers mails: each is stored once, and one process at a time claims it and sends it.

No program can guarantee that a mail is delivered exactly once. If it is unknown whether a mail was sent, it
is reported to the operator and not sent again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from calsync.errors import (
    MailAuthError,
    MailError,
    MailRefusedError,
    MailUnavailableError,
    MailUnknownError,
)
from calsync.mail.message import build_message, build_message_id, parse_message
from calsync.mail.transport import Transport
from calsync.model.problem import Problem, Severity
from calsync.reports.period import SummaryPeriod
from calsync.reports.render import RenderedMail

# Longer than sending any mail takes: if a claim is older, the process that made it has ended.
LEASE = timedelta(minutes=15)
_FIRST_DELAY = timedelta(minutes=5)
_LONGEST_DELAY = timedelta(hours=24)
# With the delays above, a mail is tried for about six days (RFC 5321, 4.5.4.1: at least four or five).
_MAX_ATTEMPTS = 14


class QueuedMail(Protocol):
    """A claimed mail, as the store returns it (`store.records.OutboxMail`)."""

    @property
    def mail_id(self) -> str:
        """The id of the mail, such as `summary/m1/weekly/2026-10-26`."""

    @property
    def recipient(self) -> str:
        """The address of the recipient."""

    @property
    def mime(self) -> bytes:
        """The complete mail as it was queued."""

    @property
    def attempts(self) -> int:
        """The number of claims, including the current one."""


class MailQueue(Protocol):
    """What this module calls of the store's outbox (`store.outbox`)."""

    def queue(
        self, mail_id: str, recipient: str, subject: str, message_id: str, mime: bytes, now: datetime
    ) -> bool:
        """Store a mail that is due now; return False if a mail with this id is already stored."""

    def claim(self, now: datetime, lease: timedelta) -> QueuedMail | None:
        """Claim the next due mail for this sender until the lease ends; return None if no mail is due."""

    def mark_sent(self, mail_id: str, now: datetime) -> None:
        """Mark a claimed mail as sent at `now`."""

    def mark_for_retry(self, mail_id: str, now: datetime, next_at: datetime, what: str) -> None:
        """Make a claimed mail due again at `next_at`; `what` is the reason, here and below."""

    def mark_failed(self, mail_id: str, what: str) -> None:
        """Mark a claimed mail as never to be sent."""

    def mark_unknown(self, mail_id: str, what: str) -> None:
        """Mark a claimed mail as possibly sent; it is not sent again."""


@dataclass(slots=True)
class DeliveryResult:
    """The numbers of due mails by outcome.

    Attributes:
        is_blocked: Whether the server accepts no mail at all now, so that the other mails were not tried.
        problems: One for each mail that was tried and not sent.
    """

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    unknown: int = 0
    is_blocked: bool = False
    problems: list[Problem] = field(default_factory=list)


def summary_mail_id(manager_id: str, period: SummaryPeriod) -> str:
    """Return the id of a manager's summary of a period, the same at every run."""
    return f"summary/{manager_id}/{period.frequency}/{period.first.isoformat()}"


def queue_summary(
    outbox: MailQueue,
    mail_id: str,
    rendered: RenderedMail,
    *,
    sender: str,
    recipient: str,
    now: datetime,
    unsubscribe_url: str = "",
) -> bool:
    """Build a summary's mail and store it in the outbox.

    Returns:
        False if a mail with this id was queued before; the queued mail is not changed.

    Raises:
        MailRefusedError: The sender, the recipient or the unsubscribe URL is not allowed in a header.
    """
    message_id = build_message_id(mail_id, recipient, sender)
    message = build_message(
        rendered,
        sender=sender,
        recipient=recipient,
        message_id=message_id,
        date=now,
        unsubscribe_url=unsubscribe_url,
    )
    return outbox.queue(mail_id, recipient, str(message["Subject"]), message_id, message.as_bytes(), now)


def deliver_due_mails(
    outbox: MailQueue,
    transport: Transport,
    clock: Callable[[], datetime],
    should_stop: Callable[[], bool] = lambda: False,
) -> DeliveryResult:
    """Send the due mails one by one, until none is due, the server accepts no more, or `should_stop()`."""
    result = DeliveryResult()
    while not (result.is_blocked or should_stop()):
        mail = outbox.claim(clock(), LEASE)
        if mail is None:
            break
        result.is_blocked = not _deliver_mail(mail, outbox, transport, clock, result)
    return result


def retry_delay(attempts: int, requested_seconds: float = 0.0) -> timedelta:
    """Return the time until the next attempt: 5 minutes, doubled after each attempt, at most 24 hours.

    Args:
        attempts: The number of attempts so far.
        requested_seconds: The delay that the server requested. It is used if it is longer, up to 24 hours.
    """
    doubled = _FIRST_DELAY * (1 << min(max(attempts - 1, 0), 10))
    return max(min(doubled, _LONGEST_DELAY), min(timedelta(seconds=requested_seconds), _LONGEST_DELAY))


def _deliver_mail(
    mail: QueuedMail,
    outbox: MailQueue,
    transport: Transport,
    clock: Callable[[], datetime],
    result: DeliveryResult,
) -> bool:
    """Send a mail, mark and count its outcome; return False if the server would accept no other mail."""
    try:
        transport.send(parse_message(mail.mime))
    except MailAuthError as error:
        # The login failed, whatever the mail: it is due again immediately, as are the mails after it.
        _postpone_mail(mail, outbox, clock(), timedelta(), error, result)
        return False
    except MailUnavailableError as error:
        if mail.attempts >= _MAX_ATTEMPTS:
            _mark_failed(mail, outbox, error, result)
        else:
            delay = retry_delay(mail.attempts, error.retry_after)
            _postpone_mail(mail, outbox, clock(), delay, error, result)
        return error.is_server_reached
    except MailRefusedError as error:
        _mark_failed(mail, outbox, error, result)
    except MailUnknownError as error:
        outbox.mark_unknown(mail.mail_id, str(error))
        result.unknown += 1
        result.problems.append(Problem(mail.mail_id, error.what, error.hint))
    else:
        outbox.mark_sent(mail.mail_id, clock())
        result.sent += 1
    return True


def _postpone_mail(
    mail: QueuedMail,
    outbox: MailQueue,
    now: datetime,
    delay: timedelta,
    error: MailError,
    result: DeliveryResult,
) -> None:
    outbox.mark_for_retry(mail.mail_id, now, now + delay, str(error))
    result.postponed += 1
    # Greylisting and busy mailboxes are routine; a refused login or a missing server needs an operator.
    is_routine = isinstance(error, MailUnavailableError) and error.is_server_reached
    hint = error.hint or f"it is tried again from {now + delay:%-d %B, %H:%M}"
    severity = Severity.NOTE if is_routine else Severity.FAULT
    result.problems.append(Problem(mail.mail_id, error.what, hint, severity))


def _mark_failed(mail: QueuedMail, outbox: MailQueue, error: MailError, result: DeliveryResult) -> None:
    outbox.mark_failed(mail.mail_id, str(error))
    result.failed += 1
    result.problems.append(Problem(mail.mail_id, error.what, error.hint))
