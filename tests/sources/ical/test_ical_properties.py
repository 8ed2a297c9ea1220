"""Properties of reading that hold for every way to write a calendar, and for every input."""

import random

from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_text import LONDON, NEIGHBOUR, OCTOBER, calendar, event, read

from calsync.errors import SourceContentError
from calsync.sources.ical.read import read_calendar

RULES = st.sampled_from(
    [
        "",
        "FREQ=DAILY;COUNT=5",
        "FREQ=WEEKLY;BYDAY=MO,TH",
        "FREQ=MONTHLY;BYDAY=2TU",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ",
    ]
)
STARTS = st.sampled_from(
    [
        ":20251006T090000Z",
        ":20251007T090000",
        ";VALUE=DATE:20251008",
        ";TZID=Europe/Paris:20250909T093000",
        ":soon",
        "",
    ]
)
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85"), max_size=60
)


@st.composite
def events(draw: st.DrawFn) -> str:
    rule, title = draw(RULES), draw(TEXT)
    lines = [f"SUMMARY:{title}", f"SEQUENCE:{draw(st.integers(0, 2))}"]
    lines += [f"RRULE:{rule}"] if rule else []
    if draw(st.booleans()):
        lines.append(f"RECURRENCE-ID:202510{draw(st.integers(6, 12)):02d}T090000Z")
    return event(*lines, uid=draw(st.sampled_from(["", "a", "b", "c"])), start=draw(STARTS), end="")


CALENDARS = st.lists(events(), max_size=6)


@examples(100)
@given(CALENDARS)
def test_the_order_of_events_does_not_matter(parts: list[str]) -> None:
    assert read(calendar(*parts))[0] == read(calendar(*reversed(parts)))[0]


@examples(100)
@given(CALENDARS, st.integers(), st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n", b"\r\n\r\n"]))
def test_folding_and_line_ends_do_not_matter(parts: list[str], seed: int, end: bytes) -> None:
    plain = calendar(*parts)
    chance = random.Random(seed)
    lines = []
    for line in plain.split(b"\r\n"):
        places = sorted(chance.sample(range(1, len(line)), min(2, len(line) - 1))) if len(line) > 1 else []
        pieces = [line[a:b] for a, b in zip([0, *places], [*places, len(line)], strict=True)]
        lines.append((end + chance.choice([b" ", b"\t"])).join(pieces))
    occurrences, problems = read(end.join(lines))
    expected, expected_problems = read(plain)
    assert occurrences == expected
    assert [problem.what for problem in problems] == [problem.what for problem in expected_problems]


@examples(100)
@given(CALENDARS)
def test_every_event_is_read_or_named_and_the_neighbour_is_read(parts: list[str]) -> None:
    occurrences, problems = read(calendar(*parts, NEIGHBOUR))
    assert "neighbour" in {occurrence.uid for occurrence in occurrences}
    assert all(occurrence.span.overlaps(OCTOBER) for occurrence in occurrences)
    names = [(o.uid, o.recurrence_id, o.start) for o in occurrences]
    assert len(set(names)) == len(names)
    bad = [part for part in parts if "DTSTART:soon" in part or "DTSTART" not in part]
    assert len(problems) >= len(set(bad))


@examples(200)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_raise_an_error_with_a_hint(content: bytes) -> None:
    for whole in (content, b"BEGIN:VCALENDAR\r\n" + content + b"\r\nEND:VCALENDAR\r\n"):
        try:
            read_calendar(whole, OCTOBER, zone=LONDON, where="a.ics")
        except SourceContentError as error:
            assert error.hint


@examples(150)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.integers(0, 20))
def test_a_damaged_calendar_is_read_or_raises_an_error_with_a_hint(
    place: int, damage: bytes, cut: int
) -> None:
    whole = calendar(event("RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO", "SUMMARY:A"), event(uid="b"), NEIGHBOUR)
    at = place % len(whole)
    try:
        read(whole[:at] + damage + whole[at + cut :])
    except SourceContentError as error:
        assert error.hint
