"""iCalendar text in one line, for tests; the window is October 2025, the zone London."""

from datetime import datetime
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.sources.ical.read import read_calendar

LONDON = ZoneInfo("Europe/London")
OCTOBER = Span(datetime(2025, 10, 1, tzinfo=LONDON), datetime(2025, 11, 1, tzinfo=LONDON))


def days(first: str, last: str, zone: ZoneInfo = LONDON) -> Span:
    """`days("2025-10-01", "2025-11-01")`: a window, the last day exclusive."""
    return Span(
        datetime.fromisoformat(first).replace(tzinfo=zone), datetime.fromisoformat(last).replace(tzinfo=zone)
    )


def event(
    *lines: str, uid: str = "u1", start: str = ":20251006T090000Z", end: str = "DTEND:20251006T100000Z"
) -> str:
    """A VEVENT; `start` is what follows DTSTART, "" leaves a property out."""
    own = (f"UID:{uid}" if uid else "", f"DTSTART{start}" if start else "", end)
    return "\r\n".join(
        ["BEGIN:VEVENT", "DTSTAMP:20250101T000000Z", *filter(None, own), *lines, "END:VEVENT", ""]
    )


def calendar(*parts: str, head: str = "") -> bytes:
    """A VCALENDAR of events and time zones; `head` is lines of its own."""
    head = head + "\r\n" if head else ""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}{''.join(parts)}END:VCALENDAR\r\n".encode()


NEIGHBOUR = event(
    "SUMMARY:Neighbour", uid="neighbour", start=":20251007T090000Z", end="DTEND:20251007T100000Z"
)


def read(
    content: bytes, window: Span = OCTOBER, zone: ZoneInfo = LONDON, owners: tuple[str, ...] = ()
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """What `read_calendar` returns for a calendar with the name `a.ics`."""
    return read_calendar(content, window, zone=zone, owners=frozenset(owners), where="a.ics")


def read_one(
    content: bytes, window: Span = OCTOBER, zone: ZoneInfo = LONDON, owners: tuple[str, ...] = ()
) -> Occurrence:
    """The only occurrence of a calendar that has no problem."""
    (occurrence,), problems = read(content, window, zone, owners)
    assert not problems
    return occurrence


def read_starts(content: bytes, window: Span = OCTOBER, zone: ZoneInfo = LONDON) -> list[str]:
    """The starts as `2025-10-06T09:00+01:00`."""
    return [occurrence.start.isoformat(timespec="minutes") for occurrence in read(content, window, zone)[0]]


def uids_of(occurrences: tuple[Occurrence, ...]) -> list[str]:
    """The uids of occurrences, in order."""
    return [occurrence.uid for occurrence in occurrences]


def faults(problems: tuple[Problem, ...]) -> list[Problem]:
    """The problems by which something is left out."""
    return [problem for problem in problems if problem.severity is Severity.FAULT]
