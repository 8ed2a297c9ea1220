"""The outbox: a mail is frozen once, claimed by one sender, and never sent twice knowingly.

Exactly once does not exist: where nobody knows whether a mail went out, it is named for the operator
and not sent again.
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

# Longer than any mail takes: a row still claimed after it belongs to a process that died.
LEASE = timedelta(minutes=15)
_FIRST_DELAY = timedelta(minutes=5)
_LONGEST_DELAY = timedelta(hours=24)
# With the pauses above, a mail is tried for some six days (RFC 5321, 4.5.4.1: four or five).
_MAX_ATTEMPTS = 14


class QueuedMail(Protocol):
    """A mail that waits, as the store gives it; attempts: how often it was claimed, this time included."""

    @property
    def mail_id(self) -> str:
        """The name of the mail."""

    @property
    def recipient(self) -> str:
        """The address it goes to."""

    @property
    def mime(self) -> bytes:
        """The mail as it was frozen."""

    @property
    def attempts(self) -> int:
        """How often it was claimed."""


class MailQueue(Protocol):
    """Where mails wait; the store has one."""

    def queue(
        self, mail_id: str, recipient: str, subject: str, message_id: str, mime: bytes, now: datetime
    ) -> bool:
        """Keep a mail to be sent; False if one of this name is there already."""

    def claim(self, now: datetime, lease: timedelta) -> QueuedMail | None:
        """Take the next mail that is due, for this sender alone; None if none is."""

    def mark_sent(self, mail_id: str, now: datetime) -> None:
        """It is out."""

    def mark_for_retry(self, mail_id: str, now: datetime, next_at: datetime, what: str) -> None:
        """It waits for `next_at`."""

    def mark_failed(self, mail_id: str, what: str) -> None:
        """It will never go out."""

    def mark_unknown(self, mail_id: str, what: str) -> None:
        """It may be out: it is not sent again."""


@dataclass(slots=True)
class DeliveryResult:
    """What became of the mails that were due; every one that is not out has a problem.

    blocked: the server takes no mail at all now, so the others were not tried.
    """

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    unknown: int = 0
    is_blocked: bool = False
    problems: list[Problem] = field(default_factory=list)


def summary_mail_id(manager_id: str, period: SummaryPeriod) -> str:
    """The name of a manager's summary of a period: one mail, however often the night runs."""
    return f"summary/{manager_id}/{period.frequency}/{period.first.isoformat()}"


def queue_summary(
    outbox: MailQueue,
    mail_id: str,
    rendered: RenderedMail,
    *,
    sender: str,
    recipient: str,
    now: datetime,
    unsubscribe: str = "",
) -> bool:
    """Freeze a summary under the name that `mail_id` gives; False if it was queued before.

    Raises MailRefusedError if an address cannot be used.
    """
    identity = build_message_id(mail_id, recipient, sender)
    message = build_message(
        rendered,
        sender=sender,
        recipient=recipient,
        message_id=identity,
        date=now,
        unsubscribe=unsubscribe,
    )
    return outbox.queue(mail_id, recipient, str(message["Subject"]), identity, message.as_bytes(), now)


def deliver_due_mails(
    outbox: MailQueue,
    transport: Transport,
    now: Callable[[], datetime],
    is_stopped: Callable[[], bool] = lambda: False,
) -> DeliveryResult:
    """Send what is due, one mail at a time, until none is left, no more is taken, or it is stopped."""
    delivered = DeliveryResult()
    while not (delivered.is_blocked or is_stopped()):
        queued = outbox.claim(now(), LEASE)
        if queued is None:
            break
        delivered.is_blocked = not _deliver_one(queued, outbox, transport, now, delivered)
    return delivered


def retry_delay(attempts: int, requested_seconds: float = 0.0) -> timedelta:
    """How long to wait after so many tries: 5 minutes, doubled each time, at most 24 hours.

    after: seconds the server asked for; the longer of the two holds.
    """
    doubled = _FIRST_DELAY * (1 << min(max(attempts - 1, 0), 10))
    return max(min(doubled, _LONGEST_DELAY), min(timedelta(seconds=requested_seconds), _LONGEST_DELAY))


def _deliver_one(
    queued: QueuedMail,
    outbox: MailQueue,
    transport: Transport,
    now: Callable[[], datetime],
    delivered: DeliveryResult,
) -> bool:
    """Send one mail and mark what became of it; False if the next would fare no better."""
    try:
        transport.send(parse_message(queued.mime))
    except MailAuthError as error:
        # Not this mail's fault: it is due again at once, as are those behind it.
        _postpone_mail(queued, outbox, now(), timedelta(), error, delivered)
        return False
    except MailUnavailableError as error:
        if queued.attempts >= _MAX_ATTEMPTS:
            _fail_mail(queued, outbox, error, delivered)
        else:
            _postpone_mail(
                queued, outbox, now(), retry_delay(queued.attempts, error.retry_after), error, delivered
            )
        return error.is_server_reached
    except MailRefusedError as error:
        _fail_mail(queued, outbox, error, delivered)
    except MailUnknownError as error:
        outbox.mark_unknown(queued.mail_id, str(error))
        delivered.unknown += 1
        delivered.problems.append(_to_problem(queued.mail_id, error, Severity.FAULT))
    else:
        outbox.mark_sent(queued.mail_id, now())
        delivered.sent += 1
    return True


def _postpone_mail(
    queued: QueuedMail,
    outbox: MailQueue,
    now: datetime,
    wait: timedelta,
    error: MailError,
    delivered: DeliveryResult,
) -> None:
    outbox.mark_for_retry(queued.mail_id, now, now + wait, str(error))
    delivered.postponed += 1
    is_routine = isinstance(error, MailUnavailableError) and error.is_server_reached
    hint = error.hint or f"it is tried again from {now + wait:%-d %B, %H:%M}"
    severity = Severity.NOTE if is_routine else Severity.FAULT
    delivered.problems.append(Problem(queued.mail_id, error.what, hint, severity))


def _fail_mail(queued: QueuedMail, outbox: MailQueue, error: MailError, delivered: DeliveryResult) -> None:
    outbox.mark_failed(queued.mail_id, str(error))
    delivered.failed += 1
    delivered.problems.append(_to_problem(queued.mail_id, error, Severity.FAULT))


def _to_problem(where: str, error: MailError, severity: Severity) -> Problem:
    return Problem(where, error.what, error.hint, severity)
