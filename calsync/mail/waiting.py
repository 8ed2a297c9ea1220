"""Mails that are not closed: which of them needs a person, and the ids by which people name them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from calsync.errors import ConfigError
from calsync.model.problem import Problem
from calsync.store.states import MailState, OutboxEntry
from calsync.text import count_of

OVERDUE = timedelta(hours=1)
"""How long after its time a mail may wait before `status` says so: `schedule` looks every minute."""
_SHORTEST_ID = 8


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
        [
            Problem(
                where, f"begins the ids of {count_of(len(found), 'mail')}", f"write more of it: {some}{more}"
            )
        ]
    )


def _matches(entry: OutboxEntry, wanted: str) -> bool:
    name = entry.mail_id.removeprefix("summary/")
    return any(text.startswith(wanted) for text in (_key(entry), entry.mail_id, name))


def _key(entry: OutboxEntry) -> str:
    return entry.message_id.strip("<>").rpartition("@")[0] or entry.mail_id
