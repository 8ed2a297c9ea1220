"""Reads the resources of a CalDAV collection, and keeps account of those that could not be read."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from calsync.errors import SourceContentError
from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.stopping import check_stopped
from calsync.model.unread import Unread
from calsync.sources.base import Calendar
from calsync.sources.ical.exact import check_calendar
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.naming import Part
from calsync.sources.ical.read import read_calendar, unread_events
from calsync.sources.ical.texts import text_of
from calsync.sources.multistatus import loose_path, quoted

_UID = frozenset({"UID"})
_FOLD = re.compile(r"\r?\n[ \t]")
_EVENT = re.compile(r"^BEGIN:VEVENT", re.IGNORECASE | re.MULTILINE)

Uids = frozenset[str] | None


class Expanded(NamedTuple):
    """What some texts hold in the window. unread: the uids of events that could not be read."""

    occurrences: Sequence[Occurrence] = ()
    problems: Sequence[Problem] = ()
    cancellations: Sequence[Cancellation] = ()
    unread: Set[str] = frozenset()


@dataclass
class ResourceReading:
    """What the texts of some resources hold.

    unread: by path the resources that are no calendar at all. uids: by path those of the others, None where
    an event has none. unread_uids: of events in them that could not be read.
    """

    occurrences: list[Occurrence] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: dict[str, Problem] = field(default_factory=dict)
    uids: dict[str, Uids] = field(default_factory=dict)
    unread_uids: set[str] = field(default_factory=set)
    cancellations: list[Cancellation] = field(default_factory=list)

    def add(self, found: Expanded) -> None:
        """Take in what was read."""
        self.occurrences += found.occurrences
        self.problems += found.problems
        self.cancellations += found.cancellations
        self.unread_uids |= found.unread


def where_of(calendar: Calendar, path: str) -> str:
    """How problems name a resource: by the last part of its path."""
    return f"{calendar} {quoted(path).rpartition('/')[2]}"


def read_texts(texts: Mapping[str, str], window: Span, calendar: Calendar) -> ResourceReading:
    """Read resources, given by path, together where that works: a series and its exceptions may be apart.

    One that cannot be read costs only itself.
    """
    reading = ResourceReading()
    whole: dict[str, str] = {}
    for path, text in texts.items():
        text = text.strip("\ufeff \r\n\t")
        if text[:15].upper() == "BEGIN:VCALENDAR" and text[-13:].upper() == "END:VCALENDAR":
            whole[path] = text
        else:
            reading.unread[path] = _no_calendar(calendar, path)
    try:
        reading.add(_expand(whole, window, calendar))
    except SourceContentError:
        _read_readable(reading, whole, window, calendar)
    reading.uids = {path: uids_of(text) for path, text in whole.items() if path not in reading.unread}
    return reading


def _read_readable(
    reading: ResourceReading, whole: Mapping[str, str], window: Span, calendar: Calendar
) -> None:
    """Read resources of which some cannot be read, such as one with a second calendar that has no end."""
    readable: dict[str, str] = {}
    for path, text in whole.items():
        check_stopped()
        where = where_of(calendar, path)
        try:
            check_calendar(_encoded(text), where)
            readable[path] = text
        except SourceContentError as error:
            reading.unread[path] = Problem(where, error.what, error.hint)
    try:
        reading.add(_expand(readable, window, calendar))
    except SourceContentError:  # readable each by itself, but not together
        for path, text in readable.items():
            reading.add(_expand({path: text}, window, calendar))


def uids_of(text: str) -> Uids:
    """The uids in a resource; None where an event has none, so that they are not known."""
    plain = _FOLD.sub("", text)
    uids = frozenset(text_of(rest) for _, rest in named_lines(plain, _UID)) - {""}
    return uids if uids and len(_EVENT.findall(plain)) <= len(named_lines(plain, _UID)) else None


@dataclass(frozen=True)
class UidsByResource:
    """Which uids each resource has, so that what is held of an unread one can be kept.

    Args:
        known: by resource those of the last reading, as `remembered` gave them.
        listed: the paths of all resources.
        read: by path the uids of those that were read tonight.
        unnamed: whether the listing has entries that name no resource.
    """

    known: Mapping[str, Uids]
    listed: Iterable[str]
    read: Mapping[str, Uids]
    unnamed: bool

    def remembered(self) -> dict[str, list[str] | None]:
        """By resource the uids that were read tonight, or else when it was last read."""
        tonight = self._by_name(self.read)
        if self.unnamed:
            tonight = {**self.known, **tonight}
        for name in self._unread_names():
            tonight[name] = self.known.get(name)
        return {name: None if uids is None else sorted(uids) for name, uids in tonight.items()}

    def unread(self, unread_uids: Set[str]) -> Unread:
        """What must stay. unread_uids: of events that could not be read, in resources that were."""
        kept = [self.known.get(name) for name in self._unread_names()]
        events = unread_events(unread_uids)
        uids = events.uids.union(*(known for known in kept if known is not None))
        if None not in kept and not self.unnamed:
            return replace(events, uids=uids)
        listed = set(map(_name_of, self.listed))
        gone = [] if self.unnamed else [known for name, known in self.known.items() if name not in listed]
        in_reach = frozenset[str]().union(
            *(part for part in (*self.read.values(), *gone) if part is not None)
        )
        return replace(events, uids=uids, removable=in_reach - uids)

    def _unread_names(self) -> list[str]:
        return [_name_of(path) for path in self.listed if path not in self.read]

    @staticmethod
    def _by_name(uids: Mapping[str, Uids]) -> dict[str, Uids]:
        named: dict[str, Uids] = {}
        for path, own in uids.items():
            name = _name_of(path)
            before = named.get(name, frozenset())
            named[name] = None if own is None or before is None else own | before
        return named


def _name_of(path: str) -> str:
    """A resource's name in any spelling: servers change theirs with an update."""
    return loose_path(path).rpartition("/")[2]


def _expand(texts: Mapping[str, str], window: Span, calendar: Calendar) -> Expanded:
    """Read resources, given by path, as one calendar; problems name the resource that they are of."""
    if not texts:
        return Expanded()
    encoded = list(map(_encoded, texts.values()))
    # Each ends in a line end of its own.
    sizes = (content.count(b"\n") + 1 for content in encoded)
    lines = accumulate(sizes, initial=1)
    parts = [Part(line, where_of(calendar, path)) for path, line in zip(texts, lines, strict=False)]
    cancellations: list[Cancellation] = []
    unread: set[str] = set()
    occurrences, problems = read_calendar(
        b"\r\n".join((*encoded, b"")),
        window,
        zone=calendar.zone,
        owners=calendar.owners,
        where=str(calendar),
        missing_end=calendar.missing_end,
        cancellations=cancellations,
        unread=unread,
        parts=parts,
    )
    return Expanded(occurrences, problems, cancellations, unread)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _no_calendar(calendar: Calendar, path: str) -> Problem:
    what = "is no whole calendar (VCALENDAR) and was left out; what we hold of it is kept"
    return Problem(where_of(calendar, path), what, "save the meeting anew or delete it")
