"""A night calculates the minutes of what changed and no more; it stores what a first night would store."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.builders import LONDON, span
from support.hypothesis_profiles import examples
from support.night_council import NIGHT, run_test_night, stored_tables, vcalendar, vevent, write_council

from calsync.analysis.worktime import WorkingTime
from calsync.app.allocate import allocate_stored, days_to_recalculate
from calsync.app.plan import window_days, worktime_of
from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.store.database import open_store
from calsync.store.records import AllocationState

pytestmark = pytest.mark.slow

FIRST, LAST = date(2026, 8, 17), date(2026, 12, 21)
WORK = WorkingTime(zone=LONDON)
DAY = timedelta(days=1)


def due(changed=None, first=FIRST, last=LAST, basis="b"):
    return days_to_recalculate(AllocationState("m1", basis, first, last, changed), "b", FIRST, LAST, WORK)


def test_no_day_is_due_where_nothing_changed():
    assert due() is None


def test_every_day_is_due_without_minutes_or_with_another_basis():
    assert days_to_recalculate(None, "b", FIRST, LAST, WORK) == (FIRST, LAST)
    assert due(basis="another") == (FIRST, LAST)


def test_the_days_of_changed_meetings_are_due_and_one_day_on_either_side():
    changed = span("09:00-10:00")
    day = changed.start.date()
    assert due(changed) == (day - DAY, day + 2 * DAY)


def test_days_that_came_into_the_window_are_due():
    assert due(last=LAST - 7 * DAY) == (LAST - 8 * DAY, LAST)
    assert due(first=FIRST + 7 * DAY) == (FIRST, FIRST + 8 * DAY)


def test_changed_days_outside_the_window_are_not_due():
    assert due(span("09:00-10:00", FIRST - 9 * DAY)) is None


hours = st.integers(8, 20)
days = st.integers(1, 28)
titles = st.sampled_from(["PSB: terms of reference", "Team meeting", "Travel to PSB", "Annual leave"])


@st.composite
def entries(draw: st.DrawFn) -> str:
    """A meeting of November: timed, over midnight, all day, a series, leave."""
    uid, day, hour, title = draw(st.sampled_from("abcdef")), draw(days), draw(hours), draw(titles)
    lines = [f"SUMMARY:{title}"]
    if title == "Annual leave":
        lines.append("X-MICROSOFT-CDO-BUSYSTATUS:OOF")
    if draw(st.booleans()):
        lines.append("RRULE:FREQ=DAILY;COUNT=3")
    length = draw(st.sampled_from(["00", "23"]))
    start, end = f"202611{day:02}T{hour:02}0000Z", f"202611{day:02}T{hour:02}30{length}Z"
    return vevent(uid + str(day), start, end, *lines)


@examples(12, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(entries(), max_size=8), min_size=2, max_size=3))
def test_nights_after_changes_store_what_a_first_night_stores(tmp_path_factory, nights):
    folder = tmp_path_factory.mktemp("nights")
    for events in nights:
        config = write_council(folder, {"ana": vcalendar(*dict.fromkeys(events))}, summary="none")
        run_test_night(config, accept_empty=["ana"])
    fresh = write_council(
        tmp_path_factory.mktemp("fresh"), {"ana": vcalendar(*dict.fromkeys(nights[-1]))}, summary="none"
    )
    run_test_night(fresh)
    names = ("meetings", "allocations")
    assert stored_tables(config, names) == stored_tables(fresh, names)


def stored_minutes(config) -> list[float]:
    with open_store(store_url(load_settings(config))) as store:
        return list(store.allocations.frame(date(2026, 1, 1), date(2028, 1, 1))["minutes"])


PSB = vevent("psb", "20261109T160000Z", "20261109T190000Z", "SUMMARY:PSB: terms of reference")


def test_other_working_hours_make_every_day_due_though_no_calendar_changed(tmp_path):
    config = write_council(tmp_path, {"ana": vcalendar(PSB)})
    run_test_night(config)
    before = stored_tables(config, ("allocations",))
    config = write_council(tmp_path, {"ana": vcalendar(PSB)}, more="[hours]\nday_end = 18:30:00\n")
    report = run_test_night(config)
    assert (report.counts["unchanged"], report.counts["reckoned"]) == (1, 1)
    assert stored_tables(config, ("allocations",)) != before


def test_a_week_later_the_minutes_of_new_days_are_added_and_the_old_ones_stay(tmp_path):
    daily = vevent("d", "20260907T090000Z", "20260907T100000Z", "RRULE:FREQ=DAILY", "SUMMARY:PSB")
    config = write_council(tmp_path, {"ana": vcalendar(daily)}, summary="none")
    run_test_night(config)
    first = set(stored_tables(config, ("allocations",))["allocations"])
    run_test_night(config, NIGHT + timedelta(days=7))
    second = set(stored_tables(config, ("allocations",))["allocations"])
    assert first < second
    assert len({row[1] for row in second - first}) == 7


def test_the_next_night_calculates_minutes_that_a_killed_night_did_not(tmp_path, monkeypatch):
    config = write_council(tmp_path, {"ana": vcalendar(PSB)}, summary="none")
    run_test_night(config)
    moved = vcalendar(PSB.replace("190000Z", "200000Z"))
    write_council(tmp_path, {"ana": moved}, summary="none")
    with monkeypatch.context() as patched:
        patched.setattr("calsync.app.night.recalculate_all", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_test_night(config)
    report = run_test_night(config)
    assert (report.counts["unchanged"], report.counts["reckoned"]) == (1, 1)
    assert sum(stored_minutes(config)) == 240


def test_a_new_managers_minutes_are_those_calculated_from_the_store(tmp_path):
    twice = vevent("twice", "20261110T100000Z", "20261110T110000Z", "SUMMARY:PSB")
    night = vevent("late", "20261111T230000Z", "20261112T010000Z", "SUMMARY:Travel to PSB")
    leave = vevent("l", "20261116T000000Z", "20261117T000000Z", "SUMMARY:Leave", "TRANSP:OPAQUE")
    calendar = vcalendar(PSB, twice, twice.replace("SUMMARY:PSB", "SUMMARY:PSB forward plan"), night, leave)
    config = write_council(tmp_path, {"ana": calendar}, summary="none")
    run_test_night(config)
    by_the_worker = stored_tables(config, ("allocations",))
    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        (ana,) = load_managers(settings)
        minutes = allocate_stored(store, ana, worktime_of(settings), *window_days(settings, NIGHT))
        store.allocations.replace(ana.id, *window_days(settings, NIGHT), minutes)
    assert stored_tables(config, ("allocations",)) == by_the_worker
    assert by_the_worker["allocations"]


def test_the_next_night_stores_a_new_managers_minutes_that_a_killed_night_did_not(tmp_path, monkeypatch):
    config = write_council(tmp_path, {"ana": vcalendar(PSB)}, summary="none")
    with monkeypatch.context() as patched:
        patched.setattr("calsync.app.writer.store_minutes", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_test_night(config)
    assert stored_tables(config, ("allocations",)) == {"allocations": []}
    report = run_test_night(config)
    assert (report.counts["unchanged"], report.counts["reckoned"]) == (1, 1)
    assert sum(stored_minutes(config)) == 180


def test_minutes_of_several_calendars_are_calculated_together(tmp_path):
    config = write_council(tmp_path, {"ana": vcalendar(PSB)}, summary="none")
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "one.ics").write_bytes(vcalendar(PSB))
    (tmp_path / "both" / "two.ics").write_bytes(vcalendar(PSB.replace("UID:psb", "UID:other")))
    managers = tmp_path / "managers.csv"
    people = managers.read_text(encoding="utf-8").replace("calendars/ana.ics", "both")
    managers.write_text(people, encoding="utf-8")
    run_test_night(config)
    minutes = stored_minutes(config)
    assert (len(minutes), sum(minutes)) == (4, 180)
