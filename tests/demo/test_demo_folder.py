"""The files that `write_demo` writes can be read as settings, managers, grades and calendars."""

import csv
from pathlib import Path

from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.demo.write import DEMO_DAY, write_demo


def test_the_folder_contains_settings_managers_and_calendars(tmp_path: Path):
    config = write_demo(tmp_path / "council")
    settings = load_settings(config)
    managers = load_managers(settings)
    assert settings.organisation.name == "Cyngor Brynfelin Council"
    assert len(managers) == 12
    assert all((config.parent / manager.calendar).is_file() for manager in managers)
    assert DEMO_DAY.strftime("%A") == "Monday"


def test_every_grade_has_a_cost(tmp_path: Path):
    config = write_demo(tmp_path)
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["grade"] for row in rows} == {
        manager.grade for manager in load_managers(load_settings(config))
    }
    assert all(float(row["productive"]) > float(row["contract"]) > 0 for row in rows)


def test_writing_again_changes_nothing(tmp_path: Path):
    write_demo(tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_demo(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first
