"""Folding, phrases, mutations, typos: how a text becomes words and finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.rules.language.folding import (
    CLAUSE_BREAK,
    PHRASE_BREAK,
    expand_phrase,
    fold_text,
    mutate_welsh_word,
    split_tokens,
    split_words,
)
from calsync.rules.language.lexicon import Lexicon, PhraseList


def lexicon(covers=False, shorthand=None, **lists):
    tables = {name: PhraseList({"en": tuple(texts)}) for name, texts in lists.items()}
    if covers:
        tables["cover"] = PhraseList(tables["cover"].by_language, covers=True)
    return Lexicon(tables, shorthand=shorthand)


def seen(book, text):
    tokens = [piece for piece in split_tokens(text) if piece != CLAUSE_BREAK]
    names = {bit: name for name, bit in book.bits.items()}
    return {
        (" ".join(tokens[start:end]), name)
        for start, end, lists in book.find_phrases(tokens)
        for bit, name in names.items()
        if lists & bit
    }


def test_accents_case_and_apostrophes_fold_away():
    assert fold_text("Wedi'i GANSLO: Grŵp") == "wedi ganslo: grwp"
    assert split_words("P'ship – Leader’s brief") == ("pship", "leader", "brief")


def test_clock_times_and_full_stops_break_a_text_but_years_do_not():
    assert split_tokens("10:15 ToR. 0930 AOB") == [PHRASE_BREAK, "tor", PHRASE_BREAK, PHRASE_BREAK, "aob"]
    assert split_words("Plan 2025") == ("plan", "2025")


def test_ampersand_plus_and_pound_read_as_words():
    assert split_words("H&WB + £5k") == ("h", "and", "wb", "and", "gbp", "5k")


def test_a_tilde_is_a_space_a_hyphen_or_nothing_and_a_bar_is_either():
    assert set(expand_phrase("sub~group")) == {("sub", "group"), ("subgroup",)}
    assert len(expand_phrase("agree|sign protocol|agreement")) == 4


def test_welsh_mutations_are_found():
    assert {"bwrdd", "fwrdd", "mwrdd"} <= mutate_welsh_word("bwrdd")
    assert {"partneriaeth", "bartneriaeth", "phartneriaeth", "mhartneriaeth"} <= mutate_welsh_word(
        "partneriaeth"
    )
    assert mutate_welsh_word("tai") == {"tai"}


def test_stems_plurals_and_shorthand_find_their_phrase():
    book = lexicon(doing=["redesign*"], object=["waiting list"], shorthand={"lst": "list"})
    assert seen(book, "Redesigning waiting lists") == {("redesigning", "doing"), ("waiting lists", "object")}
    assert seen(book, "waiting lst") == {("waiting lst", "object")}


def test_a_covering_phrase_hides_what_lies_inside_it():
    book = lexicon(covers=True, cover=["case conference"], training=["conference"])
    assert seen(book, "case conference") == {("case conference", "cover")}
    assert seen(book, "annual conference") == {("conference", "training")}


def test_a_phrase_runs_over_a_comma_but_not_over_a_full_stop():
    book = lexicon(one=["forward plan"])
    assert seen(book, "forward, plan")
    assert not seen(book, "forward. plan")


@pytest.mark.parametrize("slip", ["membrship", "memebrship", "membershhip"])
def test_a_slip_of_the_keyboard_is_forgiven_in_a_long_word(slip):
    assert seen(lexicon(one=["membership"]), slip) == {(slip, "one")}


@pytest.mark.parametrize("word", ["memberships", "leadership"])
def test_other_words_are_no_slips(word):
    assert seen(lexicon(one=["readership"]), word) == set()


def test_ordinary_words_that_look_like_slips_can_be_named():
    book = Lexicon({"one": PhraseList({"en": ("medication",)})}, ["mediation"])
    assert seen(book, "mediation") == set()


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    assert all(piece in (PHRASE_BREAK, CLAUSE_BREAK) or piece.isalnum() for piece in split_tokens(text))
