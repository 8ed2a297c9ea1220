"""Writes calendars as Google exports them: single meetings in UTC, no busy status, no categories."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from calsync.demo.all_plans import calendar_entries
from calsync.demo.council import DemoManager
from calsync.demo.diary import CalendarEntry, Guest, Person, Plan, PlannedOccurrence, PlanRule
from calsync.demo.draws import draw_integer
from calsync.demo.expand import expand_entry
from calsync.demo.ical_lines import (
    DTSTAMP,
    encode_lines,
    escape_text,
    format_byday,
    format_local,
    format_utc,
    quote_parameter,
)
from calsync.demo.invitation import build_description
from calsync.demo.leave import LAST_DAY
from calsync.demo.outlook import plan_location
from calsync.demo.rule_days import at_same_time, rule_days
from calsync.model.occurrence import AttendeeKind, Response, Sensitivity, ShowAs

ZONE = "Europe/London"
_ANSWERS = {
    Response.ACCEPTED: "ACCEPTED",
    Response.ORGANIZER: "ACCEPTED",
    Response.TENTATIVE: "TENTATIVE",
    Response.DECLINED: "DECLINED",
    Response.UNANSWERED: "NEEDS-ACTION",
}
_KINDS = {AttendeeKind.RESOURCE: "RESOURCE", AttendeeKind.GROUP: "GROUP"}
_UNITS = {"week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}


def render_google_calendar(manager: DemoManager) -> bytes:
    """The manager's calendar as an exported file."""
    events = (line for entry in calendar_entries(manager) for line in _entry_lines(entry, manager))
    return encode_lines([*_calendar_header(manager), *events, "END:VCALENDAR"])


def _calendar_header(manager: DemoManager) -> list[str]:
    return [
        "BEGIN:VCALENDAR",
        "PRODID:-//Google Inc//Google Calendar 70.9054//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{manager.email}",
        f"X-WR-TIMEZONE:{ZONE}",
        "BEGIN:VTIMEZONE",
        f"TZID:{ZONE}",
        f"X-LIC-LOCATION:{ZONE}",
        "BEGIN:DAYLIGHT",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
        "TZNAME:GMT+1",
        "DTSTART:19700329T010000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000",
        "TZNAME:GMT",
        "DTSTART:19701025T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


def _entry_lines(entry: CalendarEntry, manager: DemoManager) -> Iterator[str]:
    plan = entry.plan
    if plan.rule is None:
        (occurrence,) = expand_entry(entry, LAST_DAY)
        yield from _event_lines(occurrence, manager, [], zoned=False)
        return
    series = PlannedOccurrence(
        entry, plan.start.date(), plan.start, plan.end, plan.title, plan.notes, entry.answer, entry.show_as
    )
    yield from _event_lines(series, manager, _recurrence_lines(plan), zoned=True)
    last = max([LAST_DAY, *(change.day for change in plan.changes)])
    for occurrence in expand_entry(entry, last):
        if occurrence.is_changed:
            original = _time_line(
                "RECURRENCE-ID", at_same_time(occurrence.day, plan.start), all_day=plan.all_day, zoned=True
            )
            yield from _event_lines(occurrence, manager, [original], zoned=True)


def _recurrence_lines(plan: Plan) -> list[str]:
    rule = plan.rule or PlanRule("week")
    parts = [f"FREQ={_UNITS[rule.unit]}"]
    if rule.unit == "week" and rule.every > 1:
        parts.append("WKST=MO")
    if rule.until:
        midnight = datetime.combine(rule.until, time()) + timedelta(days=1)
        parts.append(f"UNTIL={format_utc(midnight - timedelta(seconds=1))}")
    if rule.every > 1:
        parts.append(f"INTERVAL={rule.every}")
    if rule.unit != "year":
        parts.append(f"BYDAY={format_byday(rule)}")
    lines = ["RRULE:" + ";".join(parts)]
    return lines + [
        f"EXDATE;TZID={ZONE}:{format_local(at_same_time(day, plan.start))}"
        for day in _dropped_days(plan, rule)
    ]


def _dropped_days(plan: Plan, rule: PlanRule) -> list[date]:
    """The dropped days on which the rule has an occurrence."""
    if not plan.dropped:
        return []
    days = set(rule_days(rule, plan.start.date(), max(plan.dropped)))
    return sorted(days & set(plan.dropped))


def _event_lines(
    occurrence: PlannedOccurrence, manager: DemoManager, extra: list[str], *, zoned: bool
) -> Iterator[str]:
    plan = occurrence.entry.plan
    yield "BEGIN:VEVENT"
    yield _time_line("DTSTART", occurrence.start, all_day=plan.all_day, zoned=zoned)
    yield _time_line("DTEND", occurrence.end, all_day=plan.all_day, zoned=zoned)
    yield from (line for line in extra if line.startswith(("RRULE", "EXDATE")))
    yield f"DTSTAMP:{DTSTAMP}"
    if plan.organizer and plan.guests:
        yield f"ORGANIZER;CN={quote_parameter(plan.organizer.name)}:mailto:{plan.organizer.address}"
    yield f"UID:{plan.uid}"
    if plan.organizer and plan.guests:
        yield from (_attendee_line(guest, occurrence, manager) for guest in plan.guests)
    yield from (line for line in extra if line.startswith("RECURRENCE-ID"))
    if plan.sensitivity is not Sensitivity.NORMAL:
        yield "CLASS:PRIVATE"
    yield from _closing_lines(occurrence)
    yield "END:VEVENT"


def _closing_lines(occurrence: PlannedOccurrence) -> Iterator[str]:
    plan = occurrence.entry.plan
    created = plan.start - timedelta(
        days=draw_integer(5, 60, plan.uid), minutes=draw_integer(0, 600, plan.uid)
    )
    description = build_description(occurrence.notes, plan.uid, plan.online)
    yield f"CREATED:{format_utc(created)}"
    if description:
        yield f"DESCRIPTION:{escape_text(description)}"
    yield f"LAST-MODIFIED:{format_utc(created + timedelta(days=2))}"
    yield f"LOCATION:{escape_text(plan_location(plan))}"
    yield f"SEQUENCE:{draw_integer(0, 2, plan.uid)}"
    yield f"STATUS:{'TENTATIVE' if occurrence.show_as is ShowAs.TENTATIVE else 'CONFIRMED'}"
    yield f"SUMMARY:{escape_text(occurrence.title)}"
    yield f"TRANSP:{'TRANSPARENT' if occurrence.show_as is ShowAs.FREE else 'OPAQUE'}"


def _time_line(name: str, moment: datetime, *, all_day: bool, zoned: bool) -> str:
    if all_day:
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    return f"{name};TZID={ZONE}:{format_local(moment)}" if zoned else f"{name}:{format_utc(moment)}"


def _attendee_line(guest: Guest, occurrence: PlannedOccurrence, manager: DemoManager) -> str:
    own = guest.person.key == manager.key
    answer = _ANSWERS[occurrence.answer if own else guest.answer]
    kind = _KINDS.get(guest.person.kind, "INDIVIDUAL")
    role = "OPT-PARTICIPANT" if guest.optional else "REQ-PARTICIPANT"
    head = f"ATTENDEE;CUTYPE={kind};ROLE={role};PARTSTAT={answer}"
    return f"{head};CN={quote_parameter(guest.person.name)};X-NUM-GUESTS=0:{_calendar_address(guest.person)}"


def _calendar_address(person: Person) -> str:
    return f"mailto:{person.address}" if "@" in person.address else f"invalid:{person.address}"
