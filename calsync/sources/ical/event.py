"""An event as `event_reader` returns it: its times are read, its other properties are still text."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

CANCEL_METHOD = "CANCEL"
SCHEDULING_METHODS = frozenset({"REQUEST", "ADD", CANCEL_METHOD})
"""The methods of scheduling messages about meetings (RFC 5546); other calendars are published."""
_STAMP = re.compile(r"\d{8}T\d{6}Z?", re.A | re.I).fullmatch
DateOrTime = date
"""A date for an all-day event, else an aware datetime: a floating time has been given its zone."""


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT.

    Attributes:
        number: Its number among the events of the file, from 1.
        text: Its own lines, unfolded, without its alarms.
        method: METHOD of its calendar, in capitals; "" for none.
        start: A date if it is all-day, else an aware datetime; `end` likewise. start <= end.
        zone: The zone of `start`; of a date that of floating times.
        duration: DURATION; None where DTEND gives the end, which makes another length in a series (RFC 5545,
            3.8.5.3).
        rules: The values of RRULE.
        rdates: Starts, or (start, length) for a PERIOD.
        recurrence_id: The original start, for an override.
        sequence: SEQUENCE, -1 for none.
        stamp: When this version was made, as it is written; "" if unknown.
        is_all_day_by_flag: Whether it is written with times, which are midnights in `zone`, and has Outlook's
            all-day flag.
        has_no_end: Whether it has times and neither DTEND nor DURATION.
    """

    number: int
    text: str
    method: str
    uid: str
    start: DateOrTime
    end: DateOrTime
    zone: tzinfo
    duration: timedelta | None = None
    rules: tuple[str, ...] = ()
    rdates: tuple[DateOrTime | tuple[datetime, timedelta], ...] = ()
    exdates: tuple[DateOrTime, ...] = ()
    recurrence_id: DateOrTime | None = None
    this_and_future: bool = False
    sequence: int = -1
    stamp: str = ""
    is_all_day_by_flag: bool = False
    has_no_end: bool = False

    @property
    def all_day(self) -> bool:
        """Whether it has dates and not times."""
        return not isinstance(self.start, datetime)

    @property
    def recurs(self) -> bool:
        """Whether it is a series."""
        return bool(self.rules or self.rdates)

    @property
    def version_key(self) -> tuple[int, str, str]:
        """Greater for the newer of two versions: by SEQUENCE, then stamp; the text decides the rest."""
        return self.sequence, self.stamp, self.text


def date_in_zone(moment: DateOrTime, zone: tzinfo | None) -> date:
    """Return a date as it is, and the date of a time by the clock of `zone` (None: by its own clock)."""
    if not isinstance(moment, datetime):
        return moment
    try:
        return (moment.astimezone(zone) if zone else moment).date()
    except OverflowError:  # the first and the last day that Python can represent
        return moment.date()


def version_stamp(modified: str, of_message: str = "") -> str:
    """Return when a version was made, as RFC 5545 writes a time; "" where it is unknown.

    Args:
        modified: LAST-MODIFIED.
        of_message: DTSTAMP of a scheduling message (RFC 5546, 2.1.5). In other calendars servers write the
            time of the download there, so callers pass "".
    """
    return next((text.upper() for text in (of_message, modified) if _STAMP(text)), "")


def to_date(moment: DateOrTime) -> date:
    """Return a date as it is, and the date of a time by its own clock."""
    return moment.date() if isinstance(moment, datetime) else moment
