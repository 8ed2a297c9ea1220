"""Calendars as Exchange writes them: Windows zones, X-MICROSOFT properties, "Canceled:" for cancelled."""

from collections.abc import Iterator
from datetime import date, datetime

from calsync.demo.chance import chance, number
from calsync.demo.council import DemoManager
from calsync.demo.days import at, days_of
from calsync.demo.diary import Guest, Kept, Person, Plan, Rule, Turn
from calsync.demo.ical_lines import STAMP, by_days, in_utc, lines_of, local, quoted, text
from calsync.demo.invitation import description, page
from calsync.demo.leave import LAST
from calsync.demo.plan import calendar_of
from calsync.demo.unfold import turns
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
_BUSY = {ShowAs.OUT_OF_OFFICE: "OOF", ShowAs.ELSEWHERE: "WORKINGELSEWHERE"}


def outlook_calendar(manager: DemoManager) -> bytes:
    """The manager's calendar as an exported file."""
    body = (line for kept in calendar_of(manager) for line in _events(kept, manager))
    return lines_of([*_head(), *body, "END:VCALENDAR"])


def _head() -> list[str]:
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


def _events(kept: Kept, manager: DemoManager) -> Iterator[str]:
    plan = kept.plan
    if plan.rule is None:
        (only,) = turns(kept, LAST)
        yield from _event(only, manager, [], 0)
        return
    as_ruled = Turn(kept, plan.start.date(), plan.start, plan.end, plan.title, plan.notes, kept.answer,
                    kept.show_as)  # fmt: skip
    yield from _event(as_ruled, manager, _recurrence(plan), 1)
    # Changes beyond the last filled week are written too: they are in the calendar, seen or not.
    last = max([LAST, *(change.day for change in plan.changes)])
    for turn in turns(kept, last):
        if turn.changed:
            name = _time("RECURRENCE-ID", at(turn.day, plan.start), all_day=False)
            yield from _event(turn, manager, [name], 3)


def _recurrence(plan: Plan) -> Iterator[str]:
    rule = plan.rule or Rule("week")
    parts = [f"FREQ={_UNITS[rule.unit]}"]
    if rule.until:
        last = max(days_of(rule, plan.start.date(), rule.until), default=rule.until)
        parts.append(f"UNTIL={in_utc(at(last, plan.start))}")
    parts.append(f"INTERVAL={rule.every}")
    if rule.unit == "year":
        parts += [f"BYMONTHDAY={plan.start.day}", f"BYMONTH={plan.start.month}"]
    else:
        parts.append(f"BYDAY={by_days(rule)}")
    yield "RRULE:" + ";".join([*parts, *(["WKST=MO"] if rule.unit == "week" else [])])
    out = [at(day, plan.start) for day in _dropped(plan, rule)]
    if out:
        yield f"EXDATE;TZID={ZONE}:" + ",".join(map(local, out))


def _dropped(plan: Plan, rule: Rule) -> list[date]:
    if not plan.dropped:
        return []
    due = set(days_of(rule, plan.start.date(), max(plan.dropped)))
    return sorted(due & set(plan.dropped))


def _event(turn: Turn, manager: DemoManager, extra: list[str] | Iterator[str], kind: int) -> Iterator[str]:
    plan = turn.kept.plan
    yield "BEGIN:VEVENT"
    if plan.organizer and plan.guests:
        yield f"ORGANIZER;CN={quoted(plan.organizer.name)}:{_address(plan.organizer)}"
        yield from (_attendee(guest, turn, manager) for guest in plan.guests)
    words = description(turn.notes, plan.uid, plan.online)
    yield f"DESCRIPTION;LANGUAGE=en-GB:{text(words)}\\n"
    yield from extra
    if turn.notes and chance(plan.uid, "page") < 0.4:
        yield f"X-ALT-DESC;FMTTYPE=text/html:{text(page(turn.notes, plan.uid, plan.online))}"
    yield f"UID:{plan.uid}"
    yield f"SUMMARY;LANGUAGE=en-GB:{text(turn.title)}"
    yield _time("DTSTART", turn.start, all_day=plan.all_day)
    yield _time("DTEND", turn.end, all_day=plan.all_day)
    yield f"CLASS:{'PUBLIC' if plan.sensitivity is Sensitivity.NORMAL else plan.sensitivity.upper()}"
    yield "PRIORITY:5"
    yield f"DTSTAMP:{STAMP}"
    yield f"TRANSP:{'TRANSPARENT' if turn.show_as is ShowAs.FREE else 'OPAQUE'}"
    yield "STATUS:CONFIRMED"  # of cancelled meetings too: see calsync.model.status
    yield from _rest(turn, kind)
    yield "END:VEVENT"


def _rest(turn: Turn, kind: int) -> Iterator[str]:
    plan = turn.kept.plan
    sequence = number(0, 4, plan.uid) + (kind == 3)
    yield f"SEQUENCE:{sequence}"
    yield f"LOCATION;LANGUAGE=en-GB:{text(place_of(plan))}"
    if plan.categories:
        yield f"CATEGORIES:{','.join(map(text, plan.categories))}"
    yield f"X-MICROSOFT-CDO-APPT-SEQUENCE:{sequence}"
    yield f"X-MICROSOFT-CDO-OWNERAPPTID:{number(10**8, 2 * 10**9, plan.uid, 'owner')}"
    yield f"X-MICROSOFT-CDO-BUSYSTATUS:{_BUSY.get(turn.show_as, turn.show_as.upper())}"
    yield "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY"
    yield f"X-MICROSOFT-CDO-ALLDAYEVENT:{'TRUE' if plan.all_day else 'FALSE'}"
    yield "X-MICROSOFT-CDO-IMPORTANCE:1"
    yield f"X-MICROSOFT-CDO-INSTTYPE:{kind}"
    yield "X-MICROSOFT-DONOTFORWARDMEETING:FALSE"
    yield "X-MICROSOFT-DISALLOW-COUNTER:FALSE"
    if not plan.all_day and chance(plan.uid, "alarm") < 0.6:
        yield from ("BEGIN:VALARM", "DESCRIPTION:REMINDER", "TRIGGER;RELATED=START:-PT15M",
                    "ACTION:DISPLAY", "END:VALARM")  # fmt: skip


def place_of(plan: Plan) -> str:
    """Where it is; a Teams meeting says so."""
    return plan.place or ("Microsoft Teams Meeting" if plan.online == "teams" else "")


def _time(name: str, moment: datetime, *, all_day: bool) -> str:
    if all_day:
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    return f"{name};TZID={ZONE}:{local(moment)}"


def _attendee(guest: Guest, turn: Turn, manager: DemoManager) -> str:
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
    return f"{head};CN={quoted(guest.person.name)}:{_address(guest.person)}"


def _address(person: Person) -> str:
    return f"mailto:{person.address}" if "@" in person.address else f"invalid:{person.address}"
