"""`unescape_text`, which is faster than icalendar, has the same result."""

from hypothesis import given
from hypothesis import strategies as st
from icalendar.parser import unescape_backslash

from calsync.sources.ical.text_values import unescape_text


@given(st.text(alphabet="\\nN,;:ab \n", max_size=30))
def test_a_text_is_unescaped_as_icalendar_does_it(value: str) -> None:
    assert unescape_text(value) == unescape_backslash(value)
