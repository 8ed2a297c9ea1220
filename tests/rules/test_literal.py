"""What a regular expression cannot match without."""

import re

import pytest

from calsync.rules.literal import literal_in
from calsync.rules.load import load_rules

BOOK, _ = load_rules(["uk"])


@pytest.mark.parametrize(
    ("regex", "literal"),
    [
        (r"\bSafer (?!Care|Roads)[A-Z][a-z]+", "Safer "),
        (r"D{1,2}iogelach\b", "iogelach"),
        (r"^(?:[A-Z][a-z]+ ){0,2}Place\s*(?::|-)", "Place"),
        (r"cats?", "cat"),
        (r"cat(?: dog)?", "cat"),
        (r"cat|dog", ""),
        (r"(?i)cat", ""),
        (r"[abc](?:x|(?:y|z))", ""),
    ],
)
def test_a_literal_is_text_that_every_match_holds(regex, literal):
    assert literal_in(regex) == literal


def test_every_find_of_a_shipped_pattern_holds_its_literal():
    titles = [example.title for rules in BOOK.rules.values() for rule in rules for example in rule.example]
    found = [
        (pattern, match[0])
        for pattern in BOOK.words.patterns
        for title in titles
        if (match := re.search(pattern.regex, title))
    ]
    assert found
    assert all(pattern.literal in text for pattern, text in found)
