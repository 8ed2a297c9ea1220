"""Characters made visible, and counted nouns."""

import json
import sys
import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.text import escape_json, format_count, make_controls_visible, make_visible, quote_toml

WALES = "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
ANYTHING = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\x00\x07\x7f\x9b\x85", r"\x00\x07\x7f\x9b\x85"),
        ("a\nb\r\nc\td", r"a\nb\r\nc\td"),
        ("\u202e\u2066\u200e\u200f\u061c", r"\u202e\u2066\u200e\u200f\u061c"),
        ("\u2028\u2029\u200b\u200d\u2060\ufeff\u00ad", r"\u2028\u2029\u200b\u200d\u2060\ufeff\xad"),
        ("\U000e0041\U000e0001\U000e01ef", r"\U000e0041\U000e0001\U000e01ef"),
        ("\ud800x\udfff", r"\ud800x\udfff"),
        ("a\ufe0fb", r"a\ufe0fb"),
        ("a\u200db", r"a\u200db"),
        ("🏴\U000e0068\U000e0069\U000e007f", r"🏴\U000e0068\U000e0069\U000e007f"),
        ("C:\\x1b", "C:\\x1b"),
    ],
)
def test_what_is_obeyed_or_unseen_is_shown_as_its_escape(text, shown):
    assert make_visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Cyfarfod tŷ – â'r Heddlu",
        "ŵ Ŵ ŷ “quoted” …",
        "日本語 العربية עברית",
        "a\u00a0b",
        "😀 👍🏽 ❤️ 1️⃣",
        "👨‍👩‍👧 🏳️‍🌈 🧑🏿‍🚒",
        WALES,
    ],
)
def test_letters_of_every_language_and_emoji_stay(text):
    assert make_visible(text) == text
    assert make_controls_visible(text) == text
    assert escape_json(text) == text


def test_every_control_format_and_separator_character_of_unicode_is_shown():
    with_a_shape = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in with_a_shape:
            continue
        if 0x13430 <= code <= 0x1345F:  # hieroglyphs are put together by these
            continue
        assert make_visible(character).startswith("\\"), hex(code)


@given(ANYTHING)
def test_what_is_shown_is_one_line_of_printable_characters_and_shown_again_the_same(text):
    shown = make_visible(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert make_visible(shown) == shown


@given(ANYTHING)
def test_json_with_escapes_decodes_to_the_same_text(text):
    escaped = escape_json(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(escaped) == {"a": text}
    assert "\x9b" not in escaped and "\u202e" not in escaped


@given(st.text())
def test_toml_reads_a_quoted_text_as_the_same(text):
    assert tomllib.loads(f"a = {quote_toml(text)}") == {"a": text}
    assert "\n" not in quote_toml(text)


@given(ANYTHING)
def test_csv_text_keeps_its_line_breaks_and_tabs(text):
    shown = make_controls_visible(text)
    assert (shown.count("\n"), shown.count("\t")) == (text.count("\n"), text.count("\t"))
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown if c not in "\n\t")


@pytest.mark.parametrize(("number", "shown"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_a_noun_agrees_with_its_number(number, shown):
    assert format_count(number, "row") == shown


def test_a_noun_with_a_plural_of_its_own_takes_it():
    assert (format_count(1, "agency", "agencies"), format_count(3, "agency", "agencies")) == (
        "1 agency",
        "3 agencies",
    )
