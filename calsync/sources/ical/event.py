"""An event as it is read: its times resolved, the rest still text. What a faster reader would give, too."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

CANCEL_METHOD = "CANCEL"
SCHEDULING_METHODS = frozenset({"REQUEST", "ADD", CANCEL_METHOD})
"""The methods of scheduling messages about meetings (RFC 5546); other calendars are published."""
_STAMP = re.compile(r"\d{8}T\d{6}Z?", re.A | re.I).fullmatch
DateOrTime = date
"""A date for all-day, else an aware datetime; nothing is floating any more."""


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT. start, end: dates for all-day, else aware; start <= end.

    method: of its calendar, "" for none. nominal: the length as DURATION says it, None where DTEND does
    (RFC 5545, 3.8.5.3 makes series of the two differently). rdates: starts, or (start, length) of a
    PERIOD. zone: that of `start`. recurrence_id: the original start, for an override. revision: the newer of
    two versions is greater. flagged: whether only Outlook's all-day flag makes days of it, which its times
    are in `zone`. endless: whether it has times and neither DTEND nor DURATION.
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
        """Whether it is about days and not about times."""
        return not isinstance(self.start, datetime)

    @property
    def recurs(self) -> bool:
        """Whether it is a series."""
        return bool(self.rules or self.rdates)

    @property
    def version_key(self) -> tuple[int, str, str]:
        """What decides between two versions: SEQUENCE, then the latest stamp, then anything steady."""
        return self.sequence, self.stamp, self.text


def date_in_zone(moment: DateOrTime, zone: tzinfo | None) -> date:
    """The date of a date, or of a time as another zone's clock shows it; None for the time's own clock."""
    if not isinstance(moment, datetime):
        return moment
    try:
        return (moment.astimezone(zone) if zone else moment).date()
    except OverflowError:  # the first and the last day that Python knows
        return moment.date()


def version_stamp(modified: str, of_message: str = "") -> str:
    """When a version was made, as RFC 5545 writes a time; "" where it is unknown.

    Args:
        modified: LAST-MODIFIED.
        of_message: DTSTAMP, of a scheduling message only (RFC 5546, 2.1.5). Into other calendars servers
            write the time of the download there.
    """
    return next((text.upper() for text in (of_message, modified) if _STAMP(text)), "")


def to_date(moment: DateOrTime) -> date:
    """The date of a date or a time."""
    return moment.date() if isinstance(moment, datetime) else moment
