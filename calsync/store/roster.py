"""Who was on the list of managers when a night last took it, and the move of all that is held to a new id."""

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
    """A manager who is or was on the list; address: a digest of the mail address."""

    manager_id: str
    address: str
    listed: bool


def address_digest(address: str) -> str:
    """What is kept of a mail address, which must be written as addresses are compared."""
    return blake2b(address.encode(), digest_size=16).hexdigest()


def manager_of_mail(mail_id: str) -> str:
    """Whose summary a mail is: `summary/ID/weekly/2026-11-09`; an id may hold a slash. "" for other mails."""
    return (
        mail_id.removeprefix(_SUMMARY_PREFIX).rsplit("/", 2)[0] if mail_id.startswith(_SUMMARY_PREFIX) else ""
    )


class RosterTable:
    """The managers whom nights have taken, by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_all(self) -> dict[str, ListedManager]:
        """Everybody who was ever listed."""
        with self._database.reading() as connection:
            rows = connection.execute(select(table)).all()
        return {
            row.manager_id: ListedManager(manager_id=row.manager_id, address=row.address, listed=row.listed)
            for row in rows
        }

    def holds_meetings(self, manager_id: str) -> bool:
        """Whether anything is held of this manager."""
        theirs = meetings.c.calendar_id.in_(calendars_of(manager_id))
        with self._database.reading() as connection:
            return connection.execute(select(meetings.c.id).where(theirs).limit(1)).first() is not None

    def has_minutes_before(self, manager_id: str, day: date) -> bool:
        """Whether minutes of this manager are held for a day before this one."""
        earlier = (allocations.c.manager_id == manager_id, allocations.c.day < day)
        with self._database.reading() as connection:
            return connection.execute(select(allocations.c.day).where(*earlier).limit(1)).first() is not None

    def save(self, addresses: Mapping[str, str], still_listed: Collection[str]) -> None:
        """Make this the list: digests by manager. named: listed, too, with what was known of them before."""
        stored = self.load_all()
        wanted = {name: ListedManager(name, digest, True) for name, digest in addresses.items()}
        for name in stored.keys() - wanted.keys():
            wanted[name] = replace(stored[name], listed=name in still_listed)
        rows = [asdict(statement) for name, statement in wanted.items() if stored.get(name) != statement]
        if rows:
            with self._database.writing() as connection:
                changed = [row["manager_id"] for row in rows]
                for some in split_for_query(changed):
                    connection.execute(delete(table).where(table.c.manager_id.in_(some)))
                connection.execute(insert(table), rows)

    def rename_managers(self, moves: Mapping[str, str]) -> None:
        """Have all that is held of managers continue under their new ids, in one transaction.

        moves: old id to new id; ids may change places. Nothing may be held of a new id that is not
        moved itself.
        """
        with self._database.writing() as connection:
            # What is there under a new id was never read: it only says that it could not be.
            fresh = [new for new in moves.values() if new not in moves]
            connection.execute(delete(calendars).where(calendars.c.manager_id.in_(fresh)))
            # Two steps, so that two managers can exchange their ids.
            for old in moves:
                _move_manager(connection, old, f"\x01{old}")
            for old, new in moves.items():
                _move_manager(connection, f"\x01{old}", new)


def _move_manager(connection: Connection, old: str, new: str) -> None:
    names = _move_calendars(connection, old, new)
    ids = _move_meetings(connection, names, new)
    for before, after in names.items():
        cancellations.replace_cancellations(
            connection, {after: cancellations.load_for_calendar(connection, before)}
        )
    if names:
        connection.execute(delete(calendars).where(calendars.c.id.in_(list(names))))
    _move_minutes(connection, old, new, ids)
    for other in metadata.sorted_tables:
        if "manager_id" in other.c and other not in (calendars, meetings, allocations):
            connection.execute(update(other).where(other.c.manager_id == old).values(manager_id=new))
    _move_mails(connection, old, new)


def _move_mails(connection: Connection, old: str, new: str) -> None:
    """Name mails, what people did with them, and the notes that one is owed, by the new id."""
    for mail in connection.execute(select(outbox)).mappings().all():
        if manager_of_mail(mail["mail_id"]) == old:
            name = _rename_mail(mail["mail_id"], old, new)
            connection.execute(insert(outbox), {**mail, "mail_id": name})
            acts = update(mail_actions).where(mail_actions.c.mail_id == mail["mail_id"])
            connection.execute(acts.values(mail_id=name))
            connection.execute(delete(outbox).where(outbox.c.mail_id == mail["mail_id"]))
    places = select(run_problems.c.place).where(run_problems.c.place.startswith(_SUMMARY_PREFIX)).distinct()
    for where in connection.execute(places).scalars().all():
        if manager_of_mail(where) == old:
            noted = update(run_problems).where(run_problems.c.place == where)
            connection.execute(noted.values(place=_rename_mail(where, old, new)))


def _rename_mail(mail_id: str, old: str, new: str) -> str:
    return f"{_SUMMARY_PREFIX}{new}{mail_id[len(_SUMMARY_PREFIX) + len(old) :]}"


def _move_calendars(connection: Connection, old: str, new: str) -> dict[str, str]:
    """Enter the calendars under the new id, next to the old ones, which meetings still refer to."""
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
    return {row["id"]: other["id"] for row, other in zip(rows, moved, strict=True)}


def _rename_label(text: str, old: str, new: str) -> str:
    """How a calendar is printed, `m1 (calendars/m1.ics)`, with the new id."""
    return new + text[len(old) :] if text.startswith(f"{old} (") else text


def _move_meetings(connection: Connection, names: Mapping[str, str], new: str) -> dict[str, str]:
    """Give meetings the ids that they have in the calendar's new name; gives the new ids by the old."""
    ids: dict[str, str] = {}
    for before, after in names.items():
        query = select(meetings.c.id, meetings.c.uid, meetings.c.recurrence_id, meetings.c.starts)
        rows = connection.execute(query.where(meetings.c.calendar_id == before)).all()
        found = {
            row.id: make_stored_meeting_id(after, row.uid, row.recurrence_id, row.starts) for row in rows
        }
        if found:
            statement = update(meetings).where(meetings.c.id == bindparam("was"))
            statement = statement.values(id=bindparam("now"), calendar_id=after, manager_id=new)
            connection.execute(statement, [{"was": was, "now": now} for was, now in found.items()])
        ids |= found
    return ids


def _move_minutes(connection: Connection, old: str, new: str, ids: Mapping[str, str]) -> None:
    theirs = allocations.c.manager_id == old
    rows = connection.execute(select(allocations).where(theirs)).mappings().all()
    connection.execute(delete(allocations).where(theirs))
    moved = [
        {**row, "manager_id": new, "meeting_id": ids.get(row["meeting_id"], row["meeting_id"])}
        for row in rows
    ]
    if moved:
        connection.execute(insert(allocations), moved)
