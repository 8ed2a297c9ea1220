"""Work that takes too long ends by itself: no thread goes on after the night has given it up."""

import threading
from pathlib import Path

import pytest
from support.ical_text import LONDON, OCTOBER, calendar, event
from support.night_council import run_test_night, write_council

from calsync.model.time_limits import TimeLimitError, check_time_limit, time_limit
from calsync.sources.ical.read import read_calendar

pytestmark = pytest.mark.slow

SERIES = "".join(event("RRULE:FREQ=DAILY", uid=f"s{n}") for n in range(50))
HOSTILE = {
    "many series": calendar(SERIES),
    "many events for the exact path": calendar("".join(event("RDATE:never", uid=f"r{n}") for n in range(50))),
    "a dense rule": calendar(
        event("RRULE:FREQ=DAILY;COUNT=999999999;BYMONTHDAY=31;BYDAY=MO", start=":00010101T000000Z")
    ),
    "a nest": b"BEGIN:VCALENDAR\r\n"
    + b"BEGIN:X-A\r\n" * 5_000
    + b"END:X-A\r\n" * 5_000
    + b"END:VCALENDAR\r\n",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_reading_stops_soon_after_its_time_has_passed(content: bytes) -> None:
    with time_limit(-1), pytest.raises(TimeLimitError):
        read_calendar(content, OCTOBER, zone=LONDON, where="a.ics")


def test_without_a_limit_nothing_is_stopped() -> None:
    check_time_limit()
    with time_limit(1000):
        check_time_limit()
    check_time_limit()


def test_the_nearer_of_two_limits_counts_and_the_outer_one_comes_back() -> None:
    with time_limit(-1):
        with time_limit(1000), pytest.raises(TimeLimitError):
            check_time_limit()
        with pytest.raises(TimeLimitError):
            check_time_limit()


def test_a_limit_is_one_thread_s_own() -> None:
    seen: list[object] = []
    with time_limit(-1):
        thread = threading.Thread(target=lambda: seen.append(check_time_limit()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_the_thread_of_a_calendar_that_takes_too_long_ends(tmp_path: Path) -> None:
    dense = [
        event(
            f"RRULE:FREQ=DAILY;COUNT={10**9 + n};BYMONTHDAY=31;BYDAY=MO",
            start=":19000101T000000Z",
            uid=f"d{n}",
        )
        for n in range(20_000)
    ]
    config = write_council(tmp_path, {"ana": calendar(*dense)}, more="[engine]\ncalendar_seconds = 0.2\n")
    before = set(threading.enumerate())
    report = run_test_night(config)
    assert any("was not read within 0.2 seconds" in fault.what for fault in report.faults)
    started = set(threading.enumerate()) - before
    for thread in started:
        thread.join(60)
    assert not any(thread.is_alive() for thread in started)
