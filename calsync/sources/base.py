"""The door for calendars: what a source is asked, and what it gives.

A *calendar* is one thing that is replaced whole or not at all: a file, a URL, a CalDAV collection,
a mailbox. An address may stand for several calendars: a folder of files, a user's CalDAV home.
An occurrence belongs to a window if the two overlap (see `Span.overlaps`).
"""

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span


@dataclass(frozen=True, slots=True)
class Calendar:
    """A manager's calendar, as the settings name it.

    address: a path, a URL, a collection or a mailbox. owners: the manager's mail addresses, lower
    case, by which their own answer to an invitation is found. zone: for floating times and all-day.
    """

    manager_id: str
    source: str
    address: str
    owners: frozenset[str]
    zone: ZoneInfo

    @property
    def id(self) -> str:
        """The name under which the store keeps it; an address may hold a secret, so it is hashed."""
        digest = hashlib.blake2b(self.address.encode(), digest_size=8).hexdigest()
        return f"{self.manager_id}/{self.source}/{digest}"

    def __str__(self) -> str:
        return f"{self.manager_id} ({shown_address(self.address)})"


def shown_address(address: str) -> str:
    """The address as it may be printed and logged: published calendar URLs carry their secret in the path."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    last = parts.path.rstrip("/").rpartition("/")[2]
    shown_last = last if last.endswith((".ics", ".ifb")) else ""
    return (
        f"{parts.scheme}://{parts.hostname or ''}/…/{shown_last}"
        if parts.path.strip("/")
        else f"{parts.scheme}://{parts.hostname or ''}"
    )


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source gave for one calendar and one window.

    occurrences: in the window, by start then uid, each (uid, recurrence_id, start) once; whole or
    not at all. problems: what was left out of it and why. token: opaque, given back at the next
    fetch of the same window. unchanged: True (and nothing else) if the token shows that nothing changed.
    """

    occurrences: tuple[Occurrence, ...] = ()
    problems: tuple[Problem, ...] = ()
    token: str = ""
    unchanged: bool = False


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

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> Fetched:
        """Give every occurrence of one calendar that overlaps the window.

        token: what the last fetch of this calendar and window gave, "" to read everything.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
