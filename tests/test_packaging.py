"""What is shipped: one name in the wheel, rules inside, the licence along."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import calsync

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_the_wheels_only_top_level_name_is_calsync(built):
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"calsync"}


def test_the_wheel_carries_rules_templates_words_and_migrations(built):
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = ("agencies.toml", "packs/wales.toml", "packs/manual/1-personal.toml", "lists/service.cy.txt")
    assert {f"calsync/rules/shipped/{name}" for name in shipped} <= names
    for ending in (".po", "templates/summary.html", "templates/summary.txt", "demo/people.toml", "py.typed"):
        assert any(name.endswith(ending) for name in names), ending
    assert any("/migrations/versions/" in name for name in names)


def test_the_sdist_can_be_built_and_tested_from(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "pyproject.toml", "scheduler.py", "Makefile", "tests/support/builders.py"} <= names
    assert not any("/.venv" in name or name.startswith(("demo", "dist", ".git/")) for name in names)


def test_the_required_rooms_stand_at_the_top():
    for name in ("calsync", "rules", "scheduler.py", "tests", "pyproject.toml"):
        assert (ROOT / name).exists(), name


def test_ci_tests_the_installed_wheel_and_not_the_checkout():
    if "CI" not in os.environ:
        pytest.skip("only where CI says so")
    assert "site-packages" in calsync.__file__
