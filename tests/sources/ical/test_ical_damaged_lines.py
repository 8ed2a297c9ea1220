"""Damaged BEGIN and END lines: every event is read, or named with its line."""

import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_text import NEIGHBOUR, calendar, event, faults, read, uids_of
from support.reader_comparison import assert_readers_agree

BOM = b"\xef\xbb\xbf"
ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19701025T020000\r\nTZOFFSETFROM:+0100\r\n"
    "TZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)
FIRST, SECOND = event("SUMMARY:One", uid="a"), event("SUMMARY:Two", uid="b")
WHOLE = calendar(ZONE, FIRST, SECOND).decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONEBEGIN"),
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONE BEGIN"),
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONE\r\n BEGIN"),
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONE\r\n\tBEGIN"),
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONE\r\nNoneBEGIN"),
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONE\r\nnull BEGIN"),
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONE\r\n\u00a0BEGIN"),
        ("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONE\r\n\ufeffBEGIN"),
        ("END:VTIMEZONE\r\nBEGIN:VEVENT\r\n", "END:VTIMEZONE\r\nBEGIN:VEVENT"),
        ("END:VTIMEZONE\r\nBEGIN:VEVENT", "END:VTIMEZONE\r\nbegin:vevent"),
        ("END:VTIMEZONE\r\nBEGIN:VEVENT", "END:VTIMEZONE\r\nBegin : VEvent  "),
        ("END:VTIMEZONE\r\nBEGIN:VEVENT", "END:VTIMEZONE\r\nxbegin:vevent"),
        ("END:VEVENT\r\nBEGIN:VEVENT", "END:VEVENTBEGIN:VEVENT"),
        ("SUMMARY:One\r\nEND:VEVENT", "SUMMARY:OneEND:VEVENT"),
        ("SUMMARY:One\r\nEND:VEVENT", "SUMMARY:One\r\n END:VEVENT"),
        ("SUMMARY:One\r\nEND:VEVENT\r\nBEGIN:VEVENT", "SUMMARY:One\r\n END:VEVENT\r\n BEGIN:VEVENT"),
        ("SUMMARY:Two\r\nEND:VEVENT\r\nEND:VCALENDAR", "SUMMARY:Two\r\nEND:VEVENTEND:VCALENDAR"),
        ("VERSION:2.0\r\n" + ZONE, "VERSION:2.0"),
    ],
)
def test_an_event_whose_begin_or_end_is_damaged_is_read(old: str, new: str) -> None:
    assert old in WHOLE
    content = WHOLE.replace(old, new, 1).encode()
    assert_readers_agree(content)
    occurrences, problems = read(content)
    assert [(o.uid, o.title.removesuffix("END")) for o in occurrences] == [("a", "One"), ("b", "Two")]
    assert not faults(problems)


def test_a_recovered_event_is_noted_with_the_line_it_begins_on() -> None:
    content = WHOLE.replace("END:VTIMEZONE\r\nBEGIN", "END:VTIMEZONEBEGIN").encode()
    (note,) = read(content)[1]
    assert "line 10" in note.what


def test_an_end_without_begin_is_a_problem_with_its_line() -> None:
    content = calendar(FIRST.replace("BEGIN:VEVENT\r\n", ""), SECOND)
    assert_readers_agree(content)
    occurrences, problems = read(content)
    assert uids_of(occurrences) == ["b"]
    (problem,) = faults(problems)
    assert problem.where == f"a.ics, line {content.decode().split('END:VEVENT')[0].count(chr(10)) + 1}"
    assert problem.what.startswith("END:VEVENT without BEGIN:VEVENT")


def test_a_begin_without_end_is_a_problem_with_its_line() -> None:
    content = calendar(NEIGHBOUR, FIRST.replace("END:VEVENT\r\n", ""), SECOND)
    occurrences, problems = read(content)
    assert uids_of(occurrences) == ["b", "neighbour"]
    assert [problem.where for problem in faults(problems)] == ["a.ics, line 10"]


def test_an_event_outside_every_calendar_is_one_problem_with_its_line() -> None:
    _, problems = read(calendar(NEIGHBOUR) + event().encode())
    assert [(p.where, "outside every VCALENDAR" in p.what) for p in problems] == [("a.ics, line 11", True)]


@pytest.mark.parametrize(
    "text",
    [
        "DESCRIPTION:paste BEGIN:VEVENT",
        "DESCRIPTION:paste END:VEVENT",
        "DESCRIPTION:BEGIN:VEVENT\\nUID:z\\nDTSTART:20251008T090000Z\\nEND:VEVENT",
        "DESCRIPTION:first line\r\n BEGIN:VEVENT\r\n  END:VEVENT",
        "DESCRIPTION:END:VEVENTBEGIN:VEVENT",
        "X-NOTE:BEGIN:VEVENT",
    ],
)
def test_a_text_that_quotes_a_begin_or_an_end_makes_no_event(text: str) -> None:
    content = calendar(event(text, uid="a"), SECOND)
    assert_readers_agree(content)
    occurrences, problems = read(content)
    assert (uids_of(occurrences), problems) == (["a", "b"], ())


def test_a_description_of_the_calendar_that_quotes_an_event_makes_none() -> None:
    occurrences, problems = read(calendar(SECOND, head="X-WR-CALDESC:from BEGIN:VEVENT to END:VEVENT"))
    assert (uids_of(occurrences), problems) == (["b"], ())


UTF16 = calendar(SECOND).decode()
JOINED = {
    "each with its mark": BOM + calendar(FIRST) + BOM + calendar(SECOND),
    "a mark and no line end": calendar(FIRST).removesuffix(b"\r\n") + BOM + calendar(SECOND),
    "no line end": calendar(FIRST).removesuffix(b"\r\n") + calendar(SECOND),
    "two marks": BOM + calendar(FIRST) + BOM + BOM + calendar(SECOND),
    "a mark read as Windows-1252": calendar(FIRST) + "ï»¿".encode() + calendar(SECOND),
    "a mark before an event": calendar(FIRST, SECOND).replace(
        b"\nBEGIN:VEVENT", b"\n" + BOM + b"BEGIN:VEVENT"
    ),
    "a mark before a property": calendar(FIRST, SECOND).replace(b"\nDTSTART", b"\n" + BOM + b"DTSTART"),
    "UTF-16 with mark behind UTF-8": calendar(FIRST) + UTF16.encode("utf-16"),
    "UTF-16 without mark behind UTF-8": calendar(FIRST) + UTF16.encode("utf-16-le"),
    "UTF-16 the other way round": calendar(FIRST) + UTF16.encode("utf-16-be"),
    "UTF-8 behind UTF-16": UTF16.encode("utf-16") + BOM + calendar(FIRST),
    "twice UTF-16": calendar(FIRST).decode().encode("utf-16") + UTF16.encode("utf-16"),
    "UTF-16 in both orders": b"\xfe\xff"
    + UTF16.encode("utf-16-be")
    + calendar(FIRST).decode().encode("utf-16"),
}


@pytest.mark.parametrize("name", JOINED)
def test_files_joined_end_to_end_are_both_read(name: str) -> None:
    assert_readers_agree(JOINED[name])
    occurrences, problems = read(JOINED[name])
    assert (uids_of(occurrences), faults(problems)) == (["a", "b"], [])


DAMAGE = ("glue", "prefix", "indent", "drop", "duplicate", "lower", "blank", "run on")


def damaged(lines: list[str], at: int, kind: str) -> list[str]:
    line = lines[at]
    new = {
        "prefix": [f"None{line}"],
        "indent": [f" {line}"],
        "drop": [],
        "duplicate": [line, line],
        "lower": [line.lower()],
        "blank": [f"{line}  "],
    }
    if kind == "glue":
        return [*lines[: at - 1], lines[at - 1] + line, *lines[at + 1 :]]
    if kind == "run on":
        return [*lines[:at], line + lines[at + 1], *lines[at + 2 :]]
    return [*lines[:at], *new[kind], *lines[at + 1 :]]


@st.composite
def damaged_calendars(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    """A calendar of some meetings with some of its BEGIN and END lines damaged, and all UIDs."""
    names = [f"u{number}" for number in range(draw(st.integers(1, 6)))]
    parts = [event(f"SUMMARY:Meeting {name}", "DESCRIPTION:a\\nBEGIN:VEVENT\\nb", uid=name) for name in names]
    lines = calendar(*(draw(st.sampled_from([[], [ZONE]]))), *parts).decode().split("\r\n")
    marks = [number for number, line in enumerate(lines) if re.fullmatch("(BEGIN|END):VEVENT", line)]
    chosen = draw(st.lists(st.sampled_from(marks), min_size=1, max_size=4, unique=True))
    for at in sorted(chosen, reverse=True):
        lines = damaged(lines, at, draw(st.sampled_from(DAMAGE)))
    return draw(st.sampled_from(["\r\n", "\n"])).join(lines).encode(), names


@examples(400, suppress_health_check=list(HealthCheck))
@given(damaged_calendars())
def test_every_event_is_read_or_named_with_its_line(content_and_uids: tuple[bytes, list[str]]) -> None:
    content, names = content_and_uids
    assert_readers_agree(content)
    occurrences, problems = read(content)
    losses = faults(problems)
    marks_in_text = [
        len(re.findall(rb"(?i)%s[ \t]*:[ \t]*VEVENT(?!\\n)" % word, content)) for word in (b"BEGIN", b"END")
    ]
    assert len(occurrences) + len(losses) >= max(marks_in_text)
    assert all(re.search(r", line \d+", problem.where) for problem in losses)
    lines = content.decode().splitlines()
    bounds = {name: bounds_of(lines, name) for name in names}
    numbers = [int(re.findall(r", line (\d+)", problem.where)[0]) for problem in losses]
    for name in set(names) - set(uids_of(occurrences)):
        begin, end = bounds[name]
        # Where two events run into each other, one problem with the line of the first names both.
        assert any(begin <= number <= end for number in numbers) or any(
            "several UIDs" in p.what for p in losses
        )


def bounds_of(lines: list[str], name: str) -> tuple[int, int]:
    """The lines around an event's own, from 1."""
    at = next(number for number, line in enumerate(lines, 1) if f"UID:{name}" in line)
    return at - 4, at + 8
