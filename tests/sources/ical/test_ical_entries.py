"""Entries that need care: whole days, messages that are not meetings, cancellations, a missing end."""

from datetime import timedelta

import pytest
from support.ical_text import (
    LONDON,
    NEIGHBOUR,
    OCTOBER,
    calendar,
    event,
    faults,
    read,
    read_one,
    read_starts,
    uids_of,
)
from support.reader_comparison import assert_readers_agree

from calsync.model.copies import Cancellation
from calsync.model.occurrence import Status
from calsync.model.problem import Severity
from calsync.sources.ical.read import read_calendar

FLAG = "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"
MIDNIGHT = ";TZID=GMT Standard Time:20251006T000000"
NEXT_MIDNIGHT = "DTEND;TZID=GMT Standard Time:20251007T000000"


def days_of(content: bytes) -> list[tuple[str, str, bool]]:
    """First day, day after the last and all-day of each occurrence; both readers must agree."""
    assert_readers_agree(content)
    return [(str(o.start.date()), str(o.end.date()), o.all_day) for o in read(content)[0]]


@pytest.mark.parametrize(
    "flag",
    [
        FLAG,
        "X-MICROSOFT-CDO-ALLDAYEVENT:true",
        "x-microsoft-cdo-alldayevent: True ",
        "X-MICROSOFT-CDO-ALLDAYEVENT;X-A=b:TRUE",
        "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT:TRUE",
    ],
)
def test_outlooks_flag_makes_whole_days_of_midnights(flag: str) -> None:
    content = calendar(event(flag, start=MIDNIGHT, end=NEXT_MIDNIGHT))
    assert days_of(content) == [("2025-10-06", "2025-10-07", True)]
    assert read_one(content).start.isoformat() == "2025-10-06T00:00:00+01:00"


@pytest.mark.parametrize("flag", ["X-MICROSOFT-CDO-ALLDAYEVENT:FALSE", "X-OTHER-ALLDAYEVENT:TRUE", "X-A:b"])
def test_midnights_without_the_flag_are_times(flag: str) -> None:
    assert not read_one(calendar(event(flag, start=MIDNIGHT, end=NEXT_MIDNIGHT))).all_day


def test_a_flag_in_an_alarm_is_not_of_the_event() -> None:
    alarm = f"BEGIN:VALARM\r\nTRIGGER:-PT15M\r\n{FLAG}\r\nEND:VALARM"
    assert not read_one(calendar(event(alarm, start=MIDNIGHT, end=NEXT_MIDNIGHT))).all_day


@pytest.mark.parametrize(
    "end", ["", "DTEND;TZID=GMT Standard Time:20251006T000000", "DURATION:P1D", "DURATION:PT0S"]
)
def test_a_flagged_day_without_length_is_one_day(end: str) -> None:
    content = calendar(event(FLAG, start=MIDNIGHT, end=end))
    assert days_of(content) == [("2025-10-06", "2025-10-07", True)]
    assert read(content)[1] == ()


def test_midnights_in_utc_are_days_of_the_managers_zone() -> None:
    content = calendar(event(FLAG, start=":20251005T230000Z", end="DTEND:20251007T230000Z"))
    assert days_of(content) == [("2025-10-06", "2025-10-08", True)]


def test_midnights_of_another_zone_are_days_of_that_zone() -> None:
    new_york = event(
        FLAG,
        start=";TZID=Eastern Standard Time:20251006T000000",
        end="DTEND;TZID=Eastern Standard Time:20251007T000000",
    )
    assert days_of(calendar(new_york)) == [("2025-10-06", "2025-10-07", True)]


def test_midnights_of_the_display_zone_of_the_file_are_days_of_it() -> None:
    paris = event(FLAG, start=":20251005T220000Z", end="DTEND:20251006T220000Z")
    assert days_of(calendar(paris, head="X-WR-TIMEZONE:Europe/Paris")) == [("2025-10-06", "2025-10-07", True)]


def test_a_flagged_day_is_a_day_on_the_days_the_clocks_change() -> None:
    content = calendar(event(FLAG, start=":20251025T230000Z", end="DTEND:20251027T000000Z"))
    assert days_of(content) == [("2025-10-26", "2025-10-27", True)]


def test_a_flag_on_times_that_are_no_midnights_changes_nothing() -> None:
    content = calendar(event(FLAG))
    assert_readers_agree(content)
    assert not read_one(content).all_day


def test_a_flagged_series_is_of_days_with_its_exceptions_and_its_last_day() -> None:
    series = event(
        FLAG,
        "RRULE:FREQ=DAILY;UNTIL=20251008T230000Z",
        "EXDATE:20251006T230000Z",
        start=MIDNIGHT,
        end=NEXT_MIDNIGHT,
    )
    content = calendar(series)
    assert days_of(content) == [
        ("2025-10-06", "2025-10-07", True),
        ("2025-10-08", "2025-10-09", True),
        ("2025-10-09", "2025-10-10", True),
    ]
    assert [o.recurrence_id for o in read(content)[0]] == ["2025-10-06", "2025-10-08", "2025-10-09"]


@pytest.mark.parametrize(
    "original", [";TZID=GMT Standard Time:20251007T000000", ":20251006T230000Z", ";VALUE=DATE:20251007"]
)
@pytest.mark.parametrize("flag", [FLAG, "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE"])
def test_an_override_takes_its_day_of_a_flagged_series(original: str, flag: str) -> None:
    series = event(FLAG, "RRULE:FREQ=DAILY;COUNT=3", start=MIDNIGHT, end=NEXT_MIDNIGHT)
    moved = event(
        f"RECURRENCE-ID{original}",
        flag,
        start=";TZID=GMT Standard Time:20251020T000000",
        end="DTEND;TZID=GMT Standard Time:20251021T000000",
    )
    content = calendar(series, moved)
    assert [(day, all_day) for day, _, all_day in days_of(content)] == [
        ("2025-10-06", True),
        ("2025-10-08", True),
        ("2025-10-20", flag == FLAG),
    ]


@pytest.mark.parametrize("end", ["DTEND;VALUE=DATE:20251006", "DURATION:PT0S", "DURATION:P0D", ""])
@pytest.mark.parametrize("rule", ["X-A:b", "RRULE:FREQ=DAILY;COUNT=1"])
def test_a_day_that_ends_where_it_starts_is_one_day(end: str, rule: str) -> None:
    content = calendar(event(rule, start=";VALUE=DATE:20251006", end=end))
    assert days_of(content) == [("2025-10-06", "2025-10-07", True)]
    assert read(content)[1] == ()


@pytest.mark.parametrize("end", ["DTEND;VALUE=DATE:20251004", "DURATION:-P2D"])
def test_days_that_end_before_they_start_are_one_day_and_noted(end: str) -> None:
    content = calendar(event(start=";VALUE=DATE:20251006", end=end))
    assert days_of(content) == [("2025-10-06", "2025-10-07", True)]
    (note,) = read(content)[1]
    assert (note.severity, "one day" in note.what) == (Severity.NOTE, True)


@pytest.mark.parametrize(
    "method", ["REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH", "X-UNKNOWN", "PUBLISHED"]
)
@pytest.mark.parametrize("form", ["METHOD:{}", "METHOD: {} ", "method;X-A=b:{}", 'METHOD:"{}"'])
def test_a_message_about_a_meeting_is_left_out_with_a_note_that_names_the_file(
    method: str, form: str
) -> None:
    content = calendar(event("SUMMARY:Secret"), head=form.format(method.lower() if "X-A" in form else method))
    assert_readers_agree(content)
    occurrences, (note,) = read(content)
    assert occurrences == ()
    assert note.where.startswith("a.ics")
    assert "not a meeting; its 1 event was left out" in note.what
    assert note.severity is Severity.NOTE
    assert "Secret" not in str(note)


@pytest.mark.parametrize("method", ["PUBLISH", "REQUEST", "ADD", "request", " Publish ", ""])
def test_a_method_with_meetings_changes_nothing(method: str) -> None:
    occurrence = read_one(calendar(NEIGHBOUR, head=f"METHOD:{method}"))
    # Of a message the time when it was sent is returned as well.
    assert occurrence._replace(stamp="") == read_one(calendar(NEIGHBOUR))._replace(stamp="")


def test_each_calendar_of_a_file_has_its_own_method() -> None:
    content = calendar(event(), head="METHOD:REPLY") + calendar(NEIGHBOUR, head="METHOD:REQUEST")
    occurrences, problems = read(content)
    assert uids_of(occurrences) == ["neighbour"]
    assert ["METHOD:REPLY" in problem.what for problem in problems] == [True]


def test_a_cancelled_occurrence_alone_in_its_file_has_its_recurrence_id() -> None:
    cancel = event("RECURRENCE-ID:20251013T090000Z", start=":20251013T090000Z", end="")
    content = calendar(cancel, head="METHOD:cancel")
    assert_readers_agree(content)
    occurrence = read_one(content)
    assert (occurrence.uid, occurrence.recurrence_id) == ("u1", "2025-10-13T09:00:00+00:00")
    assert occurrence.status is Status.CANCELLED


def test_a_cancelled_day_of_a_flagged_series_is_named_by_its_day() -> None:
    cancel = event(FLAG, "RECURRENCE-ID:20251006T230000Z", start=":20251006T230000Z", end="")
    cancellations: list[Cancellation] = []
    read_calendar(
        calendar(cancel, head="METHOD:CANCEL"),
        OCTOBER,
        zone=LONDON,
        where="a.ics",
        cancellations=cancellations,
    )
    assert [cancellation.recurrence_id for cancellation in cancellations] == ["2025-10-07"]


@pytest.mark.parametrize(
    "start", [":20251006T090000Z", ";TZID=Europe/London:20251006T100000", ":20251006T100000"]
)
def test_a_meeting_without_an_end_takes_no_time_and_is_reported(start: str) -> None:
    content = calendar(event(start=start, end=""), event(start=start, end="", uid="u2"), NEIGHBOUR)
    assert_readers_agree(content)
    occurrences, (note,) = read(content)
    assert [o.duration for o in occurrences[:2]] == [timedelta(0)] * 2
    assert note.where == "a.ics, line 3, line 8"
    assert note.what.startswith("2 meetings give no end")
    assert note.severity is Severity.NOTE


def test_a_series_without_an_end_is_one_meeting_without_an_end() -> None:
    (note,) = read(calendar(event("RRULE:FREQ=WEEKLY;COUNT=3", end="")))[1]
    assert note.what.startswith("1 meeting gives no end")


def test_only_meetings_in_the_window_are_reported_as_without_an_end() -> None:
    assert read(calendar(event(start=":20240101T090000Z", end=""), NEIGHBOUR))[1] == ()


def test_a_setting_gives_meetings_without_an_end_a_length() -> None:
    content = calendar(event("RRULE:FREQ=WEEKLY;COUNT=2", end=""), NEIGHBOUR)
    occurrences, (note,) = read_calendar(
        content, OCTOBER, zone=LONDON, where="a.ics", missing_end=timedelta(minutes=45)
    )
    lengths = [o.duration for o in occurrences if o.uid == "u1"]
    assert lengths == [timedelta(minutes=45)] * 2
    assert "45 minutes" in note.what


def test_an_end_that_is_its_start_is_no_missing_end() -> None:
    assert read(calendar(event(end="DTEND:20251006T090000Z")))[1] == ()


def test_two_events_that_run_into_each_other_are_named() -> None:
    joined = event("SUMMARY:One").replace("END:VEVENT\r\n", "") + event(uid="u2").replace(
        "BEGIN:VEVENT\r\n", ""
    )
    occurrences, problems = read(calendar(joined, NEIGHBOUR))
    assert uids_of(occurrences) == ["neighbour"]
    assert ["several UIDs" in problem.what for problem in faults(problems)] == [True]


def test_a_file_of_nothing_but_usual_days_is_unchanged() -> None:
    assert read_starts(
        calendar(event(FLAG, start=";VALUE=DATE:20251006", end="DTEND;VALUE=DATE:20251008"))
    ) == ["2025-10-06T00:00+01:00"]


@pytest.mark.parametrize("last", ["235900", "235959"])
@pytest.mark.parametrize(("day", "expected"), [("06", "2025-10-07"), ("07", "2025-10-08")])
def test_a_flagged_day_may_end_with_its_last_minute(last: str, day: str, expected: str) -> None:
    content = calendar(event(FLAG, start=MIDNIGHT, end=f"DTEND;TZID=GMT Standard Time:202510{day}T{last}"))
    assert days_of(content) == [("2025-10-06", expected, True)]


def test_a_flag_on_an_end_before_the_last_minute_changes_nothing() -> None:
    content = calendar(event(FLAG, start=MIDNIGHT, end="DTEND;TZID=GMT Standard Time:20251006T235800"))
    assert not read_one(content).all_day


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (";VALUE=DATE:20251006", "DTEND:20251007T000000", "2025-10-07"),
        (";VALUE=DATE:20251006", "DTEND:20251006T000000", "2025-10-07"),
        (";VALUE=DATE:20251006", "DTEND;TZID=Europe/London:20251008T000000", "2025-10-08"),
        (":20251006T000000", "DTEND;VALUE=DATE:20251007", "2025-10-07"),
        (";TZID=Europe/London:20251006T000000", "DTEND;VALUE=DATE:20251006", "2025-10-07"),
    ],
)
def test_a_day_and_a_midnight_are_whole_days(start: str, end: str, expected: str) -> None:
    assert days_of(calendar(event(start=start, end=end))) == [("2025-10-06", expected, True)]


def test_a_day_and_another_time_than_midnight_are_times() -> None:
    content = calendar(event(start=";VALUE=DATE:20251006", end="DTEND:20251006T100000"))
    assert_readers_agree(content)
    assert not read_one(content).all_day
