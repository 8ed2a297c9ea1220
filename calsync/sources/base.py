"""The door for calendars: what a source is asked, and what it gives.

A *calendar* is one thing that is replaced whole or not at all: a file, a URL, a CalDAV collection,
a mailbox. An address may stand for several calendars: a folder of files, a user's CalDAV home.
An occurrence belongs to a window if the two overlap (see `Span.overlaps`).
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, PrivateAttr

from calsync.model.address_redaction import redact_address
from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.unread_parts import ALL_READ, UnreadParts


@dataclass(frozen=True, slots=True)
class Calendar:
    """A manager's calendar, as the settings name it.

    address: a path, a URL, a collection or a mailbox. owners: the manager's mail addresses, lower
    case, by which their own answer to an invitation is found. zone: for floating times and all-day.
    missing_end: how long a meeting with a time and no end takes.
    """

    manager_id: str
    source: str
    address: str = field(repr=False)  # a repr may reach a log
    owners: frozenset[str]
    zone: ZoneInfo
    missing_end: timedelta = timedelta(0)

    @property
    def id(self) -> str:
        """The name under which the store keeps it; an address may hold a secret, so it is hashed."""
        digest = hashlib.blake2b(self.address.encode(), digest_size=8).hexdigest()
        return f"{self.manager_id}/{self.source}/{digest}"

    def with_address(self, address: str) -> "Calendar":
        """The same manager's calendar at another address, as a folder holds several."""
        return replace(self, address=address)

    def __str__(self) -> str:
        return f"{self.manager_id} ({redact_address(self.address)})"


class SourceOptions(BaseModel):
    """What every source's settings have in common: unknown keys are refused, values never change.

    Paths in them are relative to the folder of the settings file, which is handed over as the
    validation context `{"base": folder}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    _base: Path = PrivateAttr(default=Path())

    def model_post_init(self, context: Any) -> None:
        """Keep the folder of the settings file."""
        if context:
            self._base = context["base"]

    @property
    def base_folder(self) -> Path:
        """The folder that relative paths start at."""
        return self._base


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What a source gave for one calendar and one window.

    occurrences: in the window, by start then uid, each (uid, recurrence_id, start) once; whole or
    not at all. Nothing private: `guards.build_result` makes one that keeps all this. problems: what was
    left out of it and why. token: opaque, given back at the next fetch of the same window.
    unchanged: True (and nothing else) if the token shows that nothing changed. standing: uids whose
    occurrences the token shows to be as they were: they are in the calendar and not among these.
    unread: what could not be read, so that nothing held of it is removed; it is read again next time.
    cancellations: what METHOD:CANCEL messages in it cancel, in any of the manager's calendars.
    """

    occurrences: tuple[Occurrence, ...] = ()
    problems: tuple[Problem, ...] = ()
    token: str = ""
    unchanged: bool = False
    unchanged_uids: frozenset[str] = frozenset()
    unread: UnreadParts = ALL_READ
    cancellations: tuple[Cancellation, ...] = ()


@runtime_checkable
class Source(Protocol):
    """A place that holds calendars. Made once a night from its settings, closed at the end.

    Methods may be called from several threads at once, each for another calendar. They raise a
    `SourceError` (auth, unavailable, content) for that calendar only, and never return a part of it.
    """

    Options: ClassVar[type[BaseModel]]

    def __init__(self, name: str, options: Any) -> None:
        """Take the settings table `[sources.<name>]`, validated by `Options`."""

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The calendars behind an address: itself, or the files of a folder, the collections of a home."""
        ...

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> FetchResult:
        """Give every occurrence of one calendar that overlaps the window.

        token: what the last fetch of this calendar and window gave, "" to read everything.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class CheckableSource(Protocol):
    """A source that can say more about its door than a try at reading tells."""

    def check(self, calendar: Calendar) -> tuple[Problem, ...]:
        """Try the credentials with one calendar; what is wrong, and what soon will be, in plain words."""
        ...


@runtime_checkable
class LocalitySource(Protocol):
    """A source that knows which calendars nobody waits for: to read several of them at once gains nothing."""

    def is_local(self, calendar: Calendar) -> bool:
        """Whether it lies on this machine."""
        ...


@runtime_checkable
class IdentifyingSource(Protocol):
    """A source that can say when two addresses are one calendar."""

    identifies_offline: ClassVar[bool]
    """Whether `names_of` gives all that is behind an address; else its server must be asked (`calendars`)."""

    def identity_keys(self, calendar: Calendar) -> frozenset[str]:
        """Names of the calendars behind an address; two addresses with a name in common share one."""
        ...
