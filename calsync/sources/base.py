"""The interface of every source: its calendars, its settings, and the result of a fetch.

A *calendar* is what is replaced as a whole or not at all: a file, a URL, a CalDAV collection, a mailbox.
An address may lead to several calendars: a folder of files, a user's CalDAV home.
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

    Attributes:
        manager_id: its manager.
        source: the name of its source in the settings.
        address: a path, a URL, a collection or a mailbox.
        owners: the manager's mail addresses, lower case; by them their response to an invitation is found.
        zone: the zone of floating times and all-day meetings.
        missing_end: the duration of a meeting with a time and no end.
    """

    manager_id: str
    source: str
    address: str = field(repr=False)  # a repr may reach a log
    owners: frozenset[str]
    zone: ZoneInfo
    missing_end: timedelta = timedelta(0)

    @property
    def id(self) -> str:
        """Its id in the store; an address may contain a secret, so it is hashed."""
        digest = hashlib.blake2b(self.address.encode(), digest_size=8).hexdigest()
        return f"{self.manager_id}/{self.source}/{digest}"

    def with_address(self, address: str) -> "Calendar":
        """The same manager's calendar at another address, such as a file of a folder."""
        return replace(self, address=address)

    def __str__(self) -> str:
        return f"{self.manager_id} ({redact_address(self.address)})"


class SourceOptions(BaseModel):
    """What the settings of all sources have in common: unknown keys are errors, values never change.

    Relative paths start at the folder of the settings file, which is passed as the validation context
    `{"base": folder}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    _base: Path = PrivateAttr(default=Path())

    def model_post_init(self, context: Any) -> None:
        """Set the folder of the settings file."""
        if context:
            self._base = context["base"]

    @property
    def base_folder(self) -> Path:
        """The folder at which relative paths start."""
        return self._base


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What a source read of one calendar in one window.

    `guards.build_result` makes one with occurrences as they are described here.

    Attributes:
        occurrences: all that overlap the window, by start then uid, each (uid, recurrence_id, start) once,
            without the content of private meetings.
        problems: what was left out, and why.
        token: opaque text, passed to the next fetch of the same calendar and window.
        unchanged: whether the token shows that nothing changed; then there are no occurrences.
        unchanged_uids: uids whose occurrences are, by the token, those of the previous fetch; they are in the
            calendar and not among `occurrences`.
        unread: what could not be read: stored meetings of it must stay, and it is read again next time.
        cancellations: what its METHOD:CANCEL messages cancel, in any of the manager's calendars.
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
    """Reads calendars of one kind. It is created once a night from its settings, and closed at the end.

    Methods may be called from several threads at once, each for another calendar. They raise a
    `SourceError` (auth, unavailable, content) for that calendar only, and never return a part of it.
    """

    Options: ClassVar[type[BaseModel]]

    def __init__(self, name: str, options: Any) -> None:
        """Open the source of the settings table `[sources.<name>]`, validated by `Options`."""

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The calendars at an address: itself, the files of a folder, or the collections of a home."""
        ...

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> FetchResult:
        """Read every occurrence of one calendar that overlaps the window.

        Args:
            calendar: one of those that `calendars` returned.
            window: the start inclusive, the end exclusive.
            token: that of the previous fetch of this calendar and window; "" to read everything.
        """
        ...

    def close(self) -> None:
        """Close all connections; may be called twice."""
        ...


@runtime_checkable
class CheckableSource(Protocol):
    """A source that can check its access to a calendar in more detail than a fetch does."""

    def check(self, calendar: Calendar) -> tuple[Problem, ...]:
        """Try the credentials with one calendar; returns what is wrong, and what soon will be."""
        ...


@runtime_checkable
class LocalitySource(Protocol):
    """A source that reports local calendars: reading several of them at once saves no time."""

    def is_local(self, calendar: Calendar) -> bool:
        """Whether it is on this machine."""
        ...


@runtime_checkable
class IdentifyingSource(Protocol):
    """A source that detects when two addresses lead to the same calendar."""

    identifies_offline: ClassVar[bool]
    """Whether `identity_keys` covers every calendar of an address; else `calendars` must list them first."""

    def identity_keys(self, calendar: Calendar) -> frozenset[str]:
        """Keys of the calendars at an address; two addresses with a key in common share a calendar."""
        ...
