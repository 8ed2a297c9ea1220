"""Calendars as Google exports them: single meetings in UTC, everybody an attendee, no busy status."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from calsync.demo.chance import number
from calsync.demo.council import DemoManager
from calsync.demo.days import at, days_of
from calsync.demo.diary import Guest, Kept, Person, Plan, Rule, Turn
from calsync.demo.ical_lines import STAMP, by_days, in_utc, lines_of, local, quoted, text
from calsync.demo.invitation import description
from calsync.demo.leave import LAST
from calsync.demo.outlook import place_of
from calsync.demo.plan import calendar_of
from calsync.demo.unfold import turns
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


def google_calendar(manager: DemoManager) -> bytes:
    """The manager's calendar as an exported file."""
    body = (line for kept in calendar_of(manager) for line in _events(kept, manager))
    return lines_of([*_head(manager), *body, "END:VCALENDAR"])


def _head(manager: DemoManager) -> list[str]:
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


def _events(kept: Kept, manager: DemoManager) -> Iterator[str]:
    plan = kept.plan
    if plan.rule is None:
        (only,) = turns(kept, LAST)
        yield from _event(only, manager, [], zoned=False)
        return
    as_ruled = Turn(kept, plan.start.date(), plan.start, plan.end, plan.title, plan.notes, kept.answer,
                    kept.show_as)  # fmt: skip
    yield from _event(as_ruled, manager, _recurrence(plan), zoned=True)
    last = max([LAST, *(change.day for change in plan.changes)])
    for turn in turns(kept, last):
        if turn.changed:
            original = _time("RECURRENCE-ID", at(turn.day, plan.start), all_day=plan.all_day, zoned=True)
            yield from _event(turn, manager, [original], zoned=True)


def _recurrence(plan: Plan) -> list[str]:
    rule = plan.rule or Rule("week")
    parts = [f"FREQ={_UNITS[rule.unit]}"]
    if rule.unit == "week" and rule.every > 1:
        parts.append("WKST=MO")
    if rule.until:
        midnight = datetime.combine(rule.until, time()) + timedelta(days=1)
        parts.append(f"UNTIL={in_utc(midnight - timedelta(seconds=1))}")
    if rule.every > 1:
        parts.append(f"INTERVAL={rule.every}")
    if rule.unit != "year":
        parts.append(f"BYDAY={by_days(rule)}")
    lines = ["RRULE:" + ";".join(parts)]
    return lines + [f"EXDATE;TZID={ZONE}:{local(at(day, plan.start))}" for day in _dropped(plan, rule)]


def _dropped(plan: Plan, rule: Rule) -> list[date]:
    due = set(days_of(rule, plan.start.date(), max(plan.dropped))) if plan.dropped else set()
    return sorted(due & set(plan.dropped))


def _event(turn: Turn, manager: DemoManager, extra: list[str], *, zoned: bool) -> Iterator[str]:
    plan = turn.kept.plan
    yield "BEGIN:VEVENT"
    yield _time("DTSTART", turn.start, all_day=plan.all_day, zoned=zoned)
    yield _time("DTEND", turn.end, all_day=plan.all_day, zoned=zoned)
    yield from (line for line in extra if line.startswith(("RRULE", "EXDATE")))
    yield f"DTSTAMP:{STAMP}"
    if plan.organizer and plan.guests:
        yield f"ORGANIZER;CN={quoted(plan.organizer.name)}:mailto:{plan.organizer.address}"
    yield f"UID:{plan.uid}"
    if plan.organizer and plan.guests:
        yield from (_attendee(guest, turn, manager) for guest in plan.guests)
    yield from (line for line in extra if line.startswith("RECURRENCE-ID"))
    if plan.sensitivity is not Sensitivity.NORMAL:
        yield "CLASS:PRIVATE"
    yield from _rest(turn)
    yield "END:VEVENT"


def _rest(turn: Turn) -> Iterator[str]:
    plan = turn.kept.plan
    made = plan.start - timedelta(days=number(5, 60, plan.uid), minutes=number(0, 600, plan.uid))
    words = description(turn.notes, plan.uid, plan.online)
    yield f"CREATED:{in_utc(made)}"
    if words:
        yield f"DESCRIPTION:{text(words)}"
    yield f"LAST-MODIFIED:{in_utc(made + timedelta(days=2))}"
    yield f"LOCATION:{text(place_of(plan))}"
    yield f"SEQUENCE:{number(0, 2, plan.uid)}"
    yield f"STATUS:{'TENTATIVE' if turn.show_as is ShowAs.TENTATIVE else 'CONFIRMED'}"
    yield f"SUMMARY:{text(turn.title)}"
    yield f"TRANSP:{'TRANSPARENT' if turn.show_as is ShowAs.FREE else 'OPAQUE'}"


def _time(name: str, moment: datetime, *, all_day: bool, zoned: bool) -> str:
    if all_day:
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    return f"{name};TZID={ZONE}:{local(moment)}" if zoned else f"{name}:{in_utc(moment)}"


def _attendee(guest: Guest, turn: Turn, manager: DemoManager) -> str:
    own = guest.person.key == manager.key
    answer = _ANSWERS[turn.answer if own else guest.answer]
    kind = _KINDS.get(guest.person.kind, "INDIVIDUAL")
    role = "OPT-PARTICIPANT" if guest.optional else "REQ-PARTICIPANT"
    head = f"ATTENDEE;CUTYPE={kind};ROLE={role};PARTSTAT={answer}"
    return f"{head};CN={quoted(guest.person.name)};X-NUM-GUESTS=0:{_address(guest.person)}"


def _address(person: Person) -> str:
    return f"mailto:{person.address}" if "@" in person.address else f"invalid:{person.address}"
