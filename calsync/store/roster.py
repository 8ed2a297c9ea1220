"""Stores which managers were on the list at the last night, and renames what is stored of a manager."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import blake2b

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from calsync.model.meeting import make_stored_meeting_id
from calsync.store import cancellations
from calsync.store.bulk import split_for_query
from calsync.store.calendars import problems_of, problems_to_json
from calsync.store.calendars import select_calendar_ids as calendars_of
from calsync.store.connections import Database
from calsync.store.schema import (
    allocations,
    calendars,
    mail_actions,
    meetings,
    metadata,
    outbox,
    run_problems,
)
from calsync.store.schema import roster as table

_SUMMARY_PREFIX = "summary/"


@dataclass(frozen=True, slots=True)
class ListedManager:
    """A manager who is or was on the list; `address` is a digest of the mail address."""

    manager_id: str
    address: str
    listed: bool


def address_digest(address: str) -> str:
    """Return what is stored of a mail address, which must be normalised."""
    return blake2b(address.encode(), digest_size=16).hexdigest()


def manager_of_mail(mail_id: str) -> str:
    """Return the manager of `summary/ID/weekly/2026-11-09` (an id may contain `/`); "" for other mails."""
    return (
        mail_id.removeprefix(_SUMMARY_PREFIX).rsplit("/", 2)[0] if mail_id.startswith(_SUMMARY_PREFIX) else ""
    )


class RosterTable:
    """The managers whom nights have had on the list, by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_all(self) -> dict[str, ListedManager]:
        """Return everybody who was ever listed, by id."""
        with self._database.reading() as connection:
            rows = connection.execute(select(table)).all()
        return {
            row.manager_id: ListedManager(manager_id=row.manager_id, address=row.address, listed=row.listed)
            for row in rows
        }

    def holds_meetings(self, manager_id: str) -> bool:
        """Whether any meeting of this manager is stored."""
        in_own_calendars = meetings.c.calendar_id.in_(calendars_of(manager_id))
        with self._database.reading() as connection:
            return (
                connection.execute(select(meetings.c.id).where(in_own_calendars).limit(1)).first() is not None
            )

    def has_minutes_before(self, manager_id: str, day: date) -> bool:
        """Whether minutes of this manager are stored for a day before this one."""
        earlier = (allocations.c.manager_id == manager_id, allocations.c.day < day)
        with self._database.reading() as connection:
            return connection.execute(select(allocations.c.day).where(*earlier).limit(1)).first() is not None

    def save(self, addresses: Mapping[str, str], still_listed: Collection[str]) -> None:
        """Store the list.

        Args:
            addresses: Digests of mail addresses by manager id.
            still_listed: Ids that stay listed with their stored address though they are not in `addresses`.
        """
        stored = self.load_all()
        wanted = {name: ListedManager(name, digest, True) for name, digest in addresses.items()}
        for name in stored.keys() - wanted.keys():
            wanted[name] = replace(stored[name], listed=name in still_listed)
        rows = [asdict(manager) for name, manager in wanted.items() if stored.get(name) != manager]
        if rows:
            with self._database.writing() as connection:
                for part in split_for_query([row["manager_id"] for row in rows]):
                    connection.execute(delete(table).where(table.c.manager_id.in_(part)))
                connection.execute(insert(table), rows)

    def rename_managers(self, moves: Mapping[str, str]) -> None:
        """Rename everything that is stored of managers, in one transaction.

        Args:
            moves: Old id to new id; two managers may exchange ids. No meeting may be stored of a new id that
            is
                not renamed itself.
        """
        with self._database.writing() as connection:
            # A calendar that is stored under a new id was never read; its row has only the failure.
            new_ids = [new for new in moves.values() if new not in moves]
            connection.execute(delete(calendars).where(calendars.c.manager_id.in_(new_ids)))
            # Two steps, so that two managers can exchange their ids.
            for old in moves:
                _move_manager(connection, old, f"\x01{old}")
            for old, new in moves.items():
                _move_manager(connection, f"\x01{old}", new)


def _move_manager(connection: Connection, old: str, new: str) -> None:
    calendar_ids = _move_calendars(connection, old, new)
    meeting_ids = _move_meetings(connection, calendar_ids, new)
    for before, after in calendar_ids.items():
        cancellations.replace_cancellations(
            connection, {after: cancellations.load_for_calendar(connection, before)}
        )
    if calendar_ids:
        connection.execute(delete(calendars).where(calendars.c.id.in_(list(calendar_ids))))
    _move_minutes(connection, old, new, meeting_ids)
    for other in metadata.sorted_tables:
        if "manager_id" in other.c and other not in (calendars, meetings, allocations):
            connection.execute(update(other).where(other.c.manager_id == old).values(manager_id=new))
    _move_mails(connection, old, new)


def _move_mails(connection: Connection, old: str, new: str) -> None:
    """Rename mails, the actions of people, and the notes of nights that a summary is still due."""
    for mail in connection.execute(select(outbox)).mappings().all():
        if manager_of_mail(mail["mail_id"]) == old:
            new_id = _rename_mail(mail["mail_id"], old, new)
            connection.execute(insert(outbox), {**mail, "mail_id": new_id})
            actions = update(mail_actions).where(mail_actions.c.mail_id == mail["mail_id"])
            connection.execute(actions.values(mail_id=new_id))
            connection.execute(delete(outbox).where(outbox.c.mail_id == mail["mail_id"]))
    places = select(run_problems.c.place).where(run_problems.c.place.startswith(_SUMMARY_PREFIX)).distinct()
    for where in connection.execute(places).scalars().all():
        if manager_of_mail(where) == old:
            notes = update(run_problems).where(run_problems.c.place == where)
            connection.execute(notes.values(place=_rename_mail(where, old, new)))


def _rename_mail(mail_id: str, old: str, new: str) -> str:
    return f"{_SUMMARY_PREFIX}{new}{mail_id[len(_SUMMARY_PREFIX) + len(old) :]}"


def _move_calendars(connection: Connection, old: str, new: str) -> dict[str, str]:
    """Insert the calendars with new ids, next to the old ones, which meetings still refer to.

    Returns:
        Old calendar id to new calendar id.
    """
    rows = connection.execute(select(calendars).where(calendars.c.manager_id == old)).mappings().all()
    moved = [
        {
            **row,
            "id": new + row["id"][len(old) :],
            "manager_id": new,
            "shown": _rename_label(row["shown"], old, new),
            "problems": problems_to_json(
                [
                    replace(problem, where=_rename_label(problem.where, old, new))
                    for problem in problems_of(row["problems"])
                ]
            ),
        }
        for row in rows
    ]
    if moved:
        connection.execute(insert(calendars), moved)
    return {row["id"]: new_row["id"] for row, new_row in zip(rows, moved, strict=True)}


def _rename_label(text: str, old: str, new: str) -> str:
    """Return a calendar as it is printed, `m1 (calendars/m1.ics)`, with the new id."""
    return new + text[len(old) :] if text.startswith(f"{old} (") else text


def _move_meetings(connection: Connection, calendar_ids: Mapping[str, str], new: str) -> dict[str, str]:
    """Give meetings the ids that they have in the renamed calendars; returns old id to new id."""
    ids: dict[str, str] = {}
    for before, after in calendar_ids.items():
        query = select(meetings.c.id, meetings.c.uid, meetings.c.recurrence_id, meetings.c.starts)
        rows = connection.execute(query.where(meetings.c.calendar_id == before)).all()
        new_ids = {
            row.id: make_stored_meeting_id(after, row.uid, row.recurrence_id, row.starts) for row in rows
        }
        if new_ids:
            statement = update(meetings).where(meetings.c.id == bindparam("old_id"))
            statement = statement.values(id=bindparam("new_id"), calendar_id=after, manager_id=new)
            connection.execute(
                statement, [{"old_id": old_id, "new_id": new_id} for old_id, new_id in new_ids.items()]
            )
        ids |= new_ids
    return ids


def _move_minutes(connection: Connection, old: str, new: str, ids: Mapping[str, str]) -> None:
    of_manager = allocations.c.manager_id == old
    rows = connection.execute(select(allocations).where(of_manager)).mappings().all()
    connection.execute(delete(allocations).where(of_manager))
    moved = [
        {**row, "manager_id": new, "meeting_id": ids.get(row["meeting_id"], row["meeting_id"])}
        for row in rows
    ]
    if moved:
        connection.execute(insert(allocations), moved)
