"""Outlook's all-day flag, and midnights: events that are written with times although they are whole days.

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
# Some programs write the last minute of the last day as the end, in place of the midnight that follows.
_LAST_MINUTE = time(23, 59)


MIN_DAY_LENGTH = timedelta(hours=22)
"""No time from one midnight to the next is shorter, whatever transition lies between."""


def may_be_all_day(start: DateOrTime, end: DateOrTime | None) -> bool:
    """Whether an event has times that may be midnights of some zone. To find the flag is slower."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return isinstance(start, datetime) or isinstance(end, datetime)
    length = to_naive_local(end) - to_naive_local(start)
    return length >= MIN_DAY_LENGTH or not length or start.tzinfo is not end.tzinfo


def is_flagged_all_day(text: str) -> bool:
    """Whether an event has Outlook's all-day flag; events that are not of whole days may have it as well."""
    flags = find_lines(text, _ALL_DAY_FLAGS)
    return any(rest.rpartition(":")[2].strip(' \t"').upper() == "TRUE" for _, rest in flags)


def days_of_flagged_event(
    start: DateOrTime, end: DateOrTime | None, zones: Iterable[tzinfo]
) -> tuple[date, date, tzinfo] | None:
    """Return the days of an event with the all-day flag.

    Args:
        end: None where there is neither DTEND nor DURATION.
        zones: The zones whose midnights its times may be, the likeliest first.

    Returns:
        First day, day after the last, and the zone. None if the times are midnights of no zone: Outlook sets
        the flag at midnights only, so the flag is wrong then.
    """
    for zone in zones:
        first, last = _date_at_midnight(start, zone), _date_at_midnight(start if end is None else end, zone)
        if last is None and isinstance(end, datetime) and convert_to_zone(end, zone).time() >= _LAST_MINUTE:
            last = add_duration(date_in_zone(end, zone), _DAY)
        if first is not None and last is not None:
            return first, last, zone
    return None


def midnights_to_days(start: DateOrTime, end: DateOrTime | None) -> tuple[DateOrTime, DateOrTime | None]:
    """Return both as dates where one is a date and the other a midnight; otherwise both as they are."""
    if isinstance(start, datetime) == isinstance(end, datetime) or end is None:
        return start, end
    first, last = _date_at_midnight(start, None), _date_at_midnight(end, None)
    return (start, end) if first is None or last is None else (first, last)


def _date_at_midnight(moment: DateOrTime, zone: tzinfo | None) -> date | None:
    """The date, or the date of a time that is midnight by a zone's clock (None: by its own); else None."""
    if not isinstance(moment, datetime):
        return moment
    local_time = moment if zone is None else convert_to_zone(moment, zone)
    return date_in_zone(moment, zone) if local_time.time() == _MIDNIGHT else None


def until_to_date(text: str, day_zone: tzinfo | None) -> str:
    """Return a rule with UNTIL as a day in `day_zone`; unchanged for None (no event of days by its flag)."""
    if day_zone is None:
        return text
    return _UNTIL_UTC.sub(lambda until: _until_date(until, day_zone), text)


def _until_date(until: re.Match[str], zone: tzinfo) -> str:
    try:
        moment = datetime.strptime(until[2].upper(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return until[0]
    return f"{until[1]}{date_in_zone(moment, zone):%Y%m%d}"
