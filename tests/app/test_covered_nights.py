"""The table for HR about days that were not read, days ahead, and one meeting in several calendars."""

from datetime import date, timedelta

import pandas as pd
import pytest
from support.night_council import NIGHT, csv_rows, run_test_night, vcalendar, vevent, write_council
from typer.testing import CliRunner

from calsync.app.exports import load_minutes
from calsync.app.wiring import store_url
from calsync.cli import app
from calsync.config.load import load_settings
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

FIVE = ("ana", "bob", "cai", "dai", "eli")
WEEKLY = "RRULE:FREQ=WEEKLY"
PSB = "SUMMARY:PSB: terms of reference and membership"


def exported(config, first: str, to: str, table: str = "split") -> tuple[list[dict[str, str]], str]:
    arguments = ["export", "--table", table, "--from", first, "--to", to, "--config", str(config)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return csv_rows(result.stdout), result.stderr


def process(rows: list[dict[str, str]]) -> dict[str, str]:
    (row,) = [row for row in rows if (row["partnership"], row["activity"]) == ("psb", "process")]
    return row


def weekly(start: str = "20261102T100000Z", end: str = "20261102T120000Z", *lines: str) -> bytes:
    return vcalendar(vevent("psb", start, end, WEEKLY, PSB, *lines))


def test_one_meeting_in_five_calendars_is_one_meeting_and_five_attendances(tmp_path):
    calendars = dict.fromkeys(FIVE, weekly())
    # The same moment, as another program writes it.
    zoned = weekly().replace(b"DTSTART:20261102T100000Z", b"DTSTART;TZID=Europe/London:20261102T100000")
    calendars["eli"] = zoned.replace(b"DTEND:20261102T120000Z", b"DTEND;TZID=Europe/London:20261102T120000")
    config = write_council(tmp_path, calendars)
    run_test_night(config)
    row = process(exported(config, "2026-11-02", "2026-11-16")[0])
    assert (row["meetings"], row["attendances"], row["hours"]) == ("2", "10", "20.0")


def test_days_after_the_night_are_planned_and_never_hours(tmp_path):
    config = write_council(tmp_path, dict.fromkeys(FIVE, weekly()))
    run_test_night(config)
    rows, messages = exported(config, "2026-11-02", "2026-11-30")
    row = process(rows)
    # Mondays: 2 and 9 November have been; 16, the day of the night, and 23 have not.
    assert (row["hours"], row["hours_high"], row["hours_planned"]) == ("20.0", "20.0", "20.0")
    assert (row["meetings"], row["attendances"]) == ("2", "10")
    assert float(row["covered"]) == 0.5
    assert float(row["share_of_contracted"]) == pytest.approx(20 / (5 * 2 * 37), abs=1e-6)
    assert "2026-11-02 to 2026-11-30 (exclusive) was read in part" in " ".join(messages.split())
    whole, messages = exported(config, "2026-11-02", "2026-11-16")
    assert float(process(whole)["covered"]) == 1
    assert "in part" not in messages


def test_the_audit_table_marks_planned_minutes(tmp_path):
    config = write_council(tmp_path, {"ana": weekly()})
    run_test_night(config)
    rows, _ = exported(config, "2026-11-09", "2026-11-30", "allocations")
    assert {row["day"]: row["planned"] for row in rows} == {
        "2026-11-09": "false",
        "2026-11-16": "true",
        "2026-11-23": "true",
    }


def test_a_calendar_that_fails_covers_its_days_up_to_its_last_good_night(tmp_path):
    config = write_council(tmp_path, dict.fromkeys((*FIVE, "fay"), weekly()))
    run_test_night(config)
    (tmp_path / "calendars" / "fay.ics").unlink()
    run_test_night(config, NIGHT + timedelta(days=14))
    row = process(exported(config, "2026-11-02", "2026-11-30")[0])
    assert float(row["hours"]) == 5 * 8 + 4
    assert row["hours_planned"] == "", "one person's"
    assert float(row["covered"]) == pytest.approx((5 * 20 + 10) / (6 * 20), abs=1e-6)
    due = (5 * 4 + 2) * 37
    assert float(row["share_of_contracted"]) == pytest.approx(44 / due, abs=1e-6)


def test_a_manager_who_was_never_read_covers_nothing(tmp_path):
    config = write_council(tmp_path, dict.fromkeys((*FIVE, "fay"), weekly()))
    (tmp_path / "calendars" / "fay.ics").unlink()
    run_test_night(config)
    rows, messages = exported(config, "2026-11-02", "2026-11-16")
    assert float(process(rows)["covered"]) == pytest.approx(5 / 6, abs=1e-6)
    assert float(process(rows)["share_of_contracted"]) == pytest.approx(20 / (5 * 2 * 37), abs=1e-6)
    assert "83.3%" in messages


def test_days_before_the_first_window_are_not_covered_and_later_nights_keep_what_was(tmp_path):
    config = write_council(tmp_path, dict.fromkeys(FIVE, weekly()), more="[window]\nweeks_back = 1\n")
    run_test_night(config)
    run_test_night(config, NIGHT + timedelta(days=7))
    run_test_night(config, NIGHT + timedelta(days=14))
    first = NIGHT - timedelta(days=7)
    with open_store(store_url(load_settings(config))) as store:
        days = {(span.first, span.last) for span in store.meetings.calendar_days()}
    assert days == {(first, NIGHT + timedelta(days=14))}
    row = process(exported(config, "2026-11-02", "2026-11-30")[0])
    assert float(row["covered"]) == 3 / 4


def test_a_gap_between_two_windows_ends_what_was_covered_before(tmp_path):
    config = write_council(tmp_path, dict.fromkeys(FIVE, weekly()), more="[window]\nweeks_back = 1\n")
    run_test_night(config)
    later = NIGHT + timedelta(days=28)
    run_test_night(config, later)
    with open_store(store_url(load_settings(config))) as store:
        days = {(span.first, span.last) for span in store.meetings.calendar_days()}
    assert days == {(later - timedelta(days=7), later)}


def test_minutes_of_one_meeting_in_several_calendars_have_the_same_meeting(tmp_path):
    config = write_council(tmp_path, dict.fromkeys(FIVE, weekly()))
    run_test_night(config)
    with open_store(store_url(load_settings(config))) as store:
        frame = load_minutes(store, date(2026, 11, 9), date(2026, 11, 10))
    assert isinstance(frame, pd.DataFrame)
    assert frame["meeting"].nunique() == 1
    assert frame["meeting_id"].nunique() == 5


def test_a_grade_without_an_hourly_cost_is_named_and_the_cost_is_blank(tmp_path):
    config = write_council(tmp_path, dict.fromkeys(FIVE, weekly()), more='[costs]\nfile = "grades.csv"\n')
    (tmp_path / "grades.csv").write_text("grade,contract,productive\nhead,50,60\n", encoding="utf-8")
    run_test_night(config)
    rows, messages = exported(config, "2026-11-02", "2026-11-16")
    assert process(rows)["cost_contract"] == ""
    assert "no hourly cost is known for managers without a grade" in " ".join(messages.split())
