"""The lines of an HTML page; unclosed tags become text, so that the parser stays fast."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.sources.html_text import escape_unclosed_tags, html_lines

UNCLOSED = ["<", "<a ", "<a b=", "<a b='", "</", "<!--", "<![CDATA[", "<?", "<!", "<x/", '<a href="x']


@given(st.text(alphabet="<>!-?/ab='\" [", max_size=200))
def test_nothing_is_left_unclosed(page: str) -> None:
    guarded = escape_unclosed_tags(page)
    assert not re.search(r"<[^>]*(?:<|$)", guarded)
    assert "<![" not in guarded


@pytest.mark.parametrize("part", UNCLOSED)
def test_thousands_of_unclosed_parts_leave_no_tag(part: str) -> None:
    assert "<" not in escape_unclosed_tags(part * 100_000)


def test_what_is_ordinary_stays_as_it_is() -> None:
    page = '<body class="x"><p>Agenda:<br/>1. a &lt; b &amp; c</p><ol start="3"><li>x</li></ol></body>'
    assert escape_unclosed_tags(page) == page


def test_comments_go_with_what_is_in_them() -> None:
    assert (
        escape_unclosed_tags(
            "a<!-- <p>b</p> -->c<!--[if gte mso 9]><xml><![endif]-->d<![if !mso]>e<![endif]>f"
        )
        == "acdef"
    )


def test_a_less_than_sign_in_a_text_stays_readable() -> None:
    assert escape_unclosed_tags("<p>a < b</p>") == "<p>a &lt; b</p>"


def test_paragraphs_breaks_and_divisions_are_lines() -> None:
    assert html_lines("<div>Agenda</div><p>1. Minutes<br>2. Dementia&nbsp;pathway</p>3. AOB") == [
        "Agenda",
        "1. Minutes",
        "2. Dementia pathway",
        "3. AOB",
    ]


def test_lists_keep_their_marks() -> None:
    assert html_lines("<ol start='3'><li>Budget</li><li>Risks<ul><li>Staff</li></ul></li></ol>") == [
        "3. Budget",
        "4. Risks",
        "- Staff",
    ]


def test_a_row_of_a_table_is_a_line() -> None:
    rows = "<tr><td>10:00</td><td>Terms of\n reference</td></tr><tr><td>10:20</td><td>Falls</td></tr>"
    assert html_lines(f"<table>{rows}</table>") == ["10:00 Terms of reference", "10:20 Falls"]


def test_styles_and_scripts_are_no_html_lines() -> None:
    head = "<head><title>x</title><style>p{}</style></head>"
    assert html_lines(f"<html>{head}<body><script>1</script><p>Welcome</p></body></html>") == ["Welcome"]


def test_invisible_characters_and_empty_lines_are_left_out() -> None:
    assert html_lines("<p>1.\u200b Min\u00adutes</p><p>\u200b</p><p>&nbsp;</p><p>2. Falls</p>") == [
        "1. Minutes",
        "2. Falls",
    ]
