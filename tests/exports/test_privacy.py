"""Nobody learns a few people's hours from what HR is given, whatever they add or subtract."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calsync.analysis.contributions import PERIOD, contributions
from calsync.analysis.split import SPLIT_COLUMNS, split
from calsync.errors import ConfigError
from calsync.exports.merging import SMALL, merge_small
from calsync.exports.privacy import Protected, coarse, protected_split

NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))
DECEMBER = (date(2026, 12, 1), date(2027, 1, 1))
DAY = date(2026, 11, 2)
NAMES = [f"m{number:02}" for number in range(16)]
PEOPLE = pd.DataFrame(
    {
        "manager_id": NAMES,
        "department": ["Care"] * 7 + ["Housing"] * 6 + ["Legal"] * 3,
        "grade": (["head", "head", "director"] * 6)[:16],
    }
)
DUE = pd.DataFrame([(name, DAY, 6000.0) for name in NAMES], columns=["manager_id", "day", "minutes"])


def row(manager: str, activity="process", hours=1.0, partnership="psb", confirmed=True, day=DAY) -> dict:
    return {
        "manager_id": manager,
        "day": day,
        "meeting_id": f"{manager}/{partnership}/{activity}/{day}",
        "partnership": partnership,
        "activity": activity,
        "kind": "meeting",
        "confirmed": confirmed,
        "in_hours": True,
        "minutes": hours * 60,
    }


def rows(managers, *args, **changes) -> list[dict]:
    return [row(manager, *args, **changes) for manager in managers]


def frame(given_rows) -> pd.DataFrame:
    columns = list(row("x"))
    return pd.DataFrame(given_rows, columns=columns).astype({"confirmed": "bool", "minutes": "float64"})


def protected(given_rows, by=(), periods=(NOVEMBER,), **options) -> Protected:
    return protected_split(frame(given_rows), PEOPLE, DUE, by=by, periods=periods, **options)


def hours(found: Protected, *columns: str) -> dict:
    return found.table.set_index(list(columns))["hours"].to_dict()


def test_a_table_without_small_groups_is_left_as_it_is():
    given_rows = [*rows(NAMES[:7]), *rows(NAMES[7:13], partnership="rpb")]
    found = protected(given_rows, by=["department"])
    plain = split(frame(given_rows), PEOPLE, DUE, by=["department"], periods=[NOVEMBER])
    pd.testing.assert_frame_equal(found.table, plain)
    assert (found.small, found.joined, found.possible, found.rounded, found.unpublished) == (0, 0, 0, 0, 0)


def test_small_partnerships_of_one_activity_are_merged():
    given_rows = [*rows(NAMES[:6]), *rows(NAMES[:3], partnership="rpb"), *rows(NAMES[3:6], partnership="csp")]
    found = protected(given_rows)
    assert hours(found, "partnership", "activity") == {("psb", "process"): 6, (SMALL, "process"): 6}
    assert (found.small, found.joined) == (2, 0)


def test_one_small_cell_takes_the_smallest_other_with_it():
    given_rows = [
        *rows(NAMES[:9]),
        *rows(NAMES[:6], partnership="rpb"),
        *rows(NAMES[:1], partnership="csp", hours=2),
    ]
    found = protected(given_rows)
    assert hours(found, "partnership") == {"psb": 9, SMALL: 8}
    assert (found.small, found.joined) == (1, 1)


def test_activities_are_merged_where_one_alone_is_too_small():
    given_rows = [
        *rows(NAMES[:8], "none", partnership=""),
        *rows(NAMES[:2]),
        *rows(NAMES[2:6], "operational"),
    ]
    assert hours(protected(given_rows), "partnership", "activity") == {("", "none"): 8, (SMALL, SMALL): 6}


def test_a_small_department_joins_another():
    found = protected([*rows(NAMES[:7]), *rows(NAMES[7:13]), *rows(NAMES[13:])], by=["department"])
    assert hours(found, "department") == {"Care": 7, SMALL: 9}


def test_a_small_grade_joins_another_of_its_department():
    found = protected([*rows(NAMES[:7]), *rows(NAMES[7:13])], by=["department", "grade"])
    assert hours(found, "department", "grade") == {("Care", SMALL): 7, ("Housing", SMALL): 6}


def test_a_merged_groups_share_is_of_the_merged_contracted_time():
    found = protected([*rows(NAMES[:7]), *rows(NAMES[7:])], by=["department"])
    shares = found.table.set_index("department")["share_of_contracted"]
    assert shares.to_dict() == pytest.approx({"Care": 7 / 700, SMALL: 9 / 900})


def test_fewer_people_than_a_group_in_all_are_not_shown():
    found = protected([*rows(NAMES[:4]), *rows(NAMES[:5], day=DECEMBER[0])], periods=[NOVEMBER, DECEMBER])
    assert found.table["period_start"].tolist() == [DECEMBER[0]]
    assert found.unpublished == 1


def test_rows_of_nothing_but_possible_time_are_left_out_and_counted():
    found = protected([*rows(NAMES[:6]), *rows(NAMES[:2], "operational", confirmed=False)])
    assert found.table["activity"].tolist() == ["process"]
    assert found.possible == 1


def test_bounds_that_would_show_a_few_peoples_hours_are_rounded_outwards():
    given_rows = [
        *rows(NAMES[:6], hours=2),
        row(NAMES[0], hours=1.5, confirmed=False),
        row(NAMES[1], "mixed"),
    ]
    given_rows += rows(NAMES[:6], "service_improvement")
    found = protected(given_rows)
    bounds = found.table.set_index("activity")[["hours_low", "hours", "hours_high"]]
    assert bounds.loc["process"].tolist() == [10, 12.5, 15]
    assert bounds.loc["service_improvement"].tolist() == [5, 6.5, 10]
    assert found.rounded == 2


def test_one_less_the_other_of_a_pair_shows_nobody():
    given_rows = [*rows(NAMES[:6], "mixed"), row(NAMES[0]), *rows(NAMES[:8], "none", partnership="")]
    assert hours(protected(given_rows), "partnership") == {SMALL: 7, "": 8}


def test_bounds_do_not_give_away_what_was_merged_elsewhere():
    given_rows = [
        *rows(NAMES[:5]),
        *rows(NAMES[:5], "unclear", 0.3),
        row(NAMES[0], "unclear", partnership="rpb"),
    ]
    found = protected(given_rows).table.set_index(["partnership", "activity"])
    assert found.loc[("psb", "process"), ["hours", "hours_high"]].tolist() == [5, 10]
    assert found.loc[(SMALL, "unclear"), "hours"] == 2.5


def test_bounds_of_many_are_exact():
    given_rows = [*rows(NAMES[:6], hours=2), *rows(NAMES[:5], "process", 1.5, confirmed=False)]
    bounds = protected(given_rows).table[["hours_low", "hours", "hours_high"]]
    assert bounds.values.tolist() == [[12, 12, 19.5]]


def test_merged_activities_count_possible_time_once():
    given_rows = [*rows(NAMES[:8], "none", partnership=""), *rows(NAMES[:4], "unclear"), *rows(NAMES[4:8])]
    merged = protected(given_rows).table.set_index("partnership").loc[SMALL]
    assert merged[["hours", "hours_high"]].tolist() == [8, 10]


def test_the_least_group_may_be_raised_and_not_lowered():
    assert protected(rows(NAMES[:6]), least=7).table.empty
    with pytest.raises(ConfigError, match="can be raised, not lowered"):
        protected(rows(NAMES[:6]), least=4)


def test_periods_that_overlap_are_refused():
    with pytest.raises(ConfigError, match="overlaps"):
        protected(rows(NAMES), periods=[NOVEMBER, (date(2026, 11, 15), date(2026, 12, 15))])


def test_nothing_gives_an_empty_table_with_its_columns():
    assert tuple(protected([], by=["grade"]).table.columns) == ("grade", *SPLIT_COLUMNS)


def attended(first: int, number: int, *args) -> list[dict]:
    return [row(NAMES[(first + n) % len(NAMES)], *args) for n in range(number)]


ACTIVITIES = ["process", "service_improvement", "mixed", "unclear", "none", "operational"]
CALENDARS = st.lists(
    st.builds(
        attended,
        st.integers(0, 15),
        st.integers(1, 14),
        st.sampled_from(ACTIVITIES),
        st.integers(1, 40).map(float),
        st.sampled_from(["psb", "rpb", "csp"]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([DAY, DECEMBER[0]]),
    ),
    max_size=16,
).map(lambda meetings: [one for meeting in meetings for one in meeting])
BY = st.sampled_from([[], ["department"], ["department", "grade"]])
BOTH = (NOVEMBER, DECEMBER)


@settings(max_examples=80, deadline=None)
@given(CALENDARS, BY, st.sampled_from([5, 6, 9]))
def test_every_row_stands_for_enough_people_and_no_hour_is_lost(given_rows, by, least):
    found = protected(given_rows, by=by, periods=BOTH, least=least)
    assert (found.table["managers"] >= least).all()
    table = found.table.groupby("period_start")["hours"].sum()
    sure = frame([r for r in given_rows if r["confirmed"]])
    for start, part in sure.groupby(sure["day"].map(lambda day: day.replace(day=1))):
        enough = part["manager_id"].nunique() >= least
        assert table.get(start, 0) == pytest.approx(part["minutes"].sum() / 60 if enough else 0)


def determined(equations: np.ndarray, number: int) -> bool:
    target = np.zeros(equations.shape[1])
    target[number] = 1
    rank = np.linalg.matrix_rank(equations) if len(equations) else 0
    return np.linalg.matrix_rank(np.vstack([equations, target])) == rank


@settings(max_examples=60, deadline=None)
@given(CALENDARS, BY)
def test_no_hidden_cell_can_be_solved_for(given_rows, by):
    lines = contributions(frame(given_rows), PEOPLE, by=by, periods=BOTH)
    keys = [*by, *PERIOD, "partnership", "activity"]
    sure = lines[lines["hours"] > 0]
    cells = list(map(tuple, sure[keys].drop_duplicates().itertuples(index=False, name=None)))
    people = sure.groupby(keys)["manager_id"].nunique()
    published = merge_small(sure, by=by, least=5).lines
    blocks = published.assign(cell=[cells.index(tuple(lines.loc[i, keys])) for i in published.index])
    sums = [np.isin(range(len(cells)), part["cell"]).astype(float) for _, part in blocks.groupby(keys)]
    equations = np.array(sums).reshape(len(sums), len(cells))
    for number, cell in enumerate(cells):
        if people[cell] < 5:
            assert not determined(equations, number), cell


def equations_of(before: pd.DataFrame, by: list[str], atoms: list[tuple]) -> np.ndarray:
    """All that is published exactly, each figure as a sum of unknown parts (pure, mixed, unclear, tentative).

    Totals of any kind are sums of rows, and shares and costs follow from rows, so rows are all there is.
    """
    lines = merge_small(before, by=by, least=5).lines
    few = coarse(before, lines, by, 5)
    equations = []
    for key, part in lines.groupby([*by, *PERIOD, "partnership", "activity"]):
        for figure in ["hours"] if key[:-1] in few else ["hours", "hours_low", "hours_high"]:
            weight = part[figure] / part["hours_high"]
            each = weight.groupby([part["allocation"], part["atom"]])
            total = each.max() if figure == "hours_high" else each.sum()
            by_atom = total.groupby("atom").first()
            equations.append([by_atom.get(number, 0.0) for number in range(len(atoms))])
    return np.array(equations).reshape(len(equations), len(atoms))


@settings(max_examples=60, deadline=None)
@given(CALENDARS, BY)
def test_no_part_of_a_row_that_is_a_few_peoples_can_be_solved_for(given_rows, by):
    lines = contributions(frame(given_rows), PEOPLE, by=by, periods=BOTH)
    keys = [*by, *PERIOD, "partnership", "source"]
    people = lines.groupby(keys)["manager_id"].nunique()
    atoms = list(people.index)
    lines["atom"] = [atoms.index(key) for key in lines[keys].itertuples(index=False, name=None)]
    rows_of = [*by, *PERIOD, "partnership", "activity"]
    sure = lines.groupby(rows_of)["hours"].transform("sum") > 0
    equations = equations_of(lines[sure], by, atoms)
    solved = [atom for n, atom in enumerate(atoms) if people[atom] < 5 and determined(equations, n)]
    assert solved == []
