"""Folding, phrases, mutations, typos: the words of a text and the phrases found in it."""

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


def build_lexicon(covers=False, shorthand=None, **lists):
    tables = {name: PhraseList({"en": tuple(texts)}) for name, texts in lists.items()}
    if covers:
        tables["cover"] = PhraseList(tables["cover"].by_language, covers=True)
    return Lexicon(tables, shorthand=shorthand)


def phrases_found(lexicon, text):
    tokens = [token for token in split_tokens(text) if token != CLAUSE_BREAK]
    names = {bit: name for name, bit in lexicon.bits.items()}
    return {
        (" ".join(tokens[start:end]), name)
        for start, end, lists in lexicon.find_phrases(tokens)
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
    lexicon = build_lexicon(doing=["redesign*"], object=["waiting list"], shorthand={"lst": "list"})
    assert phrases_found(lexicon, "Redesigning waiting lists") == {
        ("redesigning", "doing"),
        ("waiting lists", "object"),
    }
    assert phrases_found(lexicon, "waiting lst") == {("waiting lst", "object")}


def test_a_covering_phrase_hides_what_lies_inside_it():
    lexicon = build_lexicon(covers=True, cover=["case conference"], training=["conference"])
    assert phrases_found(lexicon, "case conference") == {("case conference", "cover")}
    assert phrases_found(lexicon, "annual conference") == {("conference", "training")}


def test_a_phrase_runs_over_a_comma_but_not_over_a_full_stop():
    lexicon = build_lexicon(one=["forward plan"])
    assert phrases_found(lexicon, "forward, plan")
    assert not phrases_found(lexicon, "forward. plan")


@pytest.mark.parametrize("misspelling", ["membrship", "memebrship", "membershhip"])
def test_a_long_misspelt_word_is_corrected(misspelling):
    assert phrases_found(build_lexicon(one=["membership"]), misspelling) == {(misspelling, "one")}


@pytest.mark.parametrize("word", ["memberships", "leadership"])
def test_other_words_are_not_corrected(word):
    assert phrases_found(build_lexicon(one=["readership"]), word) == set()


def test_ordinary_words_that_look_like_misspellings_are_not_corrected():
    lexicon = Lexicon({"one": PhraseList({"en": ("medication",)})}, ["mediation"])
    assert phrases_found(lexicon, "mediation") == set()


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    assert all(token in (PHRASE_BREAK, CLAUSE_BREAK) or token.isalnum() for token in split_tokens(text))
