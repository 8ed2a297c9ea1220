"""Whose each calendar and mail address is: two managers who claim one are held back until that is settled.

Nobody can say which of two lines is wrong. Read for both, one manager's meetings would be in the other's
mail. So neither is read, summarised or mailed, what is held of them stays, and the night goes on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from calsync.app.plan import calendar_of
from calsync.config.roster import Roster
from calsync.config.settings import Settings
from calsync.model.address_redaction import redact_address
from calsync.model.people import Frequency, Manager, normalise_address
from calsync.model.problem import Problem, Severity
from calsync.sources.base import Calendar, IdentifyingSource, Source
from calsync.sources.identity import default_identity_key
from calsync.text import join_with_and

EVERYONE = "everyone"
"""In `[managers.shared]`: all who have the calendar attend its meetings."""


class CalendarOwnership:
    """Who claims which calendar; grows when servers list what is behind an address.

    held_back: the managers who are neither read, summarised nor mailed, each with the reason. unmailed:
    those who are read, but of whom no mail may be sent. problems: each conflict once, in order.
    """

    def __init__(
        self,
        managers: Sequence[Manager],
        sources: Mapping[str, Source],
        settings: Settings,
        roster: Roster,
    ) -> None:
        self.held_back: dict[str, Problem] = {}
        self.unmailed: set[str] = set()
        self.problems: list[Problem] = []
        self._sources, self._settings, self._roster = sources, settings, roster
        # A line that cannot be used claims, too: its calendar is not its neighbour's until it is put right.
        everybody = [*managers, *(one for one in roster.unusable_managers if one.source in sources)]
        self._readable = frozenset(manager.id for manager in managers)
        self._managers = {manager.id: manager for manager in everybody}
        self._reported: set[frozenset[str]] = set()
        self._owners = _owners(everybody)
        self._shared = self._shared_names()
        self._named = {m.id: set(self.calendar_names(calendar_of(m, settings))) for m in everybody}
        self._check_addresses()
        self.check_calendars()
        self._report_shared()

    def calendar_names(self, calendar: Calendar) -> frozenset[str]:
        """The names of the calendars behind an address; one that is a mail address is its owner's mailbox."""
        source = self._sources[calendar.source]
        if isinstance(source, IdentifyingSource):
            names = source.identity_keys(calendar)
        else:
            names = frozenset({default_identity_key(calendar.source, calendar.address)})
        return names | {f"mailbox:{owner}" for owner in self._owners_in_address(calendar)}

    def is_listed_first(self, manager: Manager) -> bool:
        """Whether what is behind the manager's address must be known before any of it is read."""
        return not self._is_listed_locally(manager.source) or self.is_read_in_part(manager.id)

    def is_read_in_part(self, manager_id: str) -> bool:
        """Whether a shared calendar of this manager counts for another."""
        return any(self._belongs_to_another(manager_id, name) for name in self._named[manager_id])

    def add_calendars(self, address: Calendar, behind: Iterable[Calendar]) -> list[Calendar]:
        """Enter what is behind an address; gives those that are this manager's to be read.

        `check_calendars` says afterwards who is held back for it.
        """
        # A folder's names are already those of the files in it, each shared or not by itself.
        whole = (
            frozenset()
            if self._is_listed_locally(address.source)
            else self.calendar_names(address) & self._shared.keys()
        )
        own = []
        for calendar in behind:
            names = self.calendar_names(calendar)
            # What is in a shared home is shared like it.
            self._shared.update({name: self._shared[home] for name in names for home in whole})
            self._named[calendar.manager_id] |= names
            if not any(self._belongs_to_another(calendar.manager_id, name) for name in names):
                own.append(calendar)
        return own

    def check_calendars(self) -> list[str]:
        """Hold back all who claim one calendar that is not shared; gives those who were not before."""
        manager_ids_by_name: dict[str, set[str]] = {}
        for manager_id, names in self._named.items():
            for name in names:
                manager_ids_by_name.setdefault(name, set()).add(manager_id)
        for manager in self._managers.values():
            manager_ids_by_name.get(f"mailbox:{manager.addresses[0]}", set()).add(manager.id)
        before = set(self.held_back)
        for name in sorted(manager_ids_by_name):
            ids = frozenset(manager_ids_by_name[name])
            if len(ids) > 1 and not self._is_shared(name, ids):
                self.hold_back(ids, *self._describe_conflict(name, ids))
        return sorted(self.held_back.keys() - before)

    def _is_listed_locally(self, name: str) -> bool:
        source = self._sources[name]
        return isinstance(source, IdentifyingSource) and source.identifies_offline

    def _check_addresses(self) -> None:
        manager_ids_by_name: dict[str, set[str]] = {}
        for manager in self._managers.values():
            for address in manager.addresses:
                manager_ids_by_name.setdefault(address, set()).add(manager.id)
        for address, ids in sorted(manager_ids_by_name.items()):
            if len(ids) < 2:
                continue
            if all(self._named[one] and self._named[one] <= self._shared.keys() for one in ids):
                self._suppress_mails(address, ids)
                continue
            names = join_with_and(sorted(ids))
            what = f"{names} have one mail address, {address}; none of them is read or mailed"
            hint = (
                "give each person one line and an address of their own; one who has left: the column `left`"
            )
            if set.intersection(*(self._named[one] for one in ids)):
                hint += "; if their calendar is truly shared, name it in [managers.shared]"
            self.hold_back(ids, what, hint)

    def _suppress_mails(self, address: str, ids: Iterable[str]) -> None:
        self.unmailed.update(ids)
        wanting = [one for one in sorted(ids) if self._managers[one].summary is not Frequency.NONE]
        if wanting:
            what = f"no mail for {join_with_and(wanting)}: several managers have the address {address}"
            hint = "give each an address of their own, or take their `summary` out"
            self.problems.append(Problem(self._roster.describe_lines(wanting), what, hint))

    def _report_shared(self) -> None:
        """Note whose calendar is counted for another, and send no mail of nothing."""
        for manager_id, names in self._named.items():
            holders = {self._shared[name] for name in names if self._belongs_to_another(manager_id, name)}
            if holders and manager_id in self._readable and manager_id not in self.held_back:
                owner_names = join_with_and(sorted(holders))
                what = (
                    f"a shared calendar of {manager_id} is not read for them: "
                    f"its time is that of {owner_names}"
                )
                hint = "as [managers.shared] says"
                self.problems.append(
                    Problem(self._roster.describe_lines([manager_id]), what, hint, Severity.NOTE)
                )
                if all(self._belongs_to_another(manager_id, name) for name in names):
                    self.unmailed.add(manager_id)

    def hold_back(self, ids: Iterable[str], what: str, hint: str) -> None:
        """Have these managers neither read, summarised nor mailed; each group of them is named once."""
        together = frozenset(ids)
        if together.isdisjoint(self._readable):
            return  # lines that are named already, and of which none is read
        problem = Problem(self._roster.describe_lines(together), what, hint)
        if together not in self._reported:
            self._reported.add(together)
            self.problems.append(problem)
        for one in together:
            self.held_back.setdefault(one, problem)

    def _describe_conflict(self, name: str, ids: frozenset[str]) -> tuple[str, str]:
        first = self._managers[min(ids)]
        shown = redact_address(first.calendar)
        who = join_with_and(sorted(ids))
        owner = next((one for one in sorted(ids) if name not in self._named[one]), "")
        if owner:
            rest = join_with_and(sorted(ids - {owner}))
            what = f"the calendar of {rest} is the mailbox of {owner}; none of them is read or mailed"
        else:
            what = f"{who} have one calendar ({shown}); none of them is read or mailed"
        value = self._shared.get(name, "")
        if value:
            return what, f"[managers.shared] says {value!r}, who is none of them: name one, or {EVERYONE!r}"
        return (
            what,
            "give each the calendar of their own; if it is truly shared, name it in [managers.shared]",
        )

    def _is_shared(self, name: str, ids: Iterable[str]) -> bool:
        return self._shared.get(name) in (EVERYONE, *ids)

    def _belongs_to_another(self, manager_id: str, name: str) -> bool:
        return self._shared.get(name, EVERYONE) not in (EVERYONE, manager_id)

    def _shared_names(self) -> dict[str, str]:
        """Every name of a calendar that the settings call shared, and for whom it counts."""
        found: dict[str, str] = {}
        zone = self._settings.organisation.zone
        for address, value in self._settings.managers.shared.items():
            for source in self._sources:
                calendar = Calendar("", source, address, frozenset(), zone)
                found.update(dict.fromkeys(self.calendar_names(calendar), value.strip()))
        return found

    def _owners_in_address(self, calendar: Calendar) -> Iterator[str]:
        """The managers whose mail address is the calendar's address, or a step of its path."""
        for step in re.split(r"[/\\?&=#]", unquote(calendar.address)):
            address = normalise_address(step.removesuffix(".ics"))
            if address in self._owners and address not in _own(self._managers.get(calendar.manager_id)):
                yield self._owners[address]


def _own(manager: Manager | None) -> tuple[str, ...]:
    return manager.addresses if manager else ()


def _owners(managers: Iterable[Manager]) -> dict[str, str]:
    """By each address the first address of the manager who has it."""
    return {address: manager.addresses[0] for manager in managers for address in manager.addresses}
