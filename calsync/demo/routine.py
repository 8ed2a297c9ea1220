"""What every manager has every week or month, put where the least is in the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from calsync.demo.chance import number, pick
from calsync.demo.council import DAYS, DemoManager, colleague, managers, people, texts
from calsync.demo.days import first_day
from calsync.demo.diary import Booked, Guest, Plan
from calsync.demo.leave import FIRST, LAST
from calsync.demo.naming import uid_of
from calsync.demo.timetable import busy, rule_of
from calsync.model.occurrence import ShowAs

_SINCE = date(2026, 2, 2)
_TIMES = [time(8, 30), *(time(hour, minute) for hour in range(9, 17) for minute in (0, 30))]
_NOON = time(12, 30)


@dataclass(frozen=True, slots=True)
class Habit:
    """One thing that one manager does again and again, with nobody or one colleague."""

    manager: DemoManager
    table: Mapping[str, Any]
    other: str = ""

    @property
    def name(self) -> str:
        """What it is drawn by."""
        return f"{self.table['id']} {self.manager.key} {self.other}"


def routine_plans(booked: Booked) -> list[Plan]:
    """The habits of all twelve, each booked before the next is placed."""
    plans = []
    for table in texts("internal.toml")["routine"]:
        for manager in managers():
            for habit in _habits(manager, table):
                plan = _plan(habit, booked)
                plans.append(plan)
                book(plan, booked)
    return plans


def book(plan: Plan, booked: Booked) -> None:
    """Take the time of everybody whose calendar is read and who is in it."""
    if plan.show_as is ShowAs.FREE or plan.all_day:
        return
    guests = [guest.person.key for guest in plan.guests]
    keys = {plan.owner, plan.organizer.key if plan.organizer else "", *guests} & _keys()
    for start, end in busy(plan, FIRST, LAST):
        for key in keys:
            booked.add(key, start, end)


def _keys() -> set[str]:
    return {manager.key for manager in managers()}


def _habits(manager: DemoManager, table: Mapping[str, Any]) -> Iterator[Habit]:
    if table["who"] == "staff":
        for name in manager.staff:
            yield Habit(manager, table, name)
    elif table["who"] == "line":
        if manager.reports_to:
            yield Habit(manager, table, manager.reports_to)
    elif manager.fte > 0.7 or table["who"] == "all":
        yield Habit(manager, table)


def _plan(habit: Habit, booked: Booked) -> Plan:
    manager, table = habit.manager, habit.table
    own = table["who"] == "own"
    organizer = None if own else people()[manager.reports_to if table["who"] == "line" else manager.key]
    start, weekday = _slot(habit, booked)
    title = pick(table["titles"], habit.name).format(
        name=manager.first_name, staff=habit.other.partition(" ")[0], report=habit.other.title()
    )
    return Plan(
        uid=uid_of(habit.name, organizer, manager.key if own else ""),
        title=title,
        start=start,
        minutes=table["minutes"],
        organizer=organizer,
        guests=() if own else tuple(_guests(habit)),
        owner=manager.key if own else "",
        rule=rule_of(table["every"], DAYS[weekday]),
        show_as=ShowAs(table.get("show", "busy")),
    )


def _guests(habit: Habit) -> Iterator[Guest]:
    if habit.table["who"] == "staff":
        yield Guest(colleague(habit.other))
    elif habit.table["who"] == "line":
        yield Guest(people()[habit.manager.key])
    else:
        yield from (Guest(colleague(name)) for name in habit.manager.staff)


def _slot(habit: Habit, booked: Booked) -> tuple[datetime, int]:
    """The first start, on the weekday and at the time that clash least over the weeks."""
    rule = rule_of(habit.table["every"], "mon")
    since = _SINCE + timedelta(weeks=number(0, rule.every - 1, habit.name))
    times = [_NOON] if habit.table["id"] == "lunch" else _TIMES
    places = [(day, at) for day in habit.manager.working_days for at in times]
    turn = number(0, len(places) - 1, habit.name, "where")
    best = min(places[turn:] + places[:turn], key=lambda place: _clashes(habit, booked, since, *place))
    weekday, clock = best
    day = first_day(rule_of("week", DAYS[weekday]), since)
    return datetime.combine(day, clock), weekday


def _clashes(habit: Habit, booked: Booked, since: date, weekday: int, clock: time) -> int:
    every, minutes = habit.table["every"], habit.table["minutes"]
    day = first_day(rule_of("week", DAYS[weekday]), since)
    plan = Plan("", "", datetime.combine(day, clock), minutes, rule=rule_of(every, DAYS[weekday]))
    keys = {habit.manager.key, habit.other} & _keys()
    spans = busy(plan, FIRST, LAST)
    late = plan.end.time() > time(17)
    return sum(not booked.free(key, *span) for span in spans for key in keys) + 100 * late
