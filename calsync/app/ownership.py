"""Decides which manager each calendar and mail address belongs to; `night`, `fetch` and `preflight` use it.

Where two managers have the same calendar or address, no program can decide which line of the list is wrong.
If both were read, one manager's meetings would be in the other's mail. So both are held back: neither is
read, summarised or mailed, what is stored of them stays, and the night goes on.
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
    """Which calendars each manager claims; grows when servers list the calendars of an address.

    A calendar has one or several *keys*, texts that are equal for two addresses of the same calendar.

    Attributes:
        held_back: Managers who are neither read, summarised nor mailed, each with the reason.
        unmailed: Managers who are read, but to whom no mail may be sent.
        problems: Each conflict once, in the order in which they are found.
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
        # An unusable line claims its calendar too: until it is put right, no other manager may have it.
        everybody = [
            *managers,
            *(manager for manager in roster.unusable_managers if manager.source in sources),
        ]
        self._readable = frozenset(manager.id for manager in managers)
        self._managers = {manager.id: manager for manager in everybody}
        self._reported: set[frozenset[str]] = set()
        # By each address the first address of the manager who has it.
        self._main_addresses = {
            address: manager.addresses[0] for manager in everybody for address in manager.addresses
        }
        self._shared = self._shared_keys()
        self._claimed_keys = {
            manager.id: set(self.calendar_keys(calendar_of(manager, settings))) for manager in everybody
        }
        self._check_addresses()
        self.check_calendars()
        self._report_shared()

    def calendar_keys(self, calendar: Calendar) -> frozenset[str]:
        """Return the keys of an address; one that contains a mail address has the key of that mailbox too."""
        source = self._sources[calendar.source]
        if isinstance(source, IdentifyingSource):
            keys = source.identity_keys(calendar)
        else:
            keys = frozenset({default_identity_key(calendar.source, calendar.address)})
        return keys | {f"mailbox:{owner}" for owner in self._owners_in_address(calendar)}

    def is_listed_first(self, manager: Manager) -> bool:
        """Whether the calendars of the manager's address must be listed before any of them is read."""
        return not self._is_listed_locally(manager.source) or self.is_read_in_part(manager.id)

    def is_read_in_part(self, manager_id: str) -> bool:
        """Whether a shared calendar of this manager counts for another."""
        return any(self._belongs_to_another(manager_id, key) for key in self._claimed_keys[manager_id])

    def add_calendars(self, address: Calendar, calendars: Iterable[Calendar]) -> list[Calendar]:
        """Add the listed calendars of an address; `check_calendars` finds conflicts afterwards.

        Returns:
            Those that are to be read for this manager; the others are shared and count for another.
        """
        # A folder's keys are already those of the files in it, each shared or not by itself.
        shared_homes = (
            frozenset()
            if self._is_listed_locally(address.source)
            else self.calendar_keys(address) & self._shared.keys()
        )
        own = []
        for calendar in calendars:
            keys = self.calendar_keys(calendar)
            # Every calendar in a shared calendar home is shared like the home.
            self._shared.update({key: self._shared[home] for key in keys for home in shared_homes})
            self._claimed_keys[calendar.manager_id] |= keys
            if not any(self._belongs_to_another(calendar.manager_id, key) for key in keys):
                own.append(calendar)
        return own

    def check_calendars(self) -> list[str]:
        """Hold back all managers who claim the same calendar, unless it is shared.

        Returns:
            The ids of those who were not held back before, sorted.
        """
        claims: dict[str, set[str]] = {}
        for manager_id, keys in self._claimed_keys.items():
            for key in keys:
                claims.setdefault(key, set()).add(manager_id)
        # The owner of a mailbox owns it too where another manager lists it.
        for manager in self._managers.values():
            claims.get(f"mailbox:{manager.addresses[0]}", set()).add(manager.id)
        before = set(self.held_back)
        for key in sorted(claims):
            ids = frozenset(claims[key])
            if len(ids) > 1 and self._shared.get(key) not in (EVERYONE, *ids):
                self.hold_back(ids, *self._describe_conflict(key, ids))
        return sorted(self.held_back.keys() - before)

    def _is_listed_locally(self, source_name: str) -> bool:
        source = self._sources[source_name]
        return isinstance(source, IdentifyingSource) and source.identifies_offline

    def _check_addresses(self) -> None:
        """Hold back managers who have the same mail address, unless all their calendars are shared."""
        ids_by_address: dict[str, set[str]] = {}
        for manager in self._managers.values():
            for address in manager.addresses:
                ids_by_address.setdefault(address, set()).add(manager.id)
        for address, ids in sorted(ids_by_address.items()):
            if len(ids) < 2:
                continue
            claimed = [self._claimed_keys[manager_id] for manager_id in ids]
            if all(keys and keys <= self._shared.keys() for keys in claimed):
                self._suppress_mails(address, ids)
                continue
            names = join_with_and(sorted(ids))
            what = f"{names} have one mail address, {address}; none of them is read or mailed"
            hint = (
                "give each person one line and an address of their own; one who has left: the column `left`"
            )
            if set.intersection(*claimed):
                hint += "; if their calendar is truly shared, name it in [managers.shared]"
            self.hold_back(ids, what, hint)

    def _suppress_mails(self, address: str, ids: Iterable[str]) -> None:
        self.unmailed.update(ids)
        subscribed = [
            manager_id
            for manager_id in sorted(ids)
            if self._managers[manager_id].summary is not Frequency.NONE
        ]
        if subscribed:
            what = f"no mail for {join_with_and(subscribed)}: several managers have the address {address}"
            hint = "give each an address of their own, or take their `summary` out"
            self.problems.append(Problem(self._roster.describe_lines(subscribed), what, hint))

    def _report_shared(self) -> None:
        """Note whose shared calendars count for another manager; who has no other calendar gets no mail."""
        for manager_id, keys in self._claimed_keys.items():
            counts_for = {self._shared[key] for key in keys if self._belongs_to_another(manager_id, key)}
            if counts_for and manager_id in self._readable and manager_id not in self.held_back:
                owner_names = join_with_and(sorted(counts_for))
                what = (
                    f"a shared calendar of {manager_id} is not read for them: "
                    f"its time is that of {owner_names}"
                )
                hint = "[managers.shared] in the settings has it so"
                self.problems.append(
                    Problem(self._roster.describe_lines([manager_id]), what, hint, Severity.NOTE)
                )
                if all(self._belongs_to_another(manager_id, key) for key in keys):
                    self.unmailed.add(manager_id)

    def hold_back(self, ids: Iterable[str], what: str, hint: str) -> None:
        """Exclude these managers from reading, summaries and mails; a group of managers is reported once."""
        group = frozenset(ids)
        if group.isdisjoint(self._readable):
            return  # Unusable lines only: the list's own problems name them already.
        problem = Problem(self._roster.describe_lines(group), what, hint)
        if group not in self._reported:
            self._reported.add(group)
            self.problems.append(problem)
        for manager_id in group:
            self.held_back.setdefault(manager_id, problem)

    def _describe_conflict(self, key: str, ids: frozenset[str]) -> tuple[str, str]:
        """Return what is wrong and the hint for managers who claim the calendar of this key."""
        owner = next((name for name in sorted(ids) if key not in self._claimed_keys[name]), "")
        if owner:
            rest = join_with_and(sorted(ids - {owner}))
            what = f"the calendar of {rest} is the mailbox of {owner}; none of them is read or mailed"
        else:
            shown = redact_address(self._managers[min(ids)].calendar)
            what = f"{join_with_and(sorted(ids))} have one calendar ({shown}); none of them is read or mailed"
        value = self._shared.get(key, "")
        if value:
            return what, f"[managers.shared] has {value!r}, who is none of them: name one, or {EVERYONE!r}"
        hint = "give each the calendar of their own; if it is truly shared, name it in [managers.shared]"
        return what, hint

    def _belongs_to_another(self, manager_id: str, key: str) -> bool:
        return self._shared.get(key, EVERYONE) not in (EVERYONE, manager_id)

    def _shared_keys(self) -> dict[str, str]:
        """Return the key of each calendar in `[managers.shared]`, with the manager for whom it counts."""
        shared: dict[str, str] = {}
        zone = self._settings.organisation.zone
        for address, value in self._settings.managers.shared.items():
            for source in self._sources:
                calendar = Calendar("", source, address, frozenset(), zone)
                shared.update(dict.fromkeys(self.calendar_keys(calendar), value.strip()))
        return shared

    def _owners_in_address(self, calendar: Calendar) -> Iterator[str]:
        """Yield the main addresses of other managers that are part of the calendar's address."""
        manager = self._managers.get(calendar.manager_id)
        own_addresses = manager.addresses if manager else ()
        for part in re.split(r"[/\\?&=#]", unquote(calendar.address)):
            address = normalise_address(part.removesuffix(".ics"))
            if address in self._main_addresses and address not in own_addresses:
                yield self._main_addresses[address]
