"""The series of partnerships and of the council, from `partnerships.toml` and `internal.toml`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from calsync.demo.council import WEEKDAY_NAMES, council_people, load_toml, staff_member
from calsync.demo.diary import Guest, OccurrenceChange, Person, Plan, PlanRule, end_series_after
from calsync.demo.draws import draw_fraction
from calsync.demo.leave import BANK_HOLIDAYS, LAST_DAY, is_on_leave
from calsync.demo.rule_days import at_same_time, first_rule_day, rule_days
from calsync.demo.uids import continued_uid, make_uid, to_date
from calsync.model.occurrence import Response, Sensitivity, ShowAs

_ANSWERS = {
    "organizer": Response.ORGANIZER,
    "accepted": Response.ACCEPTED,
    "tentative": Response.TENTATIVE,
    "declined": Response.DECLINED,
    "unanswered": Response.UNANSWERED,
}


def series_plans() -> list[Plan]:
    """The plans of all series; a series that another one continues ends before that one."""
    plans: dict[str, Plan] = {}
    for name in ("partnerships.toml", "internal.toml"):
        for table in load_toml(name)["series"]:
            plan = _series_plan(table)
            if "continues" in table:
                earlier = table["continues"]
                plans[earlier] = end_series_after(plans[earlier], plan.start.date() - timedelta(days=1))
                plan = replace(plan, uid=continued_uid(plans[earlier].uid, plan.start))
            plans[table["id"]] = plan
    return [_cancel_on_absences(plan) for plan in plans.values()]


def travel_minutes() -> dict[str, int]:
    """The minutes of travel to the meetings outside the council, by uid."""
    tables = [*load_toml("partnerships.toml")["series"], *load_toml("occasions.toml")["single"]]
    return {make_uid(t["id"], find_person(t["by"])): t["travel"] for t in tables if "travel" in t}


def parse_plan_rule(every: str, on: str, until_day: date | None = None) -> PlanRule:
    """`parse_plan_rule("2 months", "3 tue")`: every second month, on the third Tuesday."""
    number, unit = every.split() if " " in every else ("1", every)
    words = on.split()
    nth = {"last": -1}.get(words[0], int(words[0]) if words[0].isdigit() else 0)
    weekdays = tuple(WEEKDAY_NAMES.index(word) for word in words if word in WEEKDAY_NAMES)
    return PlanRule(unit.removesuffix("s"), int(number), weekdays, nth, until_day)


def find_person(key: str) -> Person:
    """A person by key, or a member of staff by name (with an underscore)."""
    return staff_member(key.replace("_", " ")) if "_" in key else council_people()[key]


def build_guests(table: Mapping[str, Any], keys: str, name: str) -> tuple[Guest, ...]:
    """The guests of a meeting, with the answers in its table or drawn ones.

    Args:
        table: A table with `answers` by key of a person, or without.
        keys: The keys of the guests, separated by blanks.
        name: Determines the drawn answers.
    """
    answers = table.get("answers", {})
    return tuple(
        Guest(
            person,
            _ANSWERS[answers[person.key]] if person.key in answers else _draw_response(person, name),
        )
        for person in map(find_person, keys.split())
    )


def _draw_response(person: Person, name: str) -> Response:
    if person.key.startswith("room:"):
        return Response.ACCEPTED
    if person.key.startswith("list:"):
        return Response.UNANSWERED
    draw = draw_fraction("answer", name, person.key)
    limits = ((0.87, Response.ACCEPTED), (0.92, Response.TENTATIVE), (0.97, Response.UNANSWERED))
    return next((answer for limit, answer in limits if draw < limit), Response.DECLINED)


def _series_plan(table: Mapping[str, Any]) -> Plan:
    rule = parse_plan_rule(table["every"], table["on"], table.get("until"))
    start = datetime.combine(first_rule_day(rule, table["from"]), time.fromisoformat(table["at"]))
    organizer = find_person(table["by"])
    return Plan(
        uid=make_uid(table["id"], organizer),
        title=table["title"],
        start=start,
        minutes=table["minutes"],
        organizer=organizer,
        guests=build_guests(table, table["with"], table["id"]),
        rule=rule,
        changes=tuple(_changes(table)),
        dropped=tuple(map(to_date, table.get("dropped", ()))),
        notes=table.get("notes", ""),
        place=table.get("place", ""),
        online=("meet" if make_uid("", organizer).endswith("com") else "teams")
        if table.get("online")
        else "",
        show_as=ShowAs(table.get("show", "busy")),
        sensitivity=Sensitivity.PRIVATE if table.get("private") else Sensitivity.NORMAL,
        categories=tuple(table.get("categories", ())),
    )


def _changes(table: Mapping[str, Any]) -> list[OccurrenceChange]:
    changes = [
        OccurrenceChange(to_date(day), notes=text.strip()) for day, text in table.get("agendas", {}).items()
    ]
    changes += [OccurrenceChange(to_date(day), title=text) for day, text in table.get("renamed", {}).items()]
    changes += [OccurrenceChange(to_date(day), cancelled=True) for day in table.get("cancelled", ())]
    changes += [
        OccurrenceChange(to_date(day), start=datetime.fromisoformat(text))
        for day, text in table.get("moved", {}).items()
    ]
    return sorted(changes, key=lambda change: change.day)


def _cancel_on_absences(plan: Plan) -> Plan:
    """The plan without most occurrences on bank holidays; some are cancelled during the organizer's leave."""
    if plan.rule is None:
        return plan
    changed = {change.day for change in plan.changes}
    days = [day for day in rule_days(plan.rule, plan.start.date(), LAST_DAY) if day not in changed]
    holidays = [day for day in days if day in BANK_HOLIDAYS and draw_fraction(plan.uid, day) < 0.85]
    organizer = plan.organizer.key if plan.organizer else ""
    cancelled = [
        OccurrenceChange(day, cancelled=True)
        for day in days
        if day not in holidays and is_on_leave(organizer, day) and draw_fraction(plan.uid, day, "off") < 0.5
    ]
    changes = tuple(sorted((*plan.changes, *cancelled), key=lambda change: change.day))
    return replace(plan, changes=changes, dropped=tuple(sorted({*plan.dropped, *holidays})))


def busy_times(plan: Plan, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """The planned start and end of each occurrence from `first` to `last`, both inclusive."""
    length = timedelta(minutes=plan.minutes)
    days = rule_days(plan.rule, plan.start.date(), last) if plan.rule else [plan.start.date()]
    starts = (at_same_time(day, plan.start) for day in days if day >= first and day not in plan.dropped)
    return [(start, start + length) for start in starts]
