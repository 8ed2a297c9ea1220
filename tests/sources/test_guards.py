"""Building the result of a source, and the check of emptied calendars."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import LONDON, at, occurrence

from calsync.errors import CalendarEmptiedError
from calsync.model.occurrence import Occurrence, Sensitivity
from calsync.model.span import Span
from calsync.sources.base import Calendar, redact_address
from calsync.sources.guards import build_result, check_not_emptied

CALENDAR = Calendar("m7", "exported", "ana.ics", frozenset(), LONDON)
WINDOW = Span(at("09:00"), at("17:00"))


def test_an_emptied_calendar_is_an_error_with_a_hint() -> None:
    with pytest.raises(CalendarEmptiedError, match="had 10 meetings and now shows none") as caught:
        check_not_emptied(CALENDAR, 10, 0)
    assert "calsync run --accept-empty m7" in caught.value.hint


@pytest.mark.parametrize(("stored", "fetched"), [(9, 0), (0, 0), (500, 1), (0, 10)])
def test_any_other_loss_is_accepted(stored: int, fetched: int) -> None:
    check_not_emptied(CALENDAR, stored, fetched)


def meetings() -> st.SearchStrategy[Occurrence]:
    hours = st.integers(7, 18).map(lambda h: f"{h:02}:00-{h + 1:02}:30")
    return st.builds(
        lambda when, uid, title, kind: occurrence(when, uid=uid, title=title, sensitivity=kind),
        hours,
        st.sampled_from("abc"),
        st.sampled_from(["x", "y"]),
        st.sampled_from(Sensitivity),
    )


@given(st.lists(meetings(), max_size=12), st.randoms())
def test_a_result_is_redacted_in_the_window_in_order_and_each_once_for_any_input_order(
    occurrences: list[Occurrence], chance: object
) -> None:
    fetched = build_result(CALENDAR, WINDOW, occurrences)
    shuffled = occurrences.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build_result(CALENDAR, WINDOW, shuffled) == fetched
    names = [(o.start, o.uid, o.recurrence_id) for o in fetched.occurrences]
    assert names == sorted(set(names))
    assert all(o.span.overlaps(WINDOW) for o in fetched.occurrences)
    assert all(o.title == "" for o in fetched.occurrences if o.private)
    expected = {(o.start, o.uid, o.recurrence_id) for o in occurrences if o.span.overlaps(WINDOW)}
    assert set(names) == expected


def test_the_two_half_past_ones_at_the_end_of_summer_time_are_two_meetings() -> None:
    night = date(2026, 10, 25)
    twice = [
        occurrence("01:30-01:45", night, uid="a", start=at("01:30", night).replace(fold=fold))
        for fold in (1, 0)
    ]
    twice = [o._replace(end=o.start.replace(minute=45)) for o in twice]
    window = Span(at("00:00", night), at("06:00", night))
    occurrences = build_result(CALENDAR, window, twice).occurrences
    assert [o.start.fold for o in occurrences] == [0, 1]


def test_the_same_occurrence_twice_is_no_problem() -> None:
    assert build_result(CALENDAR, WINDOW, [occurrence(), occurrence()]).problems == ()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("exports/ana.ics", "exports/ana.ics"),
        ("ana@brynfelin.example", "ana@brynfelin.example"),
        ("https://cal.example/ical/x%40y/private-0a1b/basic.ics", "https://cal.example/…/basic.ics"),
        ("https://cal.example:8443/0a1b2c3d4e.ics?key=s3cret", "https://cal.example:8443/…/"),
        ("https://ana:pw@cal.example/", "https://cal.example"),
        ("webcal://cal.example/published/2/MTIzNDU2", "webcal://cal.example/…/"),
        ("https://[::1/secret", "https://…"),
        ("https://h:99999999/secret", "https://…"),
    ],
)
def test_an_address_is_shown_without_secrets(address: str, shown: str) -> None:
    assert redact_address(address) == shown
    assert shown in str(replace(CALENDAR, address=address))
