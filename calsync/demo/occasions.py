"""What happens once, on given days or on drawn ones, from `occasions.toml`."""

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
    """All of them, those on given days first, so that the drawn ones find their places around them."""
    tables = load_toml("occasions.toml")["single"]
    plans = [_fixed_plan(table) for table in tables if "day" in table]
    for plan in plans:
        book_times(plan, booked)
    for table in (table for table in tables if "day" not in table):
        for manager in _managers_of(table):
            for turn in range(table["times"]):
                plan = _drawn_plan(table, manager, turn, booked)
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


def _drawn_plan(table: Mapping[str, Any], manager: DemoManager, turn: int, booked: BookedTimes) -> Plan:
    name = f"{table['id']} {manager.key} {turn}"
    caller = table.get("by", "")
    caller = manager.key if caller == "self" else caller
    staff = draw_choice(manager.staff, name, "staff")
    partner = draw_choice(_PARTNER_KEYS, name, "partner")
    invited = table.get("with", "").format(staff=staff.replace(" ", "_"), partner=partner)
    if caller and caller != manager.key:
        invited = f"{manager.key} {invited}"
    words = {"staff": staff.partition(" ")[0], "partner": council_people()[partner].name.partition(" ")[0]}
    start = _find_free_start(table, name, manager, booked)
    return _build_plan(table, name, start, caller, invited, owner=manager.key, words=words)


def _build_plan(
    table: Mapping[str, Any],
    name: str,
    start: datetime,
    caller: str,
    invited: str,
    *,
    owner: str = "",
    words: Mapping[str, str] | None = None,
) -> Plan:
    organizer = find_person(caller) if caller else None
    titles = table.get("titles") or [table["title"]]
    answer = {owner: table["answer"]} if "answer" in table else {}
    uid = make_uid(name, organizer, "" if organizer else owner)
    return Plan(
        uid=uid,
        title=draw_choice(titles, name).format(**(words or {})),
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
    """A drawn time at which the manager is free; now and then one at which they are not."""
    length = timedelta(minutes=table.get("minutes", 0))
    tries = (_draw_start(name, turn, manager, length, "days" in table) for turn in range(_MAX_DRAWS))
    first = next(tries)
    if draw_fraction(name, "double") < 0.08:
        return first
    return next((at for at in chain((first,), tries) if booked.is_free(manager.key, at, at + length)), first)


def _draw_start(name: str, turn: int, manager: DemoManager, length: timedelta, all_day: bool) -> datetime:
    day = draw_choice(_workdays(manager), name, turn, "day")
    if all_day:
        return datetime.combine(day, time())
    latest = 17 * 4 - int(length.total_seconds() // 900)
    quarter = draw_integer(34, max(34, latest), name, turn, "clock")
    quarter -= quarter % 2 if draw_fraction(name, turn, "even") < 0.8 else 0
    return datetime.combine(day, time(quarter // 4, quarter % 4 * 15))


@cache
def _workdays(manager: DemoManager) -> tuple[date, ...]:
    """The days of the filled weeks on which the manager works and is not on leave."""
    days = (FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1))
    due = (day for day in days if day.weekday() in manager.working_days and day not in BANK_HOLIDAYS)
    return tuple(day for day in due if not is_on_leave(manager.key, day))


def response_of(plan: Plan, key: str) -> Response:
    """What somebody answered; UNRECORDED for what is their own."""
    if plan.organizer and plan.organizer.key == key:
        return Response.ORGANIZER
    answers = [guest.answer for guest in plan.guests if guest.person.key == key]
    return answers[0] if answers else Response.UNRECORDED
