"""Mails in the outbox, for `calsync mail` and `calsync status`: which are overdue, and short ids for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from calsync.errors import ConfigError
from calsync.model.problem import Problem
from calsync.store.records import MailState, OutboxEntry
from calsync.text import format_count

OVERDUE_AFTER = timedelta(hours=1)
"""How long after it is due a mail is reported by `calsync status`; the scheduler sends every minute."""
_MIN_ID_LENGTH = 8


def is_overdue(entry: OutboxEntry, now: datetime) -> bool:
    """Whether a mail needs attention.

    That is so if its delivery failed or is unknown, if the lease of the process that was sending it has
    expired, or if it has been due for more than an hour.
    """
    if entry.state is MailState.PENDING:
        return now > entry.next_at + OVERDUE_AFTER
    if entry.state is MailState.SENDING:
        return entry.lease_until is None or now > entry.lease_until
    return entry.state in (MailState.FAILED, MailState.UNKNOWN)


def short_ids(entries: Sequence[OutboxEntry]) -> dict[str, str]:
    """Return a short id for each mail, by mail id: the beginning of its Message-ID.

    All have the same length, which is enough to make them unique. The Message-ID is also in the mail itself
    and in the log of the mail server.
    """
    digits = {entry.mail_id: _message_id_digits(entry) for entry in entries}
    length = _MIN_ID_LENGTH
    while len({text[:length] for text in digits.values()}) < len(set(digits.values())):
        length += 1
    return {mail_id: text[:length] for mail_id, text in digits.items()}


def find_mail(entries: Sequence[OutboxEntry], id_or_prefix: str) -> OutboxEntry:
    """Return the mail that has an id, or the only mail whose id begins with it.

    Args:
        entries: The mails to search.
        id_or_prefix: A Message-ID, a mail id (`summary/…`), or the beginning of either.

    Raises:
        ConfigError: No mail matches, or more than one.
    """
    prefix = id_or_prefix.strip().strip("<>")
    exact_matches = [
        entry
        for entry in entries
        if prefix in (entry.mail_id, entry.message_id.strip("<>"), _message_id_digits(entry))
    ]
    matches = exact_matches or [entry for entry in entries if prefix and _id_starts_with(entry, prefix)]
    if len(matches) == 1:
        return matches[0]
    where = f"mail {id_or_prefix!r}"
    if not matches:
        raise ConfigError([Problem(where, "there is no such mail", "list the ids with `calsync mail list`")])
    ids = short_ids(entries)
    shown_ids = ", ".join(f"{ids[entry.mail_id]} ({entry.mail_id})" for entry in matches[:5])
    more = f" and {len(matches) - 5} more" if len(matches) > 5 else ""
    raise ConfigError(
        [
            Problem(
                where,
                f"is the beginning of the ids of {format_count(len(matches), 'mail')}",
                f"write more of the id: {shown_ids}{more}",
            )
        ]
    )


def _id_starts_with(entry: OutboxEntry, prefix: str) -> bool:
    without_kind = entry.mail_id.removeprefix("summary/")
    ids = (_message_id_digits(entry), entry.mail_id, without_kind)
    return any(text.startswith(prefix) for text in ids)


def _message_id_digits(entry: OutboxEntry) -> str:
    """Return the Message-ID up to the @, which is a hexadecimal digest; the mail id if there is none."""
    return entry.message_id.strip("<>").rpartition("@")[0] or entry.mail_id
