"""Long titles and agendas cost as much as they are long: calls are counted, not seconds."""

import sys

import pytest

from calsync.rules.classify import classify
from calsync.rules.facts import Facts
from calsync.rules.language.folding import split_tokens
from calsync.rules.packs.load import load_rules

BOOK, _ = load_rules(["uk"])
DOMAINS = ("northmoor.gov.wales.example", "wales.nhs.uk.example", "moor.police.uk.example")
PARTS = [
    "regional partnership board ",
    "rpb ",
    "? ",
    "terms of reference, ",
    "10:00 a\n",
    "qqqqqqqqq",
    "board (",
    "a, ",
]


def calls(title: str, description: str) -> int:
    """How many functions of Python and C one classification calls."""
    facts = Facts(
        title=title,
        organizer_domain=DOMAINS[0],
        attendee_domains=DOMAINS,
        minutes=60,
        recurring=False,
        description=description,
    )
    count = 0

    def count_call(frame: object, kind: str, arg: object) -> None:
        nonlocal count
        count += kind in ("call", "c_call")

    sys.setprofile(count_call)
    try:
        classify(facts, BOOK)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("part", PARTS)
def test_ten_times_the_text_takes_about_ten_times_the_calls(part: str) -> None:
    for arrange in (lambda text: (text, ""), lambda text: ("RPB", text)):
        calls(*arrange(part * 100))
        calls_short = calls(*arrange(part * 101))
        assert calls(*arrange(part * 1_010)) < 15 * calls_short + 20_000


def test_a_run_of_blanks_is_one_gap_however_long() -> None:
    assert split_tokens("a" + " " * 200_000 + "b") == split_tokens("a b")


def test_a_word_of_a_hundred_thousand_letters_is_not_corrected_letter_by_letter() -> None:
    assert calls("q" * 100_000, "") < 20_000
