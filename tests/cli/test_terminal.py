"""A4: whatever other people wrote is shown on a terminal, and never obeyed by it."""

import json
import re
import tomllib
from functools import cache, partial

import pytest
from support.night_council import NIGHT, csv_rows, run_test_night, vcalendar, vevent, write_council
from support.terminals import CONTROL_CHARACTERS, INVISIBLE_CHARACTERS, run_in_terminal, run_piped

from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

WEEK = ("--from", "2026-11-09", "--to", "2026-11-16")
WALES = "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
HOSTILE = (
    "Zorbing gathering \x1b[31mA\x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b2J \u202eB \u2066C "
    f"\u200bD \u2028E \U000e0041F [red]G[/] [link=http://evil.example]H[/link] Cyfarfod tŷ – "
    f"😀 👨‍👩‍👧 {WALES}"
)
FORGED = "\\nNight of Monday 16 November 2026: good"
SHOWN = (r"\x1b[31mA", r"\x1b]8;;http://evil.example\x07link", r"\x9b2J", r"\u202eB", r"\u2066C", r"\u2028E")
GUESTS = (
    "ORGANIZER:mailto:x@zorb.example",
    "ATTENDEE:mailto:z@y.police.uk",
    "ATTENDEE:mailto:ana@brynfelin.gov.wales.example",
)
CODED = (
    "title,duration_minutes,scope,partnership,activity\n"
    "{0},60,inter_agency,psb,process\n{0} again,60,internal,,x\x1b[31m\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A council with hostile titles, uids and file names, after its night."""
    folder = tmp_path_factory.mktemp("council")
    hours = ("20261109T100000Z", "20261109T120000Z")
    events = (
        vevent("u1", *hours, f"SUMMARY:{HOSTILE}{FORGED}", *GUESTS),
        vevent("u2\x1b[31m", "20261110T100000Z", "20261110T120000Z", f"SUMMARY:{HOSTILE} liaison", *GUESTS),
        vevent("u4", "20261111T100000Z", "20261111T120000Z", f"SUMMARY:{HOSTILE}", *GUESTS),
        vevent("u3\x1b[31m", "2026BAD", "20261109T120000Z", f"SUMMARY:{HOSTILE}"),
    )
    config = write_council(folder, {"ana": vcalendar(*events)})
    (folder / "shared").mkdir()
    for name in ("bob\x1b[31m\u202e", "cat"):
        (folder / "shared" / f"{name}.ics").write_bytes(b"<html>Sign in</html>")
    with (folder / "managers.csv").open("a", encoding="utf-8") as file:
        file.write("bob,bob@brynfelin.gov.wales.example,Bob,Social care,shared,none\n")
    run_test_night(config)
    (folder / "coded.csv").write_text(CODED.format(HOSTILE), encoding="utf-8")
    return folder


COMMANDS = {
    "run": ("run", "--night", NIGHT),
    "occurrences": ("occurrences", "ana", *WEEK),
    "occurrences of nothing": ("occurrences", "\x1b[31m\u202e.ics", *WEEK),
    "explain a title": ("explain", HOSTILE),
    "explain a description": ("explain", "Zorb", "--description", HOSTILE, "--invited", "a\x1b[31m.gov.uk"),
    "explain a kept meeting": ("explain", "--uid", "u2\x1b[31m"),
    "explain nothing": ("explain", "--uid", "\x1b[31m\u202e"),
    "status": ("status",),
    "check": ("check",),
    "correct": (
        "correct",
        "--uid",
        "u4",
        "--activity",
        "process",
        "--by",
        "\x1b[31mX\u202e",
        "--why",
        "a\nb\x1b",
    ),
    "the list of corrections": ("correct", "--list"),
    "a wrong correction": ("correct", "--uid", "u4", "--activity", "\x1b[31m\u202e", "--by", "ana"),
    "rules coverage": ("rules", "coverage"),
    "rules suggest": ("rules", "suggest"),
    "rules score": ("rules", "score", "coded.csv"),
    "classify to standard output": ("classify", "coded.csv", "-"),
    "export": ("export", "--table", "allocations", *WEEK),
    "an unknown command": ("\x1b[31m\u202e",),
    "an unknown option": ("run", "--\x1b[31m\u202e"),
    "a wrong date": ("run", "--night", "\x1b[31m\u202e"),
    "settings that are not there": ("status", "--config", "\x1b[31m\u202e.toml"),
}


@pytest.fixture(scope="module")
def given(folder):
    """What a command prints when it is run in the folder, each run once."""
    return cache(partial(run_piped, folder=folder))


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_no_command_prints_a_control_or_invisible_character(given, words):
    found = given(*words)
    shown = found.stdout + found.stderr
    assert "Traceback" not in shown
    assert CONTROL_CHARACTERS.findall(shown) == []
    # CSV is for programs: what has no effect stays in it.
    if words[0] != "classify":
        assert INVISIBLE_CHARACTERS.findall(shown.replace("👨‍👩‍👧", "").replace(WALES, "")) == []


@pytest.mark.parametrize(
    "words", [("occurrences", "ana", *WEEK), ("rules", "coverage"), ("rules", "score", "coded.csv")]
)
def test_titles_show_controls_as_escapes_and_stay_readable(given, words):
    shown = given(*words).stdout
    for escape in (*SHOWN, r"\u200bD", r"\U000e0041F"):
        assert escape in shown
    assert "[red]G[/] [link=http://evil.example]H[/link]" in shown, "markup in a title is text"
    assert "Cyfarfod tŷ – 😀 👨‍👩‍👧 " + WALES in shown


@pytest.mark.parametrize(
    "words", [("occurrences", "ana", *WEEK), ("rules", "coverage"), ("rules", "suggest")]
)
def test_a_line_break_in_a_title_forges_no_line(given, words):
    shown = given(*words).stdout
    # The names in a title are hidden by `suggest`, which joins its words anew.
    assert r"\nNight of Monday" in shown or words == ("rules", "suggest")
    assert "Night of Monday" in shown
    assert not re.search(r"^\W*Night of Monday", shown, re.MULTILINE)


@pytest.mark.parametrize("name", ["occurrences", "explain nothing", "status", "the list of corrections"])
def test_in_a_real_terminal_there_are_only_the_colours_that_we_set(folder, name):
    _, shown = run_in_terminal(*COMMANDS[name], folder=folder, COLUMNS="400")
    ours = re.sub("\x1b\\[(?:0|1|2|31|32|1;31)m", "", shown.replace("\r\n", "\n"))
    assert CONTROL_CHARACTERS.findall(ours) == []
    assert "\x1b[31mA" not in shown and "\x1b]8" not in shown


def test_csv_keeps_line_breaks_within_a_field_and_characters_without_effect(folder):
    rows = csv_rows(run_piped("occurrences", "ana", *WEEK, "--format", "csv", folder=folder).stdout)
    assert rows[0]["summary"].endswith("\nNight of Monday 16 November 2026: good")
    assert rows[1]["uid"] == r"u2\x1b[31m"
    for escape in SHOWN:
        assert escape in rows[0]["summary"]
    assert "\u200bD" in rows[0]["summary"]


def test_json_decodes_to_exactly_the_text_of_the_calendar(folder):
    given = run_piped("occurrences", "ana", *WEEK, "--format", "json", folder=folder).stdout
    assert json.loads(given)[1]["summary"] == f"{HOSTILE} liaison"


def test_a_failing_calendars_name_is_shown_by_status(given):
    found = given("status")
    assert found.returncode == 1
    assert r"bob\x1b[31m\u202e" in found.stdout


def test_suggested_rules_are_toml_with_the_title_itself(given):
    cues = tomllib.loads(given("rules", "suggest").stdout)["cue"]
    titles = [cue["example"][0]["title"] for cue in cues]
    assert titles and all("\x1b]8;;" in title and "\u202e" in title for title in titles)


def test_characters_that_the_encoding_lacks_end_no_command(folder):
    given = run_piped("occurrences", "ana", *WEEK, folder=folder, PYTHONIOENCODING="ascii")
    assert given.returncode == 1, given.stderr
    assert r"t\u0177" in given.stdout and "Traceback" not in given.stderr


def test_the_traceback_of_an_unexpected_error_has_control_characters_escaped(folder, monkeypatch, capsys):
    import calsync.cli

    def fail(*_: object) -> None:
        raise RuntimeError("title \x1b[31m\u202e\nforged")

    monkeypatch.setattr(calsync.cli, "app", fail)
    with pytest.raises(SystemExit, match="3"):
        calsync.cli.main(["status"])
    shown = capsys.readouterr().err
    assert r"RuntimeError: title \x1b[31m\u202e" in shown
    assert CONTROL_CHARACTERS.findall(shown) == []


def test_corrections_store_the_text_as_given_and_only_the_display_is_escaped(folder):
    with open_store(store_url(load_settings(folder / "calsync.toml"))) as store:
        before = len(store.corrections.list_all(None))
    run_piped("correct", "--uid", "u4", "--activity", "process", "--by", "A\x1bB", folder=folder)
    with open_store(store_url(load_settings(folder / "calsync.toml"))) as store:
        assert len(store.corrections.list_all(None)) == before + 1
        assert "A\x1bB" in {one.author for one in store.corrections.list_all(None)}


def test_no_command_prints_markup_of_its_own(tmp_path):
    config = write_council(tmp_path, {"ana": vcalendar(vevent("a", "20261109T100000Z", "20261109T120000Z"))})
    (tmp_path / "costs.csv").write_text("grade,contract,productive\nZ,1,2\n", encoding="utf-8")
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[costs]\nfile = "costs.csv"\n')
    given = run_piped(
        "export", "--table", "split", "--from", "2026-11-02", "--to", "2026-11-30", folder=tmp_path
    )
    assert "! no hourly cost is known for managers without a grade" in given.stderr
    assert "see [costs] file" in given.stderr
    assert "! 2026-11-02 to 2026-11-30 (exclusive) was read in part" in given.stderr
    assert "[/]" not in given.stderr and "[yellow]" not in given.stderr


def test_an_argument_that_is_not_utf_8_is_an_error_with_a_hint(tmp_path):
    answers = {"domains": "x.gov.uk", "nation": "wales", "language": "en", "calendars": "files"}
    words = [word for name, value in answers.items() for word in (f"--{name}", value)]
    given = run_piped("init", "--name", "x\udcff", *words, folder=tmp_path)
    assert given.returncode == 2
    shown = r"x\udcff: is not UTF-8"
    assert given.stderr.splitlines() == [shown, "  → type it again, in a UTF-8 terminal"]
