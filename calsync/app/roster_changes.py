"""Handles changes in the list of managers since the last night: new ids, people who left, a list cut short.

`calsync.app.night` calls `update_roster` before calendars are read and `postpone_doubtful_mails` after.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import Night
from calsync.app.run_report import RunReport
from calsync.config.roster import Roster
from calsync.config.roster_loss import find_doubtful_loss, roster_loss_problem
from calsync.model.people import normalise_address
from calsync.model.problem import Problem, Severity
from calsync.store.database import Store
from calsync.store.records import MailState
from calsync.store.roster import ListedManager, address_digest, manager_of_mail

_POSTPONEMENT = timedelta(days=365)
"""How far a mail that must not be sent is postponed, for mails are sent between nights too.

Each night decides again.
"""


def update_roster(
    store: Store,
    roster: Roster,
    ownership: CalendarOwnership,
    night: Night,
    report: RunReport,
    *,
    is_accepted: bool,
) -> None:
    """Rename what is stored of managers with new ids, and store the list for comparison in the next night.

    Args:
        store: Renamed and updated.
        roster: The list of this night.
        ownership: A manager whose new id was another person's is held back in it.
        night: The night that runs.
        report: Problems and notes are added to it.
        is_accepted: Whether the operator confirmed that the missing managers have really left.
    """
    known = store.roster.load_all()
    moves = _find_moved_ids(known, roster, night.day)
    moves = _without_successors(moves, roster, store)
    moves = _without_occupied(moves, known, store, ownership)
    if moves:
        store.roster.rename_managers(moves)
        report.note(_notes_of_moves(moves, roster))
        known = store.roster.load_all()
    before = [entry.manager_id for entry in known.values() if entry.listed]
    gone = frozenset() if is_accepted else find_doubtful_loss(before, roster.listed_ids, night.settings.doubt)
    if gone:
        report.note([roster_loss_problem(gone, len(before), roster.file)])
    addresses = {
        manager.id: address_digest(manager.addresses[0])
        for manager in roster.managers
        if manager.id not in ownership.held_back
    }
    store.roster.save(addresses, roster.listed_ids | gone)


def postpone_doubtful_mails(
    store: Store, roster: Roster, ownership: CalendarOwnership, day: date, now: datetime, report: RunReport
) -> None:
    """Keep mails of earlier nights from addresses that may no longer be their managers'.

    A mail is withdrawn if its manager has left or has another address now (a new one is built for that).
    It is postponed while its manager is held back or missing from the list, and due again afterwards.
    """
    managers = {manager.id: manager for manager in roster.managers}
    still_listed = {
        entry.manager_id for entry in store.roster.load_all().values() if entry.listed
    } | roster.listed_ids
    postponed, released, withdrawn = [], [], []
    for mail in store.outbox.entries(MailState.PENDING):
        owner = manager_of_mail(mail.mail_id)
        manager = managers.get(owner)
        if not owner:
            continue
        if (
            owner in ownership.held_back
            or owner in ownership.unmailed
            or (manager is None and owner in still_listed)
        ):
            postponed.append(mail.mail_id)
        elif manager is None or not manager.is_in_service(day):
            withdrawn.append((mail.mail_id, f"was withdrawn: {owner} has left"))
        elif normalise_address(mail.recipient) != manager.addresses[0]:
            withdrawn.append((mail.mail_id, f"was withdrawn: {owner} has another address now"))
        elif mail.next_at > now + _POSTPONEMENT / 2:
            released.append(mail.mail_id)
    store.outbox.postpone(postponed, now + _POSTPONEMENT)
    store.outbox.postpone(released, now)
    store.outbox.withdraw([mail_id for mail_id, _ in withdrawn])
    waits = "waits until the list of managers is put right"
    for mail_id, what in (*((mail_id, waits) for mail_id in postponed), *withdrawn):
        report.note([Problem(f"mail {mail_id}", what, severity=Severity.NOTE)])


def _find_moved_ids(known: Mapping[str, ListedManager], roster: Roster, day: date) -> dict[str, str]:
    """Return old id to new id of each person who has the same mail address under another id.

    The old id may still be on the list, marked as having left.
    """
    digests = {
        manager.id: frozenset(map(address_digest, manager.addresses))
        for manager in roster.managers
        if not manager.has_left(day)
    }
    left = {manager.id for manager in roster.managers} - digests.keys()
    owners: dict[str, set[str]] = {}
    for manager_id, own_digests in digests.items():
        for digest in own_digests:
            owners.setdefault(digest, set()).add(manager_id)
    candidates: dict[str, list[ListedManager]] = {}
    for entry in known.values():
        stays = entry.manager_id in roster.listed_ids - left
        if (stays and entry.address in digests.get(entry.manager_id, {entry.address})) or len(
            owners.get(entry.address, ())
        ) != 1:
            continue
        (new,) = owners[entry.address]
        if new not in known or known[new].address not in digests[new]:
            candidates.setdefault(new, []).append(entry)
    moves: dict[str, str] = {}
    for new, entries in candidates.items():
        # Of several earlier ids, the one that was on the last list.
        entries = [entry for entry in entries if entry.listed] or entries
        if len(entries) == 1:
            moves[entries[0].manager_id] = new
    return moves


def _without_successors(moves: dict[str, str], roster: Roster, store: Store) -> dict[str, str]:
    """Leave out managers who took over a mailbox: the old id has minutes of before they started."""
    started = {manager.id: manager.started for manager in roster.managers}
    return {
        old: new
        for old, new in moves.items()
        if (first := started[new]) is None or not store.roster.has_minutes_before(old, first)
    }


def _without_occupied(
    moves: dict[str, str], known: Mapping[str, ListedManager], store: Store, ownership: CalendarOwnership
) -> dict[str, str]:
    """Leave out new ids under which another person's meetings are stored, and hold those managers back."""
    occupied_ids = {new for new in moves.values() if new in known or store.roster.holds_meetings(new)}
    while occupied := {old: new for old, new in moves.items() if new in occupied_ids and new not in moves}:
        for old, new in occupied.items():
            what = f"the id {new} was another person's and now has the mail address of {old}; it is not read"
            ownership.hold_back({new}, what, "give this person an id that nobody has had")
            del moves[old]
    return moves


def _notes_of_moves(moves: Mapping[str, str], roster: Roster) -> list[Problem]:
    return [
        Problem(
            roster.describe_lines([new]),
            f"{new} was {old} until now: meetings, corrections, hours and mails continue under {new}",
            severity=Severity.NOTE,
        )
        for old, new in moves.items()
    ]
