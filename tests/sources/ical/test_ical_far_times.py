"""The years 1 and 9999: how programs write "no end" and "no beginning", in every form and zone."""

import pytest
from support.ical_text import NEIGHBOUR, calendar, event, uids_of
from support.reader_comparison import read_with_both

UNTILS = [
    "99991231",
    "99991231T235959",
    "99991231T235959Z",
    "99991231T000000Z",
    "99990101T000000Z",
    "99981231T235959Z",
]
STARTS = {
    "UTC": ":20250901T090000Z",
    "floating": ":20250901T090000",
    "east": ";TZID=Pacific/Kiritimati:20250901T090000",
    "west": ";TZID=America/New_York:20250901T090000",
    "London": ";TZID=Europe/London:20250901T090000",
    "all-day": ";VALUE=DATE:20250901",
}


@pytest.mark.parametrize("until", UNTILS)
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_a_series_until_the_year_9999_takes_place_every_week(start: str, until: str) -> None:
    end = "" if "DATE:" in start else "DURATION:PT1H"
    series = event(f"RRULE:FREQ=WEEKLY;UNTIL={until}", start=start, end=end)
    occurrences, problems = read_with_both(calendar(series, NEIGHBOUR))
    assert uids_of(occurrences).count("u1") == 4
    assert not problems


@pytest.mark.parametrize("until", ["99991231T235959Z", "99991231T235959", "99991231"])
@pytest.mark.parametrize("offset", ["+1400", "-1200", "+0100"])
@pytest.mark.parametrize("begin", ["19701025T030000", "00010101T000000", "16010101T000000"])
def test_a_time_zone_whose_rule_ends_in_9999_is_used(until: str, offset: str, begin: str) -> None:
    zone = (
        f"BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:{begin}\r\nTZOFFSETFROM:{offset}\r\n"
        f"TZOFFSETTO:{offset}\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL={until}\r\nEND:STANDARD\r\n"
        "END:VTIMEZONE\r\n"
    )
    own = event(start=";TZID=Own:20251006T120000", end="DURATION:PT1H")
    occurrences, problems = read_with_both(calendar(zone, own, NEIGHBOUR))
    assert not problems
    (found,) = [occurrence for occurrence in occurrences if occurrence.uid == "u1"]
    assert found.start.strftime("%z") == offset


FAR = {
    "an end in 9999": event(end="DTEND:99991231T235959Z"),
    "an end in 9999, west": event(
        start=";TZID=America/New_York:20251006T090000", end="DTEND;TZID=America/New_York:99991231T235959"
    ),
    "an end on the last day": event(start=";VALUE=DATE:20251006", end="DTEND;VALUE=DATE:99991231"),
    "from year 1, east": event(
        start=";TZID=Europe/Paris:00010101T000000", end="DTEND;TZID=Europe/Paris:99991231T235959"
    ),
    "from year 1, UTC": event(start=":00010101T000000Z", end="DTEND:99991231T235959Z"),
    "a series with an end in 9999": event("RRULE:FREQ=DAILY;COUNT=1", end="DTEND:99991231T235959Z"),
    "a series of all-day events that end in 9999": event(
        "RRULE:FREQ=DAILY;COUNT=1", start=";VALUE=DATE:20251006", end="DTEND;VALUE=DATE:99991231"
    ),
    "RDATE in 9999": event("RDATE:99991231T235959Z,20251013T090000Z"),
    "RDATE in 9999, west": event(
        "RDATE;TZID=America/New_York:99991231T235959",
        start=";TZID=America/New_York:20251006T090000",
        end="DURATION:PT1H",
    ),
    "RDATE period to 9999": event("RDATE;VALUE=PERIOD:20251013T090000Z/99991231T235959Z"),
    "EXDATE in 9999": event("RRULE:FREQ=WEEKLY", "EXDATE;TZID=America/New_York:99991231T235959"),
    "EXDATE in year 1": event("RRULE:FREQ=WEEKLY", "EXDATE;TZID=Asia/Tokyo:00010101T000000"),
    "RECURRENCE-ID in 9999": event("RECURRENCE-ID;TZID=America/New_York:99991231T235959"),
    "RECURRENCE-ID in year 1": event("RECURRENCE-ID;TZID=Asia/Tokyo:00010101T000000"),
    "a DURATION of 8,000 years": event(end="DURATION:P2900000D"),
    "a series of DURATION of 8,000 years": event("RRULE:FREQ=WEEKLY;COUNT=2", end="DURATION:P2900000D"),
    "a series from year 1": event(
        "RRULE:FREQ=DAILY", start=";TZID=Asia/Tokyo:00010101T000000", end="DURATION:PT1H"
    ),
    "COUNT of very many digits": event("RRULE:FREQ=DAILY;COUNT=" + "9" * 10_000),
    "INTERVAL of very many digits": event("RRULE:FREQ=DAILY;INTERVAL=" + "9" * 10_000),
    "hours with INTERVAL of very many digits": event("RRULE:FREQ=HOURLY;COUNT=2;INTERVAL=" + "9" * 10_000),
    "SEQUENCE of very many digits": event("SEQUENCE:" + "9" * 10_000),
}


@pytest.mark.parametrize("far", FAR.values(), ids=FAR.keys())
def test_an_event_that_reaches_to_the_year_1_or_9999_is_read(far: str) -> None:
    occurrences, problems = read_with_both(calendar(far, NEIGHBOUR))
    assert {"u1", "neighbour"} <= set(uids_of(occurrences))
    assert not problems


def test_an_event_of_all_time_can_be_shown_in_utc() -> None:
    (found,) = read_with_both(calendar(FAR["from year 1, east"]))[0]
    assert (found.start.year, found.end.year) == (1, 9999)
    assert found.start.utctimetuple() < found.end.utctimetuple()


def test_of_two_versions_the_one_with_the_longer_sequence_counts() -> None:
    old, new = (
        event("SEQUENCE:7", "SUMMARY:Old"),
        event("SEQUENCE:" + "9" * 5_000, "SUMMARY:New", start=":20251007T090000Z", end="DURATION:PT1H"),
    )
    occurrences, _ = read_with_both(calendar(old, new))
    assert [occurrence.title for occurrence in occurrences] == ["New"]
