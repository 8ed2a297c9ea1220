"""docs/managers/counting.md names a test for every rule; these tests must exist."""

import ast
import re
from pathlib import Path

import pytest

from calsync.analysis.travel import MAX_TRAVEL_GAP_MINUTES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "managers" / "counting.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="no checkout")


def known_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 40
    assert named - known_tests() == set()


def test_the_page_gives_the_travel_limit_of_the_code():
    assert f"within {MAX_TRAVEL_GAP_MINUTES} minutes" in PAGE.read_text(encoding="utf-8")
