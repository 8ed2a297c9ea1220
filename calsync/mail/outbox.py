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
from calsync.mail.message import build_message, message_id, parse_message
from calsync.mail.transport import Transport
from calsync.model.problem import Problem, Severity
from calsync.reports.period import Period
from calsync.reports.render import Rendered

# Longer than any mail takes: a row still claimed after it belongs to a process that died.
LEASE = timedelta(minutes=15)
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=24)
# With the pauses above, a mail is tried for some six days (RFC 5321, 4.5.4.1: four or five).
_LAST_ATTEMPT = 14


class Queued(Protocol):
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


class Outbox(Protocol):
    """Where mails wait; the store has one."""

    def queue(
        self, mail_id: str, recipient: str, subject: str, message_id: str, mime: bytes, now: datetime
    ) -> bool:
        """Keep a mail to be sent; False if one of this name is there already."""

    def claim(self, now: datetime, lease: timedelta) -> Queued | None:
        """Take the next mail that is due, for this sender alone; None if none is."""

    def sent(self, mail_id: str, now: datetime) -> None:
        """It is out."""

    def retry(self, mail_id: str, now: datetime, next_at: datetime, what: str) -> None:
        """It waits for `next_at`."""

    def failed(self, mail_id: str, what: str) -> None:
        """It will never go out."""

    def unknown(self, mail_id: str, what: str) -> None:
        """It may be out: it is not sent again."""


@dataclass(slots=True)
class Delivered:
    """What became of the mails that were due; every one that is not out has a problem.

    blocked: the server takes no mail at all now, so the others were not tried.
    """

    sent: int = 0
    later: int = 0
    failed: int = 0
    unknown: int = 0
    blocked: bool = False
    problems: list[Problem] = field(default_factory=list)


def mail_id(manager_id: str, period: Period) -> str:
    """The name of a manager's summary of a period: one mail, however often the night runs."""
    return f"summary/{manager_id}/{period.frequency}/{period.first.isoformat()}"


def queue_summary(
    outbox: Outbox,
    name: str,
    rendered: Rendered,
    *,
    sender: str,
    recipient: str,
    now: datetime,
    unsubscribe: str = "",
) -> bool:
    """Freeze a summary under the name that `mail_id` gives; False if it was queued before.

    Raises MailRefusedError if an address cannot be used.
    """
    identity = message_id(name, recipient, sender)
    message = build_message(
        rendered,
        sender=sender,
        recipient=recipient,
        message_id=identity,
        date=now,
        unsubscribe=unsubscribe,
    )
    return outbox.queue(name, recipient, str(message["Subject"]), identity, message.as_bytes(), now)


def deliver(
    outbox: Outbox,
    transport: Transport,
    now: Callable[[], datetime],
    is_stopped: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Send what is due, one mail at a time, until none is left, no more is taken, or it is stopped."""
    delivered = Delivered()
    while not (delivered.blocked or is_stopped()):
        queued = outbox.claim(now(), LEASE)
        if queued is None:
            break
        delivered.blocked = not _deliver_one(queued, outbox, transport, now, delivered)
    return delivered


def pause(attempts: int, after: float = 0.0) -> timedelta:
    """How long to wait after so many tries: 5 minutes, doubled each time, at most 24 hours.

    after: seconds the server asked for; the longer of the two holds.
    """
    doubled = _FIRST_PAUSE * (1 << min(max(attempts - 1, 0), 10))
    return max(min(doubled, _LONGEST_PAUSE), min(timedelta(seconds=after), _LONGEST_PAUSE))


def _deliver_one(
    queued: Queued,
    outbox: Outbox,
    transport: Transport,
    now: Callable[[], datetime],
    delivered: Delivered,
) -> bool:
    """Send one mail and mark what became of it; False if the next would fare no better."""
    try:
        transport.send(parse_message(queued.mime))
    except MailAuthError as error:
        # Not this mail's fault: it is due again at once, as are those behind it.
        _later(queued, outbox, now(), timedelta(), error, delivered)
        return False
    except MailUnavailableError as error:
        if queued.attempts >= _LAST_ATTEMPT:
            _never(queued, outbox, error, delivered)
        else:
            _later(queued, outbox, now(), pause(queued.attempts, error.after), error, delivered)
        return error.reached
    except MailRefusedError as error:
        _never(queued, outbox, error, delivered)
    except MailUnknownError as error:
        outbox.unknown(queued.mail_id, str(error))
        delivered.unknown += 1
        delivered.problems.append(_problem(queued.mail_id, error, Severity.FAULT))
    else:
        outbox.sent(queued.mail_id, now())
        delivered.sent += 1
    return True


def _later(
    queued: Queued,
    outbox: Outbox,
    now: datetime,
    wait: timedelta,
    error: MailError,
    delivered: Delivered,
) -> None:
    outbox.retry(queued.mail_id, now, now + wait, str(error))
    delivered.later += 1
    waits = isinstance(error, MailUnavailableError) and error.reached
    hint = error.hint or f"it is tried again from {now + wait:%-d %B, %H:%M}"
    severity = Severity.NOTE if waits else Severity.FAULT
    delivered.problems.append(Problem(queued.mail_id, error.what, hint, severity))


def _never(queued: Queued, outbox: Outbox, error: MailError, delivered: Delivered) -> None:
    outbox.failed(queued.mail_id, str(error))
    delivered.failed += 1
    delivered.problems.append(_problem(queued.mail_id, error, Severity.FAULT))


def _problem(where: str, error: MailError, severity: Severity) -> Problem:
    return Problem(where, error.what, error.hint, severity)
