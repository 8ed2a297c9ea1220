"""Outlook's all-day flag: events that are written with times and are days all the same.

DTSTART;TZID=GMT Standard Time:20261006T000000
DTEND;TZID=GMT Standard Time:20261007T000000
X-MICROSOFT-CDO-ALLDAYEVENT:TRUE
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from calsync.model.wall import wall_of
from calsync.sources.ical.event import Moment, day_in
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.moments import lasting, shown_in

# Outlook's flag, and that of Outlook.com.
_ALL_DAY_FLAGS = frozenset({"X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT"})
_UNTIL_UTC = re.compile(r"(UNTIL=)(\d{8}T\d{6}Z)", re.I | re.A)
_MIDNIGHT = time()
_DAY = timedelta(days=1)
# How a day's last minute is written by those who take the end for the last moment of the event.
_LAST_MINUTE = time(23, 59)


SHORTEST_DAY = timedelta(hours=22)
"""From one midnight to the next, whatever the clock does in between."""


def may_be_days(start: Moment, end: Moment | None) -> bool:
    """Whether an event has times that may be midnights of some zone; looking for the flag takes longer."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return isinstance(start, datetime) or isinstance(end, datetime)
    length = wall_of(end) - wall_of(start)
    return length >= SHORTEST_DAY or not length or start.tzinfo is not end.tzinfo


def is_flagged_all_day(text: str) -> bool:
    """Whether Outlook says of an event that it is all-day; it says so of events with times, too."""
    flags = named_lines(text, _ALL_DAY_FLAGS)
    return any(rest.rpartition(":")[2].strip(' \t"').upper() == "TRUE" for _, rest in flags)


def flagged_days(
    start: Moment, end: Moment | None, zones: Iterable[tzinfo]
) -> tuple[date, date, tzinfo] | None:
    """The days of an event that is flagged as all-day, and the zone in whose midnights they begin and end.

    None if there is no such zone: Outlook sets the flag at midnights only, so something else is wrong then.
    """
    for zone in zones:
        first, last = _midnight_day(start, zone), _midnight_day(start if end is None else end, zone)
        if last is None and isinstance(end, datetime) and shown_in(end, zone).time() >= _LAST_MINUTE:
            last = lasting(day_in(end, zone), _DAY)
        if first is not None and last is not None:
            return first, last, zone
    return None


def days_of(start: Moment, end: Moment | None) -> tuple[Moment, Moment | None]:
    """Days, where one of the two is a day and the other a midnight, as DTSTART and DTEND of two kinds."""
    if isinstance(start, datetime) == isinstance(end, datetime) or end is None:
        return start, end
    first, last = _midnight_day(start, None), _midnight_day(end, None)
    return (start, end) if first is None or last is None else (first, last)


def _midnight_day(moment: Moment, zone: tzinfo | None) -> date | None:
    """The day that a moment is the beginning of, by a zone's clock or by its own; None if it is of none."""
    if not isinstance(moment, datetime):
        return moment
    shown = moment if zone is None else shown_in(moment, zone)
    return day_in(moment, zone) if shown.time() == _MIDNIGHT else None


def rule_of_days(text: str, day_zone: tzinfo | None) -> str:
    """A rule; where the event is of days by its flag only (`day_zone`), UNTIL is the day of that zone."""
    if day_zone is None:
        return text
    return _UNTIL_UTC.sub(lambda until: _until_day(until, day_zone), text)


def _until_day(until: re.Match[str], zone: tzinfo) -> str:
    try:
        moment = datetime.strptime(until[2].upper(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return until[0]
    return f"{until[1]}{day_in(moment, zone):%Y%m%d}"
