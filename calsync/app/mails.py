"""Sends waiting mails, in a night and between nights; resends or resolves single ones for `calsync mail`."""

from collections.abc import Callable
from datetime import datetime

from calsync.app.wiring import open_transport, store_url
from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.mail.open_mails import is_overdue
from calsync.mail.outbox import DeliveryResult, deliver_due_mails
from calsync.mail.transport import FolderTransport, Transport
from calsync.model.problem import Problem
from calsync.store.database import Store, open_store
from calsync.store.lock import night_lock
from calsync.store.records import MailState, OutboxEntry


def send_due(
    store: Store,
    transport: Transport,
    clock: Callable[[], datetime],
    should_stop: Callable[[], bool] = lambda: False,
) -> DeliveryResult:
    """Send the mails that are due. The caller holds the night lock, so no other process is sending.

    A mail that is still claimed was claimed by a process that was killed. It is sent again where that cannot
    result in two mails (a folder). Otherwise it may have been sent or not, and it is reported.
    """
    abandoned = store.outbox.release_abandoned(repeatable=transport.repeatable)
    delivered = deliver_due_mails(store.outbox, transport, clock, should_stop)
    delivered.unknown += len(abandoned)
    what = "the process that sent it was killed: it may have gone out or not"
    hint = "ask the recipient, then: calsync mail resend, or calsync mail resolve"
    delivered.problems += [Problem(mail_id, what, hint) for mail_id in abandoned]
    if isinstance(transport, FolderTransport):
        delivered.problems += transport.secure_folder()
    return delivered


def send_waiting(
    settings: Settings, clock: Callable[[], datetime], should_stop: Callable[[], bool] = lambda: False
) -> DeliveryResult:
    """Send the mails that are due between nights; without any, no connection is opened.

    Raises:
        StoreError: A night is running; it sends them itself.
    """
    url = store_url(settings)
    with open_store(url) as store:
        if not store.outbox.has_due(clock()):
            return DeliveryResult()
        with open_transport(settings) as transport, night_lock(url):
            return send_due(store, transport, clock, should_stop)


def resend_mail(store: Store, entry: OutboxEntry, now: datetime, by: str, *, sent_too: bool = False) -> None:
    """Make a mail due now; raises ConfigError if it is being sent, or was sent and not `sent_too`."""
    if entry.state is MailState.SENT and not sent_too:
        hint = "add --yes to send it a second time"
        raise ConfigError([Problem(f"mail {entry.mail_id}", f"was sent on {_format_sent_time(entry)}", hint)])
    _check_not_sending(entry, now)
    store.outbox.resend(entry, now, by)


def resolve_mail(store: Store, entry: OutboxEntry, state: MailState, now: datetime, by: str) -> None:
    """End a mail as sent or dropped; raises ConfigError if it has ended already, or is being sent."""
    _check_not_sending(entry, now)
    if entry.state in (MailState.SENT, MailState.DROPPED):
        what = (
            f"was sent on {_format_sent_time(entry)}"
            if entry.state is MailState.SENT
            else "was dropped already"
        )
        hint = "nothing is left to resolve; calsync mail resend sends it again"
        raise ConfigError([Problem(f"mail {entry.mail_id}", what, hint)])
    store.outbox.resolve(entry, state, now, by)


def _check_not_sending(entry: OutboxEntry, now: datetime) -> None:
    if entry.state is MailState.SENDING and not is_overdue(entry, now):
        hint = "wait some minutes, then look again: calsync mail list"
        raise ConfigError([Problem(f"mail {entry.mail_id}", "is being sent right now", hint)])


def _format_sent_time(entry: OutboxEntry) -> str:
    return f"{entry.sent_at:%-d %B %Y, %H:%M}" if entry.sent_at else "an unknown day"
