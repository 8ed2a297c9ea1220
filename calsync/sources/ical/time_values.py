"""Times as properties write them (RFC 5545, 3.3.4 to 3.3.9) to dates and aware datetimes."""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time, timedelta, tzinfo

from icalendar.prop import vDDDTypes, vDuration

from calsync.model.localtime import add_clamped, localize, to_naive_local
from calsync.sources.ical.content_lines import TimeLine, redact_value
from calsync.sources.ical.event import DateOrTime
from calsync.sources.ical.zones import Zones

_DATE_OR_TIME = re.compile(r"\d{8}(T\d{6}Z?)?")
_DURATION = re.compile(r"[+-]?P(\d+W|(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?)")


def read_times(line: TimeLine, zones: Zones, floating: tzinfo) -> list[DateOrTime]:
    """All times of a property; raises ValueError. floating: the zone of those that name none."""
    return [
        _read_value(value, line.tzid, zones, floating) for value in line.value.split(",") if value.strip()
    ]


def read_time(line: TimeLine, zones: Zones, floating: tzinfo) -> DateOrTime:
    """The one time of a property; raises ValueError."""
    return _read_value(line.value, line.tzid, zones, floating)


def read_periods(line: TimeLine, zones: Zones, floating: tzinfo) -> list[tuple[datetime, timedelta]]:
    """The periods of an RDATE as (start, length), written start/end or start/length; raises ValueError."""
    found = []
    for value in filter(None, line.value.split(",")):
        first, _, second = value.partition("/")
        start = to_datetime(_read_value(first, line.tzid, zones, floating), floating)
        if second.strip().upper().startswith(("P", "+P")):
            length = read_duration(second)
        else:
            length = elapsed_time(
                start, to_datetime(_read_value(second, line.tzid, zones, floating), floating)
            )
        if length < timedelta(0):
            raise ValueError(f"a period that ends before it starts: {redact_value(value)}")
        found.append((start, length))
    return found


def read_duration(value: str) -> timedelta:
    """A duration, perhaps negative; raises ValueError."""
    plain = value.strip().upper()
    if not _DURATION.fullmatch(plain) or plain[-1] in "PT":
        raise ValueError(f"no duration: {redact_value(value)}")
    found: object = vDuration.from_ical(plain)  # type: ignore[no-untyped-call]
    if not isinstance(found, timedelta):
        raise ValueError(f"no duration: {redact_value(value)}")
    return found


def _read_value(value: str, tzid: str, zones: Zones, floating: tzinfo) -> DateOrTime:
    plain = value.strip().upper()
    if not _DATE_OR_TIME.fullmatch(plain):
        raise ValueError(f"no date or time: {redact_value(value)}")
    found: DateOrTime = vDDDTypes.from_ical(plain)  # type: ignore[no-untyped-call]
    if not isinstance(found, datetime):
        return found
    if found.tzinfo is None:
        found = localize(found, zones.zone_of(tzid) if tzid else floating)
    elif tzid:
        # A time in UTC that names a zone all the same: "TZID MUST NOT be applied", but it may be shown.
        return convert_to_zone(found, zones.zone_of(tzid))
    return convert_to_zone(found, zones.display_zone) if zones.display_zone and _is_utc(found) else found


def _is_utc(moment: datetime) -> bool:
    return (moment.tzname() or "").upper() == "UTC"


def convert_to_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The same moment by another zone's clock."""
    try:
        return moment.astimezone(zone)
    except OverflowError:  # the first and the last day that Python knows
        return moment


def to_datetime(moment: DateOrTime, zone: tzinfo | None) -> datetime:
    """A time as it is, a date as the midnight it begins with in `zone`."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def to_naive_utc(moment: datetime) -> datetime:
    """The moment in UTC, naive, to compare; on Python's first and last day the nearest that it knows."""
    offset = moment.utcoffset()
    return add_clamped(to_naive_local(moment), -offset) if offset else to_naive_local(moment)


def elapsed_time(start: datetime, end: datetime) -> timedelta:
    """The real time from `start` to `end`, also where one of them is no moment that UTC can show."""
    zero = timedelta(0)
    return (to_naive_local(end) - to_naive_local(start)) - (
        (end.utcoffset() or zero) - (start.utcoffset() or zero)
    )


def add_duration(start: DateOrTime, length: timedelta) -> DateOrTime:
    """What lies a duration after `start`: days by the calendar first, then hours exactly (3.3.6)."""
    if not isinstance(start, datetime):
        return add_clamped(to_datetime(start, None), length).date()
    days = timedelta(days=length.days)
    return add_elapsed_time(localize(add_clamped(to_naive_local(start), days), start.tzinfo), length - days)


def add_elapsed_time(start: datetime, length: timedelta) -> datetime:
    """What lies a length of real time after `start`, in its zone."""
    try:
        return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
    except OverflowError:
        return localize(add_clamped(to_naive_local(start), length), start.tzinfo)


def clamp_to_utc_range(moment: datetime) -> datetime:
    """The moment, or the nearest that UTC can show: whoever stores or sorts it turns it into UTC."""
    if MINYEAR < moment.year < MAXYEAR:
        return moment
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return localize(to_naive_utc(moment), UTC)
    return moment


def shift_out_of_gap(moment: datetime) -> datetime:
    """The wall time that clocks show then: one in a gap is read by the offset before it (3.3.5)."""
    return add_elapsed_time(moment, timedelta(0)) if moment.tzinfo else moment
