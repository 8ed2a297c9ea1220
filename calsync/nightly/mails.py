"""Sends mails that wait, in a night and between nights, and what a person may do with one of them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.mail.outbox import Delivered, deliver
from calsync.mail.transport import FolderTransport, Transport
from calsync.model.problem import Problem
from calsync.nightly.opening import open_transport, store_url
from calsync.store.database import Store, open_store
from calsync.store.lock import night_lock
from calsync.store.states import MailState, OutboxEntry

OVERDUE = timedelta(hours=1)
"""How long after its time a mail may wait before `status` says so: `schedule` looks every minute."""
_SHORTEST_ID = 8


def send_due(
    store: Store,
    transport: Transport,
    now: Callable[[], datetime],
    is_stopped: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Send what is due. The caller holds the night lock, so no other process is sending.

    A mail that is still claimed was left by a process that was killed. It is sent again where that cannot
    make two mails of it (a folder); otherwise nobody knows whether it went, and it is reported.
    """
    lost = store.outbox.release_abandoned(repeatable=transport.repeatable)
    delivered = deliver(store.outbox, transport, now, is_stopped)
    delivered.unknown += len(lost)
    what = "the process that sent it was killed: it may have gone out or not"
    hint = "ask the recipient, then: calsync mail resend, or calsync mail resolve"
    delivered.problems += [Problem(mail_id, what, hint) for mail_id in lost]
    if isinstance(transport, FolderTransport):
        delivered.problems += transport.secure_folder()
    return delivered


def send_waiting(
    settings: Settings, now: Callable[[], datetime], is_stopped: Callable[[], bool] = lambda: False
) -> Delivered:
    """Send the mails that are due between nights; opens no connection where none is.

    Raises StoreError if a night is running, which sends them itself.
    """
    url = store_url(settings)
    with open_store(url) as store:
        if not store.outbox.has_due(now()):
            return Delivered()
        with open_transport(settings) as transport, night_lock(url):
            return send_due(store, transport, now, is_stopped)


def is_overdue(entry: OutboxEntry, now: datetime) -> bool:
    """Whether a mail needs a person: failed, unknown, left by a dead process, or waiting past its time."""
    if entry.state is MailState.PENDING:
        return now > entry.next_at + OVERDUE
    if entry.state is MailState.SENDING:
        return entry.lease_until is None or now > entry.lease_until
    return entry.state in (MailState.FAILED, MailState.UNKNOWN)


def short_ids(entries: Sequence[OutboxEntry]) -> dict[str, str]:
    """Short ids by mail id: the beginning of the Message-ID, as long as it takes to tell all apart.

    The mail server's log and the mail itself show the same digits.
    """
    keys = {entry.mail_id: _key(entry) for entry in entries}
    length = _SHORTEST_ID
    while len({key[:length] for key in keys.values()}) < len(set(keys.values())):
        length += 1
    return {mail_id: key[:length] for mail_id, key in keys.items()}


def find_mail(entries: Sequence[OutboxEntry], given: str) -> OutboxEntry:
    """The one mail that is meant by an id, the beginning of one, or a mail's whole name.

    Raises ConfigError if there is none, or more than one.
    """
    wanted = given.strip().strip("<>")
    exact = [e for e in entries if wanted in (e.mail_id, e.message_id.strip("<>"), _key(e))]
    found = exact or [e for e in entries if wanted and _matches(e, wanted)]
    if len(found) == 1:
        return found[0]
    where = f"mail {given!r}"
    if not found:
        raise ConfigError([Problem(where, "there is no such mail", "look for its id: calsync mail list")])
    ids = short_ids(entries)
    some = ", ".join(f"{ids[entry.mail_id]} ({entry.mail_id})" for entry in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    raise ConfigError(
        [Problem(where, f"{len(found)} mails begin like this", f"write more of it: {some}{more}")]
    )


def resend_mail(store: Store, entry: OutboxEntry, now: datetime, by: str, *, sent_too: bool = False) -> None:
    """Make a mail due now; raises ConfigError if it is being sent, or was sent and not `sent_too`."""
    if entry.state is MailState.SENT and not sent_too:
        hint = "add --yes to send it a second time"
        raise ConfigError([Problem(f"mail {entry.mail_id}", f"was sent on {_time(entry)}", hint)])
    _check_not_sending(entry, now)
    store.outbox.resend(entry, now, by)


def resolve_mail(store: Store, entry: OutboxEntry, state: MailState, now: datetime, by: str) -> None:
    """End a mail as sent or dropped; raises ConfigError if it has ended already, or is being sent."""
    _check_not_sending(entry, now)
    if entry.state in (MailState.SENT, MailState.DROPPED):
        what = f"was sent on {_time(entry)}" if entry.state is MailState.SENT else "was dropped already"
        hint = "nothing is left to resolve; calsync mail resend sends it again"
        raise ConfigError([Problem(f"mail {entry.mail_id}", what, hint)])
    store.outbox.resolve(entry, state, now, by)


def _check_not_sending(entry: OutboxEntry, now: datetime) -> None:
    if entry.state is MailState.SENDING and not is_overdue(entry, now):
        hint = "wait some minutes, then look again: calsync mail list"
        raise ConfigError([Problem(f"mail {entry.mail_id}", "is being sent right now", hint)])


def _matches(entry: OutboxEntry, wanted: str) -> bool:
    name = entry.mail_id.removeprefix("summary/")
    return any(text.startswith(wanted) for text in (_key(entry), entry.mail_id, name))


def _key(entry: OutboxEntry) -> str:
    return entry.message_id.strip("<>").rpartition("@")[0] or entry.mail_id


def _time(entry: OutboxEntry) -> str:
    return f"{entry.sent_at:%-d %B %Y, %H:%M}" if entry.sent_at else "an unknown day"
