"""The whole diary of the council: every plan, and what stands of it in each manager's calendar."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

from calsync.demo.council import DemoManager, council_managers
from calsync.demo.diary import (
    BookedTimes,
    CalendarEntry,
    Guest,
    OccurrenceChange,
    Plan,
    PlannedOccurrence,
    PlanRule,
)
from calsync.demo.draws import draw_fraction
from calsync.demo.expand import expand_entry
from calsync.demo.leave import FIRST_DAY, LAST_DAY, holiday_plans, is_on_leave, leave_plans
from calsync.demo.occasions import response_of, single_plans
from calsync.demo.routine import book_times, routine_plans
from calsync.demo.rule_days import rule_days
from calsync.demo.timetable import series_plans, travel_minutes
from calsync.demo.uids import google_uid, make_uid
from calsync.model.occurrence import Response, ShowAs

_UNCONFIRMED_RESPONSES = (Response.TENTATIVE, Response.UNANSWERED)


@cache
def all_plans() -> tuple[Plan, ...]:
    """Everything that is planned, by anybody."""
    booked = BookedTimes()
    made = series_plans()
    for plan in made:
        book_times(plan, booked)
    made += leave_plans() + holiday_plans()
    made += routine_plans(booked)
    made += single_plans(booked)
    made += _travel_plans(made)
    return (*made, _empty_series())


@cache
def calendar_entries(manager: DemoManager) -> tuple[CalendarEntry, ...]:
    """What stands in a manager's calendar, by the start of each series, then uid."""
    kept = (_calendar_entry(plan, manager) for plan in all_plans() if _is_in_calendar(plan, manager))
    return tuple(sorted(filter(None, kept), key=lambda one: (one.plan.start, one.plan.uid)))


def _is_in_calendar(plan: Plan, manager: DemoManager) -> bool:
    return plan.owner == manager.key or response_of(plan, manager.key) is not Response.UNRECORDED


def _calendar_entry(plan: Plan, manager: DemoManager) -> CalendarEntry | None:
    answer = response_of(plan, manager.key)
    outlook = manager.calendar == "outlook"
    visible = outlook and answer is not Response.ORGANIZER
    if plan.cancelled and not visible:
        return None  # whoever calls a meeting off no longer has it; Google takes it from everybody
    if plan.rule and not visible:
        gone = {change.day for change in plan.changes if change.cancelled}
        plan = replace(
            plan,
            changes=tuple(change for change in plan.changes if change.day not in gone),
            dropped=tuple(sorted({*plan.dropped, *gone})),
        )
    plan = _apply_leave(plan, manager, answer)
    plan = plan if outlook else _adapt_to_google(plan)
    if _is_outside_working_days(plan, manager):
        answer = Response.DECLINED if answer is not Response.ORGANIZER else answer
    return CalendarEntry(plan, answer, displayed_show_as(plan, answer, outlook=outlook))


def displayed_show_as(plan: Plan, answer: Response, *, outlook: bool) -> ShowAs:
    """How the time is shown in a calendar: Exchange lets the answer speak, Google knows busy and free."""
    if not outlook:
        return ShowAs.BUSY if plan.show_as is ShowAs.OUT_OF_OFFICE else plan.show_as
    if plan.cancelled or answer is Response.DECLINED:
        return ShowAs.FREE
    return (
        ShowAs.TENTATIVE if answer in _UNCONFIRMED_RESPONSES and plan.show_as is ShowAs.BUSY else plan.show_as
    )


def _is_outside_working_days(plan: Plan, manager: DemoManager) -> bool:
    days = plan.rule.weekdays if plan.rule else ()
    return bool(days) and not set(days) & set(manager.working_days) and max(days) < 5


def _adapt_to_google(plan: Plan) -> Plan:
    """Whoever calls a meeting is among those invited, and categories are Outlook's own."""
    called = (Guest(plan.organizer),) if plan.organizer and plan.guests else ()
    return replace(plan, guests=(*called, *plan.guests), categories=())


def _apply_leave(plan: Plan, manager: DemoManager, answer: Response) -> Plan:
    """Of what falls into the owner's leave some is taken out, some is declined, and some is forgotten."""
    if plan.rule is None or plan.all_day:
        return plan
    known = {*plan.dropped, *(change.day for change in plan.changes)}
    days = [d for d in rule_days(plan.rule, plan.start.date(), LAST_DAY) if d >= FIRST_DAY and d not in known]
    away = [(day, draw_fraction(plan.uid, manager.key, day)) for day in days if is_on_leave(manager.key, day)]
    dropped = [day for day, draw in away if draw < 0.6]
    is_invited = answer not in (Response.ORGANIZER, Response.UNRECORDED)
    declined = [
        OccurrenceChange(d, answer=Response.DECLINED) for d, draw in away if 0.6 <= draw < 0.8 and is_invited
    ]
    return replace(
        plan,
        dropped=tuple(sorted({*plan.dropped, *dropped})),
        changes=tuple(sorted((*plan.changes, *declined), key=lambda change: change.day)),
    )


def _travel_plans(made: list[Plan]) -> list[Plan]:
    """Travel there and back, beside the meetings that are elsewhere."""
    lengths = travel_minutes()
    return [
        trip
        for plan in made
        if plan.uid in lengths
        for manager in council_managers()
        if response_of(plan, manager.key) is Response.ACCEPTED
        for turn in _attended_occurrences(plan, manager)
        for trip in _trips_of(turn, lengths[plan.uid], manager)
    ]


def _attended_occurrences(plan: Plan, manager: DemoManager) -> Iterator[PlannedOccurrence]:
    kept = _calendar_entry(plan, manager)
    for turn in expand_entry(kept, LAST_DAY) if kept else ():
        past = turn.day >= FIRST_DAY and not turn.cancelled and turn.answer is Response.ACCEPTED
        if (
            past
            and not is_on_leave(manager.key, turn.day)
            and draw_fraction(plan.uid, manager.key, turn.day, "trip") < 0.8
        ):
            yield turn


def _trips_of(turn: PlannedOccurrence, minutes: int, manager: DemoManager) -> Iterator[Plan]:
    there = turn.entry.plan.place.partition(",")[2].strip() or turn.entry.plan.place
    welsh = manager.language != "en"
    length = timedelta(minutes=minutes)
    yield _trip(
        f"Teithio i {there}" if welsh else f"Travel to {there}", turn.start - length, minutes, manager
    )
    if draw_fraction(turn.entry.plan.uid, manager.key, turn.day, "back") < 0.6:
        yield _trip("Teithio yn ôl" if welsh else "Travel back", turn.end, minutes, manager)


def _trip(title: str, start: datetime, minutes: int, manager: DemoManager) -> Plan:
    uid = make_uid(f"trip {manager.key} {start}", None, manager.key)
    return Plan(uid, title, start, minutes, owner=manager.key)


def _empty_series() -> Plan:
    """What Google leaves behind when the first meeting of a series is edited with "this and following"."""
    start = datetime(2026, 9, 8, 10, 0)  # noqa: DTZ001 - a clock time, like all in the diary
    rule = PlanRule("week", 1, (1,), until=date(2026, 9, 7))
    return Plan(google_uid("never held"), "CCTV upgrade catch up", start, 30, owner="mari", rule=rule)
