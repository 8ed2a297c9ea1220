"""Summaries of weeks and months that ended while no night ran: each is sent once or reported."""

from datetime import date, timedelta

import pytest
from support.night_council import (
    NIGHT,
    mail_files,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)

from calsync.model.people import Frequency
from calsync.reports.period import last_period, previous_period

pytestmark = pytest.mark.slow

DAILY = vcalendar(
    vevent(
        "psb", "20260803T100000Z", "20260803T120000Z", "RRULE:FREQ=DAILY", "SUMMARY:PSB: terms of reference"
    )
)
WEEK = timedelta(weeks=1)


def weeks(config) -> list[str]:
    """The first days of the weeks or months whose summaries are in the outbox, for each manager."""
    return sorted(row[0].removeprefix("summary/") for row in stored_tables(config, ("outbox",))["outbox"])


def problem_places(report) -> list[str]:
    return [problem.where for problem in report.problems]


def test_the_weeks_missed_while_no_night_ran_are_sent_once_and_the_report_says_so(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY})
    run_test_night(config)
    report = run_test_night(config, NIGHT + 3 * WEEK)
    assert weeks(config) == [f"ana/weekly/2026-11-{day}" for day in ("09", "16", "23", "30")]
    assert (report.counts["mails"], report.counts["built_late"], len(mail_files(config))) == (3, 2, 4)
    assert problem_places(report) == ["summary/ana/weekly/2026-11-16", "summary/ana/weekly/2026-11-23"]
    assert not report.faults
    for day in (NIGHT + 3 * WEEK, NIGHT + 3 * WEEK + timedelta(days=1)):
        again = run_test_night(config, day)
        assert (again.counts["mails"], again.problems) == (0, [])


def test_each_missed_week_holds_its_own_hours(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY})
    run_test_night(config)
    run_test_night(config, NIGHT + 2 * WEEK)
    missed = next(path for path in mail_files(config) if "16–22 November" in path.name)
    assert "14" in missed.read_text(encoding="utf-8"), "two hours on seven days"


def test_missed_months_are_sent(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY}, summary="monthly")
    run_test_night(config, date(2026, 9, 2))
    run_test_night(config, date(2026, 11, 5))
    assert weeks(config) == [f"ana/monthly/2026-{month}-01" for month in ("08", "09", "10")]


def test_a_manager_who_subscribes_now_gets_the_last_week_only(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY}, summary="none")
    run_test_night(config)
    write_council(tmp_path, {"ana": DAILY, "ben": DAILY})
    run_test_night(config, NIGHT + 4 * WEEK)
    assert weeks(config) == ["ana/weekly/2026-12-07", "ben/weekly/2026-12-07"]


def test_weeks_without_subscription_are_not_sent_later(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY})
    run_test_night(config)
    write_council(tmp_path, {"ana": DAILY}, summary="none")
    for n in (1, 2, 3):
        run_test_night(config, NIGHT + n * WEEK)
    write_council(tmp_path, {"ana": DAILY})
    run_test_night(config, NIGHT + 4 * WEEK)
    assert weeks(config) == ["ana/weekly/2026-11-09", "ana/weekly/2026-12-07"]


def test_the_first_night_sends_the_last_week_only(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY})
    run_test_night(config)
    assert weeks(config) == ["ana/weekly/2026-11-09"]


def test_summaries_beyond_the_limit_are_reported_once_and_not_sent_later(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY}, more="[mail]\nmissed_summaries = 2\n")
    run_test_night(config)
    for _ in range(2):
        report = run_test_night(config, NIGHT + 5 * WEEK)
        (fault,) = report.faults
        assert fault.where == "mails of ana"
        assert "2 weekly summaries, from 2026-11-16 to 2026-11-29, not sent" in fault.what
        assert "missed_summaries" in fault.hint
    assert len(weeks(config)) == 4
    assert run_test_night(config, NIGHT + 5 * WEEK + timedelta(days=1)).problems == []
    assert len(weeks(config)) == 4


def test_weeks_before_the_window_are_reported_and_not_sent(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY}, more="[window]\nweeks_back = 2\n")
    run_test_night(config)
    report = run_test_night(config, NIGHT + 4 * WEEK)
    assert [fault.where for fault in report.faults] == ["mails of ana"]
    assert weeks(config)[1:] == ["ana/weekly/2026-11-30", "ana/weekly/2026-12-07"]


def test_a_week_that_waited_for_its_calendar_is_sent_when_it_is_read_weeks_later(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY})
    run_test_night(config)
    (tmp_path / "calendars" / "ana.ics").write_bytes(b"<html>Sign in</html>")
    for days in (7, 8, 14):
        report = run_test_night(config, NIGHT + timedelta(days=days))
        assert "summary/ana/weekly/2026-11-16" in problem_places(report)
    (tmp_path / "calendars" / "ana.ics").write_bytes(DAILY)
    run_test_night(config, NIGHT + 3 * WEEK)
    assert weeks(config) == [f"ana/weekly/2026-11-{day}" for day in ("09", "16", "23", "30")]


def test_nights_that_failed_or_were_interrupted_count_as_missed(tmp_path):
    config = write_council(tmp_path, {"ana": DAILY})
    run_test_night(config)

    def fails(what, done, total):
        raise RuntimeError("no power")

    with pytest.raises(RuntimeError):
        run_test_night(config, NIGHT + WEEK, progress=fails)
    run_test_night(config, NIGHT + 2 * WEEK)
    assert weeks(config) == [f"ana/weekly/2026-11-{day}" for day in ("09", "16", "23")]


@pytest.mark.parametrize("frequency", [Frequency.WEEKLY, Frequency.MONTHLY])
def test_the_period_before_ends_where_this_one_begins(frequency):
    period = last_period(frequency, NIGHT)
    assert period is not None
    before = previous_period(period)
    assert (before.last, before.frequency) == (period.first, frequency)
