"""Stores mails until they are sent: each is built once, claimed before it is sent, and never sent twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Delete, Row, Update, and_, delete, func, or_, select, update

from calsync.errors import StoreError
from calsync.store.bulk import split_for_query
from calsync.store.connections import Database, dialect_insert, printable_url
from calsync.store.records import OPEN_MAIL_STATES, MailAction, MailState, OutboxEntry, OutboxMail
from calsync.store.rows import storable_text
from calsync.store.schema import mail_actions
from calsync.store.schema import outbox as table

_CLAIMED_STATES = (MailState.SENDING.value, MailState.UNKNOWN.value)
_SENDER_STOPPED = "the process that sent it was stopped: it may have gone out or not"


class Outbox:
    """The mails and their states: pending → sending → sent, failed or unknown.

    A person may put a mail back to pending (`resend`) or end it as sent or dropped (`resolve`).
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(
        self, mail_id: str, recipient: str, subject: str, message_id: str, mime: bytes, now: datetime
    ) -> bool:
        """Add a mail, due at once; returns False and changes nothing if it was queued before."""
        row = {
            "mail_id": mail_id,
            "recipient": recipient,
            "subject": storable_text(subject),
            "message_id": message_id,
            "mime": mime,
            "state": MailState.PENDING.value,
            "attempts": 0,
            "queued_at": now,
            "next_at": now,
            "what": "",
        }
        with self._database.writing() as connection:
            statement = dialect_insert(connection, table).values(row).on_conflict_do_nothing()
            # Not `rowcount`: with psycopg it is -1 for an INSERT.
            return connection.execute(statement.returning(table.c.mail_id)).first() is not None

    def has_mail(self, mail_id: str) -> bool:
        """Whether a mail of this id was ever queued."""
        query = select(func.count()).where(table.c.mail_id == mail_id)
        with self._database.reading() as connection:
            return bool(connection.execute(query).scalar_one())

    def claim(self, now: datetime, lease: timedelta) -> OutboxMail | None:
        """Claim the mail that has been due longest; returns None if none is due.

        The claim is committed when this returns, so no other process sends the mail. The caller must store
        the outcome within the lease (`mark_sent` and others). Otherwise the mail becomes `unknown`, and is
        sent again only if a person decides so.
        """
        due = (
            select(table.c.mail_id)
            .where(table.c.state == MailState.PENDING.value, table.c.next_at <= now)
            .order_by(table.c.next_at, table.c.mail_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._database.writing() as connection:
            _expire_leases(connection, now)
            mail_id = connection.execute(due).scalar()
            if mail_id is None:
                return None
            claim_values = {"state": MailState.SENDING.value, "lease_until": now + lease}
            this_mail = table.c.mail_id == mail_id
            connection.execute(
                update(table).where(this_mail).values(attempts=table.c.attempts + 1, **claim_values)
            )
            claimed = _to_outbox_mail(connection.execute(select(table).where(this_mail)).one())
        self._verify_claim(claimed)
        return claimed

    def mark_sent(self, mail_id: str, now: datetime) -> None:
        """Store that the mail server accepted a claimed mail."""
        self._end_claim(mail_id, MailState.SENT, sent_at=now, what="")

    def mark_for_retry(self, mail_id: str, now: datetime, next_at: datetime, what: str) -> None:
        """Store that a claimed mail was certainly not accepted, and may be tried again from `next_at`."""
        self._end_claim(mail_id, MailState.PENDING, next_at=max(now, next_at), what=storable_text(what))

    def mark_failed(self, mail_id: str, what: str) -> None:
        """Store that a claimed mail will never be accepted."""
        self._end_claim(mail_id, MailState.FAILED, what=storable_text(what))

    def mark_unknown(self, mail_id: str, what: str) -> None:
        """Store that a claimed mail may have been accepted or not; it is not sent again."""
        self._end_claim(mail_id, MailState.UNKNOWN, what=storable_text(what))

    def postpone(self, mail_ids: Sequence[str], until: datetime) -> None:
        """Make pending mails due at `until`."""
        self._change_pending(mail_ids, update(table).values(next_at=until))

    def withdraw(self, mail_ids: Sequence[str]) -> None:
        """Delete pending mails, so that they may be built again."""
        self._change_pending(mail_ids, delete(table))

    def _change_pending(self, mail_ids: Sequence[str], statement: Update | Delete) -> None:
        pending = table.c.state == MailState.PENDING.value
        with self._database.writing() as connection:
            for part in split_for_query(mail_ids):
                connection.execute(statement.where(pending, table.c.mail_id.in_(part)))

    def count_open(self) -> dict[str, int]:
        """How many mails are not sent, by state (pending, sending, unknown, failed), without zeros."""
        query = (
            select(table.c.state, func.count().label("mails"))
            .where(table.c.state.in_([state.value for state in OPEN_MAIL_STATES]))
            .group_by(table.c.state)
        )
        with self._database.reading() as connection:
            counts = {row.state: row.mails for row in connection.execute(query)}
        return {state.value: counts[state] for state in MailState if state in counts}

    def oldest_queued_at(self) -> datetime | None:
        """When the mail that has waited longest to be sent was queued; None if none waits."""
        query = select(func.min(table.c.queued_at)).where(table.c.state == MailState.PENDING.value)
        with self._database.reading() as connection:
            oldest: datetime | None = connection.execute(query).scalar_one()
        return oldest

    def mails(self, *states: MailState) -> list[OutboxMail]:
        """Return the mails in one of these states (in all, if none is given), in the order of queueing."""
        query = select(table).order_by(table.c.queued_at)
        if states:
            query = query.where(table.c.state.in_([state.value for state in states]))
        with self._database.reading() as connection:
            return [_to_outbox_mail(row) for row in connection.execute(query)]

    def has_due(self, now: datetime) -> bool:
        """Whether a mail is due, or its claim has expired because the process that sent it ended."""
        due = and_(table.c.state == MailState.PENDING.value, table.c.next_at <= now)
        expired = and_(table.c.state == MailState.SENDING.value, table.c.lease_until < now)
        with self._database.reading() as connection:
            query = select(func.count()).select_from(table).where(or_(due, expired))
            return bool(connection.execute(query).scalar_one())

    def release_abandoned(self, *, repeatable: bool) -> list[str]:
        """End every claim; the caller holds the night lock, so the processes that claimed have ended.

        Args:
            repeatable: Whether these mails may be sent again, because a second one replaces the first.
                Otherwise they become `unknown`.

        Returns:
            The ids of the mails that became unknown.
        """
        state = MailState.PENDING if repeatable else MailState.UNKNOWN
        expired = update(table).where(table.c.state == MailState.SENDING.value)
        expired = expired.values(
            state=state.value, lease_until=None, what="" if repeatable else _SENDER_STOPPED
        )
        with self._database.writing() as connection:
            released = list(connection.execute(expired.returning(table.c.mail_id)).scalars())
        return [] if repeatable else sorted(released)

    def entries(self, *states: MailState) -> list[OutboxEntry]:
        """As `mails`, without the text and with the actions of people."""
        columns = [column for column in table.c if column.name != "mime"]
        query = select(*columns).order_by(table.c.queued_at, table.c.mail_id)
        if states:
            query = query.where(table.c.state.in_([state.value for state in states]))
        actions: dict[str, list[MailAction]] = {}
        with self._database.reading() as connection:
            entries = connection.execute(query).mappings().all()
            for row in connection.execute(select(mail_actions).order_by(mail_actions.c.id)):
                action = MailAction(action=row.action, before=MailState(row.before), by=row.person, at=row.at)
                actions.setdefault(row.mail_id, []).append(action)
            return [_to_entry(entry, actions.get(entry["mail_id"], ())) for entry in entries]

    def resend(self, entry: OutboxEntry, now: datetime, by: str) -> None:
        """Make a mail due now and count its attempts from 0; raises StoreError if its state has changed."""
        values = {"next_at": now, "attempts": 0, "sent_at": None, "what": "", "lease_until": None}
        self._apply_action(
            entry, MailState.PENDING, values, MailAction(action="resend", before=entry.state, by=by, at=now)
        )

    def resolve(self, entry: OutboxEntry, state: MailState, now: datetime, by: str) -> None:
        """End a mail as sent or dropped; raises StoreError if its state has changed meanwhile."""
        values = {"sent_at": now if state is MailState.SENT else None, "lease_until": None}
        action = MailAction(action=f"resolve as {state}", before=entry.state, by=by, at=now)
        self._apply_action(entry, state, values, action)

    def _apply_action(
        self, entry: OutboxEntry, state: MailState, values: Mapping[str, object], action: MailAction
    ) -> None:
        this_mail = update(table).where(table.c.mail_id == entry.mail_id, table.c.state == entry.state.value)
        row = {
            "mail_id": entry.mail_id,
            "action": action.action,
            "before": action.before.value,
            "person": storable_text(action.by),
            "at": action.at,
        }
        with self._database.writing() as connection:
            if not connection.execute(this_mail.values(state=state.value, **values)).rowcount:
                what = f"mail {entry.mail_id} is no longer {entry.state}"
                raise StoreError(what, "look again: calsync mail list")
            connection.execute(dialect_insert(connection, mail_actions).values(row))

    def _verify_claim(self, claimed: OutboxMail) -> None:
        """Raise StoreError unless a new connection reads this mail as claimed."""
        query = select(table.c.state, table.c.attempts).where(table.c.mail_id == claimed.mail_id)
        with self._database.reading_from_new_connection() as connection:
            stored = connection.execute(query).first()
        if stored is None or (stored.state, stored.attempts) != (claimed.state, claimed.attempts):
            what = (
                f"{printable_url(self._database.url)}: the store does not contain what was just written to it"
            )
            raise StoreError(
                what, f"mail {claimed.mail_id} was not sent; look at the disk, then run the night again"
            )

    def _end_claim(self, mail_id: str, state: MailState, **values: object) -> None:
        # Also one that became unknown meanwhile: its sender is still running and has the outcome.
        this_mail = update(table).where(table.c.mail_id == mail_id, table.c.state.in_(_CLAIMED_STATES))
        with self._database.writing() as connection:
            result = connection.execute(this_mail.values(state=state.value, lease_until=None, **values))
            if not result.rowcount:
                raise StoreError(f"mail {mail_id} is not being sent")


def _expire_leases(connection: Connection, now: datetime) -> None:
    expired = update(table).where(table.c.state == MailState.SENDING.value, table.c.lease_until < now)
    connection.execute(expired.values(state=MailState.UNKNOWN.value, lease_until=None, what=_SENDER_STOPPED))


def _to_outbox_mail(row: Row[tuple[object, ...]]) -> OutboxMail:
    return OutboxMail(
        mail_id=row.mail_id,
        recipient=row.recipient,
        subject=row.subject,
        message_id=row.message_id,
        mime=bytes(row.mime),
        state=MailState(row.state),
        attempts=row.attempts,
        what=row.what,
    )


def _to_entry(row: Mapping[Any, Any], actions: Sequence[MailAction]) -> OutboxEntry:
    cells = {name: cell for name, cell in row.items() if name != "state"}
    return OutboxEntry(**cells, state=MailState(row["state"]), actions=tuple(actions))
