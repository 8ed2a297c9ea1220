"""Outlook's all-day flag: events that are written with times and are days all the same.

DTSTART;TZID=GMT Standard Time:20261006T000000
DTEND;TZID=GMT Standard Time:20261007T000000
X-MICROSOFT-CDO-ALLDAYEVENT:TRUE
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from calsync.model.localtime import to_naive_local
from calsync.sources.ical.content_lines import find_lines
from calsync.sources.ical.event import DateOrTime, date_in_zone
from calsync.sources.ical.time_values import add_duration, convert_to_zone

# Outlook's flag, and that of Outlook.com.
_ALL_DAY_FLAGS = frozenset({"X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT"})
_UNTIL_UTC = re.compile(r"(UNTIL=)(\d{8}T\d{6}Z)", re.I | re.A)
_MIDNIGHT = time()
_DAY = timedelta(days=1)
# How a day's last minute is written by those who take the end for the last moment of the event.
_LAST_MINUTE = time(23, 59)


MIN_DAY_LENGTH = timedelta(hours=22)
"""From one midnight to the next, whatever the clock does in between."""


def may_be_all_day(start: DateOrTime, end: DateOrTime | None) -> bool:
    """Whether an event has times that may be midnights of some zone; looking for the flag takes longer."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return isinstance(start, datetime) or isinstance(end, datetime)
    length = to_naive_local(end) - to_naive_local(start)
    return length >= MIN_DAY_LENGTH or not length or start.tzinfo is not end.tzinfo


def is_flagged_all_day(text: str) -> bool:
    """Whether Outlook says of an event that it is all-day; it says so of events with times, too."""
    flags = find_lines(text, _ALL_DAY_FLAGS)
    return any(rest.rpartition(":")[2].strip(' \t"').upper() == "TRUE" for _, rest in flags)


def days_of_flagged_event(
    start: DateOrTime, end: DateOrTime | None, zones: Iterable[tzinfo]
) -> tuple[date, date, tzinfo] | None:
    """The days of an event that is flagged as all-day, and the zone in whose midnights they begin and end.

    None if there is no such zone: Outlook sets the flag at midnights only, so something else is wrong then.
    """
    for zone in zones:
        first, last = _date_at_midnight(start, zone), _date_at_midnight(start if end is None else end, zone)
        if last is None and isinstance(end, datetime) and convert_to_zone(end, zone).time() >= _LAST_MINUTE:
            last = add_duration(date_in_zone(end, zone), _DAY)
        if first is not None and last is not None:
            return first, last, zone
    return None


def midnights_to_days(start: DateOrTime, end: DateOrTime | None) -> tuple[DateOrTime, DateOrTime | None]:
    """Days, where one of the two is a day and the other a midnight, as DTSTART and DTEND of two kinds."""
    if isinstance(start, datetime) == isinstance(end, datetime) or end is None:
        return start, end
    first, last = _date_at_midnight(start, None), _date_at_midnight(end, None)
    return (start, end) if first is None or last is None else (first, last)


def _date_at_midnight(moment: DateOrTime, zone: tzinfo | None) -> date | None:
    """The day that a moment is the beginning of, by a zone's clock or by its own; None if it is of none."""
    if not isinstance(moment, datetime):
        return moment
    shown = moment if zone is None else convert_to_zone(moment, zone)
    return date_in_zone(moment, zone) if shown.time() == _MIDNIGHT else None


def until_to_date(text: str, day_zone: tzinfo | None) -> str:
    """A rule; where the event is of days by its flag only (`day_zone`), UNTIL is the day of that zone."""
    if day_zone is None:
        return text
    return _UNTIL_UTC.sub(lambda until: _until_date(until, day_zone), text)


def _until_date(until: re.Match[str], zone: tzinfo) -> str:
    try:
        moment = datetime.strptime(until[2].upper(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return until[0]
    return f"{until[1]}{date_in_zone(moment, zone):%Y%m%d}"
