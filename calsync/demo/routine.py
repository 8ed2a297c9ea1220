"""The weekly and monthly meetings of every manager, at times with the fewest overlaps."""

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
    """A recurring meeting or entry of one manager, from `internal.toml`; other: the other person, or ""."""

    manager: DemoManager
    table: Mapping[str, Any]
    other: str = ""

    @property
    def name(self) -> str:
        """The name that determines its choices (`draws`)."""
        return f"{self.table['id']} {self.manager.key} {self.other}"


def routine_plans(booked: BookedTimes) -> list[Plan]:
    """The plans of all routine meetings; the time of each is booked before the next one is planned."""
    plans = []
    for table in load_toml("internal.toml")["routine"]:
        for manager in council_managers():
            for routine in _routine_meetings(manager, table):
                plan = _build_plan(routine, booked)
                plans.append(plan)
                book_times(plan, booked)
    return plans


def book_times(plan: Plan, booked: BookedTimes) -> None:
    """Book the times of a plan for all managers who take part."""
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


def _build_plan(routine: RoutineMeeting, booked: BookedTimes) -> Plan:
    manager, table = routine.manager, routine.table
    own = table["who"] == "own"
    organizer = (
        None if own else council_people()[manager.reports_to if table["who"] == "line" else manager.key]
    )
    start, weekday = _find_slot(routine, booked)
    title = draw_choice(table["titles"], routine.name).format(
        name=manager.first_name, staff=routine.other.partition(" ")[0], report=routine.other.title()
    )
    return Plan(
        uid=make_uid(routine.name, organizer, manager.key if own else ""),
        title=title,
        start=start,
        minutes=table["minutes"],
        organizer=organizer,
        guests=() if own else tuple(_build_guests(routine)),
        owner=manager.key if own else "",
        rule=parse_rule(table["every"], WEEKDAY_NAMES[weekday]),
        show_as=ShowAs(table.get("show", "busy")),
    )


def _build_guests(routine: RoutineMeeting) -> Iterator[Guest]:
    if routine.table["who"] == "staff":
        yield Guest(staff_member(routine.other))
    elif routine.table["who"] == "line":
        yield Guest(council_people()[routine.manager.key])
    else:
        yield from (Guest(staff_member(name)) for name in routine.manager.staff)


def _find_slot(routine: RoutineMeeting, booked: BookedTimes) -> tuple[datetime, int]:
    """The first start and the weekday, at the time with the fewest overlaps over all weeks."""
    rule = parse_rule(routine.table["every"], "mon")
    since = _EARLIEST_START + timedelta(weeks=draw_integer(0, rule.every - 1, routine.name))
    times = [_NOON] if routine.table["id"] == "lunch" else _START_TIMES
    slots = [(day, clock) for day in routine.manager.working_days for clock in times]
    # The first slot is drawn, so that not everybody gets the earliest one of those with equal overlaps.
    first = draw_integer(0, len(slots) - 1, routine.name, "where")
    weekday, clock = min(
        slots[first:] + slots[:first], key=lambda slot: _count_clashes(routine, booked, since, *slot)
    )
    day = first_rule_day(parse_rule("week", WEEKDAY_NAMES[weekday]), since)
    return datetime.combine(day, clock), weekday


def _count_clashes(
    routine: RoutineMeeting, booked: BookedTimes, since: date, weekday: int, clock: time
) -> int:
    every, minutes = routine.table["every"], routine.table["minutes"]
    day = first_rule_day(parse_rule("week", WEEKDAY_NAMES[weekday]), since)
    plan = Plan("", "", datetime.combine(day, clock), minutes, rule=parse_rule(every, WEEKDAY_NAMES[weekday]))
    keys = {routine.manager.key, routine.other} & _manager_keys()
    spans = busy_times(plan, FIRST_DAY, LAST_DAY)
    late = plan.end.time() > time(17)
    return sum(not booked.is_free(key, *span) for span in spans for key in keys) + 100 * late
