"""A folder with one correct calendar and one for each kind of fault of real calendars.

The kinds are those found among 1,387 published and test calendars: whole files lost in silence, whole
files refused for one line, expansion that raises, and what is wrong if taken at face value.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.builders import LONDON, at

from calsync.errors import SourceContentError
from calsync.model.problem import Severity
from calsync.model.span import Span
from calsync.sources.base import Calendar, FetchResult
from calsync.sources.ics import IcsOptions, IcsSource

WINDOW = Span(at("00:00"), at("24:00"))
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//calsync//tests//EN\r\n"
TAIL = "END:VCALENDAR\r\n"


def event(uid: str, *lines: str, start: str = "DTSTART:20261102T100000Z") -> str:
    fixed = (f"UID:{uid}", "DTSTAMP:20261101T000000Z", "DURATION:PT1H", f"SUMMARY:{uid} Réunion")
    return "\r\n".join(("BEGIN:VEVENT", *fixed, *filter(None, (start, *lines)), "END:VEVENT", ""))


GOOD = event("neighbour")
WHOLE = HEAD + GOOD + event("other") + TAIL
ZONE = "BEGIN:VTIMEZONE\r\n{}END:VTIMEZONE\r\n"
ALARM = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:PT-2H\r\nEND:VALARM\r\n"

# One line, one component or one encoding is wrong; every meeting is still there.
MENDED = {
    "cr_cr_lf": WHOLE.replace("\r\n", "\r\r\n").encode(),
    "bare_cr": WHOLE.replace("\r\n", "\r").encode(),
    "cp1252": WHOLE.encode("cp1252"),
    "utf_16_with_bom": WHOLE.encode("utf-16"),
    "utf_16_without_bom": WHOLE.encode("utf-16-le"),
    "utf_8_bom_and_blank_lines": ("\ufeff\r\n\r\n" + WHOLE).encode(),
    "bad_alarm": WHOLE.replace("END:VEVENT", ALARM + "END:VEVENT").encode(),
    "bad_free_busy": WHOLE.replace(
        TAIL,
        "BEGIN:VFREEBUSY\r\nDTSTART:20261102T100000Z\r\nDTEND:20261101T100000Z\r\nEND:VFREEBUSY\r\n" + TAIL,
    ).encode(),
    "bad_time_zone": WHOLE.replace(HEAD, HEAD + ZONE.format("LOCATION:x\r\nTZOFFSETTO:+5328\r\n")).encode(),
    "two_calendars": (HEAD + GOOD + TAIL + HEAD + event("other") + TAIL).encode(),
    "no_uid": WHOLE.replace("UID:other\r\n", "").encode(),
    "lower_case": WHOLE.replace("BEGIN:VEVENT", "begin:vevent").encode(),
}

# One event cannot be read: it is named, its neighbour is there.
ONE_EVENT = {
    "no_start": event("bad", start=""),
    "two_starts": event("bad", "DTSTART:20261103T100000Z"),
    "start_is_no_time": event("bad", start="DTSTART:20261102T25"),
    "thirtieth_of_february": event("bad", start="DTSTART;VALUE=DATE:20260230"),
    "rule_is_rubbish": event("bad", "RRULE:rubbish"),
    "rule_of_seconds": event("bad", "RRULE:FREQ=SECONDLY"),
    "rule_of_minutes": event("bad", "RRULE:FREQ=MINUTELY"),
    "rule_without_step": event("bad", "RRULE:FREQ=DAILY;INTERVAL=0"),
    "exception_is_no_time": event("bad", "RRULE:FREQ=DAILY", "EXDATE:tomorrow"),
    "moved_from_no_time": event("bad", "RECURRENCE-ID:whenever"),
    "end_is_no_time": event("bad").replace("DURATION:PT1H", "DTEND:None"),
    "event_without_end": "BEGIN:VEVENT\r\nUID:bad\r\nDTSTART:20261102T100000Z\r\n",
}

# It is no calendar, or only a part of one: nothing of it is used.
WHOLE_FILE = {
    "empty": b"",
    "cut_off": WHOLE[: -len(TAIL)].encode(),
    "cut_off_in_an_event": WHOLE[:250].encode(),
    "sign_in_page": b"<!DOCTYPE html>\n<html><body>Sign in to Outlook</body></html>",
    "an_error_in_json": b'{"error": {"code": "accessDenied"}}',
    "a_picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a_visiting_card": b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ana\r\nEND:VCARD\r\n",
    "an_event_alone": GOOD.encode(),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IcsSource]:
    folder = tmp_path_factory.mktemp("exports")
    (folder / "all").mkdir()
    broken = {name: (HEAD + GOOD + text + TAIL).encode() for name, text in ONE_EVENT.items()}
    for name, content in {"healthy": WHOLE.encode(), **MENDED, **broken, **WHOLE_FILE}.items():
        (folder / "all" / f"{name}.ics").write_bytes(content)
    opened = IcsSource("exported", IcsOptions.model_validate({}, context={"base": folder}))
    yield opened
    opened.close()


def calendar(address: str) -> Calendar:
    return Calendar("m1", "exported", address, frozenset({"ana@brynfelin.example"}), LONDON)


def fetch(source: IcsSource, name: str) -> FetchResult:
    return source.fetch(calendar(f"all/{name}.ics"), WINDOW)


def titles(fetched: FetchResult) -> set[str]:
    return {occurrence.title for occurrence in fetched.occurrences}


def test_every_file_of_the_folder_is_tried(source: IcsSource) -> None:
    found = {Path(one.address).stem for one in source.calendars(calendar("all"))}
    assert found == {"healthy", *MENDED, *ONE_EVENT, *WHOLE_FILE}


@pytest.mark.parametrize("name", ["healthy", *MENDED])
def test_a_repaired_calendar_is_complete(source: IcsSource, name: str) -> None:
    assert titles(fetch(source, name)) == {"neighbour Réunion", "other Réunion"}


def test_the_healthy_calendar_is_complete_before_and_after_all_the_broken_ones(source: IcsSource) -> None:
    before = fetch(source, "healthy")
    for name in (*MENDED, *ONE_EVENT):
        fetch(source, name)
    assert fetch(source, "healthy") == before
    assert before.problems == ()


@pytest.mark.parametrize("name", ONE_EVENT)
def test_a_broken_event_is_left_out_and_reported_with_a_hint(source: IcsSource, name: str) -> None:
    fetched = fetch(source, name)
    assert "neighbour Réunion" in titles(fetched)
    faults = [problem for problem in fetched.problems if problem.severity is Severity.FAULT]
    assert faults, "lost in silence"
    assert all(f"{name}.ics" in fault.where and fault.what and fault.hint for fault in faults)


@pytest.mark.parametrize("name", WHOLE_FILE)
def test_an_incomplete_calendar_is_an_error_with_a_hint(source: IcsSource, name: str) -> None:
    with pytest.raises(SourceContentError) as caught:
        fetch(source, name)
    assert f"{name}.ics" in caught.value.calendar
    assert caught.value.what
    assert caught.value.hint
