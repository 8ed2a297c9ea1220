"""The glossary is in alphabetic order, and each word is in it once."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "developers" / "glossary.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="no checkout")


def rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    table = [line.strip("|").split("|") for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in row] for row in table]


def sort_key(word: str) -> str:
    """`(http) client` comes under client."""
    return re.sub(r"^\(\w+\) |[-_() ]", "", word).casefold()


def test_words_are_in_alphabetic_order_and_each_once():
    keys = [sort_key(row[0]) for row in rows()]
    assert keys == sorted(set(keys))


def test_every_word_has_a_meaning():
    assert len(rows()) > 100
    assert [row[0] for row in rows() if len(row) != 3 or not row[1]] == []
