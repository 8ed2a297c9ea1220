"""The whole diary of the council: every plan, and what stands of it in each manager's calendar."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

from calsync.demo.chance import chance
from calsync.demo.council import DemoManager, managers
from calsync.demo.days import days_of
from calsync.demo.diary import Booked, Change, Guest, Kept, Plan, Rule, Turn
from calsync.demo.leave import FIRST, LAST, holiday_plans, leave_plans, on_leave
from calsync.demo.naming import google_uid, uid_of
from calsync.demo.occasions import answered, single_plans
from calsync.demo.routine import book, routine_plans
from calsync.demo.timetable import series_plans, travels
from calsync.demo.unfold import turns
from calsync.model.occurrence import Response, ShowAs

_WAIVED = (Response.TENTATIVE, Response.UNANSWERED)


@cache
def plans() -> tuple[Plan, ...]:
    """Everything that is planned, by anybody."""
    booked = Booked()
    made = series_plans()
    for plan in made:
        book(plan, booked)
    made += leave_plans() + holiday_plans()
    made += routine_plans(booked)
    made += single_plans(booked)
    made += _travel(made)
    return (*made, _never_held())


@cache
def calendar_of(manager: DemoManager) -> tuple[Kept, ...]:
    """What stands in a manager's calendar, by the start of each series, then uid."""
    kept = (_kept(plan, manager) for plan in plans() if _concerns(plan, manager))
    return tuple(sorted(filter(None, kept), key=lambda one: (one.plan.start, one.plan.uid)))


def _concerns(plan: Plan, manager: DemoManager) -> bool:
    return plan.owner == manager.key or answered(plan, manager.key) is not Response.UNRECORDED


def _kept(plan: Plan, manager: DemoManager) -> Kept | None:
    answer = answered(plan, manager.key)
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
    plan = _without_leave(plan, manager, answer)
    plan = plan if outlook else _as_google_knows_it(plan)
    if _never_works_then(plan, manager):
        answer = Response.DECLINED if answer is not Response.ORGANIZER else answer
    return Kept(plan, answer, shown(plan, answer, outlook=outlook))


def shown(plan: Plan, answer: Response, *, outlook: bool) -> ShowAs:
    """How the time is shown in a calendar: Exchange lets the answer speak, Google knows busy and free."""
    if not outlook:
        return ShowAs.BUSY if plan.show_as is ShowAs.OUT_OF_OFFICE else plan.show_as
    if plan.cancelled or answer is Response.DECLINED:
        return ShowAs.FREE
    return ShowAs.TENTATIVE if answer in _WAIVED and plan.show_as is ShowAs.BUSY else plan.show_as


def _never_works_then(plan: Plan, manager: DemoManager) -> bool:
    days = plan.rule.weekdays if plan.rule else ()
    return bool(days) and not set(days) & set(manager.working_days) and max(days) < 5


def _as_google_knows_it(plan: Plan) -> Plan:
    """Whoever calls a meeting is among those invited, and categories are Outlook's own."""
    called = (Guest(plan.organizer),) if plan.organizer and plan.guests else ()
    return replace(plan, guests=(*called, *plan.guests), categories=())


def _without_leave(plan: Plan, manager: DemoManager, answer: Response) -> Plan:
    """Of what falls into the owner's leave some is taken out, some is declined, and some is forgotten."""
    if plan.rule is None or plan.all_day:
        return plan
    known = {*plan.dropped, *(change.day for change in plan.changes)}
    days = [d for d in days_of(plan.rule, plan.start.date(), LAST) if d >= FIRST and d not in known]
    away = [(day, chance(plan.uid, manager.key, day)) for day in days if on_leave(manager.key, day)]
    dropped = [day for day, draw in away if draw < 0.6]
    asked = answer not in (Response.ORGANIZER, Response.UNRECORDED)
    declined = [Change(d, answer=Response.DECLINED) for d, draw in away if 0.6 <= draw < 0.8 and asked]
    return replace(
        plan,
        dropped=tuple(sorted({*plan.dropped, *dropped})),
        changes=tuple(sorted((*plan.changes, *declined), key=lambda change: change.day)),
    )


def _travel(made: list[Plan]) -> list[Plan]:
    """Travel there and back, beside the meetings that are elsewhere."""
    lengths = travels()
    return [
        trip
        for plan in made
        if plan.uid in lengths
        for manager in managers()
        if answered(plan, manager.key) is Response.ACCEPTED
        for turn in _attended(plan, manager)
        for trip in _trips(turn, lengths[plan.uid], manager)
    ]


def _attended(plan: Plan, manager: DemoManager) -> Iterator[Turn]:
    kept = _kept(plan, manager)
    for turn in turns(kept, LAST) if kept else ():
        past = turn.day >= FIRST and not turn.cancelled and turn.answer is Response.ACCEPTED
        if (
            past
            and not on_leave(manager.key, turn.day)
            and chance(plan.uid, manager.key, turn.day, "trip") < 0.8
        ):
            yield turn


def _trips(turn: Turn, minutes: int, manager: DemoManager) -> Iterator[Plan]:
    there = turn.kept.plan.place.partition(",")[2].strip() or turn.kept.plan.place
    welsh = manager.language != "en"
    length = timedelta(minutes=minutes)
    yield _trip(
        f"Teithio i {there}" if welsh else f"Travel to {there}", turn.start - length, minutes, manager
    )
    if chance(turn.kept.plan.uid, manager.key, turn.day, "back") < 0.6:
        yield _trip("Teithio yn ôl" if welsh else "Travel back", turn.end, minutes, manager)


def _trip(title: str, start: datetime, minutes: int, manager: DemoManager) -> Plan:
    uid = uid_of(f"trip {manager.key} {start}", None, manager.key)
    return Plan(uid, title, start, minutes, owner=manager.key)


def _never_held() -> Plan:
    """What Google leaves behind when the first meeting of a series is edited with "this and following"."""
    start = datetime(2026, 9, 8, 10, 0)  # noqa: DTZ001 - a clock time, like all in the diary
    rule = Rule("week", 1, (1,), until=date(2026, 9, 7))
    return Plan(google_uid("never held"), "CCTV upgrade catch up", start, 30, owner="mari", rule=rule)
