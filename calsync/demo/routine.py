"""What every manager has every week or month, put where the least is in the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from calsync.demo.council import (
    WEEKDAY_NAMES,
    DemoManager,
    council_managers,
    council_people,
    load_toml,
    staff_member,
)
from calsync.demo.diary import BookedTimes, Guest, Plan
from calsync.demo.draws import draw_choice, draw_integer
from calsync.demo.leave import FIRST_DAY, LAST_DAY
from calsync.demo.rule_days import first_rule_day
from calsync.demo.timetable import busy_times, parse_rule
from calsync.demo.uids import make_uid
from calsync.model.occurrence import ShowAs

_EARLIEST_START = date(2026, 2, 2)
_START_TIMES = [time(8, 30), *(time(hour, minute) for hour in range(9, 17) for minute in (0, 30))]
_NOON = time(12, 30)


@dataclass(frozen=True, slots=True)
class RoutineMeeting:
    """One thing that one manager does again and again, with nobody or one colleague."""

    manager: DemoManager
    table: Mapping[str, Any]
    other: str = ""

    @property
    def name(self) -> str:
        """What it is drawn by."""
        return f"{self.table['id']} {self.manager.key} {self.other}"


def routine_plans(booked: BookedTimes) -> list[Plan]:
    """The habits of all twelve, each booked before the next is placed."""
    plans = []
    for table in load_toml("internal.toml")["routine"]:
        for manager in council_managers():
            for habit in _routine_meetings(manager, table):
                plan = _build_plan(habit, booked)
                plans.append(plan)
                book_times(plan, booked)
    return plans


def book_times(plan: Plan, booked: BookedTimes) -> None:
    """Take the time of everybody whose calendar is read and who is in it."""
    if plan.show_as is ShowAs.FREE or plan.all_day:
        return
    guests = [guest.person.key for guest in plan.guests]
    keys = {plan.owner, plan.organizer.key if plan.organizer else "", *guests} & _manager_keys()
    for start, end in busy_times(plan, FIRST_DAY, LAST_DAY):
        for key in keys:
            booked.add(key, start, end)


def _manager_keys() -> set[str]:
    return {manager.key for manager in council_managers()}


def _routine_meetings(manager: DemoManager, table: Mapping[str, Any]) -> Iterator[RoutineMeeting]:
    if table["who"] == "staff":
        for name in manager.staff:
            yield RoutineMeeting(manager, table, name)
    elif table["who"] == "line":
        if manager.reports_to:
            yield RoutineMeeting(manager, table, manager.reports_to)
    elif manager.fte > 0.7 or table["who"] == "all":
        yield RoutineMeeting(manager, table)


def _build_plan(habit: RoutineMeeting, booked: BookedTimes) -> Plan:
    manager, table = habit.manager, habit.table
    own = table["who"] == "own"
    organizer = (
        None if own else council_people()[manager.reports_to if table["who"] == "line" else manager.key]
    )
    start, weekday = _find_slot(habit, booked)
    title = draw_choice(table["titles"], habit.name).format(
        name=manager.first_name, staff=habit.other.partition(" ")[0], report=habit.other.title()
    )
    return Plan(
        uid=make_uid(habit.name, organizer, manager.key if own else ""),
        title=title,
        start=start,
        minutes=table["minutes"],
        organizer=organizer,
        guests=() if own else tuple(_build_guests(habit)),
        owner=manager.key if own else "",
        rule=parse_rule(table["every"], WEEKDAY_NAMES[weekday]),
        show_as=ShowAs(table.get("show", "busy")),
    )


def _build_guests(habit: RoutineMeeting) -> Iterator[Guest]:
    if habit.table["who"] == "staff":
        yield Guest(staff_member(habit.other))
    elif habit.table["who"] == "line":
        yield Guest(council_people()[habit.manager.key])
    else:
        yield from (Guest(staff_member(name)) for name in habit.manager.staff)


def _find_slot(habit: RoutineMeeting, booked: BookedTimes) -> tuple[datetime, int]:
    """The first start, on the weekday and at the time that clash least over the weeks."""
    rule = parse_rule(habit.table["every"], "mon")
    since = _EARLIEST_START + timedelta(weeks=draw_integer(0, rule.every - 1, habit.name))
    times = [_NOON] if habit.table["id"] == "lunch" else _START_TIMES
    places = [(day, at) for day in habit.manager.working_days for at in times]
    turn = draw_integer(0, len(places) - 1, habit.name, "where")
    best = min(places[turn:] + places[:turn], key=lambda place: _count_clashes(habit, booked, since, *place))
    weekday, clock = best
    day = first_rule_day(parse_rule("week", WEEKDAY_NAMES[weekday]), since)
    return datetime.combine(day, clock), weekday


def _count_clashes(habit: RoutineMeeting, booked: BookedTimes, since: date, weekday: int, clock: time) -> int:
    every, minutes = habit.table["every"], habit.table["minutes"]
    day = first_rule_day(parse_rule("week", WEEKDAY_NAMES[weekday]), since)
    plan = Plan("", "", datetime.combine(day, clock), minutes, rule=parse_rule(every, WEEKDAY_NAMES[weekday]))
    keys = {habit.manager.key, habit.other} & _manager_keys()
    spans = busy_times(plan, FIRST_DAY, LAST_DAY)
    late = plan.end.time() > time(17)
    return sum(not booked.is_free(key, *span) for span in spans for key in keys) + 100 * late
