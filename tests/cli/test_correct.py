"""`calsync correct`: effects, errors, the list of corrections, withdrawal."""

import subprocess
import sys

import pytest
from support.night_council import run_test_night, stored_tables, vcalendar, vevent, write_council
from typer.testing import CliRunner

from calsync.app.wiring import store_url
from calsync.cli import app
from calsync.config.load import load_settings
from calsync.store.lock import night_lock

pytestmark = pytest.mark.slow

SERIES = vevent("w", "20261102T090000Z", "20261102T100000Z", "RRULE:FREQ=WEEKLY;COUNT=3", "SUMMARY:PSB")
SINGLE = vevent("s", "20261110T140000Z", "20261110T150000Z", "SUMMARY:RPB")
SECRET = vevent("p", "20261111T140000Z", "20261111T150000Z", "SUMMARY:Oncology", "CLASS:PRIVATE")


def run_command(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def error_of(*words: object) -> str:
    """Return the error output of a command in its own process, which must end with 2."""
    command = [sys.executable, "-m", "calsync", *map(str, words)]
    given = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert given.returncode == 2, given.stdout + given.stderr
    assert "Traceback" not in given.stderr
    return given.stderr


@pytest.fixture
def config(tmp_path):
    made = write_council(tmp_path, {"ana": vcalendar(SERIES, SINGLE, SECRET), "bob": vcalendar(SERIES)})
    run_test_night(made)
    return made


def test_a_series_is_corrected_and_shown_before_and_after(config):
    given = run_command(
        "correct", "--uid", "w", "--series", "--activity", "process", "--by", "ana", "--config", config
    )
    assert given.exit_code == 0, given.output
    assert "psb: unclear → psb: process" in " ".join(given.stdout.split())
    assert "ana, bob" in given.stdout and "by Ana (ana). 6 of 6 meetings changed" in given.stdout


def test_one_meeting_is_named_by_its_time_or_its_day(config):
    how = ("--activity", "service improvement", "--by", "Alys Puw", "--config", config)
    given = run_command("correct", "--uid", "w", "--at", "2026-11-09T09:00", *how)
    assert "2 of 2 meetings changed" in given.stdout, given.output
    assert "2 of 2 meetings" in run_command("correct", "--uid", "w", "--at", "2026-11-16", *how).stdout


def test_a_meeting_that_does_not_recur_needs_no_more_than_its_uid(config):
    given = run_command("correct", "--uid", "s", "--partnership", "psb", "--by", "ana", "--config", config)
    assert "rpb: unclear → psb: unclear" in " ".join(given.stdout.split()), given.output


def test_a_series_needs_the_option_series_or_at(config):
    error = error_of("correct", "--uid", "w", "--activity", "process", "--by", "ana", "--config", config)
    assert "--series" in error and "--at 2026-11-16T09:00" in error


def test_every_unknown_value_is_reported_with_a_suggestion(config):
    error = error_of(
        "correct", "--uid", "w", "--series", "--activity", "proces", "--partnership", "psbb", "--by", "x",
        "--config", config,
    )  # fmt: skip
    assert "did you mean 'process'?" in error and "did you mean 'psb'?" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--uid", "none", "--activity", "process", "--by", "ana"), "no stored meeting has this uid"),
        (("--uid", "s", "--activity", "process"), "--by"),
        (("--uid", "s", "--by", "ana"), "contains no change"),
        (("--uid", "w", "--at", "2026-11-03T09:00", "--activity", "process", "--by", "ana"), "its times"),
        (("--uid", "s", "--manager", "bbo", "--activity", "process", "--by", "ana"), "did you mean 'bob'?"),
        (("--uid", "s", "--manager", "bob", "--activity", "process", "--by", "ana"), "no such meeting"),
        (("--uid", "p", "--activity", "process", "--by", "ana"), "--manager ana"),
        (("--uid", "s", "--scope", "internal", "--activity", "mixed", "--by", "ana"), "cannot all be"),
        (("--withdraw", "7", "--by", "ana"), "there is no such correction"),
        (("--uid", "s", "--at", "Tuesday", "--activity", "process", "--by", "ana"), "2026-11-03T10:00"),
    ],
)
def test_an_impossible_correction_ends_with_2_with_a_hint_and_stores_nothing(config, words, message):
    assert message in " ".join(error_of("correct", *words, "--config", config).split())
    assert stored_tables(config, ("corrections",)) == {"corrections": []}


def test_a_private_meeting_is_corrected_by_naming_its_calendar_and_shows_no_title(config):
    how = ("--uid", "p", "--manager", "ana", "--activity", "process", "--partnership", "psb", "--by", "ana")
    given = run_command("correct", *how, "--config", config)
    assert given.exit_code == 0, given.output
    assert "(private)" in given.stdout and "Oncology" not in given.stdout


def test_the_list_shows_who_when_why_and_what_it_was(config):
    assert "no corrections" in run_command("correct", "--list", "--config", config).stdout
    how = ("--activity", "process", "--by", "Alys Puw", "--why", "only terms", "--config", config)
    run_command("correct", "--uid", "s", *how)
    given = run_command("correct", "--list", "--config", config)
    assert "1  s [series], in force" in given.stdout
    assert "rpb: unclear → process, by Alys Puw" in given.stdout and "(only terms)" in given.stdout


def test_the_same_correction_twice_is_stored_once(config):
    how = ("--uid", "s", "--activity", "process", "--by", "ana", "--config", config)
    run_command("correct", *how)
    assert "0 of 1 meeting changed" in run_command("correct", *how).stdout
    assert len(stored_tables(config, ("corrections",))["corrections"]) == 1


def test_a_withdrawal_restores_the_label_and_stays_in_the_list(config):
    before = stored_tables(config, ("allocations",))
    run_command("correct", "--uid", "s", "--activity", "process", "--by", "ana", "--config", config)
    assert stored_tables(config, ("allocations",)) != before
    given = run_command("correct", "--withdraw", "1", "--by", "bob", "--config", config)
    assert "rpb: process → rpb: unclear" in " ".join(given.stdout.split())
    assert stored_tables(config, ("allocations",)) == before
    assert "withdrawn by Bob (bob)" in run_command("correct", "--list", "--config", config).stdout


def test_explain_shows_which_correction_decided_and_the_classification_by_rules(config):
    how = ("--by", "Alys Puw", "--config", config)
    run_command("correct", "--uid", "w", "--series", "--activity", "process", *how)
    run_command(
        "correct", "--uid", "w", "--at", "2026-11-09", "--activity", "mixed", "--why", "two halves", *how
    )
    message = run_command("explain", "--uid", "w", "--config", config).stdout
    assert "decided: 2 [meeting 2026-11-09T09:00:00+00:00] Alys Puw" in message and "two halves" in message
    assert message.index("decided: 2") < message.index("decided: 1 [series]")
    assert "without them: psb, unclear" in message
    assert "this meeting, its series, a category in the calendar, our own rules, shipped rules" in message


def test_while_a_night_runs_nothing_is_stored_and_the_error_has_a_hint(config):
    command = [
        sys.executable,
        "-m",
        "calsync",
        "correct",
        "--uid",
        "s",
        "--activity",
        "process",
        "--by",
        "ana",
    ]
    with night_lock(store_url(load_settings(config))):
        given = subprocess.run(
            [*command, "--config", str(config)], capture_output=True, text=True, encoding="utf-8"
        )
    assert given.returncode == 3
    assert "another night is running" in given.stderr
    assert stored_tables(config, ("corrections",)) == {"corrections": []}


def test_a_correction_to_an_own_activity_survives_the_next_night(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "local.toml").write_text(
        '[pack]\ntitle = "Ours"\n[activity."board business"]\ncounts_as = "process"\n', encoding="utf-8"
    )
    config = write_council(tmp_path, {"ana": vcalendar(SINGLE)}, '[rules]\nfolder = "rules"\n')
    run_test_night(config)
    given = run_command(
        "correct", "--uid", "s", "--activity", "Board business", "--by", "ana", "--config", config
    )
    assert "board business, by Ana (ana). 1 of 1 meeting changed" in given.stdout, given.output
    corrected = stored_tables(config)
    run_test_night(config)
    assert stored_tables(config) == corrected
    assert "board business, by Ana" in run_command("correct", "--list", "--config", config).stdout
    error = error_of(
        "correct", "--uid", "s", "--activity", "board busines", "--by", "ana", "--config", config
    )
    assert "did you mean 'board business'" in " ".join(error.split())
