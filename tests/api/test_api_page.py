"""Runs the examples of docs/analysts/python-api.md on the demo's council."""

import doctest
import warnings
from datetime import datetime, time
from pathlib import Path

import pytest

import calsync
from calsync.analysis.allocate import FRAME_COLUMNS
from calsync.api import StoreReader
from calsync.app.frames import CONTENT_COLUMNS, LABEL_COLUMNS, MEETING_COLUMNS
from calsync.app.night import run_night
from calsync.config.load import load_settings
from calsync.demo.write import DEMO_DAY, write_demo
from calsync.errors import CalsyncWarning

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "analysts" / "python-api.md"


@pytest.mark.skipif(not PAGE.exists(), reason="no checkout")
def test_the_examples_of_the_page_give_what_it_shows(tmp_path, monkeypatch):
    config = write_demo(tmp_path / "demo")
    at = datetime.combine(DEMO_DAY, time(4, 15), load_settings(config).organisation.zone)
    run_night(config, DEMO_DAY, now=lambda: at)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        # One of the demo's calendars has an event whose rule ends before it begins.
        warnings.simplefilter("ignore", CalsyncWarning)
        results = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert results.attempted > 15
    assert results.failed == 0


@pytest.mark.skipif(not PAGE.exists(), reason="no checkout")
def test_the_page_names_every_function_column_and_method():
    text = PAGE.read_text(encoding="utf-8")
    names = [name for name in calsync.__all__ if name not in ("StoreReader", "__version__")]
    names += [name for name in vars(StoreReader) if not name.startswith("_") and name != "close"]
    names += [*MEETING_COLUMNS, *CONTENT_COLUMNS, *LABEL_COLUMNS, *FRAME_COLUMNS]
    assert [name for name in names if f"`{name}" not in text] == []
