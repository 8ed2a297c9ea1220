"""Time zones: IANA's, Windows', a calendar's own, and unknown names."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.ical_text import NEIGHBOUR, calendar, days, event, faults, read, read_one, read_starts

from calsync.model.problem import Severity


def vtimezone(name: str, standard: str = "+0100", summer: str = "") -> str:
    """A VTIMEZONE as Exchange writes it, from 1601; `summer` by the European rule."""
    summer = summer or standard
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", "BEGIN:STANDARD", "DTSTART:16010101T030000"]
    lines += [f"TZOFFSETFROM:{summer}", f"TZOFFSETTO:{standard}"]
    if summer != standard:
        lines += ["RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD", "BEGIN:DAYLIGHT"]
        lines += ["DTSTART:16010101T020000", f"TZOFFSETFROM:{standard}", f"TZOFFSETTO:{summer}"]
        lines += ["RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT"]
    else:
        lines += ["END:STANDARD"]
    return "\r\n".join([*lines, "END:VTIMEZONE", ""])


def in_zone(name: str) -> str:
    return event(start=f';TZID="{name}":20251006T090000', end="DURATION:PT1H")


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("Europe/London", "+01:00"),
        ("europe/london", "+01:00"),
        ("GMT Standard Time", "+01:00"),
        ("Romance Standard Time", "+02:00"),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "+02:00"),
        ("(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "+01:00"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "-04:00"),
        ("Amsterdam, Belgrade, Berlin, Brussels", "+02:00"),
        ("Mitteleuropäische Zeit", "+02:00"),
        ("UTC-04:00", "-04:00"),
        ("GMT+0530", "+05:30"),
        ("tzone://Microsoft/Utc", "+00:00"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "+02:00"),
        ("/example.org/20251001_1/America/Argentina/Buenos_Aires", "-03:00"),
        ("(UTC+04:00) Atlantis", "+04:00"),
    ],
)
def test_a_zone_is_found_by_each_of_its_names(name: str, offset: str) -> None:
    assert read_starts(calendar(in_zone(name))) == [f"2025-10-06T09:00{offset}"]


def test_a_display_name_needs_no_quotes() -> None:
    unquoted = event(start=";TZID=(UTC+01:00) Amsterdam, Berlin:20251006T090000", end="")
    assert read_starts(calendar(unquoted)) == ["2025-10-06T09:00+02:00"]


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "America/Mountain", "../../../etc/passwd", "Customized Time Zone"]
)
def test_an_unknown_zone_is_read_as_the_calendars_own_and_named(name: str) -> None:
    occurrences, problems = read(calendar(in_zone(name), in_zone(name).replace("u1", "u2")))
    assert [o.start.isoformat() for o in occurrences] == ["2025-10-06T09:00:00+01:00"] * 2
    assert len(faults(problems)) == 1
    assert name in problems[0].what


def test_a_calendars_own_zone_is_followed_through_its_seasons() -> None:
    weekly = event("RRULE:FREQ=WEEKLY;COUNT=2", start=";TZID=Own:20251020T090000", end="")
    assert read_starts(calendar(vtimezone("Own", "-0330", "-0230"), weekly)) == [
        "2025-10-20T09:00-02:30",
        "2025-10-27T09:00-03:30",
    ]


def test_the_own_zone_of_one_calendar_is_not_used_in_the_next() -> None:
    for offset, shown in (("+0100", "+01:00"), ("-0800", "-08:00")):
        content = calendar(vtimezone("Customized Time Zone", offset), in_zone("Customized Time Zone"))
        assert read_starts(content) == [f"2025-10-06T09:00{shown}"]
    both = calendar(vtimezone("Own", "-0800"), NEIGHBOUR) + calendar(in_zone("Own"))
    assert [o.start.isoformat() for o in read(both)[0] if o.uid == "u1"] == ["2025-10-06T09:00:00+01:00"]


def test_a_calendars_own_definition_takes_precedence_over_iana_and_is_reported() -> None:
    content = calendar(vtimezone("Europe/London", "+0500"), in_zone("Europe/London"))
    occurrences, problems = read(content)
    assert [o.start.isoformat() for o in occurrences] == ["2025-10-06T09:00:00+05:00"]
    (note,) = problems
    assert "'Europe/London' is defined in the file otherwise" in note.what
    assert "1 event" in note.what
    assert note.severity is Severity.NOTE


def test_a_definition_that_agrees_with_iana_around_the_window_is_read_as_ianas_zone() -> None:
    current_rules_since_1601 = vtimezone("Europe/Paris", "+0100", "+0200")
    occurrence = read_one(calendar(current_rules_since_1601, in_zone("Europe/Paris")))
    assert occurrence.start.tzinfo == ZoneInfo("Europe/Paris")


def test_a_definition_without_summer_time_takes_precedence_over_iana() -> None:
    content = calendar(vtimezone("Europe/London", "+0000"), in_zone("Europe/London"))
    assert read_starts(content) == ["2025-10-06T09:00+00:00"]


@pytest.mark.parametrize(
    "name",
    [
        "/freeassociation.sourceforge.net/Tzfile/Europe/London",
        "/mozilla.org/20050126_1/Europe/London",
        "/Europe/London",
        "GMT Standard Time 1",
        "Europe/London 1",
        "(UTC+00:00) Dublin, Edinburgh, Lisbon, London",
        "(UTC+00:00) Dublin, Edinburgh, Lisbon, London 2",
        "(UTC) Dublin, Edinburgh, Lisbon, London",
        "(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London",
        "(GMT) Greenwich Mean Time : Dublin…",
        "(UTC+00:00) Dulyn, Caeredin, Llundain",
        "(UTC+00:00) Edinburg, Londen",
        "(GMT+00.00) Somewhere in another language",
        "GMT-Normalzeit",
        "British Summer Time",
    ],
)
def test_a_guessed_zone_is_right_and_reported_once_with_how_many_events(name: str) -> None:
    second = in_zone(name).replace("UID:u1", "UID:u2")
    occurrences, problems = read(calendar(in_zone(name), second, NEIGHBOUR))
    assert [o.start.isoformat() for o in occurrences if o.uid != "neighbour"] == [
        "2025-10-06T09:00:00+01:00"
    ] * 2
    (note,) = problems
    assert name in note.what
    assert "2 events" in note.what
    assert note.severity is Severity.NOTE


@pytest.mark.parametrize(
    "name", ["Customized Time Zone", "tzone://Microsoft/Custom", "Customized Time Zone 1"]
)
def test_an_unknown_zone_is_reported_once_with_how_many_events(name: str) -> None:
    second = in_zone(name).replace("UID:u1", "UID:u2")
    (problem,) = read(calendar(in_zone(name), second))[1]
    assert name in problem.what
    assert "2 events" in problem.what
    assert problem.severity is Severity.FAULT


def test_a_zone_in_doubt_is_reported_once_for_a_file_of_several_calendars() -> None:
    second = in_zone("Europe/London 1").replace("UID:u1", "UID:u2")
    _, problems = read(calendar(in_zone("Europe/London 1")) + calendar(second))
    assert ["2 events" in problem.what for problem in problems] == [True]


@pytest.mark.parametrize("name", ["Europe/London", "GMT Standard Time", "UTC-04:00", "tzone://Microsoft/Utc"])
def test_a_name_that_means_one_zone_only_is_not_reported(name: str) -> None:
    assert read(calendar(in_zone(name)))[1] == ()


def test_a_copy_that_the_file_defines_is_no_guess() -> None:
    name = "GMT Standard Time 1"
    occurrences, problems = read(calendar(vtimezone(name, "+0300"), in_zone(name)))
    assert ([o.start.isoformat() for o in occurrences], problems) == (["2025-10-06T09:00:00+03:00"], ())


def test_a_calendars_own_definition_takes_precedence_over_a_windows_name() -> None:
    content = calendar(vtimezone("GMT Standard Time", "+0300"), in_zone("GMT Standard Time"))
    assert read_starts(content) == ["2025-10-06T09:00+03:00"]


@pytest.mark.parametrize(
    "fault",
    [
        ("TZOFFSETTO:+0100", "TZOFFSETTO:+5328"),
        ("TZOFFSETTO:+0100\r\n", ""),
        ("DTSTART:16010101T030000", "DTSTART:19440325T16000Z"),
        ("TZID:Own\r\n", ""),
        ("TZID:Own", "TZID:Own\r\nTZID:Other"),
        ("END:STANDARD", "RRULE:FREQ=SECONDLY\r\nEND:STANDARD"),
        ("BEGIN:STANDARD", "BEGIN:X-STANDARD"),
    ],
    ids=["offset", "no-offset", "start", "no-name", "two-names", "every-second", "no-observance"],
)
def test_a_broken_zone_is_left_out_and_named_and_the_calendar_stays(fault: tuple[str, str]) -> None:
    occurrences, problems = read(calendar(vtimezone("Own").replace(*fault), in_zone("Own"), NEIGHBOUR))
    assert occurrences[0].start.isoformat() == "2025-10-06T09:00:00+01:00"
    assert len(occurrences) == 2
    assert "broken" in problems[0].what


def test_a_broken_zone_with_a_known_name_is_only_noted() -> None:
    broken = vtimezone("GMT Standard Time").replace("+0100", "+9999")
    occurrences, problems = read(calendar(broken, in_zone("GMT Standard Time")))
    assert occurrences[0].start.isoformat() == "2025-10-06T09:00:00+01:00"
    assert [problem.severity for problem in problems] == [Severity.NOTE]


def test_a_zone_that_refers_to_itself_is_read() -> None:
    own = vtimezone("Loop").replace("DTSTART:16", "DTSTART;TZID=Loop:16")
    assert read_starts(calendar(own, in_zone("Loop"))) == ["2025-10-06T09:00+01:00"]


def test_floating_times_are_the_calendars() -> None:
    assert read_starts(calendar(event(start=":20251006T090000", end=""))) == ["2025-10-06T09:00+01:00"]
    paris = calendar(event(start=":20251006T090000", end=""), head="X-WR-TIMEZONE:Europe/Paris")
    assert read_starts(paris) == ["2025-10-06T09:00+02:00"]


def test_x_wr_timezone_shows_utc_in_its_zone() -> None:
    assert read_starts(calendar(event(), head="X-WR-TIMEZONE:Europe/Paris")) == ["2025-10-06T11:00+02:00"]


def test_an_unknown_x_wr_timezone_is_named() -> None:
    occurrences, problems = read(calendar(event(), head="X-WR-TIMEZONE:Mars/Olympus"))
    assert occurrences[0].start.isoformat() == "2025-10-06T10:00:00+01:00"
    assert "Mars/Olympus" in problems[0].what


def test_a_calendars_own_zone_behaves_as_ianas_around_its_changes() -> None:
    london = ZoneInfo("Europe/London")
    own = (
        vtimezone("Own", "+0000", "+0100")
        .replace("16010101T030000", "16010101T020000")
        .replace("DAYLIGHT\r\nDTSTART:16010101T020000", "DAYLIGHT\r\nDTSTART:16010101T010000")
    )
    weekly = event("RRULE:FREQ=DAILY", start=";TZID=Own:20250101T000000", end="")
    occurrences, _ = read(calendar(own, weekly), days("2025-10-25", "2025-10-27"))
    zone = occurrences[0].start.tzinfo
    assert zone is not None
    for clock in range(0, 4 * 60, 15):
        for day, fold in (((2025, 3, 30), 0), ((2025, 3, 30), 1), ((2025, 10, 26), 0), ((2025, 10, 26), 1)):
            local_time = datetime(*day, fold=fold) + timedelta(minutes=clock)
            own_time, iana_time = (
                local_time.replace(tzinfo=zone, fold=fold),
                local_time.replace(tzinfo=london, fold=fold),
            )
            assert own_time.utcoffset() == iana_time.utcoffset(), local_time
            back = own_time.astimezone(london).astimezone(zone)
            assert (back.utcoffset(), back.replace(tzinfo=None)) == (
                own_time.astimezone(london).utcoffset(),
                own_time.astimezone(london).replace(tzinfo=None),
            )


def test_a_single_event_in_its_own_zone_keeps_it() -> None:
    assert read_one(calendar(in_zone("America/New_York"))).start.tzinfo == ZoneInfo("America/New_York")
