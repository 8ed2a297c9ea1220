"""Installs the package of docs/developers/plugins.md and uses its source, file format and table."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from support.night_council import csv_rows, run_test_night, write_council
from typer.testing import CliRunner

from calsync.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "developers" / "plugins.md"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PAGE.exists(), reason="no checkout")]

ROTA = b"start,end,duty\n2026-11-09T10:00,2026-11-09T12:00,PSB terms of reference\n"
PERIOD = ["--period", "2026-11-09..2026-11-16"]
NAMES = ("ana", "bob", "cai", "dai", "eli")


@pytest.fixture
def installed(tmp_path, monkeypatch) -> None:
    """The package of the page, as an installer puts it into site-packages."""
    page = PAGE.read_text(encoding="utf-8")
    site = tmp_path / "site-packages"
    for name, code in re.findall(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(code, encoding="utf-8")
    (site / "northmoor" / "__init__.py").touch()
    (project,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    groups = tomllib.loads(project)["project"]["entry-points"]
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    info = site / "northmoor-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: northmoor\nVersion: 1.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "northmoor"]:
        del sys.modules[name]


@pytest.fixture
def council(tmp_path, installed) -> Path:
    """The settings of a council whose managers' calendars are rotas, after a night."""
    settings = '[sources.duties]\ntype = "rota"\n'
    config = write_council(tmp_path / "council", dict.fromkeys(NAMES, ROTA), more=settings)
    managers = config.parent / "managers.csv"
    head, *lines = managers.read_text(encoding="utf-8").splitlines()
    managers.write_text(
        "\n".join([f"{head},source", *(f"{line},duties" for line in lines), ""]), encoding="utf-8"
    )
    run_test_night(config)
    return config


def export(table: str, config: Path, *options: object) -> str:
    words = ["export", table, *PERIOD, "--config", str(config), *map(str, options)]
    given = CliRunner().invoke(app, words)
    assert given.exit_code == 0, given.output
    return given.stdout


def test_the_source_of_the_page_is_read_by_a_night(council):
    rows = csv_rows(export("allocations", council))
    assert [(row["manager_id"], row["partnership"], float(row["minutes"])) for row in rows] == [
        (name, "psb", 120) for name in NAMES
    ]


def test_a_calendar_that_the_source_cannot_read_is_a_problem_of_that_calendar(council):
    (council.parent / "calendars" / "bob.ics").write_text(
        "start,end,duty\nsoon,later,PSB\n", encoding="utf-8"
    )
    report = run_test_night(council)
    assert any("line 2 has no start and end" in str(problem) for problem in report.problems)
    assert len(csv_rows(export("allocations", council))) == len(NAMES)


def test_the_file_format_of_the_page_writes_the_split(council, tmp_path):
    file = tmp_path / "split.md"
    export("split", council, "-o", file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("| period_start | period_end | partnership |")
    assert "- `hours`: Confirmed hours" in text
    assert not (tmp_path / "split.columns.csv").exists()


def test_the_table_of_the_page_is_exported_and_hides_small_groups(council):
    (row,) = csv_rows(export("partnership_hours", council))
    assert (row["partnership"], row["activity"], row["managers"]) == ("psb", "process", "5")
    assert float(row["hours"]) == 10
