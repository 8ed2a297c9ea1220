"""Open mails in the outbox: which of them need attention, and short ids for commands (`calsync mail`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from calsync.errors import ConfigError
from calsync.model.problem import Problem
from calsync.store.records import MailState, OutboxEntry
from calsync.text import format_count

OVERDUE_AFTER = timedelta(hours=1)
"""How long a due mail may wait before `calsync status` reports it; the scheduler sends every minute."""
_SHORTEST_ID = 8


def is_overdue(entry: OutboxEntry, now: datetime) -> bool:
    """Whether a mail needs attention: failed, unknown, claimed by a dead process, or due for too long."""
    if entry.state is MailState.PENDING:
        return now > entry.next_at + OVERDUE_AFTER
    if entry.state is MailState.SENDING:
        return entry.lease_until is None or now > entry.lease_until
    return entry.state in (MailState.FAILED, MailState.UNKNOWN)


def short_ids(entries: Sequence[OutboxEntry]) -> dict[str, str]:
    """Short ids by mail id: beginnings of the Message-IDs, so long that they are unique.

    The same digits are in the log of the mail server and in the mail.
    """
    keys = {entry.mail_id: _short_id_digits(entry) for entry in entries}
    length = _SHORTEST_ID
    while len({key[:length] for key in keys.values()}) < len(set(keys.values())):
        length += 1
    return {mail_id: key[:length] for mail_id, key in keys.items()}


def find_mail(entries: Sequence[OutboxEntry], given: str) -> OutboxEntry:
    """The mail with this id, or whose id begins with this text.

    Args:
        entries: The mails to search.
        given: A Message-ID, a mail id (`summary/…`), or the beginning of either.

    Raises:
        ConfigError: No mail matches, or more than one.
    """
    prefix = given.strip().strip("<>")
    exact = [e for e in entries if prefix in (e.mail_id, e.message_id.strip("<>"), _short_id_digits(e))]
    matches = exact or [e for e in entries if prefix and _id_starts_with(e, prefix)]
    if len(matches) == 1:
        return matches[0]
    where = f"mail {given!r}"
    if not matches:
        raise ConfigError([Problem(where, "there is no such mail", "look for its id: calsync mail list")])
    ids = short_ids(entries)
    shown_ids = ", ".join(f"{ids[entry.mail_id]} ({entry.mail_id})" for entry in matches[:5])
    more = f" and {len(matches) - 5} more" if len(matches) > 5 else ""
    raise ConfigError(
        [
            Problem(
                where,
                f"begins the ids of {format_count(len(matches), 'mail')}",
                f"write more of it: {shown_ids}{more}",
            )
        ]
    )


def _id_starts_with(entry: OutboxEntry, prefix: str) -> bool:
    name = entry.mail_id.removeprefix("summary/")
    return any(text.startswith(prefix) for text in (_short_id_digits(entry), entry.mail_id, name))


def _short_id_digits(entry: OutboxEntry) -> str:
    return entry.message_id.strip("<>").rpartition("@")[0] or entry.mail_id
