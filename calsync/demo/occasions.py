"""Single meetings, on given days or on drawn ones, from `occasions.toml`."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import chain
from typing import Any

from calsync.demo.council import DemoManager, council_managers, council_people, load_toml
from calsync.demo.diary import BookedTimes, Plan, PlanRule
from calsync.demo.draws import draw_choice, draw_fraction, draw_integer
from calsync.demo.leave import BANK_HOLIDAYS, FIRST_DAY, LAST_DAY, is_on_leave
from calsync.demo.routine import book_times
from calsync.demo.timetable import build_guests, find_person
from calsync.demo.uids import make_uid
from calsync.model.occurrence import Response, Sensitivity, ShowAs

_PARTNER_KEYS = ("idris", "meinir", "tomos", "gareth", "emyr", "catrin", "steffan", "betsan", "geraint")
_MAX_DRAWS = 14


def single_plans(booked: BookedTimes) -> list[Plan]:
    """The plans of all single meetings; those on given days come first, so that the others avoid them."""
    tables = load_toml("occasions.toml")["single"]
    plans = [_fixed_plan(table) for table in tables if "day" in table]
    for plan in plans:
        book_times(plan, booked)
    for table in (table for table in tables if "day" not in table):
        for manager in _managers_of(table):
            for number in range(table["times"]):
                plan = _drawn_plan(table, manager, number, booked)
                book_times(plan, booked)
                plans.append(plan)
    return plans


def _managers_of(table: Mapping[str, Any]) -> Iterator[DemoManager]:
    keys = table["for"].split()
    return (manager for manager in council_managers() if "all" in keys or manager.key in keys)


def _fixed_plan(table: Mapping[str, Any]) -> Plan:
    clock = time.fromisoformat(table.get("at", "00:00"))
    invited = f"{table.get('with', '')} {table.get('for', '')}"
    return _build_plan(table, table["id"], datetime.combine(table["day"], clock), table["by"], invited)


def _drawn_plan(table: Mapping[str, Any], manager: DemoManager, number: int, booked: BookedTimes) -> Plan:
    name = f"{table['id']} {manager.key} {number}"
    organizer = table.get("by", "")
    organizer = manager.key if organizer == "self" else organizer
    staff = draw_choice(manager.staff, name, "staff")
    partner = draw_choice(_PARTNER_KEYS, name, "partner")
    invited = table.get("with", "").format(staff=staff.replace(" ", "_"), partner=partner)
    if organizer and organizer != manager.key:
        invited = f"{manager.key} {invited}"
    names = {"staff": staff.partition(" ")[0], "partner": council_people()[partner].name.partition(" ")[0]}
    start = _find_free_start(table, name, manager, booked)
    return _build_plan(table, name, start, organizer, invited, owner=manager.key, title_names=names)


def _build_plan(
    table: Mapping[str, Any],
    name: str,
    start: datetime,
    organizer_key: str,
    invited: str,
    *,
    owner: str = "",
    title_names: Mapping[str, str] | None = None,
) -> Plan:
    organizer = find_person(organizer_key) if organizer_key else None
    titles = table.get("titles") or [table["title"]]
    answer = {owner: table["answer"]} if "answer" in table else {}
    uid = make_uid(name, organizer, "" if organizer else owner)
    return Plan(
        uid=uid,
        title=draw_choice(titles, name).format(**(title_names or {})),
        start=start,
        minutes=table["days"] * 24 * 60 if "days" in table else table["minutes"],
        organizer=organizer,
        guests=build_guests({"answers": {**table.get("answers", {}), **answer}}, invited, name),
        owner="" if organizer else owner,
        all_day="days" in table,
        rule=PlanRule("year") if table.get("yearly") else None,
        notes=table.get("notes", ""),
        place=table.get("place", ""),
        online=("meet" if uid.endswith("@google.com") else "teams") if table.get("online") else "",
        show_as=ShowAs(table.get("show", "busy")),
        sensitivity=Sensitivity.PRIVATE if table.get("private") else Sensitivity.NORMAL,
        categories=tuple(table.get("categories", ())),
        cancelled=table.get("cancelled", False),
    )


def _find_free_start(
    table: Mapping[str, Any], name: str, manager: DemoManager, booked: BookedTimes
) -> datetime:
    """A drawn time at which the manager is free; for some meetings one at which they may be busy."""
    length = timedelta(minutes=table.get("minutes", 0))
    starts = (_draw_start(name, number, manager, length, "days" in table) for number in range(_MAX_DRAWS))
    first = next(starts)
    if draw_fraction(name, "double") < 0.08:
        return first
    return next(
        (start for start in chain((first,), starts) if booked.is_free(manager.key, start, start + length)),
        first,
    )


def _draw_start(name: str, number: int, manager: DemoManager, length: timedelta, all_day: bool) -> datetime:
    day = draw_choice(_workdays(manager), name, number, "day")
    if all_day:
        return datetime.combine(day, time())
    # In quarters of an hour: from 08:30, so that the meeting ends by 17:00, mostly on the half hour.
    latest = 17 * 4 - int(length.total_seconds() // 900)
    quarter = draw_integer(34, max(34, latest), name, number, "clock")
    quarter -= quarter % 2 if draw_fraction(name, number, "even") < 0.8 else 0
    return datetime.combine(day, time(quarter // 4, quarter % 4 * 15))


@cache
def _workdays(manager: DemoManager) -> tuple[date, ...]:
    """The days from FIRST_DAY to LAST_DAY on which the manager works and is not on leave."""
    days = (FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1))
    return tuple(
        day
        for day in days
        if day.weekday() in manager.working_days
        and day not in BANK_HOLIDAYS
        and not is_on_leave(manager.key, day)
    )


def response_of(plan: Plan, key: str) -> Response:
    """A person's answer; UNRECORDED for own entries, and for people who are not invited."""
    if plan.organizer and plan.organizer.key == key:
        return Response.ORGANIZER
    answers = [guest.answer for guest in plan.guests if guest.person.key == key]
    return answers[0] if answers else Response.UNRECORDED
