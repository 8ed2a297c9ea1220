"""Titles come from strangers: they may frighten nobody and break nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.reports.bars import bar_widths
from calsync.reports.sanitise import sanitise_line


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("PSB\r\nBcc: all@x.example", "PSB Bcc: all@x.example"),
        ("tab\tand\x00nul\x1b[31m", "tab and nul [31m"),
        ("\u202egpj.exe\u202c", "gpj.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("line\u2028and\u2029paragraph\x85next", "line and paragraph next"),
        ("Teams https://meet.example/a?b and WWW.x.example/y now", "Teams […] and […] now"),
        ("half \ud83d pair", "half pair"),
        ("e\u0301lan", "élan"),
        ("  ", ""),
        ("Dŵr a thŷ: 10:00", "Dŵr a thŷ: 10:00"),
    ],
)
def test_a_title_is_shown_on_one_honest_line(title: str, shown: str) -> None:
    assert sanitise_line(title) == shown


def test_a_long_title_is_cut_and_says_so() -> None:
    cut = sanitise_line("x" * 10_000)
    assert len(cut) == 100
    assert cut.endswith("…")


@given(st.text(max_size=400))
def test_what_is_shown_is_short_printable_and_does_not_change_again(title: str) -> None:
    shown = sanitise_line(title)
    assert len(shown) <= 100
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert shown == shown.strip()
    assert "://" not in shown or sanitise_line(shown) == shown


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=5))
def test_a_bar_is_filled_and_every_part_can_be_seen(parts: list[float]) -> None:
    cells = bar_widths(parts)
    assert sum(cells) == (100 if sum(parts) > 0 else 0)
    for part, cell in zip(parts, cells, strict=True):
        assert (cell >= 2) if part > 0 and sum(parts) > 0 else (cell == 0)


def test_a_bar_keeps_its_proportions() -> None:
    assert bar_widths([1, 1, 2]) == (25, 25, 50)
    assert bar_widths([1, 1, 1]) == (34, 33, 33)
    assert bar_widths([0, 1, 999]) == (0, 2, 98)
