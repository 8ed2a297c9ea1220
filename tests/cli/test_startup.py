"""D18: a command imports what it needs when it runs."""

import subprocess
import sys

import pytest
import typer
from support.night_council import run_test_night, vcalendar, vevent, write_council

from calsync.cli import app
from calsync.cli.app import COMMANDS

pytestmark = pytest.mark.slow

GOOD = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB"))
READERS = {
    "icalendar",
    "recurring_ical_events",
    "O365",
    "msal",
    "requests",
    "urllib3",
    "defusedxml",
    "stamina",
}
TABLES = {"pandas", "numpy", "pyarrow", "xlsxwriter", "openpyxl"}
OTHERS = {"apscheduler", "alembic", "jinja2", "css_inline", "babel", "holidays", "tldextract", "cryptography"}
RULES = {
    "calsync.rules",
    "calsync.analysis",
    "calsync.sources",
    "calsync.app",
    "calsync.mail.message",
    "calsync.mail.outbox",
    "calsync.mail.smtp",
    "calsync.reports",
}
PROBE = """
import sys
from calsync.cli import main
try:
    main({words!r})
except SystemExit as end:
    print(end.code)
print(*sorted(sys.modules), sep="\\n", file=open({kept!r}, "w"))
"""


def imported(folder, *words: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    kept = folder / "modules.txt"
    code = PROBE.format(words=list(words), kept=str(kept))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert kept.exists(), found.stderr
    return set(kept.read_text().split())


def test_help_imports_no_settings_no_store_no_reader_and_no_table(tmp_path):
    unwanted = {
        *READERS,
        *TABLES,
        *OTHERS,
        *RULES,
        "pydantic",
        "sqlalchemy",
        "calsync.config",
        "calsync.store",
    }
    assert imported(tmp_path, "--help") & unwanted == set()
    assert imported(tmp_path, "--version") & unwanted == set()


def test_status_imports_no_reader_no_table_no_rules_and_no_scheduler(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    modules = imported(tmp_path, "status", "--config", str(config))
    modules |= imported(tmp_path, "status", "--format", "json", "--config", str(config))
    assert "sqlalchemy" in modules
    # `calsync.mail.open_mails` says which mails are overdue, and imports nothing that sends.
    assert {name for name in modules if name.startswith("calsync.mail.")} == {"calsync.mail.open_mails"}
    assert modules & ({*READERS, *TABLES, *OTHERS, *RULES} - {"calsync.mail"}) == set()


def test_a_store_that_must_be_made_is_made_by_status(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    assert "alembic" in imported(tmp_path, "status", "--config", str(config))
    assert "alembic" not in imported(tmp_path, "status", "--config", str(config))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_a_command_in_the_list_begins_its_own_help(name):
    group = typer.main.get_command(app)
    command = group.get_command(typer.Context(group), name)
    line = COMMANDS[name]
    assert " ".join((command.help or "").split()).startswith(line)


def test_a_mistyped_command_gets_a_suggestion_without_importing_any(tmp_path):
    command = [sys.executable, "-m", "calsync", "statsu"]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 2
    assert "Did you mean 'status'?" in found.stderr


def test_status_compiles_no_patterns_of_titles(tmp_path):
    config = write_council(tmp_path, {"ana": GOOD})
    run_test_night(config)
    assert "calsync.model.title_cancellation" not in imported(tmp_path, "status", "--config", str(config))
