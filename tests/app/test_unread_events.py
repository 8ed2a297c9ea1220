"""Events that a night cannot read, or that lack something: what the report and the store have of them."""

import logging
import sqlite3

import pytest
from support.night_council import run_test_night, stored_tables, vcalendar, vevent, write_council

pytestmark = pytest.mark.slow

SECRET = "Oncology"
UNREAD = (
    vevent("1", "soon", "20261102T100000Z", f"SUMMARY:{SECRET}"),
    vevent("2", "20261102T090000Z", "20261102T100000Z", f"SUMMARY:{SECRET}", "RRULE:FREQ=NEVER"),
    vevent("3", f"20261102T090000ZSUMMARY:{SECRET}", "20261102T100000Z"),
    vevent(
        "4", "20261102T090000Z", "20261102T100000Z", f"SUMMARY:{SECRET}", "CLASS:PRIVATE", "RRULE:FREQ=NEVER"
    ),
    vevent("5", "20261102T090000Z", "20261102T100000Z", f"SUMMARY:{SECRET}").replace("END:VEVENT\r\n", ""),
)


@pytest.mark.parametrize("titles", ["none", "partnership"])
def test_the_title_of_an_event_that_could_not_be_read_is_nowhere(tmp_path, caplog, titles: str) -> None:
    config = write_council(tmp_path, {"ann": vcalendar(*UNREAD)}, f'[privacy]\ntitles = "{titles}"\n')
    with caplog.at_level(logging.DEBUG):
        report = run_test_night(config)
    assert len(report.faults) == len(UNREAD)
    with sqlite3.connect(tmp_path / "calsync.db") as base:
        stored = "\n".join(base.iterdump())
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".ics"]
    assert SECRET not in "".join((*map(str, report.problems), stored, caplog.text))
    assert not any(SECRET.encode() in content for content in files)


def test_a_meeting_without_an_end_counts_no_time_and_is_named(tmp_path) -> None:
    endless = vevent("1", "20261102T090000Z", "", "SUMMARY:Team").replace("DTEND:\r\n", "")
    config = write_council(tmp_path, {"ann": vcalendar(endless)})
    report = run_test_night(config)
    assert ["1 meeting gives no end" in problem.what for problem in report.problems] == [True]
    assert stored_tables(config)["allocations"] == []


def test_a_setting_gives_a_meeting_without_an_end_its_length_also_of_a_calendar_read_before(tmp_path) -> None:
    endless = vevent("1", "20261102T090000Z", "", "SUMMARY:Team").replace("DTEND:\r\n", "")
    calendars = {"ann": vcalendar(endless)}
    run_test_night(write_council(tmp_path, calendars))
    config = write_council(tmp_path, calendars, "[hours]\nmissing_end_minutes = 45\n")
    run_test_night(config)
    with sqlite3.connect(tmp_path / "calsync.db") as base:
        assert base.execute("select sum(minutes) from allocations").fetchone() == (45.0,)
