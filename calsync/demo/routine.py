"""Plans the routine meetings of all managers in the demo, each at the time with the fewest overlaps.

They are defined by `[[routine]]` in `internal.toml`: one-to-ones, team meetings, supervision, lunch. Choices
are derived from names (`draws`), so that every run of the demo is the same.
"""

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
from calsync.demo.timetable import busy_times, parse_plan_rule
from calsync.demo.uids import make_uid
from calsync.model.occurrence import ShowAs

_EARLIEST_START = date(2026, 2, 2)
_START_TIMES = [time(8, 30), *(time(hour, minute) for hour in range(9, 17) for minute in (0, 30))]
_LUNCH_START = time(12, 30)
_END_OF_DAY = time(17)
_LATE_PENALTY = 100
"""A meeting that ends after the end of the day is as bad as this many overlaps."""
_MAX_FTE_WITHOUT_OWN_ENTRIES = 0.7
"""Managers who work no more than this have no entries of their own (`who = "own"`), such as lunch."""


@dataclass(frozen=True, slots=True)
class RoutineMeeting:
    """A recurring meeting of one manager, or an entry that only the manager sees.

    Attributes:
        definition: Its table in `internal.toml`.
        other_person: With whom a one-to-one is: the name of one of the staff, or the key of the manager to
            whom this one reports; "" for other meetings.
    """

    manager: DemoManager
    definition: Mapping[str, Any]
    other_person: str = ""

    @property
    def draw_key(self) -> str:
        """The name from which its choices are derived (`draws`)."""
        return f"{self.definition['id']} {self.manager.key} {self.other_person}"


def routine_plans(booked: BookedTimes) -> list[Plan]:
    """Plan all routine meetings; the time of each is booked before the next one is planned.

    Args:
        booked: The times that managers have booked so far; those of the plans are added.
    """
    plans = []
    for definition in load_toml("internal.toml")["routine"]:
        for manager in council_managers():
            for routine in _routine_meetings(manager, definition):
                plan = _build_plan(routine, booked)
                plans.append(plan)
                book_times(plan, booked)
    return plans


def book_times(plan: Plan, booked: BookedTimes) -> None:
    """Book the times of a plan for all managers who take part; free and all-day entries take no time."""
    if plan.show_as is ShowAs.FREE or plan.all_day:
        return
    guests = [guest.person.key for guest in plan.guests]
    participants = {plan.owner, plan.organizer.key if plan.organizer else "", *guests} & _manager_keys()
    for start, end in busy_times(plan, FIRST_DAY, LAST_DAY):
        for key in participants:
            booked.add(key, start, end)


def _manager_keys() -> set[str]:
    return {manager.key for manager in council_managers()}


def _routine_meetings(manager: DemoManager, definition: Mapping[str, Any]) -> Iterator[RoutineMeeting]:
    """Yield the meetings of one definition; `who` is explained in `internal.toml`."""
    if definition["who"] == "staff":
        for name in manager.staff:
            yield RoutineMeeting(manager, definition, name)
    elif definition["who"] == "line":
        if manager.reports_to:
            yield RoutineMeeting(manager, definition, manager.reports_to)
    elif definition["who"] == "all" or manager.fte > _MAX_FTE_WITHOUT_OWN_ENTRIES:
        yield RoutineMeeting(manager, definition)


def _build_plan(routine: RoutineMeeting, booked: BookedTimes) -> Plan:
    manager, definition = routine.manager, routine.definition
    is_own_entry = definition["who"] == "own"
    organizer = (
        None
        if is_own_entry
        else council_people()[manager.reports_to if definition["who"] == "line" else manager.key]
    )
    start, weekday = _find_slot(routine, booked)
    title = draw_choice(definition["titles"], routine.draw_key).format(
        name=manager.first_name,
        staff=routine.other_person.partition(" ")[0],
        report=routine.other_person.title(),
    )
    return Plan(
        uid=make_uid(routine.draw_key, organizer, manager.key if is_own_entry else ""),
        title=title,
        start=start,
        minutes=definition["minutes"],
        organizer=organizer,
        guests=() if is_own_entry else tuple(_build_guests(routine)),
        owner=manager.key if is_own_entry else "",
        rule=parse_plan_rule(definition["every"], WEEKDAY_NAMES[weekday]),
        show_as=ShowAs(definition.get("show", "busy")),
    )


def _build_guests(routine: RoutineMeeting) -> Iterator[Guest]:
    if routine.definition["who"] == "staff":
        yield Guest(staff_member(routine.other_person))
    elif routine.definition["who"] == "line":
        yield Guest(council_people()[routine.manager.key])
    else:
        yield from (Guest(staff_member(name)) for name in routine.manager.staff)


def _find_slot(routine: RoutineMeeting, booked: BookedTimes) -> tuple[datetime, int]:
    """Return the first start and the weekday (Monday is 0) of the slot with the fewest overlaps."""
    rule = parse_plan_rule(routine.definition["every"], "mon")
    earliest_day = _EARLIEST_START + timedelta(weeks=draw_integer(0, rule.every - 1, routine.draw_key))
    times = [_LUNCH_START] if routine.definition["id"] == "lunch" else _START_TIMES
    slots = [(weekday, start_time) for weekday in routine.manager.working_days for start_time in times]
    # `min` returns the first of equal slots. The search begins at a drawn slot, so that not every manager
    # gets the earliest one.
    first = draw_integer(0, len(slots) - 1, routine.draw_key, "where")
    weekday, start_time = min(
        slots[first:] + slots[:first],
        key=lambda slot: _slot_penalty(routine, booked, _first_start(earliest_day, *slot)),
    )
    return _first_start(earliest_day, weekday, start_time), weekday


def _first_start(earliest_day: date, weekday: int, start_time: time) -> datetime:
    """Return the start on the first such weekday on or after a day."""
    day = first_rule_day(parse_plan_rule("week", WEEKDAY_NAMES[weekday]), earliest_day)
    return datetime.combine(day, start_time)


def _slot_penalty(routine: RoutineMeeting, booked: BookedTimes, first_start: datetime) -> int:
    """Return the number of overlaps with booked times, more if the meeting ends late."""
    rule = parse_plan_rule(routine.definition["every"], WEEKDAY_NAMES[first_start.weekday()])
    plan = Plan("", "", first_start, routine.definition["minutes"], rule=rule)
    participants = {routine.manager.key, routine.other_person} & _manager_keys()
    spans = busy_times(plan, FIRST_DAY, LAST_DAY)
    overlaps = sum(not booked.is_free(key, *span) for span in spans for key in participants)
    return overlaps + (_LATE_PENALTY if plan.end.time() > _END_OF_DAY else 0)
