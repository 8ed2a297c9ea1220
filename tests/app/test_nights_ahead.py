"""A night dated after today is refused; one that is stored neither stops nor hides those before it."""

import subprocess
import sys
from datetime import date, datetime, timedelta
from threading import Event

import pytest
from support.night_council import (
    LONDON,
    NIGHT,
    mail_files,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)
from typer.testing import CliRunner

from calsync import scheduler
from calsync.app.night import run_night
from calsync.app.wiring import store_url
from calsync.cli import app
from calsync.config.load import load_settings
from calsync.demo.write import DEMO_DAY, write_demo
from calsync.errors import ConfigError
from calsync.store.database import open_store
from calsync.store.records import RunState

pytestmark = pytest.mark.slow

GOOD = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB"))
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def ask(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def ahead(config, night: date = date(2999, 1, 1)) -> None:
    """Store a night that a wrong clock dated ahead, with all calendars read."""
    with open_store(store_url(load_settings(config))) as store:
        moment = datetime(night.year, night.month, night.day, 4, 15, tzinfo=LONDON)
        store.runs.begin(night, moment)
        store.runs.finish(night, RunState.GOOD, moment, {}, [])
        store.meetings.mark_unchanged(
            [state.calendar_id for state in store.meetings.calendar_states()], night
        )


@pytest.mark.parametrize(
    ("night", "now", "zone"),
    [
        ("2026-11-17", "2026-11-16T23:59", "Europe/London"),
        ("2027-11-16", "2026-11-16T12:00", "Europe/London"),
        # The organisation's local date counts: midnight in London is still the 15th in New York.
        ("2026-11-16", "2026-11-16T01:00", "America/New_York"),
    ],
)
def test_a_night_after_today_is_refused_and_nothing_is_changed(tmp_path, night, now, zone):
    config = write_council(tmp_path, {"ana": GOOD})
    config.write_text(config.read_text().replace('nation = "wales"', f'timezone = "{zone}"'))
    with pytest.raises(ConfigError) as caught:
        run_night(config, date.fromisoformat(night), now=lambda: at(now))
    assert "is after today" in str(caught.value)
    assert not (tmp_path / "calsync.db").exists() and mail_files(config) == []


@pytest.mark.parametrize(
    ("night", "now", "zone"),
    [
        ("2026-11-16", "2026-11-16T00:01", "Europe/London"),
        ("2026-11-02", "2026-11-16T04:15", "Europe/London"),
        ("2026-11-17", "2026-11-16T23:00", "Asia/Tokyo"),
    ],
)
def test_a_night_up_to_today_is_run(tmp_path, night, now, zone):
    config = write_council(tmp_path, {"ana": GOOD})
    config.write_text(config.read_text().replace('nation = "wales"', f'timezone = "{zone}"'))
    assert run_night(config, date.fromisoformat(night), now=lambda: at(now)).outcome is RunState.GOOD


def test_run_refuses_tomorrow_with_exit_code_2(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    words = ["run", "--config", str(config), "--night", str(datetime.now(LONDON).date() + DAY)]
    ran = subprocess.run([sys.executable, "-m", "calsync", *words], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "is after today" in ran.stderr and "Traceback" not in ran.stderr


def test_a_stored_night_dated_ahead_does_not_stop_the_nights_before_it(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    ahead(config)
    for day in (16, 17):
        scheduler.run_if_due(config, Event(), lambda day=day: at(f"2026-11-{day}T04:15"))
    with open_store(store_url(load_settings(config))) as store:
        assert [night.night for night in store.runs.nights(9)] == [date(2999, 1, 1), NIGHT + DAY, NIGHT]


def test_a_stored_night_dated_ahead_does_not_make_status_green(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    ahead(config)
    given = ask("status", "--config", config)
    assert given.exit_code == 1
    assert "2999-01-01" in given.stdout and "has not run to its end" in given.stdout
    run_test_night(config, datetime.now(LONDON).date())
    assert ask("status", "--config", config).exit_code == 0


def test_a_reading_dated_ahead_does_not_release_a_summary(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config, NIGHT - 7 * DAY)
    ahead(config)
    (tmp_path / "calendars" / "ana.ics").unlink()
    run_test_night(config)
    assert [row[0] for row in stored_tables(config)["outbox"]] == ["summary/ana/weekly/2026-11-02"]


def test_the_demo_folder_has_its_own_day_and_run_status_and_check_show_it(tmp_path):
    config = write_demo(tmp_path)
    assert load_settings(config).today(at("2031-01-01T12:00")) == DEMO_DAY
    assert load_settings(config).today(at("2020-01-01T12:00")) == DEMO_DAY
    for words in (["run"], ["status"], ["check"]):
        given = ask(*words, "--config", config)
        assert given.exit_code == 0, given.output
        assert f"Today is taken to be {DEMO_DAY}" in given.stderr
    with open_store(store_url(load_settings(config))) as store:
        assert store.runs.last_good() == DEMO_DAY
    given = CliRunner().invoke(app, ["run", "--config", str(config), "--night", str(DEMO_DAY + DAY)])
    assert isinstance(given.exception, ConfigError) and "[demo] today" in str(given.exception)


def test_status_after_the_demo_is_green(tmp_path):
    assert ask("demo", "--to", tmp_path).exit_code == 0
    given = ask("status", "--config", tmp_path / "calsync.toml")
    assert given.exit_code == 0, given.output


def test_only_the_demo_writes_a_day_of_its_own():
    from calsync.config.starter_files import InitAnswers, build_starter_files
    from calsync.model.people import Language, Nation

    answers = InitAnswers("Us", ("us.example",), Nation.WALES, Language.EN, "files")
    assert not [text for text in build_starter_files(answers).values() if "[demo]" in text]
