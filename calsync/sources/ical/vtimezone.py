"""Reads a VTIMEZONE (RFC 5545, 3.6.5) into a `tzinfo` that is valid for its own calendar only.

The zones of icalendar are not used: it stores a VTIMEZONE by its name until the process ends, so the
"Customized Time Zone" of the first manager would be applied to the calendar of the next one.

A zone consists of observances (STANDARD, DAYLIGHT). An onset is a moment from which the offset of an
observance applies. RFC 5545 writes it as a local time by the offset that applies until then, TZOFFSETFROM.

A file may contain ten thousand zones, and a zone ten thousand rules, each with one onset a year for two
centuries. So onsets are numbers in arrays (seconds since the beginning of year 1), and those of a yearly rule
are computed for all years at once (`yearly_rule`).
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np

from calsync.model.localtime import MIN_LOCAL_TIME, add_clamped, to_naive_local
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.budget import SeriesBudget, SharedReserve
from calsync.sources.ical.content_lines import find_lines, parse_time_line, redact_value
from calsync.sources.ical.recurrence import rule_starts
from calsync.sources.ical.recurrence_rule import RecurrenceRule, RecurrenceRuleError, parse_recurrence_rule
from calsync.sources.ical.yearly_rule import (
    FIRST_ZONE_YEAR,
    LAST_ZONE_YEAR,
    Seconds,
    to_seconds,
    yearly_starts,
)

_BEGIN_OR_END = re.compile(r"^(BEGIN|END)[ \t]*:([^\n]*)\n?", re.I | re.M)
_OBSERVANCES = ("STANDARD", "DAYLIGHT")
_OBSERVANCE_PROPERTIES = frozenset({"DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME"})
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3])([0-5]\d)([0-5]\d)?")
_LOCAL_TIME = re.compile(r"(\d{8}T\d{6})Z?")
_FIRST_ONSET, _LAST_ONSET = datetime(FIRST_ZONE_YEAR, 1, 1), datetime(LAST_ZONE_YEAR, 12, 31, 23, 59, 59)  # noqa: DTZ001 - naive local time
_ZERO = timedelta(0)
# For a rule that `yearly_starts` does not compute: 31 days in each of 201 years are compared with it, and no
# zone has so many onsets.
_MAX_STEPS, _MAX_ONSETS = 7_000, 1_000


class ZoneError(Exception):
    """A VTIMEZONE that cannot be used; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Observance:
    """A STANDARD or DAYLIGHT.

    Attributes:
        offset_before: The offset from UTC until an onset, TZOFFSETFROM.
        offset_after: The offset from an onset on, TZOFFSETTO.
        name: TZNAME, "" without one.
        onsets: Local times by `offset_before`, in seconds since the beginning of year 1; sorted.
    """

    offset_before: timedelta
    offset_after: timedelta
    name: str
    onsets: Seconds


class CalendarZone(tzinfo):
    """A time zone that consists of observances.

    A local time that the clock skips (a gap) has the offset before the gap. One that occurs twice (an
    overlap) has the offset that `fold` selects (PEP 495).

    Attributes:
        key: The TZID.
        text: The VTIMEZONE.
    """

    def __init__(self, key: str, observances: list[Observance], text: str) -> None:
        """Merge the onsets of all observances into one order."""
        self.key = key
        self.text = text
        self._observances = observances
        sizes = [len(observance.onsets) for observance in observances]
        observance_numbers = np.repeat(np.arange(len(observances)), sizes)
        before, after = (
            np.repeat([int(offset.total_seconds()) for offset in offsets], sizes)
            for offsets in (
                [observance.offset_before for observance in observances],
                [observance.offset_after for observance in observances],
            )
        )
        onsets = np.concatenate([observance.onsets for observance in observances])
        order = np.argsort(onsets - before, kind="stable")
        onsets, before, after = onsets[order], before[order], after[order]
        self._observance_numbers = array("I", observance_numbers[order].astype(np.uint32).tobytes())
        self._local_onsets, self._utc_onsets = _to_array(onsets), _to_array(onsets - before)
        # PEP 495: with fold=0 the offset before the onset applies through a gap and through an overlap.
        self._onsets_by_fold = (
            _to_array(onsets + np.maximum(0, after - before)),
            _to_array(onsets + np.minimum(0, after - before)),
        )

    def utcoffset(self, local_time: datetime | None) -> timedelta:
        """Return the offset at a local time of this zone."""
        observance = self._observance_at(local_time)
        return (
            observance.offset_after
            if observance
            else self._observances[self._observance_numbers[0]].offset_before
        )

    def dst(self, local_time: datetime | None) -> timedelta:  # noqa: ARG002 - the signature of tzinfo
        """Return zero: no caller needs the part of an offset that is summer time."""
        return _ZERO

    def tzname(self, local_time: datetime | None) -> str:
        """Return the name of the observance; the TZID if it has none."""
        observance = self._observance_at(local_time)
        return observance.name if observance and observance.name else self.key

    def fromutc(self, moment: datetime) -> datetime:
        """Return the local time of a moment in UTC, with `fold` set in the second part of an overlap."""
        index = bisect_right(self._utc_onsets, to_seconds(to_naive_local(moment))) - 1
        observance = self._observances[self._observance_numbers[max(index, 0)]]
        offset = observance.offset_after if index >= 0 else observance.offset_before
        local_time = (moment + offset).replace(fold=0)
        return local_time if self.utcoffset(local_time) == offset else local_time.replace(fold=1)

    def local_transitions(self, first: datetime, last: datetime) -> list[datetime]:
        """Return the onsets between two local times, each as a local time by the offset before it.

        One more day at either end is included, because onsets are compared in UTC and no offset is longer.
        """
        day = 86_400
        begin = bisect_right(self._utc_onsets, to_seconds(first) - day)
        end = bisect_right(self._utc_onsets, to_seconds(last) + day)
        return [MIN_LOCAL_TIME + timedelta(seconds=onset) for onset in self._local_onsets[begin:end]]

    def utc_transitions(self, first: datetime, last: datetime) -> list[datetime]:
        """Return the onsets after `first` and up to `last`; all in UTC, naive."""
        begin = bisect_right(self._utc_onsets, to_seconds(first))
        end = bisect_right(self._utc_onsets, to_seconds(last))
        return [MIN_LOCAL_TIME + timedelta(seconds=onset) for onset in self._utc_onsets[begin:end]]

    def _observance_at(self, local_time: datetime | None) -> Observance | None:
        """Return the observance that applies at a local time; None before the first onset."""
        if local_time is None:
            return self._observances[self._observance_numbers[-1]]
        # The same as `to_seconds(to_naive_local(local_time))` in half of the time: this is called for each
        # time in the zone.
        of_day = local_time.hour * 3600 + local_time.minute * 60 + local_time.second
        seconds = (local_time.toordinal() - 1) * 86_400 + of_day
        index = bisect_right(self._onsets_by_fold[local_time.fold], seconds) - 1
        return self._observances[self._observance_numbers[index]] if index >= 0 else None

    def __repr__(self) -> str:
        return f"CalendarZone({self.key!r})"


def _to_array(seconds: Seconds) -> "array[int]":
    # An `array`, not one of NumPy: `bisect` is several times as fast with the integers of Python.
    return array("q", seconds.astype(np.int64).tobytes())


# A CalDAV server sends the same VTIMEZONE with every resource. A zone depends on nothing but its text, so the
# cache cannot return the zone of another calendar for it.
@lru_cache(maxsize=256)
def read_vtimezone(text: str) -> tuple[str, CalendarZone]:
    """Return the TZID and the zone of the text of a VTIMEZONE.

    Raises:
        ZoneError: It has no or several TZIDs, no observance, or a value or rule that cannot be read.
    """
    check_time_limit()
    tzids = {rest[1:].strip() for _, rest in find_lines(text, frozenset({"TZID"}))}
    if len(tzids) != 1:
        raise ZoneError("it has no TZID" if not tzids else "it has more than one TZID")
    tzid = tzids.pop()
    try:
        observances = [_read_observance(observance) for observance in _observance_texts(text)]
        if not observances:
            raise ZoneError("it has no STANDARD or DAYLIGHT")
        return tzid, CalendarZone(tzid, observances, text)
    except RecurrenceRuleError as error:
        raise ZoneError(str(error)) from None


def _observance_texts(text: str) -> Iterator[str]:
    """Yield the text of each STANDARD and DAYLIGHT that has an end; one inside another one is left out."""
    begins: list[tuple[str, int]] = []
    ends: dict[str, list[tuple[int, int]]] = {name: [] for name in _OBSERVANCES}
    for line in _BEGIN_OR_END.finditer(text):
        name = line[2].strip(" \t").upper()
        if name in ends and line[1].upper() == "BEGIN":
            begins.append((name, line.end()))
        elif name in ends:
            ends[name].append((line.start(), line.end()))
    previous_end = 0
    for name, begin in begins:
        index = bisect_left(ends[name], (begin, 0))
        if begin >= previous_end and index < len(ends[name]):
            end, previous_end = ends[name][index]
            yield text[begin:end]


def _read_observance(text: str) -> Observance:
    check_time_limit()
    lines = [parse_time_line(name, rest) for name, rest in find_lines(text, _OBSERVANCE_PROPERTIES)]
    values = {line.name: line.value for line in reversed(lines)}  # of repeated properties the first
    before, after = _read_offset(values, "TZOFFSETFROM"), _read_offset(values, "TZOFFSETTO")
    dtstart = _read_local_time(values.get("DTSTART", ""))
    onsets = [np.array([to_seconds(dtstart)])]
    for line in lines:
        if line.name == "RDATE":
            dates = [to_seconds(_read_local_time(value.partition("/")[0])) for value in line.value.split(",")]
            onsets.append(np.array(dates))
        elif line.name == "RRULE":
            onsets.append(_rule_onsets(parse_recurrence_rule(line.value), dtstart, before))
    return Observance(before, after, values.get("TZNAME", ""), np.unique(np.concatenate(onsets)))


def _rule_onsets(rule: RecurrenceRule, dtstart: datetime, offset_before: timedelta) -> Seconds:
    last = _LAST_ONSET
    if rule.until is None or rule.until.year == MAXYEAR:
        pass  # some programs write UNTIL=99991231T235959Z for "no end"
    elif isinstance(rule.until, datetime):
        # UNTIL "MUST be specified in UTC" (RFC 5545, 3.6.5); onsets are local times.
        offset = offset_before if rule.until.tzinfo else _ZERO
        last = min(last, add_clamped(rule.until.replace(tzinfo=None), offset))
    else:
        last = min(last, datetime.combine(rule.until, datetime.max.time()))
    onsets = yearly_starts(rule, dtstart, last)
    if onsets is None:
        budget = SeriesBudget(_MAX_STEPS, _MAX_ONSETS, SharedReserve(0, 0))
        starts = rule_starts(rule, dtstart, _FIRST_ONSET, last, budget=budget)
        onsets = np.array(list(map(to_seconds, starts)), int)
    return onsets


def _read_local_time(value: str) -> datetime:
    match = _LOCAL_TIME.fullmatch(value.strip().upper())
    try:
        if match is None:
            raise ValueError
        return datetime.fromisoformat(match[1])
    except ValueError:
        raise ZoneError(f"one of its times cannot be read: {redact_value(value)}") from None


def _read_offset(values: dict[str, str], name: str) -> timedelta:
    match = _OFFSET.fullmatch(values.get(name, ""))
    if match is None:
        raise ZoneError(f"its {name} cannot be read: {redact_value(values.get(name, ''))}")
    magnitude = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -magnitude if match[1] == "-" else magnitude
