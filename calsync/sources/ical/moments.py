"""Times as properties write them (RFC 5545, 3.3.4 to 3.3.9) to dates and aware datetimes."""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time, timedelta, tzinfo

from icalendar.prop import vDDDTypes, vDuration

from calsync.model.wall import placed, shifted, wall_of
from calsync.sources.ical.event import Moment
from calsync.sources.ical.lines import TimeLine, shown_value
from calsync.sources.ical.zones import Zones

_MOMENT = re.compile(r"\d{8}(T\d{6}Z?)?")
_DURATION = re.compile(r"[+-]?P(\d+W|(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?)")


def moments_of(line: TimeLine, zones: Zones, floating: tzinfo) -> list[Moment]:
    """All times of a property; raises ValueError. floating: the zone of those that name none."""
    return [_moment(value, line.tzid, zones, floating) for value in line.value.split(",") if value.strip()]


def moment_of(line: TimeLine, zones: Zones, floating: tzinfo) -> Moment:
    """The one time of a property; raises ValueError."""
    return _moment(line.value, line.tzid, zones, floating)


def periods_of(line: TimeLine, zones: Zones, floating: tzinfo) -> list[tuple[datetime, timedelta]]:
    """The periods of an RDATE as (start, length), written start/end or start/length; raises ValueError."""
    found = []
    for value in filter(None, line.value.split(",")):
        first, _, second = value.partition("/")
        start = as_time(_moment(first, line.tzid, zones, floating), floating)
        if second.strip().upper().startswith(("P", "+P")):
            length = duration_of(second)
        else:
            length = elapsed(start, as_time(_moment(second, line.tzid, zones, floating), floating))
        if length < timedelta(0):
            raise ValueError(f"a period that ends before it starts: {shown_value(value)}")
        found.append((start, length))
    return found


def duration_of(value: str) -> timedelta:
    """A duration, perhaps negative; raises ValueError."""
    plain = value.strip().upper()
    if not _DURATION.fullmatch(plain) or plain[-1] in "PT":
        raise ValueError(f"no duration: {shown_value(value)}")
    found: object = vDuration.from_ical(plain)  # type: ignore[no-untyped-call]
    if not isinstance(found, timedelta):
        raise ValueError(f"no duration: {shown_value(value)}")
    return found


def _moment(value: str, tzid: str, zones: Zones, floating: tzinfo) -> Moment:
    plain = value.strip().upper()
    if not _MOMENT.fullmatch(plain):
        raise ValueError(f"no date or time: {shown_value(value)}")
    found: Moment = vDDDTypes.from_ical(plain)  # type: ignore[no-untyped-call]
    if not isinstance(found, datetime):
        return found
    if found.tzinfo is None:
        found = placed(found, zones.of(tzid) if tzid else floating)
    elif tzid:
        # A time in UTC that names a zone all the same: "TZID MUST NOT be applied", but it may be shown.
        return shown_in(found, zones.of(tzid))
    return shown_in(found, zones.wall) if zones.wall and _is_utc(found) else found


def _is_utc(moment: datetime) -> bool:
    return (moment.tzname() or "").upper() == "UTC"


def shown_in(moment: datetime, zone: tzinfo) -> datetime:
    """The same moment by another zone's clock."""
    try:
        return moment.astimezone(zone)
    except OverflowError:  # the first and the last day that Python knows
        return moment


def as_time(moment: Moment, zone: tzinfo | None) -> datetime:
    """A time as it is, a date as the midnight it begins with in `zone`."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def real(moment: datetime) -> datetime:
    """The moment in UTC, naive, to compare; on Python's first and last day the nearest that it knows."""
    offset = moment.utcoffset()
    return shifted(wall_of(moment), -offset) if offset else wall_of(moment)


def elapsed(start: datetime, end: datetime) -> timedelta:
    """The real time from `start` to `end`, also where one of them is no moment that UTC can show."""
    zero = timedelta(0)
    return (wall_of(end) - wall_of(start)) - ((end.utcoffset() or zero) - (start.utcoffset() or zero))


def lasting(start: Moment, length: timedelta) -> Moment:
    """What lies a duration after `start`: days by the calendar first, then hours exactly (3.3.6)."""
    if not isinstance(start, datetime):
        return shifted(as_time(start, None), length).date()
    days = timedelta(days=length.days)
    return after(placed(shifted(wall_of(start), days), start.tzinfo), length - days)


def after(start: datetime, length: timedelta) -> datetime:
    """What lies a length of real time after `start`, in its zone."""
    try:
        return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
    except OverflowError:
        return placed(shifted(wall_of(start), length), start.tzinfo)


def in_utc_range(moment: datetime) -> datetime:
    """The moment, or the nearest that UTC can show: whoever stores or sorts it turns it into UTC."""
    if MINYEAR < moment.year < MAXYEAR:
        return moment
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return placed(real(moment), UTC)
    return moment


def existing(moment: datetime) -> datetime:
    """The wall time that clocks show then: one in a gap is read by the offset before it (3.3.5)."""
    return after(moment, timedelta(0)) if moment.tzinfo else moment
