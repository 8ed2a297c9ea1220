"""The meetings that recur, from `partnerships.toml` and `internal.toml`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from calsync.demo.chance import chance
from calsync.demo.council import DAYS, colleague, people, texts
from calsync.demo.days import at, days_of, first_day
from calsync.demo.diary import Change, Guest, Person, Plan, Rule, until
from calsync.demo.leave import BANK_HOLIDAYS, LAST, on_leave
from calsync.demo.naming import continued_uid, day_named, uid_of
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
        for table in texts(name)["series"]:
            plan = _series(table)
            if "continues" in table:
                earlier = table["continues"]
                plans[earlier] = until(plans[earlier], plan.start.date() - timedelta(days=1))
                plan = replace(plan, uid=continued_uid(plans[earlier].uid, plan.start))
            plans[table["id"]] = plan
    return [_called_off(plan) for plan in plans.values()]


def travels() -> dict[str, int]:
    """How long it takes to get to the meetings that are elsewhere, by uid."""
    tables = [*texts("partnerships.toml")["series"], *texts("occasions.toml")["single"]]
    return {uid_of(t["id"], person(t["by"])): t["travel"] for t in tables if "travel" in t}


def rule_of(every: str, on: str, until_day: date | None = None) -> Rule:
    """`rule_of("2 months", "3 tue")`: every second month, on the third Tuesday."""
    number, unit = every.split() if " " in every else ("1", every)
    words = on.split()
    nth = {"last": -1}.get(words[0], int(words[0]) if words[0].isdigit() else 0)
    weekdays = tuple(DAYS.index(word) for word in words if word in DAYS)
    return Rule(unit.removesuffix("s"), int(number), weekdays, nth, until_day)


def person(key: str) -> Person:
    """Somebody by key, or a member of staff by name (with an underscore)."""
    return colleague(key.replace("_", " ")) if "_" in key else people()[key]


def guests_of(table: Mapping[str, Any], keys: str, name: str) -> tuple[Guest, ...]:
    """Everybody invited, with an answer: as told, else drawn."""
    told = table.get("answers", {})
    return tuple(
        Guest(one, _ANSWERS[told[one.key]] if one.key in told else _answer(one, name))
        for one in map(person, keys.split())
    )


def _answer(one: Person, name: str) -> Response:
    if one.key.startswith("room:"):
        return Response.ACCEPTED
    if one.key.startswith("list:"):
        return Response.UNANSWERED
    draw = chance("answer", name, one.key)
    steps = ((0.87, Response.ACCEPTED), (0.92, Response.TENTATIVE), (0.97, Response.UNANSWERED))
    return next((answer for limit, answer in steps if draw < limit), Response.DECLINED)


def _series(table: Mapping[str, Any]) -> Plan:
    rule = rule_of(table["every"], table["on"], table.get("until"))
    start = datetime.combine(first_day(rule, table["from"]), time.fromisoformat(table["at"]))
    organizer = person(table["by"])
    return Plan(
        uid=uid_of(table["id"], organizer),
        title=table["title"],
        start=start,
        minutes=table["minutes"],
        organizer=organizer,
        guests=guests_of(table, table["with"], table["id"]),
        rule=rule,
        changes=tuple(_changes(table)),
        dropped=tuple(map(day_named, table.get("dropped", ()))),
        notes=table.get("notes", ""),
        place=table.get("place", ""),
        online=("meet" if uid_of("", organizer).endswith("com") else "teams") if table.get("online") else "",
        show_as=ShowAs(table.get("show", "busy")),
        sensitivity=Sensitivity.PRIVATE if table.get("private") else Sensitivity.NORMAL,
        categories=tuple(table.get("categories", ())),
    )


def _changes(table: Mapping[str, Any]) -> list[Change]:
    changes = [Change(day_named(day), notes=text.strip()) for day, text in table.get("agendas", {}).items()]
    changes += [Change(day_named(day), title=text) for day, text in table.get("renamed", {}).items()]
    changes += [Change(day_named(day), cancelled=True) for day in table.get("cancelled", ())]
    changes += [
        Change(day_named(day), start=datetime.fromisoformat(text))
        for day, text in table.get("moved", {}).items()
    ]
    return sorted(changes, key=lambda change: change.day)


def _called_off(plan: Plan) -> Plan:
    """Nobody meets on a public holiday, and where the one who calls it is on leave it may be off."""
    if plan.rule is None:
        return plan
    known = {change.day for change in plan.changes}
    days = [day for day in days_of(plan.rule, plan.start.date(), LAST) if day not in known]
    free = [day for day in days if day in BANK_HOLIDAYS and chance(plan.uid, day) < 0.85]
    caller = plan.organizer.key if plan.organizer else ""
    away = [
        Change(day, cancelled=True)
        for day in days
        if day not in free and on_leave(caller, day) and chance(plan.uid, day, "off") < 0.5
    ]
    changes = tuple(sorted((*plan.changes, *away), key=lambda change: change.day))
    return replace(plan, changes=changes, dropped=tuple(sorted({*plan.dropped, *free})))


def busy(plan: Plan, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """When it takes place in some weeks, as planned; for finding free times."""
    length = timedelta(minutes=plan.minutes)
    days = days_of(plan.rule, plan.start.date(), last) if plan.rule else [plan.start.date()]
    starts = (at(day, plan.start) for day in days if day >= first and day not in plan.dropped)
    return [(start, start + length) for start in starts]
