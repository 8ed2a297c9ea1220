"""The table for HR discloses no hours of a few people, by addition or subtraction either."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples

from calsync.analysis.contributions import PERIOD_COLUMNS, ROW_COLUMNS, build_contributions
from calsync.analysis.split import SPLIT_COLUMNS, split_hours
from calsync.disclosure.merging import merge_small
from calsync.disclosure.row_keys import MERGED_VALUE
from calsync.disclosure.threshold import ProtectedSplit, protect_split
from calsync.errors import ConfigError

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


def row(
    manager: str, activity="process", hours=1.0, partnership="psb", confirmed=True, day=DAY, label=""
) -> dict:
    return {
        "manager_id": manager,
        "day": day,
        "meeting_id": f"{manager}/{partnership}/{activity}/{label}/{day}",
        "partnership": partnership,
        "activity": activity,
        "label": label,
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


def protect(given_rows, by=(), periods=(NOVEMBER,), **options) -> ProtectedSplit:
    return protect_split(frame(given_rows), PEOPLE, DUE, by=by, periods=periods, **options)


def hours(found: ProtectedSplit, *columns: str) -> dict:
    return found.table.set_index(list(columns))["hours"].to_dict()


def test_a_table_without_small_groups_is_unchanged():
    given_rows = [*rows(NAMES[:7]), *rows(NAMES[7:13], partnership="rpb")]
    found = protect(given_rows, by=["department"])
    plain = split_hours(frame(given_rows), PEOPLE, DUE, by=["department"], periods=[NOVEMBER])
    pd.testing.assert_frame_equal(found.table, plain)
    assert (found.below_threshold, found.secondary, found.possible, found.widened, found.unpublished) == (
        0,
        0,
        0,
        0,
        0,
    )


def test_small_partnerships_of_one_activity_are_merged():
    given_rows = [*rows(NAMES[:6]), *rows(NAMES[:3], partnership="rpb"), *rows(NAMES[3:6], partnership="csp")]
    found = protect(given_rows)
    assert hours(found, "partnership", "activity") == {("psb", "process"): 6, (MERGED_VALUE, "process"): 6}
    assert (found.below_threshold, found.secondary) == (2, 0)


def test_one_small_cell_takes_the_smallest_other_with_it():
    given_rows = [
        *rows(NAMES[:9]),
        *rows(NAMES[:6], partnership="rpb"),
        *rows(NAMES[:1], partnership="csp", hours=2),
    ]
    found = protect(given_rows)
    assert hours(found, "partnership") == {"psb": 9, MERGED_VALUE: 8}
    assert (found.below_threshold, found.secondary) == (1, 1)


def test_activities_are_merged_where_one_alone_is_too_small():
    given_rows = [
        *rows(NAMES[:8], "none", partnership=""),
        *rows(NAMES[:2]),
        *rows(NAMES[2:6], "operational"),
    ]
    assert hours(protect(given_rows), "partnership", "activity") == {
        ("", "none"): 8,
        (MERGED_VALUE, MERGED_VALUE): 6,
    }


def test_small_labels_of_one_activity_are_merged_and_the_activity_stays():
    given_rows = [
        *rows(NAMES[:6], label="site visit"),
        *rows(NAMES[:3], label="round table"),
        *rows(NAMES[3:8]),
        *rows(NAMES[:6], partnership="rpb"),
    ]
    found = hours(protect(given_rows), "partnership", "activity", "label")
    assert found == {
        ("psb", "process", "site visit"): 6,
        ("psb", "process", MERGED_VALUE): 8,
        ("rpb", "process", ""): 6,
    }


def test_a_label_that_alone_is_too_small_is_merged_with_another_partnership():
    given_rows = [*rows(NAMES[:3], label="site visit"), *rows(NAMES[3:8], partnership="rpb")]
    found = hours(protect(given_rows), "partnership", "activity", "label")
    assert found == {(MERGED_VALUE, "process", MERGED_VALUE): 8}


def test_labels_of_mixed_time_are_merged_in_both_of_its_rows():
    given_rows = [*rows(NAMES[:3], "mixed", 2, label="site visit"), *rows(NAMES[:6], "mixed", 2)]
    found = hours(protect(given_rows), "partnership", "activity", "label")
    assert found == {("psb", "process", MERGED_VALUE): 9, ("psb", "service_improvement", MERGED_VALUE): 9}


def test_a_small_department_joins_another():
    found = protect([*rows(NAMES[:7]), *rows(NAMES[7:13]), *rows(NAMES[13:])], by=["department"])
    assert hours(found, "department") == {"Care": 7, MERGED_VALUE: 9}


def test_a_small_grade_joins_another_of_its_department():
    found = protect([*rows(NAMES[:7]), *rows(NAMES[7:13])], by=["department", "grade"])
    assert hours(found, "department", "grade") == {("Care", MERGED_VALUE): 7, ("Housing", MERGED_VALUE): 6}


def test_a_merged_groups_share_is_of_the_merged_contracted_time():
    found = protect([*rows(NAMES[:7]), *rows(NAMES[7:])], by=["department"])
    shares = found.table.set_index("department")["share_of_contracted"]
    assert shares.to_dict() == pytest.approx({"Care": 7 / 700, MERGED_VALUE: 9 / 900})


def test_fewer_people_than_a_group_in_all_are_not_shown():
    found = protect([*rows(NAMES[:4]), *rows(NAMES[:5], day=DECEMBER[0])], periods=[NOVEMBER, DECEMBER])
    assert found.table["period_start"].tolist() == [DECEMBER[0]]
    assert found.unpublished == 1


def test_rows_of_unconfirmed_time_only_are_left_out_and_counted():
    found = protect([*rows(NAMES[:6]), *rows(NAMES[:2], "operational", confirmed=False)])
    assert found.table["activity"].tolist() == ["process"]
    assert found.possible == 1


def test_bounds_that_would_disclose_a_few_peoples_hours_are_computed_from_published_figures():
    given_rows = [
        *rows(NAMES[:6], hours=2),
        *rows(NAMES[:5], "unclear", partnership="rpb", confirmed=False),
        *rows(NAMES[:9], "unclear", partnership="rpb"),
        row(NAMES[0], hours=1.5, confirmed=False),
        row(NAMES[1], "mixed"),
    ]
    given_rows += rows(NAMES[:6], "service_improvement")
    found = protect(given_rows)
    bounds = found.table.set_index("activity")[["hours_low", "hours", "hours_high"]]
    # Mixed time is at most the smaller row in each; all unconfirmed time is six people's 6.5 hours.
    assert bounds.loc["process"].tolist() == [12.5 - 6.5, 12.5, 12.5 + 6.5 + 6.5]
    assert bounds.loc["service_improvement"].tolist() == [0, 6.5, 6.5 + 6.5]
    assert found.widened == 3


def test_an_upper_bound_is_blank_where_all_unconfirmed_time_is_a_few_peoples():
    found = protect([*rows(NAMES[:6]), row(NAMES[0], confirmed=False)])
    assert found.table["hours_high"].isna().tolist() == [True]
    assert found.table["hours_low"].tolist() == [6]
    assert found.widened == 1


def test_the_difference_of_process_and_service_improvement_is_never_a_few_peoples():
    given_rows = [*rows(NAMES[:6], "mixed"), row(NAMES[0]), *rows(NAMES[:8], "none", partnership="")]
    assert hours(protect(given_rows), "partnership") == {MERGED_VALUE: 7, "": 8}


def test_bounds_do_not_disclose_what_was_merged_elsewhere():
    given_rows = [
        *rows(NAMES[:5]),
        *rows(NAMES[:5], "unclear", 0.3),
        row(NAMES[0], "unclear", partnership="rpb"),
    ]
    found = protect(given_rows).table.set_index(["partnership", "activity"])
    # Not 5 + 1.5: the merged row's 2.5 less that would be one person's.
    assert found.loc[("psb", "process"), ["hours", "hours_high"]].tolist() == [5, 7.5]
    assert found.loc[(MERGED_VALUE, "unclear"), "hours"] == 2.5


def test_bounds_of_many_are_exact():
    given_rows = [*rows(NAMES[:6], hours=2), *rows(NAMES[:5], "process", 1.5, confirmed=False)]
    bounds = protect(given_rows).table[["hours_low", "hours", "hours_high"]]
    assert bounds.values.tolist() == [[12, 12, 19.5]]


def test_merged_activities_count_possible_time_once():
    given_rows = [*rows(NAMES[:8], "none", partnership=""), *rows(NAMES[:4], "unclear"), *rows(NAMES[4:8])]
    merged = protect(given_rows).table.set_index("partnership").loc[MERGED_VALUE]
    assert merged[["hours", "hours_high"]].tolist() == [8, 8]


def test_the_least_group_can_be_raised_and_not_lowered():
    assert protect(rows(NAMES[:6]), least=7).table.empty
    with pytest.raises(ConfigError, match="can be raised, not lowered"):
        protect(rows(NAMES[:6]), least=4)


def test_periods_that_overlap_are_refused():
    with pytest.raises(ConfigError, match="overlaps"):
        protect(rows(NAMES), periods=[NOVEMBER, (date(2026, 11, 15), date(2026, 12, 15))])


def test_no_allocations_give_an_empty_table_with_its_columns():
    assert tuple(protect([], by=["grade"]).table.columns) == ("grade", *SPLIT_COLUMNS)


def meeting_rows(first: int, number: int, *args) -> list[dict]:
    return [row(NAMES[(first + n) % len(NAMES)], *args) for n in range(number)]


ACTIVITIES = ["process", "service_improvement", "mixed", "unclear", "none", "operational"]
CALENDARS = st.lists(
    st.builds(
        meeting_rows,
        st.integers(0, 15),
        st.integers(1, 14),
        st.sampled_from(ACTIVITIES),
        st.integers(1, 40).map(float),
        st.sampled_from(["psb", "rpb", "csp"]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([DAY, DECEMBER[0]]),
        st.sampled_from(["", "", "", "site visit", "round table"]),
    ),
    max_size=16,
).map(lambda meetings: [one for meeting in meetings for one in meeting])
BY = st.sampled_from([[], ["department"], ["department", "grade"]])
BOTH = (NOVEMBER, DECEMBER)


@examples(80)
@given(CALENDARS, BY, st.sampled_from([5, 6, 9]))
def test_every_row_stands_for_enough_people_and_no_hour_is_lost(given_rows, by, least):
    found = protect(given_rows, by=by, periods=BOTH, least=least)
    assert (found.table["managers"] >= least).all()
    table = found.table.groupby("period_start")["hours"].sum()
    sure = frame([r for r in given_rows if r["confirmed"]])
    for start, part in sure.groupby(sure["day"].map(lambda day: day.replace(day=1))):
        enough = part["manager_id"].nunique() >= least
        assert table.get(start, 0) == pytest.approx(part["minutes"].sum() / 60 if enough else 0)


def is_determined(equations: np.ndarray, number: int) -> bool:
    target = np.zeros(equations.shape[1])
    target[number] = 1
    rank = np.linalg.matrix_rank(equations) if len(equations) else 0
    return np.linalg.matrix_rank(np.vstack([equations, target])) == rank


@examples(60)
@given(CALENDARS, BY)
def test_no_hidden_cell_can_be_solved_for(given_rows, by):
    lines = build_contributions(frame(given_rows), PEOPLE, by=by, periods=BOTH)
    keys = [*by, *PERIOD_COLUMNS, *ROW_COLUMNS]
    sure = lines[lines["hours"] > 0]
    cells = list(map(tuple, sure[keys].drop_duplicates().itertuples(index=False, name=None)))
    people = sure.groupby(keys)["manager_id"].nunique()
    published = merge_small(sure, by=by, least=5).lines
    blocks = published.assign(cell=[cells.index(tuple(lines.loc[i, keys])) for i in published.index])
    sums = [np.isin(range(len(cells)), part["cell"]).astype(float) for _, part in blocks.groupby(keys)]
    equations = np.array(sums).reshape(len(sums), len(cells))
    for number, cell in enumerate(cells):
        if people[cell] < 5:
            assert not is_determined(equations, number), cell


def test_a_tied_meeting_discloses_no_time_that_belongs_to_one_of_its_partnerships_only():
    tied = [
        {**one, "meeting_id": f"{one['manager_id']}/tie"}
        for p in ("psb", "rpb")
        for one in rows(NAMES[:6], partnership=p)
    ]
    found = protect([*tied, row(NAMES[0], hours=3), *rows(NAMES[:8], "none", partnership="")])
    assert hours(found, "partnership") == {MERGED_VALUE: 15, "": 8}


def test_the_cost_is_the_hours_by_one_rate_for_the_group_that_no_hours_change():
    costs = pd.DataFrame(
        {"grade": ["head", "director"], "contract": [50.0, 80.0], "productive": [60.0, 100.0]}
    )
    for hours_of_one in (1.0, 40.0):
        given_rows = [*rows(NAMES[:7]), *rows(NAMES[7:13]), row(NAMES[2], "unclear", hours_of_one)]
        given_rows += rows(NAMES[3:7], "unclear")
        table = protect(given_rows, by=["department"], costs=costs).table
        rates = (table["cost_contract"] / table["hours"]).groupby(table["department"]).agg(["min", "max"])
        assert rates.loc["Care"].tolist() == pytest.approx([(5 * 50 + 2 * 80) / 7] * 2)
        assert rates.loc["Housing"].tolist() == pytest.approx([(4 * 50 + 2 * 80) / 6] * 2)


def test_planned_hours_of_a_few_people_are_blank_and_those_of_many_are_shown():
    given_rows = [
        *rows(NAMES[:6]),
        *rows(NAMES[:6], "none", partnership=""),
        *({**one, "planned": True} for one in rows(NAMES[:4], hours=3, day=date(2026, 11, 25))),
        *({**one, "planned": True} for one in rows(NAMES[:5], "none", 2, "", day=date(2026, 11, 25))),
        *({**one, "planned": True} for one in rows(NAMES[:5], "unclear", 2, day=date(2026, 11, 25))),
        *({**one, "planned": True} for one in rows(NAMES[:1], "operational", 2, day=date(2026, 11, 25))),
    ]
    given_frame = pd.DataFrame(given_rows).fillna({"planned": False}).astype({"planned": "bool"})
    found = protect_split(given_frame, PEOPLE, DUE, by=[], periods=[NOVEMBER])
    table = found.table.set_index("activity")
    assert table["hours"].to_dict() == {"process": 6, "unclear": 0, "none": 6}
    assert table["hours_planned"].fillna(-1).to_dict() == {"process": -1, "unclear": 10, "none": 10}
    assert (found.blank, found.possible) == (1, 1)


def test_meetings_are_blank_where_the_difference_of_two_groups_is_a_few_peoples():
    together = [{**one, "meeting": "all"} for one in rows(NAMES[:13])]
    alone = {**row(NAMES[0], day=date(2026, 11, 3)), "meeting": "alone"}
    found = protect_split(
        pd.DataFrame([*together, alone]), PEOPLE, DUE, by=["department"], periods=[NOVEMBER]
    ).table.set_index("department")
    assert found.loc["Care", "meetings"] == 2
    assert pd.isna(found.loc["Housing", "meetings"])
    assert found["attendances"].to_dict() == {"Care": 8, "Housing": 6}


def test_a_period_read_in_part_is_named_with_what_was_read():
    due = DUE.assign(read=["all"] * 12 + ["part"] * 2 + ["none"] * 2)
    found = protect_split(frame(rows(NAMES)), PEOPLE, due, by=[], periods=[NOVEMBER])
    assert found.read_in_part == ((NOVEMBER, 12 / 16),)
    assert found.table[["covered", "share_of_contracted"]].values.tolist() == [[12 / 16, 16 / 1400]]
