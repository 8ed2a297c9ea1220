"""A problem names an event by line, day and UID, never by its title."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_strategies import RARE_EVENT_LINES, times
from support.ical_text import calendar, event, read

from calsync.errors import SourceContentError

SECRET = "Oncology"
BROKEN = {
    "no start": event(f"SUMMARY:{SECRET}", start="", end=""),
    "a start that is none": event(f"SUMMARY:{SECRET}", start=":soon"),
    "a title that runs into the start": event(start=f":20251006T090000ZSUMMARY:{SECRET}"),
    "a title that runs into the end": event(end=f"DTEND:20251006T090000ZSUMMARY:{SECRET}"),
    "a title that runs into the length": event(end=f"DURATION:PT1HSUMMARY:{SECRET}"),
    "a title that runs into the rule": event(f"RRULE:FREQ=WEEKLYSUMMARY:{SECRET}"),
    "a title that runs into an exception": event(
        "RRULE:FREQ=WEEKLY", f"EXDATE:20251013T090000ZSUMMARY:{SECRET}"
    ),
    "a title that runs into an extra date": event(f"RDATE:20251013T090000ZSUMMARY:{SECRET}"),
    "a title that runs into the UID": event(uid=f"u1SUMMARY:{SECRET}", start=""),
    "a title in a part of the rule": event(f"RRULE:FREQ=WEEKLY;{SECRET.upper()}=1;BYDAY={SECRET}"),
    "private, and a rule that never ends": event("CLASS:PRIVATE", f"SUMMARY:{SECRET}", "RRULE:FREQ=SECONDLY"),
    "no UID": event(f"SUMMARY:{SECRET}", uid="", start=""),
    "no end": event(f"SUMMARY:{SECRET}", end=""),
    "an older version": event(f"SUMMARY:{SECRET}", "SEQUENCE:1") + event(f"SUMMARY:{SECRET}", "SEQUENCE:2"),
    "a text that cannot be decoded": event(f"SUMMARY;ENCODING=QUOTED-PRINTABLE:{SECRET}=ZZ"),
    "no END": event(f"SUMMARY:{SECRET}").replace("END:VEVENT\r\n", ""),
    "no BEGIN": event(f"SUMMARY:{SECRET}").replace("BEGIN:VEVENT\r\n", ""),
    "an END in the same line": event(f"SUMMARY:{SECRET}").replace("\r\nEND:VEVENT", "END:VEVENT"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_problem_shows_a_title(name: str) -> None:
    _, problems = read(calendar(BROKEN[name]))
    assert problems
    assert SECRET.casefold() not in " ".join(map(str, problems)).casefold()


def test_a_problem_gives_the_line_the_day_and_the_uid() -> None:
    (problem,) = read(calendar(event(f"SUMMARY:{SECRET}", "RRULE:FREQ=NEVER")))[1]
    assert problem.where == "a.ics, line 3, event on 2025-10-06 with uid u1"


def test_an_event_without_day_and_uid_is_named_by_its_line() -> None:
    (problem,) = read(calendar(event("SUMMARY:Secret", uid="", start="", end="")))[1]
    assert problem.where == "a.ics, line 3, event without uid"


LINES = st.one_of(
    st.sampled_from([line for line in RARE_EVENT_LINES if "\r\n" not in line]),
    times("DTSTART"),
    times("DTEND"),
    times("RECURRENCE-ID"),
)


@examples(200, suppress_health_check=list(HealthCheck))
@given(st.lists(LINES, min_size=1, max_size=5), st.data())
def test_no_problem_shows_a_title_wherever_a_line_end_is_lost(lines: list[str], data: st.DataObject) -> None:
    at, line_end = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.sampled_from(["", "\r\n"]))
    lines = [*lines[:at], f"{lines[at]}{line_end}SUMMARY:{SECRET}", *lines[at + 1 :]]
    content = calendar(event(*lines, uid=data.draw(st.sampled_from(["", "u1"])), start="", end=""))
    _, problems = read(content)
    assert SECRET not in " ".join(map(str, problems))


def test_a_calendar_scale_that_is_text_is_not_shown() -> None:
    with pytest.raises(SourceContentError) as caught:
        read(calendar(event(), head="CALSCALE:Jane's review"))
    assert "JANE" not in str(caught.value)
