"""HTML of strangers: what is unclosed becomes text before html.parser sees it, what is ordinary stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.sources.html_guard import prepare_html

UNCLOSED = ["<", "<a ", "<a b=", "<a b='", "</", "<!--", "<![CDATA[", "<?", "<!", "<x/", '<a href="x']


@given(st.text(alphabet="<>!-?/ab='\" [", max_size=200))
def test_nothing_is_left_unclosed(page: str) -> None:
    guarded = prepare_html(page)
    assert not re.search(r"<[^>]*(?:<|$)", guarded)
    assert "<![" not in guarded


@pytest.mark.parametrize("part", UNCLOSED)
def test_thousands_of_unclosed_parts_leave_no_tag(part: str) -> None:
    assert "<" not in prepare_html(part * 100_000)


def test_what_is_ordinary_stays_as_it_is() -> None:
    page = '<body class="x"><p>Agenda:<br/>1. a &lt; b &amp; c</p><ol start="3"><li>x</li></ol></body>'
    assert prepare_html(page) == page


def test_comments_go_with_what_is_in_them() -> None:
    assert (
        prepare_html("a<!-- <p>b</p> -->c<!--[if gte mso 9]><xml><![endif]-->d<![if !mso]>e<![endif]>f")
        == "acdef"
    )


def test_a_less_than_sign_in_a_text_stays_readable() -> None:
    assert prepare_html("<p>a < b</p>") == "<p>a &lt; b</p>"
