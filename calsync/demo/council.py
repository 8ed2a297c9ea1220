"""The managers of the council and the people that they meet, from `people.toml`."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from calsync.demo.diary import Person
from calsync.model.occurrence import AttendeeKind

COUNCIL_NAME = "Cyngor Brynfelin Council"
_ACCENTS = str.maketrans("âêîôûŵŷáéíóúàèìòùäëïöü'", "aeiouwyaeiouaeiouaeiou-")


@dataclass(frozen=True, slots=True)
class DemoManager:
    """A manager of the council. calendar: `outlook` or `google`. staff: names of those who report to them."""

    id: str
    key: str
    name: str
    post: str
    department: str
    grade: str
    email: str
    fte: float
    working_days: tuple[int, ...]
    calendar: str
    summary: str
    language: str
    reports_to: str
    staff: tuple[str, ...] = field(default=())

    @property
    def first_name(self) -> str:
        """The first name, for titles of meetings."""
        return self.name.partition(" ")[0]


WEEKDAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@cache
def load_toml(name: str) -> dict[str, Any]:
    """The contents of a TOML file in this package."""
    content = resources.files("calsync.demo").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(content)


@cache
def council_managers() -> tuple[DemoManager, ...]:
    """The twelve managers, in the order of their ids."""
    return tuple(_to_manager(table) for table in load_toml("people.toml")["manager"])


def _to_manager(table: dict[str, Any]) -> DemoManager:
    return DemoManager(
        id=table["id"],
        key=table["key"],
        name=table["name"],
        post=table["post"],
        department=table["department"],
        grade=table["grade"],
        email=_mail_address(table["name"], "council"),
        fte=table.get("fte", 1.0),
        working_days=tuple(
            WEEKDAY_NAMES.index(day) for day in table.get("days", "mon tue wed thu fri").split()
        ),
        calendar=table.get("calendar", "outlook"),
        summary=table["summary"],
        language=table["language"],
        reports_to=table.get("reports_to", ""),
        staff=tuple(table.get("staff", ())),
    )


@cache
def council_people() -> dict[str, Person]:
    """The people, rooms and lists that can be invited, by key: `gethin`, `room:dyfi`, `list:psb`."""
    people = {m.key: Person(m.key, m.name, m.email, manager_id=m.id) for m in council_managers()}
    table = load_toml("people.toml")
    for key, text in table["people"].items():
        name, agency = text.split(", ")
        people[key] = Person(key, name, _mail_address(name, agency))
    for prefix, tables, kind in (
        ("room", "rooms", AttendeeKind.RESOURCE),
        ("list", "lists", AttendeeKind.GROUP),
    ):
        for key, text in table[tables].items():
            name, local = text.split(", ")
            address = f"{local}@{table['agencies']['council']}"
            people[f"{prefix}:{key}"] = Person(f"{prefix}:{key}", name, address, kind)
    for key, text in table["left"].items():
        name, internal = text.split(", ")
        # A mailbox that was deleted: Exchange shows its internal address.
        people[key] = Person(key, name, internal)
    return people


def staff_member(name: str) -> Person:
    """A member of staff, of whom only the name is defined."""
    return Person(name, name, _mail_address(name, "cyngor" if len(name) % 3 == 0 else "council"))


def _mail_address(name: str, agency: str) -> str:
    local = name.casefold().removeprefix("cllr ").translate(_ACCENTS).replace(" ", ".")
    return f"{local}@{load_toml('people.toml')['agencies'][agency]}"
