"""Reads the resources of a CalDAV collection, and keeps account of those that could not be read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from calsync.errors import SourceContentError
from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.unread import Unread
from calsync.sources.base import Calendar
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.read import read_calendar
from calsync.sources.ical.texts import text_of
from calsync.sources.multistatus import loose_path, quoted

_UID = frozenset({"UID"})
_FOLD = re.compile(r"\r?\n[ \t]")
_EVENT = re.compile(r"^BEGIN:VEVENT", re.IGNORECASE | re.MULTILINE)
# Beyond so many the broken resources are not looked for one by one: each costs some readings.
_MOST_FAULTY = 50
_GROUP = 100

Uids = frozenset[str] | None


class Expanded(NamedTuple):
    """What some texts hold in the window."""

    occurrences: Sequence[Occurrence] = ()
    problems: Sequence[Problem] = ()
    cancellations: Sequence[Cancellation] = ()


@dataclass
class ResourceReading:
    """What the texts of some resources hold.

    unread: by path the resources that are no calendar at all. uids: by path those of the others, None where
    an event has none. faulty: uids of resources in which some event could not be read.
    """

    occurrences: list[Occurrence] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: dict[str, Problem] = field(default_factory=dict)
    uids: dict[str, Uids] = field(default_factory=dict)
    faulty: frozenset[str] = frozenset()
    cancellations: list[Cancellation] = field(default_factory=list)


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
    together = _try_together(whole.values(), window, calendar, str(calendar))
    apart: list[str] = []
    if together is None:  # one of them hides a fault
        apart = _find_faulty(whole, window, calendar)
        left_out = set(apart)
        others = [text for path, text in whole.items() if path not in left_out]
        together = _try_together(others, window, calendar, str(calendar))
        if together is None:  # readable each by itself, but not together
            together, apart = Expanded(), list(whole)
    reading.occurrences = list(together.occurrences)
    reading.cancellations = list(together.cancellations)
    reading.uids = {path: uids_of(text) for path, text in whole.items()}
    faults = _count_faults(together.problems)
    faulty = _find_faulty(whole, window, calendar) if 0 < faults <= _MOST_FAULTY else []
    if not faulty:
        reading.problems += together.problems
        if faults:  # of which resources is not known: none of which nothing came is taken for deleted
            seen = {occurrence.uid for occurrence in together.occurrences}
            every = frozenset[str]().union(*(uids or () for uids in reading.uids.values()))
            reading.faulty = every - seen
    else:
        reading.problems += (note for note in together.problems if note.severity is not Severity.FAULT)
    for path in dict.fromkeys((*apart, *faulty)):
        _read_apart(reading, path, whole[path], window, calendar, was_read=path not in apart)
    return reading


def _read_apart(
    reading: ResourceReading, path: str, text: str, window: Span, calendar: Calendar, *, was_read: bool
) -> None:
    """Read one resource by itself, so that its problems name it."""
    where = where_of(calendar, path)
    try:
        found, problems, cancellations = _expand([text], window, calendar, where)
    except SourceContentError as error:
        reading.unread[path] = Problem(where, error.what, error.hint)
        del reading.uids[path]
        return
    faults = [problem for problem in problems if problem.severity is Severity.FAULT]
    if not was_read:
        reading.occurrences += found
        reading.cancellations += cancellations
        faults = list(problems)
    reading.problems += faults
    if _count_faults(problems):
        reading.faulty |= reading.uids[path] or frozenset()


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

    def unread(self, faulty: frozenset[str]) -> Unread:
        """What must stay. faulty: uids that were read in part."""
        kept = [self.known.get(name) for name in self._unread_names()]
        uids = faulty.union(*(known for known in kept if known is not None))
        if None not in kept and not self.unnamed:
            return Unread(uids)
        listed = set(map(_name_of, self.listed))
        gone = [] if self.unnamed else [known for name, known in self.known.items() if name not in listed]
        in_reach = frozenset[str]().union(
            *(part for part in (*self.read.values(), *gone) if part is not None)
        )
        return Unread(uids, in_reach - uids)

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


def _expand(texts: Iterable[str], window: Span, calendar: Calendar, where: str) -> Expanded:
    content = "\r\n".join((*texts, "")).encode("utf-8", "surrogatepass")
    if not content.strip():
        return Expanded()
    cancellations: list[Cancellation] = []
    occurrences, problems = read_calendar(
        content,
        window,
        zone=calendar.zone,
        owners=calendar.owners,
        where=where,
        missing_end=calendar.missing_end,
        cancellations=cancellations,
    )
    return Expanded(occurrences, problems, cancellations)


def _try_together(texts: Iterable[str], window: Span, calendar: Calendar, where: str) -> Expanded | None:
    """What the texts hold, or None: one of them hides a fault."""
    try:
        return _expand(texts, window, calendar, where)
    except SourceContentError:
        return None


def _find_faulty(whole: Mapping[str, str], window: Span, calendar: Calendar) -> list[str]:
    """The resources that cannot be read without a fault, looked for in groups; `_MOST_FAULTY` at the most."""
    faulty: list[str] = []
    waiting = [list(whole)[start : start + _GROUP] for start in range(0, len(whole), _GROUP)][::-1]
    while waiting and len(faulty) < _MOST_FAULTY:
        paths = waiting.pop()
        found = _try_together([whole[path] for path in paths], window, calendar, str(calendar))
        if found is not None and not _count_faults(found.problems):
            continue
        if len(paths) == 1:
            faulty += paths
        else:
            middle = len(paths) // 2
            waiting += [paths[middle:], paths[:middle]]
    return faulty


def _count_faults(problems: Sequence[Problem]) -> int:
    return sum(problem.severity is Severity.FAULT for problem in problems)


def _no_calendar(calendar: Calendar, path: str) -> Problem:
    what = "is no whole calendar (VCALENDAR) and was left out; what we hold of it is kept"
    return Problem(where_of(calendar, path), what, "save the meeting anew or delete it")
