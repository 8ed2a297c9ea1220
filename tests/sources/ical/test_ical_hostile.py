"""Bad events next to a sound one: each costs itself only, and is named with a hint."""

import pytest
from support.ical_text import NEIGHBOUR, calendar, days, event, faults, read, uids_of

LOST = {
    "no DTSTART": event("SUMMARY:Bad", start="", end=""),
    "no DTSTART but a rule": event("SUMMARY:Bad", "RRULE:FREQ=DAILY", start="", end=""),
    "two different DTSTARTs": event("SUMMARY:Bad", "DTSTART:20251009T090000Z"),
    "DTSTART 30 February": event("SUMMARY:Bad", start=":20250230T090000Z"),
    "DTSTART without seconds": event("SUMMARY:Bad", start=":20251006T0900Z"),
    "year 0": event("SUMMARY:Bad", start=":00000101T000000Z"),
    "DTEND:None": event("SUMMARY:Bad", end="DTEND:None"),
    "DURATION:PT1W": event("SUMMARY:Bad", end="DURATION:PT1W"),
    "DURATION too long": event("SUMMARY:Bad", end="DURATION:P99999999999D"),
    "RECURRENCE-ID unreadable": event("SUMMARY:Bad", "RECURRENCE-ID:soon"),
    "rule that is garbage": event("SUMMARY:Bad", "RRULE:FREQ=WEEKLY;BYDAY=XX;UNTIL=foo"),
    "rule with an unknown part": event("SUMMARY:Bad", "RRULE:FREQ=WEEKLY;UNTL=20260101"),
    "INTERVAL=0": event("SUMMARY:Bad", "RRULE:FREQ=YEARLY;INTERVAL=0"),
    "every second for ever": event("SUMMARY:Bad", "RRULE:FREQ=SECONDLY"),
    "every hour for ever": event("SUMMARY:Bad", "RRULE:FREQ=HOURLY"),
    "every second a thousand million times": event(
        "SUMMARY:Bad", "RRULE:FREQ=SECONDLY;COUNT=1000000000", start=":20000101T000000Z", end="DURATION:PT1S"
    ),
    "every second on no day": event("SUMMARY:Bad", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
    "RSCALE": event("SUMMARY:Bad", "RRULE:RSCALE=HEBREW;FREQ=YEARLY"),
    "an all-day series by the hour": event(
        "SUMMARY:Bad", "RRULE:FREQ=HOURLY;COUNT=3", start=";VALUE=DATE:20251006", end=""
    ),
}


@pytest.mark.parametrize("bad", LOST.values(), ids=LOST.keys())
def test_a_bad_event_costs_one_event_and_is_named(bad: str) -> None:
    occurrences, problems = read(calendar(bad, NEIGHBOUR))
    assert uids_of(occurrences) == ["neighbour"]
    (problem,) = faults(problems)
    assert problem.where.startswith("a.ics, line 3, event ")
    assert problem.where.endswith(" with uid u1")
    assert "Bad" not in str(problem)
    assert problem.what
    assert problem.hint


KEPT = {
    "rule with a semicolon at its end": (event("RRULE:FREQ=WEEKLY;COUNT=2;"), 2),
    "rule with blanks": (event("RRULE:FREQ=WEEKLY;BYDAY=MO, TU;COUNT=2"), 2),
    "rule with backslashes": (event("RRULE:FREQ=WEEKLY\\;COUNT=2"), 2),
    "negative COUNT": (event("RRULE:FREQ=WEEKLY;COUNT=-1;UNTIL=20251020T090000Z"), 3),
    "daily a thousand million times": (
        event("RRULE:FREQ=DAILY;COUNT=1000000000", start=":20200101T090000Z", end=""),
        31,
    ),
    "daily since 1900": (event("RRULE:FREQ=DAILY", start=":19000101T090000Z", end=""), 31),
    "huge INTERVAL": (event("RRULE:FREQ=WEEKLY;INTERVAL=2000000000"), 1),
    "30 February every year": (event("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), 1),
    "a sub-daily rule with an end": (event("RRULE:FREQ=HOURLY;COUNT=3"), 3),
    "weekly since 1601 by a Windows zone": (
        event("RRULE:FREQ=WEEKLY", start=";TZID=Romance Standard Time:16010101T090000", end=""),
        4,
    ),
    "yearly since the year 1": (event("RRULE:FREQ=YEARLY;BYMONTH=10", start=":00010105T090000Z", end=""), 1),
    "an unclosed quote": (event('ATTENDEE;CN="' + "a" * 1000 + ":mailto:x@a.example"), 1),
    "a NUL in a text": (event("LOCATION:a\0b"), 1),
    "an alarm that is broken": (event("BEGIN:VALARM\r\nTRIGGER:PT-2H\r\nEND:VALARM"), 1),
    "an alarm without end": (event("BEGIN:VALARM\r\nTRIGGER:-PT2H"), 1),
    "DTEND before DTSTART": (event(end="DTEND:20251006T080000Z"), 1),
    "negative DURATION": (event(end="DURATION:-PT1H"), 1),
    "DTEND a date, DTSTART a time": (event(end="DTEND;VALUE=DATE:20251007"), 1),
    "DTSTART twice the same": (event("DTSTART:20251006T090000Z"), 1),
    "an empty DTEND": (event(end="DTEND:"), 1),
    "EXDATE unreadable": (event("RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:never"), 2),
    "RDATE unreadable": (event("RDATE:20251008T090000Z/soon"), 1),
    "RECURRENCE-ID in the first hour of time": (event("RECURRENCE-ID;TZID=Europe/Paris:00010101T000000"), 1),
    "SEQUENCE unreadable": (event("SEQUENCE:x"), 1),
}


@pytest.mark.parametrize(("rare", "count"), KEPT.values(), ids=KEPT.keys())
def test_a_rare_event_counts_as_far_as_it_can_be_read(rare: str, count: int) -> None:
    occurrences, _ = read(calendar(rare, NEIGHBOUR))
    assert sorted(uids_of(occurrences)) == ["neighbour"] + ["u1"] * count


@pytest.mark.parametrize("name", ["EXDATE:never", "RDATE:20251008T090000Z/soon"])
def test_lines_of_a_series_that_cannot_be_read_are_named(name: str) -> None:
    _, problems = read(calendar(event("RRULE:FREQ=WEEKLY;COUNT=2", name)))
    assert [name.partition(":")[0] in problem.what for problem in problems] == [True]


@pytest.mark.parametrize("end", ["DTEND:20251006T080000Z", "DURATION:-PT1H"])
def test_an_event_that_ends_before_it_starts_is_swapped_and_noted(end: str) -> None:
    (occurrence,), problems = read(calendar(event(end=end)))
    assert (occurrence.start.hour, occurrence.end.hour) == (8, 9)
    assert "swapped" in problems[0].what


def test_a_rule_that_ends_before_it_begins_never_takes_place_and_is_noted() -> None:
    occurrences, problems = read(calendar(event("RRULE:FREQ=WEEKLY;UNTIL=20250901T000000Z")))
    assert occurrences == ()
    assert "UNTIL" in problems[0].what
    assert not faults(problems)


def test_an_event_in_the_year_1_or_9999_costs_itself_only() -> None:
    last = event("RRULE:FREQ=YEARLY", start=":99991231T235959Z", end="DURATION:PT1H")
    first = event(start=";TZID=Europe/Paris:00010101T000000", end="DURATION:PT1H", uid="u2")
    assert uids_of(read(calendar(last, first, NEIGHBOUR))[0]) == ["neighbour"]


def test_a_private_title_is_never_in_a_problem() -> None:
    secret = event("CLASS:PRIVATE", "SUMMARY:Oncology", "RRULE:FREQ=SECONDLY")
    unknown = event("CLASS:X-SECRET", "SUMMARY:Oncology", uid="u2", end="DTEND:None")
    _, problems = read(calendar(secret, unknown))
    assert [problem.where.rpartition(" ")[2] for problem in problems] == ["u2", "u1"]
    assert not any("Oncology" in str(problem) for problem in problems)


def test_every_nested_event_is_named() -> None:
    nest = "BEGIN:VEVENT\r\n" * 20_000 + "END:VEVENT\r\n" * 20_000
    occurrences, problems = read(calendar(nest, NEIGHBOUR))
    assert uids_of(occurrences) == ["neighbour"]
    assert [problem.where for problem in problems[:2]] == ["a.ics, line 3", "a.ics, line 4"]
    assert problems[100].what.startswith("19899 x BEGIN:VEVENT without END:VEVENT")
    assert problems[201].what.startswith("19899 x END:VEVENT without BEGIN:VEVENT")
    assert "no DTSTART" in problems[202].what


def test_an_event_that_lost_its_end_does_not_swallow_the_next() -> None:
    cut = event("SUMMARY:Bad").replace("END:VEVENT\r\n", "")
    occurrences, problems = read(calendar(cut, NEIGHBOUR, NEIGHBOUR.replace("neighbour", "next")))
    assert uids_of(occurrences) == ["neighbour", "next"]
    assert problems[0].where == "a.ics, line 3"


def test_an_event_outside_every_calendar_is_named() -> None:
    occurrences, problems = read(calendar(NEIGHBOUR) + event().encode())
    assert uids_of(occurrences) == ["neighbour"]
    assert "outside every VCALENDAR" in problems[0].what


def test_deep_nesting_of_other_components_is_skipped() -> None:
    nest = "BEGIN:X-A\r\n" * 50_000 + "END:X-A\r\n" * 50_000
    assert uids_of(read(calendar(nest, NEIGHBOUR))[0]) == ["neighbour"]
    assert uids_of(read(calendar(event(nest.strip()), NEIGHBOUR))[0]) == ["u1", "neighbour"]


@pytest.mark.parametrize(
    "line",
    [
        "DESCRIPTION:" + "x" * 2_000_000,
        "DESCRIPTION:" + "\r\n x" * 500_000,
        "X-ALT-DESC:" + "<" * 500_000,
        "ATTENDEE" + ";X-P=1" * 50_000 + ":mailto:x@a.example",
        "\r\n".join(f"ATTENDEE:mailto:p{number}@a.example" for number in range(10_000)),
        "RDATE:" + ",".join(f"{1600 + n % 400}01{1 + n // 400 % 28:02d}T090000Z" for n in range(10_000)),
    ],
    ids=["long-line", "folded-at-every-letter", "html", "parameters", "attendees", "rdates"],
)
def test_size_alone_does_no_harm(line: str) -> None:
    occurrences, problems = read(calendar(event(line), NEIGHBOUR))
    assert (uids_of(occurrences), problems) == (["u1", "neighbour"], ())


def test_a_series_with_too_many_starts_is_left_out() -> None:
    often = event("SUMMARY:Bad", "RRULE:FREQ=MINUTELY;UNTIL=20270101T000000Z")
    occurrences, problems = read(calendar(often, NEIGHBOUR), days("2025-10-01", "2026-10-01"))
    assert uids_of(occurrences) == ["neighbour"]
    assert "more than 20000 times" in problems[0].what
