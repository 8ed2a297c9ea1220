"""`calsync status --format json`: the same as the text, for a program."""

import json
import subprocess
import sys
from datetime import date, timedelta

import pytest
from support.night_council import NIGHT, run_test_night, vcalendar, vevent, write_council

GOOD = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB"))
TODAY = f'[demo]\ntoday = "{NIGHT}"\n'
"""The clock of the tests, for commands in a process of their own."""


def status(config, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "calsync", "status", "--config", str(config), *words]
    return subprocess.run(command, capture_output=True, text=True)


def status_json(config) -> tuple[int, dict]:
    found = status(config, "--format", "json")
    return found.returncode, json.loads(found.stdout)


def test_a_good_status_in_json_names_the_nights_and_ends_with_0(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD}, TODAY)
    run_test_night(config)
    code, found = status_json(config)
    assert (code, found["good"], found["late"]) == (0, True, False)
    assert found["due_night"] == found["last_good_night"] == found["today"] == str(NIGHT)
    (night,) = found["nights"]
    assert (night["night"], night["state"], night["ahead"]) == (str(NIGHT), "good", False)
    assert night["counts"]["calendars"] == 1
    assert found["failing_calendars"] == found["problems"] == found["mails"] == []


def test_what_needs_attention_is_in_json_and_ends_with_1_as_the_text_does(tmp_path):
    down = '[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\n'
    config = write_council(tmp_path, {"ana": GOOD, "bryn": GOOD.replace(b"psb", b"two")}, TODAY + down)
    with (tmp_path / "managers.csv").open("a") as file:
        file.write("dai,nobody,,,,\n")
    (tmp_path / "calendars" / "bryn.ics").unlink()
    run_test_night(config)
    code, found = status_json(config)
    assert (code, found["good"]) == (1, False)
    (failing,) = found["failing_calendars"]
    assert (failing["manager_id"], failing["failing_since"], failing["last_read"]) == (
        "bryn",
        str(NIGHT),
        None,
    )
    assert failing["what"] and failing["calendar"] == "bryn (calendars/bryn.ics)"
    (problem,) = found["problems"]
    assert problem["where"] == "managers.csv line 4 email" and problem["severity"] == "fault"
    (mail,) = found["mails"]
    assert mail["mail_id"] == "summary/ana/weekly/2026-11-09"
    assert (mail["state"], mail["attempts"]) == ("pending", 1)
    assert mail["overdue"] is True  # the process has the real clock, which is past the next try
    assert mail["id"] in status(config).stdout


def test_a_future_night_and_a_late_night_are_reported_separately(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    (tmp_path / "calsync.toml").write_text(
        config.read_text() + f'[demo]\ntoday = "{NIGHT - timedelta(days=1)}"\n'
    )
    code, found = status_json(config)
    assert (code, found["late"], found["last_good_night"]) == (1, True, None)
    assert [night["ahead"] for night in found["nights"]] == [True]
    assert date.fromisoformat(found["due_night"]) == NIGHT - timedelta(days=1)


@pytest.mark.parametrize("form", ["table", "json"])
def test_before_the_first_night_the_status_is_not_good(tmp_path, form):
    config = write_council(tmp_path, {"ana": GOOD}, TODAY)
    found = status(config, "--format", form)
    assert found.returncode == 1
    if form == "json":
        assert json.loads(found.stdout)["nights"] == []


def test_no_control_character_is_in_the_json(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD}, TODAY)
    (tmp_path / "managers.csv").write_text(
        "id,email,calendar,summary\nm\u202e1,a@b.example,x.ics,none\nm2,b@b.example,\x1b[31my.ics,none\n",
        encoding="utf-8",
    )
    run_test_night(config)
    found = status(config, "--format", "json")
    assert not {"\x1b", "\u202e"} & set(found.stdout)
    assert "\x1b[31my.ics" in json.loads(found.stdout)["failing_calendars"][0]["calendar"]
