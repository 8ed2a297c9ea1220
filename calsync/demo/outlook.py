"""Calendars as Exchange writes them: Windows zones, X-MICROSOFT properties, "Canceled:" for cancelled."""

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
    body = (line for kept in calendar_entries(manager) for line in _entry_lines(kept, manager))
    return encode_lines([*_calendar_header(), *body, "END:VCALENDAR"])


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


def _entry_lines(kept: CalendarEntry, manager: DemoManager) -> Iterator[str]:
    plan = kept.plan
    if plan.rule is None:
        (only,) = expand_entry(kept, LAST_DAY)
        yield from _event_lines(only, manager, [], 0)
        return
    as_ruled = PlannedOccurrence(kept, plan.start.date(), plan.start, plan.end, plan.title, plan.notes, kept.answer,
                    kept.show_as)  # fmt: skip
    yield from _event_lines(as_ruled, manager, _recurrence_lines(plan), 1)
    # Changes beyond the last filled week are written too: they are in the calendar, seen or not.
    last = max([LAST_DAY, *(change.day for change in plan.changes)])
    for occurrence in expand_entry(kept, last):
        if occurrence.is_changed:
            name = _time_line("RECURRENCE-ID", at_same_time(occurrence.day, plan.start), all_day=False)
            yield from _event_lines(occurrence, manager, [name], 3)


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
    out = [at_same_time(day, plan.start) for day in _dropped_days(plan, rule)]
    if out:
        yield f"EXDATE;TZID={ZONE}:" + ",".join(map(format_local, out))


def _dropped_days(plan: Plan, rule: PlanRule) -> list[date]:
    if not plan.dropped:
        return []
    due = set(rule_days(rule, plan.start.date(), max(plan.dropped)))
    return sorted(due & set(plan.dropped))


def _event_lines(
    turn: PlannedOccurrence, manager: DemoManager, extra: list[str] | Iterator[str], kind: int
) -> Iterator[str]:
    plan = turn.entry.plan
    yield "BEGIN:VEVENT"
    if plan.organizer and plan.guests:
        yield f"ORGANIZER;CN={quote_parameter(plan.organizer.name)}:{_calendar_address(plan.organizer)}"
        yield from (_attendee_line(guest, turn, manager) for guest in plan.guests)
    words = build_description(turn.notes, plan.uid, plan.online)
    yield f"DESCRIPTION;LANGUAGE=en-GB:{escape_text(words)}\\n"
    yield from extra
    if turn.notes and draw_fraction(plan.uid, "page") < 0.4:
        yield f"X-ALT-DESC;FMTTYPE=text/html:{escape_text(build_html(turn.notes, plan.uid, plan.online))}"
    yield f"UID:{plan.uid}"
    yield f"SUMMARY;LANGUAGE=en-GB:{escape_text(turn.title)}"
    yield _time_line("DTSTART", turn.start, all_day=plan.all_day)
    yield _time_line("DTEND", turn.end, all_day=plan.all_day)
    yield f"CLASS:{'PUBLIC' if plan.sensitivity is Sensitivity.NORMAL else plan.sensitivity.upper()}"
    yield "PRIORITY:5"
    yield f"DTSTAMP:{DTSTAMP}"
    yield f"TRANSP:{'TRANSPARENT' if turn.show_as is ShowAs.FREE else 'OPAQUE'}"
    yield "STATUS:CONFIRMED"  # of cancelled meetings too: see calsync.model.title_cancellation
    yield from _microsoft_lines(turn, kind)
    yield "END:VEVENT"


def _microsoft_lines(turn: PlannedOccurrence, kind: int) -> Iterator[str]:
    plan = turn.entry.plan
    sequence = draw_integer(0, 4, plan.uid) + (kind == 3)
    yield f"SEQUENCE:{sequence}"
    yield f"LOCATION;LANGUAGE=en-GB:{escape_text(plan_location(plan))}"
    if plan.categories:
        yield f"CATEGORIES:{','.join(map(escape_text, plan.categories))}"
    yield f"X-MICROSOFT-CDO-APPT-SEQUENCE:{sequence}"
    yield f"X-MICROSOFT-CDO-OWNERAPPTID:{draw_integer(10**8, 2 * 10**9, plan.uid, 'owner')}"
    yield f"X-MICROSOFT-CDO-BUSYSTATUS:{_BUSY_STATUS.get(turn.show_as, turn.show_as.upper())}"
    yield "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY"
    yield f"X-MICROSOFT-CDO-ALLDAYEVENT:{'TRUE' if plan.all_day else 'FALSE'}"
    yield "X-MICROSOFT-CDO-IMPORTANCE:1"
    yield f"X-MICROSOFT-CDO-INSTTYPE:{kind}"
    yield "X-MICROSOFT-DONOTFORWARDMEETING:FALSE"
    yield "X-MICROSOFT-DISALLOW-COUNTER:FALSE"
    if not plan.all_day and draw_fraction(plan.uid, "alarm") < 0.6:
        yield from ("BEGIN:VALARM", "DESCRIPTION:REMINDER", "TRIGGER;RELATED=START:-PT15M",
                    "ACTION:DISPLAY", "END:VALARM")  # fmt: skip


def plan_location(plan: Plan) -> str:
    """Where it is; a Teams meeting says so."""
    return plan.place or ("Microsoft Teams Meeting" if plan.online == "teams" else "")


def _time_line(name: str, moment: datetime, *, all_day: bool) -> str:
    if all_day:
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    return f"{name};TZID={ZONE}:{format_local(moment)}"


def _attendee_line(guest: Guest, turn: PlannedOccurrence, manager: DemoManager) -> str:
    own = guest.person.key == manager.key
    answer = _ANSWERS[turn.answer if own and turn.answer in _ANSWERS else guest.answer]
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
