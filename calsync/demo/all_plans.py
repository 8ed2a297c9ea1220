"""All meetings of the council, and the entries of each manager's calendar."""

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
    """The plans of all series and single meetings."""
    booked = BookedTimes()
    plans = series_plans()
    for plan in plans:
        book_times(plan, booked)
    plans += leave_plans() + holiday_plans()
    plans += routine_plans(booked)
    plans += single_plans(booked)
    plans += _travel_plans(plans)
    return (*plans, _empty_series())


@cache
def calendar_entries(manager: DemoManager) -> tuple[CalendarEntry, ...]:
    """The entries of a manager's calendar, by the start of each series, then uid."""
    entries = (
        _calendar_entry(plan, manager)
        for plan in all_plans()
        if plan.owner == manager.key or response_of(plan, manager.key) is not Response.UNRECORDED
    )
    return tuple(sorted(filter(None, entries), key=lambda entry: (entry.plan.start, entry.plan.uid)))


def _calendar_entry(plan: Plan, manager: DemoManager) -> CalendarEntry | None:
    answer = response_of(plan, manager.key)
    outlook = manager.calendar == "outlook"
    # A cancelled meeting stays only in the Outlook calendars of those invited: the organizer's copy is
    # deleted, and Google deletes it from all calendars.
    shows_cancelled = outlook and answer is not Response.ORGANIZER
    if plan.cancelled and not shows_cancelled:
        return None
    if plan.rule and not shows_cancelled:
        cancelled_days = {change.day for change in plan.changes if change.cancelled}
        plan = replace(
            plan,
            changes=tuple(change for change in plan.changes if change.day not in cancelled_days),
            dropped=tuple(sorted({*plan.dropped, *cancelled_days})),
        )
    plan = _apply_leave(plan, manager, answer)
    plan = plan if outlook else _adapt_to_google(plan)
    if _is_outside_working_days(plan, manager):
        answer = Response.DECLINED if answer is not Response.ORGANIZER else answer
    return CalendarEntry(plan, answer, displayed_show_as(plan, answer, outlook=outlook))


def displayed_show_as(plan: Plan, answer: Response, *, outlook: bool) -> ShowAs:
    """How the time is shown in a calendar: Exchange uses the answer, Google has only busy and free."""
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
    """The plan as in Google, where the organizer is a guest as well, and which has no categories."""
    organizer = (Guest(plan.organizer),) if plan.organizer and plan.guests else ()
    return replace(plan, guests=(*organizer, *plan.guests), categories=())


def _apply_leave(plan: Plan, manager: DemoManager, answer: Response) -> Plan:
    """The plan with most occurrences during the owner's leave dropped or declined, and some forgotten."""
    if plan.rule is None or plan.all_day:
        return plan
    changed = {*plan.dropped, *(change.day for change in plan.changes)}
    days = [
        day
        for day in rule_days(plan.rule, plan.start.date(), LAST_DAY)
        if day >= FIRST_DAY and day not in changed
    ]
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


def _travel_plans(plans: list[Plan]) -> list[Plan]:
    """The travel to meetings outside the council, and back."""
    minutes_by_uid = travel_minutes()
    return [
        trip
        for plan in plans
        if plan.uid in minutes_by_uid
        for manager in council_managers()
        if response_of(plan, manager.key) is Response.ACCEPTED
        for occurrence in _attended_occurrences(plan, manager)
        for trip in _trips_for(occurrence, minutes_by_uid[plan.uid], manager)
    ]


def _attended_occurrences(plan: Plan, manager: DemoManager) -> Iterator[PlannedOccurrence]:
    entry = _calendar_entry(plan, manager)
    for occurrence in expand_entry(entry, LAST_DAY) if entry else ():
        if (
            occurrence.day >= FIRST_DAY
            and not occurrence.cancelled
            and occurrence.answer is Response.ACCEPTED
            and not is_on_leave(manager.key, occurrence.day)
            and draw_fraction(plan.uid, manager.key, occurrence.day, "trip") < 0.8
        ):
            yield occurrence


def _trips_for(occurrence: PlannedOccurrence, minutes: int, manager: DemoManager) -> Iterator[Plan]:
    plan = occurrence.entry.plan
    town = plan.place.partition(",")[2].strip() or plan.place
    welsh = manager.language != "en"
    start = occurrence.start - timedelta(minutes=minutes)
    yield _trip(f"Teithio i {town}" if welsh else f"Travel to {town}", start, minutes, manager)
    if draw_fraction(plan.uid, manager.key, occurrence.day, "back") < 0.6:
        yield _trip("Teithio yn ôl" if welsh else "Travel back", occurrence.end, minutes, manager)


def _trip(title: str, start: datetime, minutes: int, manager: DemoManager) -> Plan:
    uid = make_uid(f"trip {manager.key} {start}", None, manager.key)
    return Plan(uid, title, start, minutes, owner=manager.key)


def _empty_series() -> Plan:
    """The empty series that Google leaves when a series is edited with "this and following" at its start."""
    start = datetime(2026, 9, 8, 10, 0)  # noqa: DTZ001 - a naive local time, like all in the diary
    rule = PlanRule("week", 1, (1,), until=date(2026, 9, 7))
    return Plan(google_uid("never held"), "CCTV upgrade catch up", start, 30, owner="mari", rule=rule)
