"""The rules' authors at the command line: score, coverage, suggest, schema."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.night_council import run_test_night, vcalendar, vevent, write_council
from typer.testing import CliRunner

from calsync.cli import app
from calsync.rules.packs.json_schema import pack_schema
from calsync.rules.packs.load import shipped_rules_folder

pytestmark = pytest.mark.slow

GUESTS = (
    "ORGANIZER:mailto:x@zorb.example",
    "ATTENDEE:mailto:z@y.police.uk",
    "ATTENDEE:mailto:ana@brynfelin.gov.wales.example",
)
CODED = """title,organiser_domain,attendee_domains,duration_minutes,scope,partnership,activity
LRF: terms of reference,a.gov.uk,a.gov.uk;b.police.uk,60,inter_agency,lrf,process
MARAC,a.gov.uk,a.gov.uk;b.police.uk,120,inter_agency,marac,unclear
MARAC cases,a.gov.uk,a.gov.uk;b.police.uk,30,inter_agency,marac,process
"""
UNCLEAR = """title,organiser_domain,attendee_domains,duration_minutes,scope,partnership,activity
Zorbing liaison,a.gov.uk,a.gov.uk;b.police.uk,60,inter_agency,,process
Zorbing gathering,a.gov.uk,a.gov.uk;b.police.uk,60,inter_agency,,service_improvement
"""


def run_command(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "coded.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_score_shows_the_longest_differing_row_and_counts_the_rest(tmp_path):
    given = run_command("rules", "score", table(tmp_path, CODED), "--pack", "uk", "--rows", "1")
    assert given.exit_code == 0, given.output
    assert "2 rows differ, the longest first" in given.stdout
    assert given.stdout.count(" min  ") == 1
    assert "120 min  MARAC: coded" in given.stdout
    assert "30 min" not in given.stdout


def test_score_of_an_uncoded_table_ends_with_2_and_names_the_missing_column(tmp_path):
    path = table(tmp_path, "title,scope,partnership\nMARAC,inter_agency,marac\n")
    command = [sys.executable, "-m", "calsync", "rules", "score", str(path), "--pack", "uk"]
    given = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert given.returncode == 2
    assert "no column activity" in given.stderr and "Traceback" not in given.stderr


OWN = """
[pack]
title = "Ours"
[[rule]]
id = "own/zorb"
why = "The council says so of its own board."
when.title_any = ["zorbing"]
scope = "personal"
activity = "none"
example = [{ title = "Zorbing" }]
"""


def test_the_own_folder_of_rules_stays_in_force_if_a_pack_is_named(tmp_path):
    config = write_council(tmp_path, {}, '[rules]\nfolder = "ours"\n')
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "own.toml").write_text(OWN, encoding="utf-8")
    given = run_command("explain", "Zorbing", "--pack", "england", "--config", config)
    assert given.exit_code == 0, given.output
    assert "own/zorb" in given.stdout


def test_coverage_counts_stored_meetings_and_hides_private_titles(tmp_path):
    hours = ("20261109T100000Z", "20261109T120000Z")
    shown = vevent("1", *hours, "SUMMARY:Zorbing liaison", *GUESTS)
    hidden = vevent("2", *hours, "SUMMARY:Secret zorbing", "CLASS:PRIVATE", *GUESTS)
    config = write_council(tmp_path, {"ana": vcalendar(shown, hidden)})
    run_test_night(config)
    given = run_command("rules", "coverage", "--config", config)
    assert given.exit_code == 0, given.output
    assert "Rules by the hours they decided" in given.stdout
    assert "2.0 h between agencies, 2.0 h of them unclear" in given.stdout
    assert "Zorbing liaison" in given.stdout and "zorb.example" in given.stdout
    assert "Secret" not in given.stdout
    before = run_command("rules", "coverage", "--to", "2026-11-09", "--config", config)
    assert "0.0 h between agencies" in before.stdout and "zorb.example" not in before.stdout


def test_suggestions_are_toml_with_the_rows_that_they_change(tmp_path):
    path = table(tmp_path, UNCLEAR)
    given = run_command("rules", "suggest", path, "--against", path, "--pack", "uk")
    assert given.exit_code == 0, given.output
    assert 'when.any = ["zorbing"]' in given.stdout
    changed = "# of them unclear to calsync today, so decided by this rule: 1 process, 1 service_improvement"
    assert changed in given.stdout
    assert {cue["side"] for cue in tomllib.loads(given.stdout)["cue"]} == {""}


def test_a_suggestion_chooses_no_activity_even_if_coded_rows_agree(tmp_path):
    path = table(tmp_path, UNCLEAR.replace("service_improvement", "process"))
    given = run_command("rules", "suggest", path, "--against", path, "--pack", "uk")
    assert "decided by this rule: 2 process" in given.stdout
    assert {cue["side"] for cue in tomllib.loads(given.stdout)["cue"]} == {""}


def test_suggestions_propose_and_show_no_names_of_people(tmp_path):
    titles = (
        "Zorbing with Siân Pritchard",
        "Zorbing / Olumide",
        "Alys Puw & Zorbing",
        "Zorbing with Qwertina",
    )
    rows = "".join(f'"{title}",northmoor.gov.uk,wales.nhs.uk\n' for title in titles)
    path = tmp_path / "unclear.csv"
    path.write_text("title,organiser_domain,attendee_domains\n" + rows, encoding="utf-8")
    given = run_command("rules", "suggest", path, "--pack", "uk")
    assert 'when.any = ["zorbing"]' in given.stdout
    shown = given.stdout.casefold()
    assert not [
        name for name in ("siân", "sian", "pritchard", "olumide", "alys", "puw", "qwertina") if name in shown
    ]


def test_the_schema_next_to_the_packs_is_the_one_that_the_command_prints(golden):
    given = run_command("rules", "schema")
    golden(shipped_rules_folder() / "pack.schema.json", given.stdout)
    assert json.loads(given.stdout) == json.loads(json.dumps(pack_schema()))


@pytest.mark.parametrize(
    ("name", "domains"),
    [
        ("", "northmoor.gov.uk"),
        ("Northmoor", ""),
        ("Northmoor", "northmoor"),
        ("Northmoor", "northmoor..gov.uk"),
        ("Northmoor", "-northmoor.gov.uk"),
    ],
)
def test_init_rejects_what_check_rejects_and_writes_nothing(tmp_path, name: str, domains: str):
    folder = tmp_path / "council"
    options = ("--nation", "wales", "--language", "en", "--calendars", "files", "--to", folder)
    given = run_command("init", "--name", name, "--domains", domains, *options)
    assert given.exit_code == 2
    assert not folder.exists()


def test_what_init_writes_passes_rules_check(tmp_path):
    options = ("--nation", "scotland", "--language", "en", "--calendars", "caldav", "--to", tmp_path)
    assert (
        run_command("init", "--name", "Northmoor", "--domains", "northmoor.gov.uk", *options).exit_code == 0
    )
    assert run_command("rules", "check", "--config", tmp_path / "calsync.toml").exit_code == 0
