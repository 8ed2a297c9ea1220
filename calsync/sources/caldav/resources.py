"""Reads the texts of a CalDAV collection's resources, and records which of them could not be read."""

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
from calsync.model.time_limits import check_time_limit
from calsync.model.unread_parts import UnreadParts
from calsync.sources.base import Calendar
from calsync.sources.caldav.multistatus import comparable_path, quote_path
from calsync.sources.ical.content_lines import find_lines
from calsync.sources.ical.full_parser import check_calendar
from calsync.sources.ical.problem_location import JoinedPart
from calsync.sources.ical.read import read_calendar, unread_parts_of_events
from calsync.sources.ical.text_values import read_text_value

_UID = frozenset({"UID"})
_FOLDED_LINE = re.compile(r"\r?\n[ \t]")
_EVENT = re.compile(r"^BEGIN:VEVENT", re.IGNORECASE | re.MULTILINE)

ResourceUids = frozenset[str] | None


class ExpandedTexts(NamedTuple):
    """The content of some resources in the window. unread: the uids of events that could not be read."""

    occurrences: Sequence[Occurrence] = ()
    problems: Sequence[Problem] = ()
    cancellations: Sequence[Cancellation] = ()
    unread: Set[str] = frozenset()


@dataclass
class ResourceReading:
    """The content of the resources of a collection.

    Attributes:
        occurrences, problems, cancellations: of all resources.
        unread: by path what is wrong with the resources that are no calendar at all.
        uids: by path those of the other resources; None if an event has none.
        unread_uids: of events in those that could not be read.
    """

    occurrences: list[Occurrence] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: dict[str, Problem] = field(default_factory=dict)
    uids: dict[str, ResourceUids] = field(default_factory=dict)
    unread_uids: set[str] = field(default_factory=set)
    cancellations: list[Cancellation] = field(default_factory=list)

    def add(self, texts_read: ExpandedTexts) -> None:
        """Add what was read of some resources."""
        self.occurrences += texts_read.occurrences
        self.problems += texts_read.problems
        self.cancellations += texts_read.cancellations
        self.unread_uids |= texts_read.unread


def resource_label(calendar: Calendar, path: str) -> str:
    """The name of a resource in problems: the calendar and the last part of the path."""
    return f"{calendar} {quote_path(path).rpartition('/')[2]}"


def read_texts(texts: Mapping[str, str], window: Span, calendar: Calendar) -> ResourceReading:
    """Read resources together, because a series and its overrides may be in different resources.

    A resource that cannot be read does not affect others.

    Args:
        texts: by path.
        window: the requested window.
        calendar: their collection.
    """
    reading = ResourceReading()
    complete_texts: dict[str, str] = {}
    for path, text in texts.items():
        text = text.strip("\ufeff \r\n\t")
        if text[:15].upper() == "BEGIN:VCALENDAR" and text[-13:].upper() == "END:VCALENDAR":
            complete_texts[path] = text
        else:
            reading.unread[path] = _not_a_calendar_problem(calendar, path)
    try:
        reading.add(_read_as_one_calendar(complete_texts, window, calendar))
    except SourceContentError:
        _read_resources_separately(reading, complete_texts, window, calendar)
    reading.uids = {
        path: find_uids(text) for path, text in complete_texts.items() if path not in reading.unread
    }
    return reading


def _read_resources_separately(
    reading: ResourceReading, texts: Mapping[str, str], window: Span, calendar: Calendar
) -> None:
    """Read resources of which some are unreadable, such as one with a second calendar without an end."""
    readable: dict[str, str] = {}
    for path, text in texts.items():
        check_time_limit()
        where = resource_label(calendar, path)
        try:
            check_calendar(_encode_text(text), where)
            readable[path] = text
        except SourceContentError as error:
            reading.unread[path] = Problem(where, error.what, error.hint)
    try:
        reading.add(_read_as_one_calendar(readable, window, calendar))
    except SourceContentError:  # each is readable by itself, but not all together
        for path, text in readable.items():
            reading.add(_read_as_one_calendar({path: text}, window, calendar))


def find_uids(text: str) -> ResourceUids:
    """The uids in a resource; None where an event has none, so that they are unknown."""
    unfolded = _FOLDED_LINE.sub("", text)
    uid_lines = find_lines(unfolded, _UID)
    uids = frozenset(read_text_value(rest) for _, rest in uid_lines) - {""}
    return uids if uids and len(_EVENT.findall(unfolded)) <= len(uid_lines) else None


@dataclass(frozen=True)
class UidsByResource:
    """Which uids each resource has, so that the stored meetings of an unread one stay.

    Args:
        previous_uids: by resource name those of the previous fetch, as `decode_uids` returns them.
        listed_paths: the paths of all resources.
        read_uids: by path the uids of those that were read now.
        has_unnamed: whether the listing has entries that name no resource.
    """

    previous_uids: Mapping[str, ResourceUids]
    listed_paths: Iterable[str]
    read_uids: Mapping[str, ResourceUids]
    has_unnamed: bool

    def to_token_uids(self) -> dict[str, list[str] | None]:
        """By resource name the uids that were read now, or else when it was last read."""
        current_uids = self._merge_by_name(self.read_uids)
        if self.has_unnamed:
            current_uids = {**self.previous_uids, **current_uids}
        for name in self._unread_names():
            current_uids[name] = self.previous_uids.get(name)
        return {name: None if uids is None else sorted(uids) for name, uids in current_uids.items()}

    def to_unread(self, unread_uids: Set[str]) -> UnreadParts:
        """What was not read, so that its stored meetings must stay.

        Args:
            unread_uids: of unreadable events in resources that were read.
        """
        uids_of_unread = [self.previous_uids.get(name) for name in self._unread_names()]
        events = unread_parts_of_events(unread_uids)
        uids = events.uids.union(*(part for part in uids_of_unread if part is not None))
        if None not in uids_of_unread and not self.has_unnamed:
            return replace(events, uids=uids)
        # An unread resource has unknown uids: only meetings of read or deleted resources may be removed.
        listed = set(map(_resource_name, self.listed_paths))
        uids_of_deleted = (
            []
            if self.has_unnamed
            else [part for name, part in self.previous_uids.items() if name not in listed]
        )
        removable = frozenset[str]().union(
            *(part for part in (*self.read_uids.values(), *uids_of_deleted) if part is not None)
        )
        return replace(events, uids=uids, removable=removable - uids)

    def _unread_names(self) -> list[str]:
        return [_resource_name(path) for path in self.listed_paths if path not in self.read_uids]

    @staticmethod
    def _merge_by_name(uids: Mapping[str, ResourceUids]) -> dict[str, ResourceUids]:
        by_name: dict[str, ResourceUids] = {}
        for path, part in uids.items():
            name = _resource_name(path)
            previous = by_name.get(name, frozenset())
            by_name[name] = None if part is None or previous is None else part | previous
        return by_name


def _resource_name(path: str) -> str:
    """A resource's name in comparable form, because a server may change its spelling with an update."""
    return comparable_path(path).rpartition("/")[2]


def _read_as_one_calendar(texts: Mapping[str, str], window: Span, calendar: Calendar) -> ExpandedTexts:
    """Read resources, by path, as one calendar; problems name their resource."""
    if not texts:
        return ExpandedTexts()
    encoded = list(map(_encode_text, texts.values()))
    # One more for the line end by which they are joined.
    line_counts = (content.count(b"\n") + 1 for content in encoded)
    first_lines = accumulate(line_counts, initial=1)
    parts = [
        JoinedPart(line, resource_label(calendar, path))
        for path, line in zip(texts, first_lines, strict=False)
    ]
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
    return ExpandedTexts(occurrences, problems, cancellations, unread)


def _encode_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _not_a_calendar_problem(calendar: Calendar, path: str) -> Problem:
    what = "is no complete calendar (VCALENDAR) and was left out; its stored meetings stay"
    return Problem(resource_label(calendar, path), what, "save the meeting again or delete it")
