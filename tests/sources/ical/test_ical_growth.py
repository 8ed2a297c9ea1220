"""Work grows in proportion to the file: counted in what is compared, searched or copied, not in seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from support.ical_text import NEIGHBOUR, calendar, days, event, read, uids_of
from support.reader_comparison import read_with_both

from calsync.sources.ical.event import Event
from calsync.sources.ical.problem_location import EventLocator
from calsync.sources.ical.series import group_into_series

pytestmark = pytest.mark.slow


def naive_time(*numbers: int) -> datetime:
    """A naive time."""
    return datetime(*numbers)


BASE = naive_time(2025, 10, 1, 9)


def stamps(count: int) -> list[str]:
    return [(BASE + timedelta(minutes=n)).strftime("%Y%m%dT%H%M%SZ") for n in range(count)]


class CountedBytes(bytes):
    """Bytes that note how many of them are looked through or copied."""

    touched = 0

    def count(self, *args: object) -> int:  # type: ignore[override]
        begin, end = (args[1], args[2]) if len(args) > 2 else (0, len(self))
        CountedBytes.touched += int(end) - int(begin)  # type: ignore[call-overload]
        return super().count(*args)  # type: ignore[arg-type]

    def __getitem__(self, key: object) -> object:  # type: ignore[override]
        result = super().__getitem__(key)  # type: ignore[index]
        CountedBytes.touched += len(result) if isinstance(result, bytes) else 1
        return result


def test_every_event_can_be_named_by_its_line_in_one_pass() -> None:
    content = calendar(*(event(uid=f"b{n}") for n in range(2_000)))
    locator, CountedBytes.touched = EventLocator("a.ics", CountedBytes(content)), 0
    lines = [locator.describe_event(number, "").split(",")[1].strip() for number in range(1, 2_001)]
    assert lines[:2] == ["line 3", "line 9"]
    assert CountedBytes.touched <= 2 * len(content)


def test_versions_of_one_event_are_not_compared_pairwise(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    equal = Event.__eq__

    def counted(self: Event, other: object) -> bool:
        nonlocal compared
        compared += 1
        return bool(equal(self, other))

    monkeypatch.setattr(Event, "__eq__", counted)
    start = BASE.astimezone()
    events = [
        Event(n, "", False, "u", start + timedelta(minutes=n), start + timedelta(minutes=n + 5), start.tzinfo)  # type: ignore[arg-type]
        for n in range(2_000)
    ]
    series, replaced = group_into_series(events)
    assert (len(series), len(replaced)) == (2_000, 0)
    assert compared < 10_000


MANY: dict[str, Callable[[int], str]] = {
    "broken events": lambda n: "".join(event(start=":20251399T990000Z", uid=f"b{i}") for i in range(n)),
    "events of one UID": lambda n: "".join(event(start=f":{at}", end="DURATION:PT1M") for at in stamps(n)),
    "a master with RDATEs": lambda n: event(*(f"RDATE;VALUE=PERIOD:{at}/PT5M" for at in stamps(n))),
    "a master with EXDATEs": lambda n: event("RRULE:FREQ=DAILY", *(f"EXDATE:{at}" for at in stamps(n))),
    "overrides": lambda n: (
        event("RRULE:FREQ=DAILY")
        + "".join(event(f"RECURRENCE-ID:{at}", start=f":{at}", end="DURATION:PT1M") for at in stamps(n))
    ),
    "overrides that recur": lambda n: (
        event("RRULE:FREQ=DAILY", "SEQUENCE:3")
        + "".join(event(f"RECURRENCE-ID:{at}", "RRULE:FREQ=DAILY") for at in stamps(n))
    ),
    "zones": lambda n: "".join(
        f"BEGIN:VTIMEZONE\r\nTZID:Z{i}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\n"
        "TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        + event(start=f";TZID=Z{i}:20251006T120000", end="DURATION:PT1H", uid=f"z{i}")
        for i in range(n)
    ),
    "unknown zones": lambda n: "".join(
        event(start=f";TZID=Nowhere/{i}:20251006T120000", end="DURATION:PT1H", uid=f"z{i}") for i in range(n)
    ),
}


@pytest.mark.parametrize("make", MANY.values(), ids=MANY.keys())
def test_a_thousand_of_a_kind_leave_the_neighbour_and_both_readers_agree(make: Callable[[int], str]) -> None:
    occurrences, _ = read_with_both(calendar(make(1_000), NEIGHBOUR))
    assert "neighbour" in uids_of(occurrences)


@pytest.mark.parametrize("make", MANY.values(), ids=MANY.keys())
def test_ten_times_as_many_take_about_ten_times_the_calls(make: Callable[[int], str]) -> None:
    import sys

    def calls(content: bytes) -> int:
        count = 0

        def note(frame: object, kind: str, arg: object) -> None:
            nonlocal count
            count += kind in ("call", "c_call")

        sys.setprofile(note)
        try:
            read(content, days("2025-10-01", "2025-10-08"))
        finally:
            sys.setprofile(None)
        return count

    small, large = calendar(make(100), NEIGHBOUR), calendar(make(1_000), NEIGHBOUR)
    calls(small)  # what is set up once is set up before
    assert calls(large) < 15 * calls(small)


@pytest.mark.parametrize("blanks", [" ", "\t", " \t"])
def test_blanks_after_a_begin_or_end_are_read_in_one_pass(blanks: str) -> None:
    part = f"BEGIN:X-A{blanks * 100_000}b\r\nEND:X-A{blanks * 100_000}b"
    assert uids_of(read(calendar(event(part), NEIGHBOUR))[0]) == ["u1", "neighbour"]


def test_observances_without_an_end_are_read_in_one_pass() -> None:
    zone = "BEGIN:VTIMEZONE\r\nTZID:Odd\r\n" + "BEGIN:STANDARD\r\nX:1\r\n" * 20_000 + "END:VTIMEZONE\r\n"
    own = event(start=";TZID=Odd:20251006T120000", end="DURATION:PT1H")
    assert set(uids_of(read(calendar(zone, own, NEIGHBOUR))[0])) == {"u1", "neighbour"}


def test_a_zone_name_of_a_megabyte_is_unknown_at_once() -> None:
    own = event(start=";TZID=" + "/a" * 500_000 + ":20251006T120000", end="DURATION:PT1H")
    occurrences, problems = read_with_both(calendar(own, NEIGHBOUR))
    assert set(uids_of(occurrences)) == {"u1", "neighbour"}
    assert len(str(problems[0])) < 400
