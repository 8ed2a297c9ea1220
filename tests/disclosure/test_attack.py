"""No combination of published figures and public rates is a figure of fewer people than the least group.

The attack (`support/disclosure_attack.py`) uses every numeric column of the table for HR, of 200 random
organisations and of the demo.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
from support.disclosure_attack import find_isolated_people, measure_dependence

from calsync.app.exports import load_minutes
from calsync.app.night import run_night
from calsync.app.plan import window_days
from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.demo.write import DEMO_DAY, write_demo
from calsync.disclosure.threshold import protect_split
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

LEAST = 5
GRADES = ["director", *["head"] * 3, *["manager"] * 8]
COSTS = pd.DataFrame(
    {
        "grade": ["director", "head", "manager"],
        "contract": [71.0, 52.0, 39.0],
        "productive": [91.0, 63.0, 46.0],
    }
)
KINDS = ["process"] * 4 + ["service_improvement"] * 3 + ["mixed", "mixed", "agenda", "unclear", "operational"]
ORGANISATIONS_PER_TABLE = 50


def month(number: int) -> tuple[date, date]:
    year, place = divmod(number, 12)
    after = divmod(number + 1, 12)
    return date(2010 + year, place + 1, 1), date(2010 + after[0], after[1] + 1, 1)


def organisation(seed: int, labels: Sequence[str] = ("",)) -> tuple[list[dict], list[dict]]:
    """Random people, and their minutes in one month: with ties, agendas, unconfirmed and planned time.

    labels: the possible labels of a meeting's activity.
    """
    chance, naming = random.Random(seed), random.Random(-seed - 1)
    grades = GRADES[: chance.randint(6, 12)]
    people = [
        {
            "manager_id": f"o{seed}-{number:02}",
            "department": chance.choice(["Care", "Care", "Housing", "Legal"]),
            "grade": grade,
        }
        for number, grade in enumerate(grades)
    ]
    minutes: list[dict] = []
    for number in range(chance.randint(3, 6)):
        size = chance.choice([1, 2, 3, 5, 6, 7, 12])
        attendees = chance.sample(people, min(size, len(people)))
        kind = chance.choice(KINDS)
        partnerships = chance.sample(["psb", "rpb", "csp"], 2 if chance.random() < 0.15 else 1)
        confirmed, planned = chance.random() < 0.85, chance.random() < 0.15
        label = naming.choice(labels)
        for person in attendees:
            length = chance.uniform(20, 200)
            for partnership in partnerships:
                shares = {"process": 0.3, "service_improvement": 0.7} if kind == "agenda" else {kind: 1.0}
                for activity, share in shares.items():
                    minutes.append(
                        {
                            "manager_id": person["manager_id"],
                            "day": month(seed)[0] + timedelta(days=number + 1),
                            "meeting_id": f"{person['manager_id']}/{number}",
                            "partnership": partnership,
                            "activity": activity,
                            "label": label,
                            "kind": "meeting",
                            "confirmed": confirmed,
                            "in_hours": True,
                            "minutes": length * share / len(partnerships),
                            "planned": planned,
                            "meeting": f"o{seed}/{number}",
                            "unit": month(seed)[0],
                            "atom": (f"o{seed}/{number}", person["department"], person["grade"]),
                        }
                    )
    return people, minutes


def contracted(people: pd.DataFrame, units: dict[str, date]) -> pd.DataFrame:
    rows = [(name, units[name], 7400.0) for name in people["manager_id"]]
    return pd.DataFrame(rows, columns=["manager_id", "day", "minutes"])


def assert_nobody_is_isolated(people, allocations, due, by, periods, least=LEAST) -> None:
    """Fail if any figure of a few people follows from the published ones."""

    def publish(minutes: pd.DataFrame) -> pd.DataFrame:
        found = protect_split(
            minutes.drop(columns=["unit", "atom"]),
            people,
            due,
            by=by,
            periods=periods,
            costs=COSTS,
            least=least,
        )
        return found.table.assign(unit=found.table["period_start"])

    table = publish(allocations)
    people_of = allocations.groupby("atom")["manager_id"].agg(frozenset)
    for matrix, labels, atoms in measure_dependence(publish, allocations, table["unit"].unique()).values():
        atom_people = [people_of[atom] for atom in atoms]
        assert find_isolated_people(matrix, atom_people, least) is None
        assert_counts_are_safe(table, matrix, labels, [(atom[0], people_of[atom]) for atom in atoms], least)


def assert_counts_are_safe(table, matrix, labels, atoms, least) -> None:
    """Meetings, attendances and managers, as sums over meetings and over people's meetings.

    atoms: a meeting and people who were there. A row counts them if its hours depend on theirs.
    """
    here: dict[object, set] = {}
    for (row, name), dependent in zip(labels, matrix, strict=True):
        if name == "hours":
            met = [atom for atom, value in zip(atoms, dependent, strict=True) if value > 1e-9]
            here[row] = {(meeting, person) for meeting, people in met for person in people}
    attendees: defaultdict[str, set] = defaultdict(set)
    for meeting, person in set().union(*here.values()):
        attendees[meeting].add(person)
    for column, things in (
        ("meetings", {meeting: frozenset(people) for meeting, people in attendees.items()}),
        ("attendances", {pair: frozenset([pair[1]]) for pair in set().union(*here.values())}),
    ):
        equations = []
        for row, pairs in here.items():
            counted = {meeting for meeting, _ in pairs} if column == "meetings" else pairs
            if not pd.isna(table.loc[row, column]):
                assert table.loc[row, column] == len(counted)
                equations.append([thing in counted for thing in things])
        known = np.array(equations, dtype="float64").reshape(len(equations), len(things))
        assert find_isolated_people(known, list(things.values()), least) is None
    for row, pairs in here.items():
        assert table.loc[row, "managers"] == len({person for _, person in pairs})
        assert table.loc[row, "managers"] >= least or table.loc[row, "hours"] == 0


@pytest.mark.parametrize("batch", range(200 // ORGANISATIONS_PER_TABLE))
def test_no_combination_of_published_figures_is_a_few_peoples_in_200_organisations(batch):
    by = [[], ["department"], ["grade"], ["department", "grade"]][batch % 4]
    attack_organisations(range(batch * ORGANISATIONS_PER_TABLE, (batch + 1) * ORGANISATIONS_PER_TABLE), by)


@pytest.mark.parametrize("by", [[], ["department"]], ids=["all", "department"])
def test_no_combination_is_a_few_peoples_where_activities_have_names_of_their_own(by):
    attack_organisations(range(200, 200 + ORGANISATIONS_PER_TABLE), by, ("", "", "site visit", "round table"))


def attack_organisations(seeds: Sequence[int], by: list[str], labels: Sequence[str] = ("",)) -> None:
    organisations = [organisation(seed, labels) for seed in seeds]
    people = pd.DataFrame([person for persons, _ in organisations for person in persons])
    allocations = pd.DataFrame([line for _, minutes in organisations for line in minutes])
    months = {
        person["manager_id"]: month(seed)[0]
        for seed, (persons, _) in zip(seeds, organisations, strict=True)
        for person in persons
    }
    assert_nobody_is_isolated(
        people, allocations, contracted(people, months), by, [month(seed) for seed in seeds]
    )


def test_the_only_directors_hours_do_not_follow_from_hours_and_two_costs():
    people = pd.DataFrame(
        [(f"m{n}", "Care", grade) for n, grade in enumerate(GRADES)],
        columns=["manager_id", "department", "grade"],
    )
    spent = {name: 2.0 + number for number, name in enumerate(people["manager_id"])}
    allocations = pd.DataFrame(
        [
            {
                "manager_id": name,
                "day": date(2026, 11, 2),
                "meeting_id": name,
                "partnership": "psb",
                "activity": "process",
                "kind": "meeting",
                "confirmed": True,
                "in_hours": True,
                "minutes": hours * 60,
            }
            for name, hours in spent.items()
        ]
    )
    due = contracted(people, dict.fromkeys(spent, date(2026, 11, 2)))
    november = [(date(2026, 11, 1), date(2026, 12, 1))]
    (row,) = protect_split(allocations, people, due, by=[], periods=november, costs=COSTS).table.to_dict(
        "records"
    )
    equations = np.array([[1, 1, 1], COSTS["contract"], COSTS["productive"]], dtype="float64")
    solved = np.linalg.solve(equations, [row["hours"], row["cost_contract"], row["cost_productive"]])
    director, heads, managers = (
        people.loc[people["grade"] == grade, "manager_id"].map(spent).sum() for grade in COSTS["grade"]
    )
    assert abs(solved[0] - director) > 1
    assert abs(solved[1] - heads) > 1 and abs(solved[2] - managers) > 1


def test_no_combination_of_the_demos_published_figures_is_a_few_peoples(tmp_path):
    config = write_demo(tmp_path / "demo")
    settings = load_settings(config)
    at = datetime.combine(DEMO_DAY, time(4, 15), settings.organisation.zone)
    run_night(config, DEMO_DAY, now=lambda: at)
    first, last = window_days(settings, DEMO_DAY)
    with open_store(store_url(settings)) as store:
        allocations = load_minutes(store, first, last)
    people = pd.DataFrame(
        [(m.id, m.department, m.grade) for m in load_managers(settings)],
        columns=["manager_id", "department", "grade"],
    )
    # The table may treat differently: partnerships and activities of the time, their shares, and the grade.
    entry = ["manager_id", "meeting_id", "day"]
    whole = allocations.groupby(entry)["minutes"].transform("sum")
    rough = (allocations["minutes"] / whole).round(2).astype("str")
    where = allocations["partnership"] + "/" + allocations["activity"] + "/" + rough
    profile = where.groupby([allocations[name] for name in entry]).transform(
        lambda parts: ";".join(sorted(set(parts)))
    )
    grade = allocations["manager_id"].map(people.set_index("manager_id")["grade"])
    flags = allocations["confirmed"].astype("str") + allocations["planned"].astype("str")
    alike = allocations.assign(
        unit=first, day=first, atom=profile + flags + grade, kind="meeting", in_hours=True
    )
    alike["meeting_id"] = alike["manager_id"] + alike["atom"]
    # One meeting replaces all that are equal: the hours are the same, and the table is computed faster.
    allocations = alike.groupby([c for c in alike if c not in ("minutes", "meeting")], as_index=False)[
        "minutes"
    ].sum()
    due = contracted(people, dict.fromkeys(people["manager_id"], first))
    costs = pd.read_csv(config.parent / "grades.csv")

    def publish(minutes: pd.DataFrame) -> pd.DataFrame:
        found = protect_split(
            minutes.drop(columns=["unit", "atom"]), people, due, by=[], periods=[(first, last)], costs=costs
        )
        return found.table.assign(unit=first)

    people_of = allocations.groupby("atom")["manager_id"].agg(frozenset)
    (found,) = measure_dependence(publish, allocations, [first]).values()
    matrix, labels, atoms = found
    assert len({row for row, _ in labels}) > 5, "the demo's table has rows"
    assert find_isolated_people(matrix, [people_of[atom] for atom in atoms], LEAST) is None
