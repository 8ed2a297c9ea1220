"""Writes occurrences as iCalendar text, so that tests can put them into files and servers."""

from datetime import UTC, datetime

from calsync.model.occurrence import Occurrence, Sensitivity


def occurrences_to_ics(*occurrences: Occurrence, stamp: str = "20260101T000000Z") -> bytes:
    """A complete calendar; `stamp` is the DTSTAMP of every event."""
    events = [line for occurrence in occurrences for line in _vevent(occurrence, stamp)]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//calsync//tests//EN", *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def _vevent(o: Occurrence, stamp: str) -> list[str]:
    lines = ["BEGIN:VEVENT", f"UID:{o.uid}", f"DTSTAMP:{stamp}", f"SUMMARY:{o.title}"]
    if o.all_day:
        lines += [f"DTSTART;VALUE=DATE:{o.start:%Y%m%d}", f"DTEND;VALUE=DATE:{o.end:%Y%m%d}"]
    else:
        lines += [f"DTSTART:{_utc(o.start)}", f"DTEND:{_utc(o.end)}"]
    if o.location:
        lines.append(f"LOCATION:{o.location}")
    if o.description:
        lines.append(f"DESCRIPTION:{o.description}")
    if o.sensitivity is not Sensitivity.NORMAL:
        lines.append("CLASS:PRIVATE")
    if o.attendees:
        lines.append("ORGANIZER:mailto:chair@brynfelin.example")
    lines += [f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{a.address}" for a in o.attendees]
    return [*lines, "END:VEVENT"]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
