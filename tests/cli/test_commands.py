"""The command line as people and monitors meet it: output, exit codes, the way out."""

import subprocess
import sys
from datetime import date, datetime

import pytest
from support.night_council import (
    LONDON,
    NIGHT,
    csv_rows,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)
from typer.testing import CliRunner

from calsync.analysis.periods import parse_period
from calsync.cli import app

pytestmark = pytest.mark.slow

PSB = vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference and membership")
SMT = vevent("smt", "20261109T110000Z", "20261109T130000Z", "SUMMARY:SMT")
GOOD = vcalendar(PSB, SMT)
WEEK = ["--from", "2026-11-09", "--to", "2026-11-16"]


def calsync(*words: object) -> subprocess.CompletedProcess:
    """The real thing, in a process of its own."""
    command = [sys.executable, "-m", "calsync", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def run_command(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_occurrences_are_csv_with_the_columns_of_the_design(tmp_path):
    (tmp_path / "a.ics").write_bytes(GOOD)
    given = calsync("occurrences", tmp_path / "a.ics", *WEEK, "--format", "csv")
    assert given.returncode == 0, given.stderr
    rows = csv_rows(given.stdout)
    assert list(rows[0]) == [
        "uid", "recurrence_id", "start", "end", "all_day", "status", "response", "show_as", "sensitivity",
        "summary", "organizer_domain", "attendee_domains", "categories",
    ]  # fmt: skip
    assert [(row["uid"], row["start"]) for row in rows] == [
        ("psb", "2026-11-09T10:00:00+00:00"),
        ("smt", "2026-11-09T11:00:00+00:00"),
    ]


def test_occurrences_of_a_manager_by_id(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    given = run_command("occurrences", "ana", *WEEK, "--format", "json", "--config", config)
    assert '"uid":"psb"' in given.stdout.replace(": ", ":")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_every_format_shows_every_meeting(tmp_path, form):
    (tmp_path / "a.ics").write_bytes(GOOD)
    given = run_command("occurrences", tmp_path / "a.ics", *WEEK, "--format", form)
    assert "SMT" in given.stdout and "terms of reference" in given.stdout


def test_a_missing_calendar_is_an_error_with_a_hint(tmp_path):
    given = calsync("occurrences", tmp_path / "no.ics", *WEEK)
    assert given.returncode == 3
    assert "no.ics" in given.stderr


def test_a_wrong_date_is_an_argument_error(tmp_path):
    given = calsync("occurrences", tmp_path, "--from", "yesterday", "--to", "2026-01-01")
    assert given.returncode == 2
    assert "2026-11-16" in given.stderr


def test_run_prints_a_summary_and_ends_with_0(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    given = calsync("run", "--config", config, "--night", NIGHT)
    assert given.returncode == 0, given.stderr
    assert "1 calendar read" in given.stdout and "1 mail sent" in given.stdout


def test_run_names_each_problem_once_and_ends_with_1(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD, "bob": b"<!DOCTYPE html><title>Sign in</title>"})
    given = calsync("run", "--config", config, "--night", NIGHT)
    assert given.returncode == 1
    assert given.stderr.count("bob.ics") == 1
    assert "→" in given.stderr


def test_wrong_settings_end_with_2_and_every_fault(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD}, more="[window]\nweeks_bak = 1\nweeks_ahead = -1\n")
    given = calsync("run", "--config", config)
    assert given.returncode == 2
    assert "weeks_back" in given.stderr and "weeks_ahead" in given.stderr
    assert "Traceback" not in given.stderr


def test_status_ends_with_1_for_failing_calendars_and_missing_nights(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    today = datetime.now(LONDON).date()
    assert run_command("status", "--config", config).exit_code == 1
    run_test_night(config, today)
    assert run_command("status", "--config", config).exit_code == 0
    (tmp_path / "calendars" / "ana.ics").unlink()
    run_test_night(config, today)
    given = run_command("status", "--config", config)
    assert given.exit_code == 1
    assert f"since {today}" in given.stdout


def test_allocations_are_exported_and_add_up(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    given = run_command("export", "--table", "allocations", *WEEK, "--config", config)
    rows = csv_rows(given.stdout)
    assert list(rows[0]) == [
        "manager_id", "day", "partnership", "activity", "label", "kind", "confirmed", "in_hours",
        "planned", "minutes",
    ]  # fmt: skip
    assert sum(float(row["minutes"]) for row in rows) == 180
    assert {row["partnership"] for row in rows} == {"psb", ""}


def test_an_unknown_table_is_named_with_those_that_are_known(tmp_path):
    given = run_command("export", "spilt", "--period", "2026-11", "--config", tmp_path / "calsync.toml")
    assert given.exit_code == 2
    assert "allocations" in given.output and "split" in given.output


def test_the_split_hides_groups_of_fewer_than_five(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD, "bob": GOOD})
    run_test_night(config)
    given = run_command("export", "--table", "split", *WEEK, "--by", "department", "--config", config)
    assert given.exit_code == 0, given.output
    assert "psb" not in given.stdout


def test_the_split_shows_groups_of_five(tmp_path):
    config = write_council(tmp_path, dict.fromkeys(("ana", "bob", "cai", "dai", "eli"), GOOD))
    run_test_night(config)
    target = tmp_path / "split.csv"
    given = run_command(
        "export", "--table", "split", *WEEK, "--by", "department", "--to", target, "--config", config
    )
    assert given.exit_code == 0, given.output
    rows = csv_rows(target.read_text(encoding="utf-8-sig"))
    (process,) = [row for row in rows if row["activity"] == "process" and row["partnership"] == "psb"]
    assert float(process["hours"]) == pytest.approx(5 * 1.5)
    assert process["managers"] == "5"
    assert all(len(row["share_of_contracted"].partition(".")[2]) <= 6 for row in rows), "figures are rounded"


def test_explain_names_the_rule_and_what_it_matched():
    given = run_command("explain", "PSB: terms of reference and membership", "--pack", "wales")
    assert "psb" in given.stdout and "process" in given.stdout and "terms of reference" in given.stdout


def test_explain_finds_a_stored_meeting_by_its_uid(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    given = run_command("explain", "--uid", "psb", "--config", config)
    assert "stored as psb" in given.stdout


def test_classify_adds_five_columns_to_any_table(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("title,note\nPSB: terms of reference,x\nDentist,y\n", encoding="utf-8")
    assert run_command("classify", source, target, "--pack", "wales").exit_code == 0
    psb, dentist = csv_rows(target.read_text(encoding="utf-8-sig"))
    assert (psb["partnership"], psb["activity"], psb["note"]) == ("psb", "process", "x")
    assert (dentist["scope"], dentist["activity"]) == ("personal", "none")
    assert psb["rule"] and psb["evidence"]


def test_the_shipped_rules_pass_their_own_check():
    given = run_command("rules", "check", "--pack", "wales")
    assert given.exit_code == 0, given.output


def test_check_tests_everything_and_stores_and_sends_nothing(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    given = run_command("check", "--config", config)
    assert given.exit_code == 0, given.output
    for word in ("managers.csv", "rules", "store", "mail", "source exported", "ana"):
        assert f"✓ {word}" in given.stdout or (word == "ana" and word in given.stdout)
    with_tables = stored_tables(config)
    assert with_tables == {"meetings": [], "allocations": [], "outbox": []}


def test_check_reports_faults_of_a_source_and_a_mail_server(tmp_path):
    more = '[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
    config = write_council(tmp_path, {"ana": b"<html>Sign in</html>"}, more=more)
    given = calsync("check", "--config", config)
    assert given.returncode == 1
    assert "✗ mail" in given.stdout and "✗ source exported" in given.stdout
    assert given.stderr.count("→") >= 2


def test_a_folder_that_cannot_be_written_is_an_argument_error(tmp_path):
    (tmp_path / "file").write_text("")
    given = calsync("demo", "--to", tmp_path / "file" / "demo")
    assert given.returncode == 2
    assert "cannot be written" in given.stderr and "Traceback" not in given.stderr


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-q4", "2026-10-01", "2027-01-01"),
        ("2026-FY", "2026-04-01", "2027-04-01"),
        ("2026-09-07..2026-10-05", "2026-09-07", "2026-10-05"),
    ],
)
def test_a_period_includes_its_first_day_and_excludes_its_last(period: str, first: str, last: str):
    assert parse_period(period) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "period", ["", "2026", "2026-13", "2026-Q5", "2026-11-01..", "2026-11-02..2026-11-02", "soon"]
)
def test_an_invalid_period_is_an_argument_error(period: str):
    with pytest.raises(ValueError, match=r"\w"):
        parse_period(period)


def test_both_forms_of_export_write_the_same_and_the_old_one_prints_the_new_one(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    old = run_command("export", "--table", "allocations", *WEEK, "--config", config)
    new = run_command("export", "allocations", "--period", f"{WEEK[1]}..{WEEK[3]}", "--config", config)
    assert (old.exit_code, new.exit_code) == (0, 0)
    assert old.stdout == new.stdout
    assert f"calsync export allocations --period {WEEK[1]}..{WEEK[3]}" in old.stderr
    assert "1.0" not in new.stderr


def test_a_table_without_a_period_is_an_argument_error(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    for words in (
        ("split",),
        ("--period", "2026-11"),
        ("split", "--period", "2026-11", "--from", "2026-11-01"),
    ):
        assert run_command("export", *words, "--config", config).exit_code == 2
