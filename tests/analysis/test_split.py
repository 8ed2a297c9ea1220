"""The split: what adds up to what, bounds, shares, cost."""

from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples

from calsync.analysis.allocate import FRAME_COLUMNS
from calsync.analysis.label_coverage import LabelCoverage, measure_label_coverage
from calsync.analysis.periods import PeriodLength, split_into_periods
from calsync.analysis.split import SPLIT_COLUMNS, split_hours
from calsync.errors import ConfigError
from calsync.model.classification import Activity

DAY = date(2026, 11, 2)
NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))
PEOPLE = pd.DataFrame(
    {
        "manager_id": ["ann", "bo", "cy"],
        "department": ["Care", "Care", "Housing"],
        "grade": ["head", "director", "head"],
    }
)
COSTS = pd.DataFrame({"grade": ["head", "director"], "contract": [50.0, 80.0], "productive": [60.0, 100.0]})


def row(manager="ann", activity="process", hours=1.0, partnership="psb", **changes):
    values = {
        "manager_id": manager,
        "day": DAY,
        "meeting_id": f"{manager}/{activity}/{partnership}",
        "partnership": partnership,
        "activity": activity,
        "label": "",
        "kind": "meeting",
        "confirmed": True,
        "in_hours": True,
        "minutes": hours * 60,
    }
    return {**values, **changes}


def frame(*rows) -> pd.DataFrame:
    columns = [*FRAME_COLUMNS, *(name for name in ("planned", "meeting") if any(name in r for r in rows))]
    found = pd.DataFrame(list(rows), columns=columns)
    return found.astype({"confirmed": "bool", "minutes": "float64"})


def due(**minutes) -> pd.DataFrame:
    rows = [(name, DAY, float(value)) for name, value in minutes.items()]
    return pd.DataFrame(rows, columns=["manager_id", "day", "minutes"])


def table(*rows, by=(), every=(NOVEMBER,), contracted=None, **options) -> pd.DataFrame:
    contracted = due() if contracted is None else contracted
    return split_hours(frame(*rows), PEOPLE, contracted, by=by, periods=every, **options)


def bounds(*rows) -> dict[str, tuple[float, float, float]]:
    found = table(*rows)
    return {r.activity: (r.hours_low, r.hours, r.hours_high) for r in found.itertuples()}


def test_the_columns_are_those_of_the_design():
    assert tuple(table(row(), by=["department", "grade"]).columns) == ("department", "grade", *SPLIT_COLUMNS)
    assert tuple(table().columns) == SPLIT_COLUMNS


def test_time_of_one_activity_has_equal_bounds():
    assert bounds(row(hours=3)) == {"process": (3, 3, 3)}


def test_mixed_is_half_and_half_and_bounds_from_none_to_all():
    assert bounds(row(activity="mixed", hours=4)) == {
        "process": (0, 2, 4),
        "service_improvement": (0, 2, 4),
    }


def test_unclear_has_its_own_row_and_is_in_both_upper_bounds():
    assert bounds(row(hours=1), row(activity="unclear", hours=2)) == {
        "process": (1, 1, 3),
        "service_improvement": (0, 0, 2),
        "unclear": (2, 2, 2),
    }


def test_unconfirmed_time_is_in_upper_bounds_only():
    found = bounds(row(hours=1), row(hours=2, confirmed=False), row(activity="none", confirmed=False))
    assert found == {"process": (1, 1, 3), "none": (0, 0, 1)}


def test_unconfirmed_unclear_and_mixed_time_may_become_either():
    found = bounds(row(activity="mixed", confirmed=False), row(activity="unclear", hours=2, confirmed=False))
    assert found == {"process": (0, 0, 3), "service_improvement": (0, 0, 3), "unclear": (0, 0, 2)}


def test_operational_and_none_are_rows_of_their_own():
    assert set(bounds(row(activity="operational"), row(activity="none"))) == {"operational", "none"}


def test_the_estimate_of_every_row_is_bounds():
    assert set(table(row(), row(activity="unclear"))["estimate"]) == {"bounds"}


def test_groups_periods_and_partnerships_are_separate_rows_in_order():
    december = (date(2026, 12, 1), date(2027, 1, 1))
    found = table(
        row("cy"),
        row("ann", partnership=""),
        row("ann", "unclear"),
        row("ann", day=date(2026, 12, 1)),
        by=["department"],
        every=[december, NOVEMBER],
    )
    keys = (
        found[["department", "period_start", "partnership", "activity"]].astype("str").agg("/".join, axis=1)
    )
    assert [key.removeprefix("Care/2026-") for key in keys] == [
        "11-01/psb/process",
        "11-01/psb/service_improvement",
        "11-01/psb/unclear",
        "11-01//process",
        "12-01/psb/process",
        "Housing/2026-11-01/psb/process",
    ]


def test_a_day_belongs_to_a_period_that_begins_with_it_and_to_none_that_ends_with_it():
    before, after = (DAY - timedelta(days=1), DAY), (DAY, DAY + timedelta(days=1))
    assert table(row(), every=[before]).empty
    assert table(row(), every=[after])["hours"].sum() == 1


def test_managers_and_attendances_are_counted_once_a_row():
    found = table(row("ann"), row("ann", in_hours=False), row("bo"), row("cy", confirmed=False))
    assert found[["managers", "attendances", "hours"]].values.tolist() == [[2, 2, 3.0]]


def test_meetings_are_different_meetings_and_attendances_people_by_meetings():
    rows = [row(name, meeting_id=f"{name}/{n}", meeting=n) for name in ("ann", "bo") for n in ("1", "2")]
    found = table(*rows, row("cy", meeting_id="cy/1", meeting="1"))
    assert found[["meetings", "attendances"]].values.tolist() == [[2, 5]]


def test_a_row_of_unconfirmed_time_only_has_no_managers():
    counts = table(row(confirmed=False))[["managers", "meetings", "attendances"]]
    assert counts.values.tolist() == [[0, 0, 0]]


def test_what_has_not_happened_is_planned_and_in_no_other_figure():
    ahead = {"planned": True, "meeting_id": "ahead"}
    found = table(
        row(hours=2, planned=False),
        row("bo", hours=3, **ahead),
        row("cy", "mixed", 4, **ahead),
        row("cy", "unclear", 5, confirmed=False, **ahead),
    ).set_index("activity")
    assert found["hours_planned"].to_dict() == {"process": 5, "service_improvement": 2}
    assert found.loc["process", ["hours_low", "hours", "hours_high"]].tolist() == [2, 2, 2]
    assert found.loc["process", ["managers", "meetings", "attendances"]].tolist() == [1, 1, 1]
    assert found.loc["service_improvement", ["managers", "hours", "hours_high"]].tolist() == [0, 0, 0]


def test_a_manager_who_left_the_list_is_in_the_group_without_name():
    assert table(row("gone"), by=["department"])[["department", "hours"]].values.tolist() == [["", 1.0]]


def test_shares_are_of_the_groups_diarised_and_contracted_time():
    rows = (row("ann", hours=2), row("bo", "none", 6, ""), row("cy", hours=1), row("ann", confirmed=False))
    found = table(*rows, by=["department"], contracted=due(ann=600, bo=1800, cy=600))
    shares = found.set_index(["department", "activity"])[["share_of_diarised", "share_of_contracted"]]
    assert shares.loc[("Care", "process")].tolist() == pytest.approx([0.25, 2 / 40])
    assert shares.loc[("Housing", "process")].tolist() == pytest.approx([1.0, 1 / 10])
    assert shares.groupby("department")["share_of_diarised"].sum().tolist() == pytest.approx([1.0, 1.0])


def test_a_share_of_nothing_is_blank():
    found = table(row(confirmed=False))
    assert found[["share_of_diarised", "share_of_contracted"]].isna().all(axis=None)


def test_those_without_meetings_are_in_the_denominator():
    found = table(row("ann", hours=1), by=["department"], contracted=due(ann=600, bo=600))
    assert found["share_of_contracted"].tolist() == [1 / 20]


def test_contracted_time_is_of_days_that_were_read_and_covered_says_how_many_were():
    days = pd.DataFrame(
        [
            ("ann", DAY, 600.0, True, "all"),
            ("ann", DAY + timedelta(days=1), 0.0, True, "all"),
            ("bo", DAY, 600.0, True, "part"),
            ("bo", DAY + timedelta(days=5), 0.0, False, "none"),
            ("cy", DAY, 600.0, True, "none"),
        ],
        columns=["manager_id", "day", "minutes", "working", "read"],
    )
    found = table(row("ann", hours=2), contracted=days)
    assert found[["share_of_contracted", "covered"]].values.tolist() == [[2 / 20, 2 / 4]]
    by_department = table(row("cy", hours=2), by=["department"], contracted=days)
    assert by_department["covered"].tolist() == [0]
    assert by_department["share_of_contracted"].isna().all()


def test_cost_is_hours_by_the_mean_hourly_cost_of_all_who_are_listed_in_the_group():
    found = table(row("ann", hours=2), row("bo", hours=1), costs=COSTS)
    assert found[["cost_contract", "cost_productive"]].values.tolist() == [[180.0, 220.0]]
    by_grade = table(row("ann", hours=2), row("bo", hours=1), by=["grade"], costs=COSTS)
    assert by_grade["cost_contract"].tolist() == [80.0, 100.0]


def test_cost_is_the_same_whoever_of_the_group_spent_the_hours():
    one, other = (table(row(name, hours=3), costs=COSTS)["cost_contract"].item() for name in ("ann", "bo"))
    assert one == other == pytest.approx(3 * (50 + 80 + 50) / 3)


def test_cost_is_blank_without_rates_and_where_one_rate_of_the_group_is_missing():
    costs = ["cost_contract", "cost_productive"]
    assert table(row())[costs].isna().all(axis=None)
    assert table(row("ann"), costs=COSTS.head(1))[costs].isna().all(axis=None)
    found = table(row("ann"), row("cy"), by=["department"], costs=COSTS.head(1)).set_index("department")
    assert found.loc["Care", costs].isna().all()
    assert found.loc["Housing", costs].tolist() == [50.0, 60.0]


def test_cost_goes_with_the_hours_and_not_with_the_bounds():
    found = table(row("ann"), row("bo", "unclear"), costs=COSTS).set_index("activity")
    assert found["cost_contract"].to_dict() == {"process": 60, "service_improvement": 0, "unclear": 60}


@pytest.mark.parametrize("by", [["shoe_size"], ["department", "department"], ["manager_id"]])
def test_an_unknown_by_column_is_an_error_that_lists_the_known_ones(by):
    with pytest.raises(ConfigError, match=r"known: department, grade"):
        table(row(), by=by)


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["ann", "bo", "cy", "gone"]),
        st.sampled_from([a.value for a in Activity]),
        st.floats(0.01, 20),
        st.sampled_from(["psb", "rpb", ""]),
        confirmed=st.booleans(),
        day=st.dates(date(2026, 11, 1), date(2026, 12, 31)),
        meeting_id=st.sampled_from(["a", "b", "c"]),
    ),
    max_size=25,
)


@examples(60)
@given(ROWS, st.sampled_from(list(PeriodLength)))
def test_hours_over_all_rows_add_up_to_the_confirmed_hours(rows, every):
    found = table(
        *rows, by=["department"], every=split_into_periods(date(2026, 11, 1), date(2027, 1, 1), every)
    )
    assert found["hours"].sum() == pytest.approx(sum(r["minutes"] for r in rows if r["confirmed"]) / 60)
    assert (found["hours_low"] <= found["hours"] + 1e-9).all()
    assert (found["hours"] <= found["hours_high"] + 1e-9).all()


@examples(30)
@given(ROWS)
def test_the_order_of_the_allocations_does_not_matter(rows):
    one, other = (table(*given_rows, by=["grade"]) for given_rows in (rows, rows[::-1]))
    pd.testing.assert_frame_equal(one, other)


def test_months_begin_on_the_first_and_weeks_on_monday():
    first, last = date(2026, 11, 11), date(2027, 1, 5)
    months = [start.isoformat() for start, _ in split_into_periods(first, last, PeriodLength.MONTH)]
    assert months == ["2026-11-11", "2026-12-01", "2027-01-01"]
    weeks = split_into_periods(first, last, PeriodLength.WEEK)
    assert [start.weekday() for start, _ in weeks] == [2] + [0] * 8
    assert (weeks[0][0], weeks[-1][1]) == (first, last)
    assert split_into_periods(first, last) == [(first, last)]
    assert split_into_periods(last, first, PeriodLength.MONTH) == []


def test_periods_touch_and_never_overlap():
    for every in PeriodLength:
        cut = split_into_periods(date(2026, 1, 1), date(2027, 12, 31), every)
        assert all(end == start for (_, end), (start, _) in pairwise(cut))


def test_label_coverage_sums_unclear_mixed_private_and_unconfirmed_hours():
    rows = frame(
        row(hours=5),
        row(activity="unclear", hours=2),
        row(activity="mixed", hours=1),
        row(activity="none", hours=3, meeting_id="secret"),
        row(hours=4, confirmed=False),
    )
    found = measure_label_coverage(rows, private=["secret"])
    assert found == LabelCoverage(confirmed=11, unclear=2, mixed=1, private=3, unconfirmed=4)
    assert found.labelled_share == 6 / 8
    assert measure_label_coverage(frame()).labelled_share is None


def test_an_own_activity_is_a_row_of_what_it_counts_as_with_its_own_label():
    found = table(row(hours=2), row(hours=3, label="round table", meeting_id="x"))
    assert found[["activity", "label", "hours"]].values.tolist() == [
        ["process", "", 2.0],
        ["process", "round table", 3.0],
    ]


def test_mixed_time_has_its_label_in_both_rows_and_unclear_time_only_in_its_own():
    found = table(
        row(activity="mixed", hours=2, label="open day"), row(activity="unclear", hours=1, label="hello")
    )
    rows = found.set_index(["activity", "label"])[["hours", "hours_low", "hours_high"]]
    assert {key: tuple(values) for key, values in zip(rows.index, rows.values.tolist(), strict=True)} == {
        ("process", "open day"): (1, 0, 2),
        ("service_improvement", "open day"): (1, 0, 2),
        ("process", ""): (0, 0, 1),
        ("service_improvement", ""): (0, 0, 1),
        ("unclear", "hello"): (1, 1, 1),
    }
