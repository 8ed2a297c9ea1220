"""The meetings that recur, from `partnerships.toml` and `internal.toml`."""

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
    """All series, those that go on in another one ended before it."""
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
    """How long it takes to get to the meetings that are elsewhere, by uid."""
    tables = [*load_toml("partnerships.toml")["series"], *load_toml("occasions.toml")["single"]]
    return {make_uid(t["id"], find_person(t["by"])): t["travel"] for t in tables if "travel" in t}


def parse_rule(every: str, on: str, until_day: date | None = None) -> PlanRule:
    """`parse_rule("2 months", "3 tue")`: every second month, on the third Tuesday."""
    number, unit = every.split() if " " in every else ("1", every)
    words = on.split()
    nth = {"last": -1}.get(words[0], int(words[0]) if words[0].isdigit() else 0)
    weekdays = tuple(WEEKDAY_NAMES.index(word) for word in words if word in WEEKDAY_NAMES)
    return PlanRule(unit.removesuffix("s"), int(number), weekdays, nth, until_day)


def find_person(key: str) -> Person:
    """Somebody by key, or a member of staff by name (with an underscore)."""
    return staff_member(key.replace("_", " ")) if "_" in key else council_people()[key]


def build_guests(table: Mapping[str, Any], keys: str, name: str) -> tuple[Guest, ...]:
    """Everybody invited, with an answer: as told, else drawn."""
    given_answers = table.get("answers", {})
    return tuple(
        Guest(
            one, _ANSWERS[given_answers[one.key]] if one.key in given_answers else _draw_response(one, name)
        )
        for one in map(find_person, keys.split())
    )


def _draw_response(one: Person, name: str) -> Response:
    if one.key.startswith("room:"):
        return Response.ACCEPTED
    if one.key.startswith("list:"):
        return Response.UNANSWERED
    draw = draw_fraction("answer", name, one.key)
    steps = ((0.87, Response.ACCEPTED), (0.92, Response.TENTATIVE), (0.97, Response.UNANSWERED))
    return next((answer for limit, answer in steps if draw < limit), Response.DECLINED)


def _series_plan(table: Mapping[str, Any]) -> Plan:
    rule = parse_rule(table["every"], table["on"], table.get("until"))
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
    """Nobody meets on a public holiday, and where the one who calls it is on leave it may be off."""
    if plan.rule is None:
        return plan
    known = {change.day for change in plan.changes}
    days = [day for day in rule_days(plan.rule, plan.start.date(), LAST_DAY) if day not in known]
    free = [day for day in days if day in BANK_HOLIDAYS and draw_fraction(plan.uid, day) < 0.85]
    caller = plan.organizer.key if plan.organizer else ""
    away = [
        OccurrenceChange(day, cancelled=True)
        for day in days
        if day not in free and is_on_leave(caller, day) and draw_fraction(plan.uid, day, "off") < 0.5
    ]
    changes = tuple(sorted((*plan.changes, *away), key=lambda change: change.day))
    return replace(plan, changes=changes, dropped=tuple(sorted({*plan.dropped, *free})))


def busy_times(plan: Plan, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """When it takes place in some weeks, as planned; for finding free times."""
    length = timedelta(minutes=plan.minutes)
    days = rule_days(plan.rule, plan.start.date(), last) if plan.rule else [plan.start.date()]
    starts = (at_same_time(day, plan.start) for day in days if day >= first and day not in plan.dropped)
    return [(start, start + length) for start in starts]
