"""Writes calendars as Exchange exports them: Windows zones, X-MICROSOFT properties, "Canceled:" in titles."""

from collections.abc import Iterator
from datetime import date, datetime

from calsync.demo.all_plans import calendar_entries
from calsync.demo.council import DemoManager
from calsync.demo.diary import CalendarEntry, Guest, Person, Plan, PlannedOccurrence, PlanRule
from calsync.demo.draws import draw_fraction, draw_integer
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
from calsync.demo.invitation import build_description, build_html
from calsync.demo.leave import LAST_DAY
from calsync.demo.rule_days import at_same_time, rule_days
from calsync.model.occurrence import AttendeeKind, Response, Sensitivity, ShowAs

ZONE = "GMT Standard Time"
# Values of X-MICROSOFT-CDO-INSTTYPE.
_SINGLE, _SERIES, _EXCEPTION = 0, 1, 3
_ANSWERS = {
    Response.ACCEPTED: "ACCEPTED",
    Response.TENTATIVE: "TENTATIVE",
    Response.DECLINED: "DECLINED",
    Response.UNANSWERED: "NEEDS-ACTION",
}
_KINDS = {AttendeeKind.RESOURCE: "RESOURCE", AttendeeKind.GROUP: "GROUP"}
_UNITS = {"week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_BUSY_STATUS = {ShowAs.OUT_OF_OFFICE: "OOF", ShowAs.ELSEWHERE: "WORKINGELSEWHERE"}


def render_outlook_calendar(manager: DemoManager) -> bytes:
    """The manager's calendar as an exported file."""
    events = (line for entry in calendar_entries(manager) for line in _entry_lines(entry, manager))
    return encode_lines([*_calendar_header(), *events, "END:VCALENDAR"])


def _calendar_header() -> list[str]:
    return [
        "BEGIN:VCALENDAR",
        "METHOD:PUBLISH",
        "PRODID:Microsoft Exchange Server 2010",
        "VERSION:2.0",
        "X-WR-CALNAME:Calendar",
        "BEGIN:VTIMEZONE",
        f"TZID:{ZONE}",
        "BEGIN:STANDARD",
        "DTSTART:16010101T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:16010101T010000",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
    ]


def _entry_lines(entry: CalendarEntry, manager: DemoManager) -> Iterator[str]:
    plan = entry.plan
    if plan.rule is None:
        (occurrence,) = expand_entry(entry, LAST_DAY)
        yield from _event_lines(occurrence, manager, [], _SINGLE)
        return
    series = PlannedOccurrence(
        entry, plan.start.date(), plan.start, plan.end, plan.title, plan.notes, entry.answer, entry.show_as
    )
    yield from _event_lines(series, manager, _recurrence_lines(plan), _SERIES)
    # Exchange also writes the changes after the last week that has meetings.
    last = max([LAST_DAY, *(change.day for change in plan.changes)])
    for occurrence in expand_entry(entry, last):
        if occurrence.is_changed:
            original = at_same_time(occurrence.day, plan.start)
            recurrence_id = _time_line("RECURRENCE-ID", original, all_day=False)
            yield from _event_lines(occurrence, manager, [recurrence_id], _EXCEPTION)


def _recurrence_lines(plan: Plan) -> Iterator[str]:
    rule = plan.rule or PlanRule("week")
    parts = [f"FREQ={_UNITS[rule.unit]}"]
    if rule.until:
        last = max(rule_days(rule, plan.start.date(), rule.until), default=rule.until)
        parts.append(f"UNTIL={format_utc(at_same_time(last, plan.start))}")
    parts.append(f"INTERVAL={rule.every}")
    if rule.unit == "year":
        parts += [f"BYMONTHDAY={plan.start.day}", f"BYMONTH={plan.start.month}"]
    else:
        parts.append(f"BYDAY={format_byday(rule)}")
    yield "RRULE:" + ";".join([*parts, *(["WKST=MO"] if rule.unit == "week" else [])])
    dropped = [at_same_time(day, plan.start) for day in _dropped_days(plan, rule)]
    if dropped:
        yield f"EXDATE;TZID={ZONE}:" + ",".join(map(format_local, dropped))


def _dropped_days(plan: Plan, rule: PlanRule) -> list[date]:
    """The dropped days on which the rule has an occurrence."""
    if not plan.dropped:
        return []
    days = set(rule_days(rule, plan.start.date(), max(plan.dropped)))
    return sorted(days & set(plan.dropped))


def _event_lines(
    occurrence: PlannedOccurrence,
    manager: DemoManager,
    recurrence_lines: list[str] | Iterator[str],
    instance_type: int,
) -> Iterator[str]:
    plan = occurrence.entry.plan
    yield "BEGIN:VEVENT"
    if plan.organizer and plan.guests:
        yield f"ORGANIZER;CN={quote_parameter(plan.organizer.name)}:{_calendar_address(plan.organizer)}"
        yield from (_attendee_line(guest, occurrence, manager) for guest in plan.guests)
    description = build_description(occurrence.notes, plan.uid, plan.online)
    yield f"DESCRIPTION;LANGUAGE=en-GB:{escape_text(description)}\\n"
    yield from recurrence_lines
    if occurrence.notes and draw_fraction(plan.uid, "page") < 0.4:
        html = build_html(occurrence.notes, plan.uid, plan.online)
        yield f"X-ALT-DESC;FMTTYPE=text/html:{escape_text(html)}"
    yield f"UID:{plan.uid}"
    yield f"SUMMARY;LANGUAGE=en-GB:{escape_text(occurrence.title)}"
    yield _time_line("DTSTART", occurrence.start, all_day=plan.all_day)
    yield _time_line("DTEND", occurrence.end, all_day=plan.all_day)
    yield f"CLASS:{'PUBLIC' if plan.sensitivity is Sensitivity.NORMAL else plan.sensitivity.upper()}"
    yield "PRIORITY:5"
    yield f"DTSTAMP:{DTSTAMP}"
    yield f"TRANSP:{'TRANSPARENT' if occurrence.show_as is ShowAs.FREE else 'OPAQUE'}"
    yield "STATUS:CONFIRMED"  # of cancelled meetings too: see calsync.model.title_cancellation
    yield from _microsoft_lines(occurrence, instance_type)
    yield "END:VEVENT"


def _microsoft_lines(occurrence: PlannedOccurrence, instance_type: int) -> Iterator[str]:
    plan = occurrence.entry.plan
    sequence = draw_integer(0, 4, plan.uid) + (instance_type == _EXCEPTION)
    yield f"SEQUENCE:{sequence}"
    yield f"LOCATION;LANGUAGE=en-GB:{escape_text(plan_location(plan))}"
    if plan.categories:
        yield f"CATEGORIES:{','.join(map(escape_text, plan.categories))}"
    yield f"X-MICROSOFT-CDO-APPT-SEQUENCE:{sequence}"
    yield f"X-MICROSOFT-CDO-OWNERAPPTID:{draw_integer(10**8, 2 * 10**9, plan.uid, 'owner')}"
    yield f"X-MICROSOFT-CDO-BUSYSTATUS:{_BUSY_STATUS.get(occurrence.show_as, occurrence.show_as.upper())}"
    yield "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY"
    yield f"X-MICROSOFT-CDO-ALLDAYEVENT:{'TRUE' if plan.all_day else 'FALSE'}"
    yield "X-MICROSOFT-CDO-IMPORTANCE:1"
    yield f"X-MICROSOFT-CDO-INSTTYPE:{instance_type}"
    yield "X-MICROSOFT-DONOTFORWARDMEETING:FALSE"
    yield "X-MICROSOFT-DISALLOW-COUNTER:FALSE"
    if not plan.all_day and draw_fraction(plan.uid, "alarm") < 0.6:
        yield from ("BEGIN:VALARM", "DESCRIPTION:REMINDER", "TRIGGER;RELATED=START:-PT15M",
                    "ACTION:DISPLAY", "END:VALARM")  # fmt: skip


def plan_location(plan: Plan) -> str:
    """The location of a meeting; Outlook writes it for Teams meetings without a place."""
    return plan.place or ("Microsoft Teams Meeting" if plan.online == "teams" else "")


def _time_line(name: str, moment: datetime, *, all_day: bool) -> str:
    if all_day:
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    return f"{name};TZID={ZONE}:{format_local(moment)}"


def _attendee_line(guest: Guest, occurrence: PlannedOccurrence, manager: DemoManager) -> str:
    own = guest.person.key == manager.key
    answer = _ANSWERS[occurrence.answer if own and occurrence.answer in _ANSWERS else guest.answer]
    kind = _KINDS.get(guest.person.kind)
    role = (
        "NON-PARTICIPANT"
        if kind == "RESOURCE"
        else "OPT-PARTICIPANT"
        if guest.optional
        else "REQ-PARTICIPANT"
    )
    head = f"ATTENDEE;{f'CUTYPE={kind};' if kind else ''}ROLE={role};PARTSTAT={answer};RSVP=TRUE"
    return f"{head};CN={quote_parameter(guest.person.name)}:{_calendar_address(guest.person)}"


def _calendar_address(person: Person) -> str:
    return f"mailto:{person.address}" if "@" in person.address else f"invalid:{person.address}"
