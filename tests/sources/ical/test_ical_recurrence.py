"""Series as RFC 5545 defines them: rules, added and excluded dates, overrides, clock changes."""

import pytest
from support.ical_text import LONDON, OCTOBER, calendar, days, event, read, read_one, read_starts

SERIES = "RRULE:FREQ=WEEKLY;COUNT=3"


def october(rule: str, start: str = ":20251001T090000Z", *lines: str) -> list[int]:
    """The days of October 2025 that a rule gives."""
    occurrences, _ = read(calendar(event(f"RRULE:{rule}", *lines, start=start, end="")))
    return [occurrence.start.day for occurrence in occurrences]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=WE", [1, 8, 15, 22, 29]),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,WE", [1, 12, 15, 26, 29]),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=SU,WE", [1, 5, 15, 19, 29]),
        ("FREQ=MONTHLY;BYDAY=-1FR,1WE", [1, 31]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", [1, 31]),
        ("FREQ=MONTHLY;BYDAY=WE,2TH", [1, 8, 9, 15, 22, 29]),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", [1, 31]),
        ("FREQ=DAILY;INTERVAL=10", [1, 11, 21, 31]),
        ("FREQ=DAILY;BYDAY=WE;BYMONTHDAY=1,15", [1, 15]),
        ("FREQ=YEARLY;BYWEEKNO=40,42", [1, 15]),
        ("FREQ=YEARLY;BYWEEKNO=40;BYDAY=TH,WE", [1, 2]),
        ("FREQ=YEARLY;BYYEARDAY=274,-62", [1, 31]),
        ("FREQ=YEARLY;BYMONTHDAY=1,2", [1, 2]),
        ("FREQ=WEEKLY;BYDAY=MO,WE;BYSETPOS=-1", [1, 8, 15, 22, 29]),
        ("FREQ=WEEKLY;BYDAY=TU,WE;BYSETPOS=1", [1, 7, 14, 21, 28]),
        ("FREQ=HOURLY;INTERVAL=12;COUNT=3", [1, 1, 2]),
        ("FREQ=MINUTELY;BYHOUR=9;BYMINUTE=0;BYDAY=WE;UNTIL=20251016T000000Z", [1, 8, 15]),
        ("FREQ=DAILY;BYHOUR=9,14;COUNT=4", [1, 1, 2, 2]),
    ],
)
def test_rules_give_the_days_of_rfc_5545(rule: str, expected: list[int]) -> None:
    assert october(rule) == expected


def test_a_date_that_does_not_exist_is_passed_over() -> None:
    monthly = calendar(event("RRULE:FREQ=MONTHLY;COUNT=3", start=":20250131T090000Z", end=""))
    assert [start[:10] for start in read_starts(monthly, days("2025-01-01", "2026-01-01"))] == [
        "2025-01-31",
        "2025-03-31",
        "2025-05-31",
    ]


def test_a_start_that_the_rule_does_not_meet_counts_as_the_first() -> None:
    assert october("FREQ=WEEKLY;BYDAY=FR;COUNT=3") == [1, 3, 10]


@pytest.mark.parametrize(
    ("until", "start", "expected"),
    [
        ("20251015T090000Z", ":20251001T090000Z", [1, 8, 15]),
        ("20251015T085959Z", ":20251001T090000Z", [1, 8]),
        ("20251015", ":20251001T090000Z", [1, 8, 15]),
        ("20251015T080000Z", ";TZID=Europe/London:20251001T090000", [1, 8, 15]),
        ("20251015T090000", ";TZID=Europe/London:20251001T090000", [1, 8, 15]),
        ("20251015", ";TZID=Europe/London:20251001T090000", [1, 8, 15]),
        ("20251015T090000Z", ":20251001T090000", [1, 8, 15]),
        ("20251015", ";VALUE=DATE:20251001", [1, 8, 15]),
        ("20251015T000000Z", ";VALUE=DATE:20251001", [1, 8, 15]),
    ],
)
def test_until_is_inclusive_and_of_the_kind_of_dtstart(until: str, start: str, expected: list[int]) -> None:
    assert october(f"FREQ=WEEKLY;UNTIL={until}", start) == expected


def test_times_of_day_are_ignored_in_an_all_day_series() -> None:
    assert october("FREQ=DAILY;INTERVAL=2;BYHOUR=9;BYMINUTE=1,2;COUNT=3", ";VALUE=DATE:20251001") == [1, 3, 5]


def test_two_rules_are_one_series() -> None:
    assert october("FREQ=WEEKLY;COUNT=2", ":20251001T090000Z", "RRULE:FREQ=DAILY;COUNT=2") == [1, 2, 8]


@pytest.mark.parametrize(
    "exdate",
    [
        "EXDATE:20251008T080000Z",
        "EXDATE;TZID=Europe/London:20251008T090000",
        "EXDATE;TZID=America/New_York:20251008T040000",
        "EXDATE;VALUE=DATE:20251008",
        "EXDATE:20251008T090000",
        "EXDATE:20251008T080000Z,20251009T080000Z",
    ],
)
def test_excluded_dates_of_every_kind(exdate: str) -> None:
    assert october("FREQ=WEEKLY;COUNT=3", ";TZID=Europe/London:20251001T090000", exdate) == [1, 15]


def test_an_excluded_time_of_another_zone_excludes_no_local_time_with_the_same_digits() -> None:
    assert october(
        "FREQ=WEEKLY;COUNT=2", ";TZID=Europe/London:20251001T090000", "EXDATE:20251008T090000Z"
    ) == [1, 8]


def test_added_dates_are_counted_once() -> None:
    rdates = "RDATE:20251003T090000Z,20251008T090000Z"
    assert october("FREQ=WEEKLY;COUNT=2", ":20251001T090000Z", rdates) == [1, 3, 8]


def test_added_dates_need_no_rule_and_take_the_hour_of_the_start() -> None:
    content = calendar(event("RDATE;VALUE=DATE:20251009"))
    assert read_starts(content) == ["2025-10-06T09:00+00:00", "2025-10-09T09:00+00:00"]


def test_an_added_period_has_its_own_length() -> None:
    periods = "RDATE;VALUE=PERIOD:20251008T090000Z/PT3H,20251009T090000Z/20251009T110000Z"
    occurrences, problems = read(calendar(event(periods)))
    assert [occurrence.span.duration.seconds // 3600 for occurrence in occurrences] == [1, 3, 2]
    assert problems == ()


def override(original: str, *lines: str, start: str, end: str = "", uid: str = "u1") -> str:
    return event(f"RECURRENCE-ID{original}", *lines, start=start, end=end, uid=uid)


def test_an_override_takes_the_place_of_its_occurrence() -> None:
    moved = override(":20251013T090000Z", "SUMMARY:Moved", start=":20251014T150000Z", end="DURATION:PT2H")
    occurrences, _ = read(calendar(event(SERIES), moved))
    assert [occurrence.start.day for occurrence in occurrences] == [6, 14, 20]
    assert [occurrence.recurrence_id for occurrence in occurrences] == [
        "2025-10-06T09:00:00+00:00",
        "2025-10-13T09:00:00+00:00",
        "2025-10-20T09:00:00+00:00",
    ]


@pytest.mark.parametrize(
    "original",
    [":20251013T080000Z", ";TZID=Europe/Paris:20251013T100000", ":20251013T090000", ";VALUE=DATE:20251013"],
)
def test_an_override_is_found_by_its_recurrence_id_however_that_is_written(original: str) -> None:
    series = event(SERIES, start=";TZID=Europe/London:20251006T090000", end="")
    moved = override(original, start=";TZID=Europe/London:20251014T150000")
    occurrences, _ = read(calendar(series, moved))
    assert [occurrence.start.day for occurrence in occurrences] == [6, 14, 20]
    assert occurrences[1].recurrence_id == "2025-10-13T09:00:00+01:00"


def test_an_override_moved_into_the_window_is_found_and_one_moved_out_is_gone() -> None:
    into = override(":20250908T090000Z", start=":20251002T090000Z")
    out = override(":20251006T090000Z", start=":20251110T090000Z")
    series = event("RRULE:FREQ=WEEKLY", start=":20250901T090000Z", end="")
    assert [start[8:10] for start in read_starts(calendar(series, into, out))] == ["02", "13", "20", "27"]


def test_an_override_without_its_series_counts_once() -> None:
    alone = override(":20251013T090000Z", start=":20251014T150000Z", end="DURATION:PT1H")
    assert read_one(calendar(alone)).recurrence_id == "2025-10-13T09:00:00+00:00"


def test_the_newest_version_of_an_override_counts_whatever_the_order() -> None:
    old = override(":20251013T090000Z", "SEQUENCE:1", start=":20251014T150000Z")
    new = override(":20251013T090000Z", "SEQUENCE:2", start=":20251015T150000Z")
    expected = ["06", "15", "20"]
    assert [start[8:10] for start in read_starts(calendar(event(SERIES), old, new))] == expected
    assert [start[8:10] for start in read_starts(calendar(new, old, event(SERIES)))] == expected


def test_this_and_future_moves_what_follows() -> None:
    change = override(
        ";RANGE=THISANDFUTURE:20251013T090000Z", "SUMMARY:New", start=":20251013T110000Z", end="DURATION:PT2H"
    )
    occurrences, _ = read(calendar(event("RRULE:FREQ=WEEKLY;COUNT=4", "SUMMARY:Old"), change))
    assert [(o.start.day, o.start.hour, o.span.duration.seconds // 3600, o.title) for o in occurrences] == [
        (6, 9, 1, "Old"),
        (13, 11, 2, "New"),
        (20, 11, 2, "New"),
        (27, 11, 2, "New"),
    ]
    assert occurrences[3].recurrence_id == "2025-10-27T09:00:00+00:00"


def test_this_and_future_may_make_whole_days_of_times() -> None:
    change = override(
        ";RANGE=THISANDFUTURE:20251013T090000Z", start=";VALUE=DATE:20251014", end="DTEND;VALUE=DATE:20251016"
    )
    occurrences, problems = read(calendar(event("RRULE:FREQ=WEEKLY;COUNT=3"), change))
    assert [(o.recurrence_id[:10], o.start.day, o.end.day, o.all_day) for o in occurrences] == [
        ("2025-10-06", 6, 6, False),
        ("2025-10-13", 14, 16, True),
        ("2025-10-20", 21, 23, True),
    ]
    assert problems == ()


def test_this_and_future_may_give_whole_days_a_time() -> None:
    change = override(
        ";RANGE=THISANDFUTURE;VALUE=DATE:20251013",
        start=";TZID=Europe/London:20251012T210000",
        end="DTEND;TZID=Europe/London:20251012T220000",
    )
    series = event(SERIES, start=";VALUE=DATE:20251006", end="DTEND;VALUE=DATE:20251007")
    occurrences, problems = read(calendar(series, change))
    assert [(o.recurrence_id, o.start.day, o.start.hour, o.end.hour, o.all_day) for o in occurrences] == [
        ("2025-10-06", 6, 0, 0, True),
        ("2025-10-13", 12, 21, 22, False),
        ("2025-10-20", 19, 21, 22, False),
    ]
    assert problems == ()


def test_a_series_with_a_recurrence_id_of_its_own_is_a_series() -> None:
    assert len(read(calendar(event(SERIES, "RECURRENCE-ID:20251006T090000Z")))[0]) == 3


def test_an_all_day_series_has_dates_as_recurrence_ids() -> None:
    moved = override(";VALUE=DATE:20251013", start=";VALUE=DATE:20251014")
    series = event(SERIES, start=";VALUE=DATE:20251006", end="DTEND;VALUE=DATE:20251007")
    occurrences, _ = read(calendar(series, moved))
    assert [(o.recurrence_id, o.start.day, o.all_day) for o in occurrences] == [
        ("2025-10-06", 6, True),
        ("2025-10-13", 14, True),
        ("2025-10-20", 20, True),
    ]
    assert occurrences[0].end == occurrences[0].start.replace(day=7)


def test_an_all_day_event_runs_from_midnight_to_midnight_where_the_calendar_is() -> None:
    occurrences = read_one(calendar(event(start=";VALUE=DATE:20251026", end="DTEND;VALUE=DATE:20251027")))
    assert (occurrences.start.isoformat(), occurrences.end.isoformat()) == (
        "2025-10-26T00:00:00+01:00",
        "2025-10-27T00:00:00+00:00",
    )


def test_one_event_has_no_recurrence_id() -> None:
    assert read_one(calendar(event())).recurrence_id == ""


# Clock changes: London goes forward on 30 March and back on 26 October 2025, both between 1 and 2 o'clock.


def test_a_time_that_clocks_skip_is_read_by_the_offset_before() -> None:
    nightly = event(
        "RRULE:FREQ=DAILY;COUNT=3", start=";TZID=Europe/London:20250329T013000", end="DURATION:PT30M"
    )
    occurrences, _ = read(calendar(nightly), days("2025-03-29", "2025-04-02"))
    assert [(o.start.isoformat(timespec="minutes"), o.end.strftime("%H:%M")) for o in occurrences] == [
        ("2025-03-29T01:30+00:00", "02:00"),
        ("2025-03-30T02:30+01:00", "03:00"),
        ("2025-03-31T01:30+01:00", "02:00"),
    ]


def test_a_time_that_clocks_show_twice_is_the_first() -> None:
    assert read_starts(calendar(event(start=";TZID=Europe/London:20251026T013000", end=""))) == [
        "2025-10-26T01:30+01:00"
    ]


def test_dtend_gives_every_night_the_same_hours_and_duration_the_same_clock() -> None:
    shift = ("RRULE:FREQ=DAILY;COUNT=2",)
    start = ";TZID=Europe/London:20251024T220000"
    exact, _ = read(calendar(event(*shift, start=start, end="DTEND;TZID=Europe/London:20251025T060000")))
    nominal, _ = read(calendar(event(*shift, start=start, end="DURATION:P1D")))
    assert [o.end.isoformat(timespec="minutes") for o in exact] == [
        "2025-10-25T06:00+01:00",
        "2025-10-26T05:00+00:00",
    ]
    assert [o.end.isoformat(timespec="minutes") for o in nominal] == [
        "2025-10-25T22:00+01:00",
        "2025-10-26T22:00+00:00",
    ]


def test_hours_of_a_duration_are_hours() -> None:
    night = event(start=";TZID=Europe/London:20251025T220000", end="DURATION:PT8H")
    assert read_one(calendar(night)).end.isoformat() == "2025-10-26T05:00:00+00:00"


# Versions, doubles, missing UIDs.


def test_two_events_that_share_a_uid_are_both_kept() -> None:
    content = calendar(event(), event(start=":20251008T090000Z", end=""))
    assert [start[8:10] for start in read_starts(content)] == ["06", "08"]


def test_an_exact_double_counts_once() -> None:
    assert read_one(calendar(event(SERIES[:0] or "SUMMARY:A"), event("SUMMARY:A"))).title == "A"


def test_of_two_versions_the_higher_sequence_counts_then_the_later_stamp() -> None:
    old, new = event("SEQUENCE:1", "SUMMARY:Old"), event("SEQUENCE:2", "SUMMARY:New")
    assert [o.title for o in read(calendar(new, old))[0]] == ["New"]
    early = event("LAST-MODIFIED:20250901T000000Z", "SUMMARY:Early")
    late = event("LAST-MODIFIED:20250902T000000Z", "SUMMARY:Late")
    assert [o.title for o in read(calendar(late, early))[0]] == ["Late"]


def test_a_newer_version_at_another_time_replaces_the_older_with_a_note() -> None:
    old, new = event("SEQUENCE:1"), event("SEQUENCE:2", start=":20251008T090000Z", end="")
    occurrences, problems = read(calendar(old, new))
    assert [occurrence.start.day for occurrence in occurrences] == [8]
    assert "newer version" in problems[0].what


def test_events_without_uid_get_one_that_lasts() -> None:
    first = event("SUMMARY:A", uid="")
    other = event("SUMMARY:B", uid="")
    occurrences, _ = read(calendar(first, other))
    again, _ = read(calendar(other, first.replace("DTSTAMP:2025", "DTSTAMP:2026")))
    assert len({occurrence.uid for occurrence in occurrences}) == 2
    assert [occurrence.uid for occurrence in occurrences] == [occurrence.uid for occurrence in again]


def test_an_event_of_no_length_is_kept() -> None:
    occurrences = read_one(calendar(event(end="DTEND:20251006T090000Z")))
    assert occurrences.start == occurrences.end


def test_order_is_by_start_then_uid() -> None:
    late, b, a = event(uid="a", start=":20251008T090000Z", end=""), event(uid="b"), event(uid="a")
    assert [(o.start.day, o.uid) for o in read(calendar(late, b, a))[0]] == [(6, "a"), (6, "b"), (8, "a")]


def test_an_occurrence_belongs_to_the_window_if_they_overlap() -> None:
    into = event(uid="into", start=":20250930T220000Z", end="DTEND:20251001T000000Z")
    before = event(uid="before", start=":20250930T220000Z", end="DTEND:20250930T230000Z")
    after = event(uid="after", start=":20251101T000000Z", end="DTEND:20251101T010000Z")
    assert OCTOBER.start.tzinfo is LONDON
    assert [o.uid for o in read(calendar(into, before, after))[0]] == ["into"]


def test_until_is_real_time_whatever_the_season() -> None:
    weekly = event(
        "RRULE:FREQ=WEEKLY;UNTIL=20251027T090000Z", start=";TZID=Europe/London:20251020T090000", end=""
    )
    assert [start[8:10] for start in read_starts(calendar(weekly))] == ["20", "27"]


def test_an_override_is_not_taken_for_another_with_the_same_digits_in_utc() -> None:
    twice = event("RRULE:FREQ=DAILY;BYHOUR=9,10;COUNT=2", start=";TZID=Europe/London:20251006T090000", end="")
    moved = override(";TZID=Europe/London:20251006T100000", start=";TZID=Europe/London:20251006T150000")
    assert [start[11:16] for start in read_starts(calendar(twice, moved))] == ["09:00", "15:00"]
