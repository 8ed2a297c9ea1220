"""Text that every match of a regular expression contains."""

import re

import pytest

from calsync.rules.language.folding import split_words
from calsync.rules.language.regex_literals import required_letters, required_literal
from calsync.rules.packs.load import load_rules

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
def test_a_literal_is_text_that_every_match_contains(regex, literal):
    assert required_literal(regex) == literal


@pytest.mark.parametrize(
    ("regex", "letters"),
    [
        (r"(?i)\b(?:network|rhwydwaith)\b", {"network", "rhwydwaith"}),
        (r"\b(?:[Cc]hild|ADULT|[Mm]rs?)\s+[A-Z]", {"child", "adult", "mr"}),
        (r"(?:nursery|school)? bed \d", {"bed"}),
        (r"(?!north)[A-Z][a-z]+ (?:Op|\d)", set()),
        (r"\b(?P<who>Leaders?|Chair(?:man)?)\b", {"leader", "chair"}),
        (r"at 10 ?(?:am|pm)|morning", {"at", "morning"}),
        (r"\d ?(?:am|pm)", set()),
    ],
)
def test_letters_have_one_run_of_every_branch_that_its_matches_contain(regex, letters):
    assert required_letters(regex) == letters


def test_every_match_of_a_shipped_pattern_contains_its_literal_and_its_letters():
    titles = [example.title for rules in BOOK.rules.values() for rule in rules for example in rule.example]
    matches = [
        (pattern, match[0], split_words(title))
        for pattern in BOOK.vocabulary.patterns
        for title in titles
        if (match := re.search(pattern.regex, title))
    ]
    assert matches
    assert all(pattern.literal in text for pattern, text, _ in matches)
    assert all(
        any(run in word for run in pattern.letters for word in folded)
        for pattern, _, folded in matches
        if pattern.letters
    )
