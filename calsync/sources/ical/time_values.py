"""Reads times (RFC 5545, 3.3.4 to 3.3.9) as dates and aware datetimes, and calculates with them."""

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
    """Return all times of a property; raises ValueError. floating: the zone of times without one."""
    return [
        _read_value(value, line.tzid, zones, floating) for value in line.value.split(",") if value.strip()
    ]


def read_time(line: TimeLine, zones: Zones, floating: tzinfo) -> DateOrTime:
    """Return the only time of a property; raises ValueError."""
    return _read_value(line.value, line.tzid, zones, floating)


def read_periods(line: TimeLine, zones: Zones, floating: tzinfo) -> list[tuple[datetime, timedelta]]:
    """Return the periods of an RDATE (start/end or start/length) as (start, length); raises ValueError."""
    periods = []
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
        periods.append((start, length))
    return periods


def read_duration(value: str) -> timedelta:
    """Return a duration, which may be negative; raises ValueError."""
    plain = value.strip().upper()
    if not _DURATION.fullmatch(plain) or plain[-1] in "PT":
        raise ValueError(f"no duration: {redact_value(value)}")
    duration: object = vDuration.from_ical(plain)  # type: ignore[no-untyped-call]
    if not isinstance(duration, timedelta):
        raise ValueError(f"no duration: {redact_value(value)}")
    return duration


def _read_value(value: str, tzid: str, zones: Zones, floating: tzinfo) -> DateOrTime:
    plain = value.strip().upper()
    if not _DATE_OR_TIME.fullmatch(plain):
        raise ValueError(f"no date or time: {redact_value(value)}")
    moment: DateOrTime = vDDDTypes.from_ical(plain)  # type: ignore[no-untyped-call]
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        moment = localize(moment, zones.zone_of(tzid) if tzid else floating)
    elif tzid:
        # A time in UTC with a TZID: it "MUST NOT be applied" (3.2.19), but the time may be shown in that
        # zone.
        return convert_to_zone(moment, zones.zone_of(tzid))
    if zones.display_zone and (moment.tzname() or "").upper() == "UTC":
        return convert_to_zone(moment, zones.display_zone)
    return moment


def convert_to_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return the same moment in another zone."""
    try:
        return moment.astimezone(zone)
    except OverflowError:  # the first and the last day that Python can represent
        return moment


def to_datetime(moment: DateOrTime, zone: tzinfo | None) -> datetime:
    """Return a time as it is, and a date as the midnight in `zone` that it begins with."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def to_naive_utc(moment: datetime) -> datetime:
    """Return the moment in UTC, naive, or the nearest to it that Python can represent."""
    offset = moment.utcoffset()
    return add_clamped(to_naive_local(moment), -offset) if offset else to_naive_local(moment)


def elapsed_time(start: datetime, end: datetime) -> timedelta:
    """Return the time from `start` to `end`, also where Python cannot represent one of them in UTC."""
    zero = timedelta(0)
    return (to_naive_local(end) - to_naive_local(start)) - (
        (end.utcoffset() or zero) - (start.utcoffset() or zero)
    )


def add_duration(start: DateOrTime, length: timedelta) -> DateOrTime:
    """Add a duration: days by the clock of `start` first, then hours as elapsed time (3.3.6)."""
    if not isinstance(start, datetime):
        return add_clamped(to_datetime(start, None), length).date()
    days = timedelta(days=length.days)
    return add_elapsed_time(localize(add_clamped(to_naive_local(start), days), start.tzinfo), length - days)


def add_elapsed_time(start: datetime, length: timedelta) -> datetime:
    """Add elapsed time; the result is in the zone of `start`."""
    try:
        return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
    except OverflowError:
        return localize(add_clamped(to_naive_local(start), length), start.tzinfo)


def clamp_to_utc_range(moment: datetime) -> datetime:
    """Return the moment, or the nearest that Python can represent in UTC: it is stored and sorted in UTC."""
    if MINYEAR < moment.year < MAXYEAR:
        return moment
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return localize(to_naive_utc(moment), UTC)
    return moment


def shift_out_of_gap(moment: datetime) -> datetime:
    """Return a time that exists: one that clocks skip is read by the offset before the gap (3.3.5)."""
    return add_elapsed_time(moment, timedelta(0)) if moment.tzinfo else moment
