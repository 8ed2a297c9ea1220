"""Encodings, line ends, folding: what a file may look like, and when it is no calendar."""

import pytest
from support.ical_text import NEIGHBOUR, calendar, event, read, read_one, uids_of

from calsync.errors import SourceContentError
from calsync.model.problem import Severity

BOARD = calendar(event("SUMMARY:Bwrdd Gŵyl y Môr"))


@pytest.mark.parametrize(
    "content",
    [
        BOARD.replace(b"\r\n", b"\n"),
        BOARD.replace(b"\r\n", b"\r"),
        BOARD.replace(b"\r\n", b"\r\r\n"),
        BOARD.replace(b"\r\n", b"\r\n\r\n"),
        b"\r\n\r\n" + BOARD,
        b"\xef\xbb\xbf" + BOARD,
        BOARD.decode().encode("utf-16"),
        BOARD.decode().encode("utf-16-le"),
        BOARD.decode().encode("utf-16-be"),
        BOARD.decode().encode("utf-32"),
        BOARD.replace("Gŵyl".encode(), "G\r\n ŵyl".encode()),
        BOARD.replace("ŵ".encode(), b"\xc5\r\n \xb5"),
        BOARD.replace(b"BEGIN:VEVENT", b"BEGIN:VE\r\n VENT"),
        BOARD.replace(b"BEGIN:VEVENT", b"begin:vevent "),
    ],
    ids=[
        "LF",
        "CR",
        "CRCRLF",
        "blank-lines",
        "leading-blank-lines",
        "BOM",
        "UTF-16",
        "UTF-16-LE",
        "UTF-16-BE",
        "UTF-32",
        "folded",
        "folded-inside-a-letter",
        "folded-structure",
        "lower-case-and-blank",
    ],
)
def test_the_same_calendar_however_it_is_written(content: bytes) -> None:
    assert read_one(content).title == "Bwrdd Gŵyl y Môr"


def test_windows_1252_is_read_and_noted() -> None:
    content = calendar(event("SUMMARY:Café", uid="old"), event("SUMMARY:Gŵyl", uid="new"))
    occurrences, problems = read(content.replace("é".encode(), b"\xe9"))
    assert {occurrence.title for occurrence in occurrences} == {"Café", "Gŵyl"}
    assert [problem.severity for problem in problems] == [Severity.NOTE]


def test_a_stray_carriage_return_inside_a_text_breaks_nothing() -> None:
    content = calendar(event("SUMMARY:Board\rmeeting\r"), NEIGHBOUR)
    assert {occurrence.title for occurrence in read(content)[0]} == {"Board meeting", "Neighbour"}


def test_several_calendars_in_one_file_are_all_read() -> None:
    occurrences, problems = read(calendar(event(uid="first")) + calendar(event(uid="second")))
    assert (uids_of(occurrences), problems) == (["first", "second"], ())


def test_text_that_looks_like_structure_is_only_text() -> None:
    content = calendar(event("DESCRIPTION:a\\n\r\n BEGIN:VEVENT\r\n  END:VEVENT\r\n  END:VCALENDAR"))
    assert "BEGIN:VEVENT" in read_one(content).description


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"<!DOCTYPE html><html><title>Sign in</title></html>", "web page"),
        (b'{"error": "not found"}', "no BEGIN:VCALENDAR"),
        (event().encode(), "no BEGIN:VCALENDAR"),
        (BOARD.replace(b"END:VCALENDAR\r\n", b""), "cut off"),
        (BOARD[: BOARD.index(b"DTSTART")], "event 1 stops in the middle"),
        (BOARD.replace(b"END:VCALENDAR\r\n", b"") + BOARD, "cut off"),
        (calendar(head="CALSCALE:HEBREW"), "another calendar"),
    ],
    ids=[
        "empty",
        "blank",
        "sign-in-page",
        "json",
        "bare-event",
        "no-end",
        "cut-in-an-event",
        "first-cut-off",
        "calscale",
    ],
)
def test_a_file_that_is_no_whole_calendar_raises_an_error_with_a_hint(content: bytes, message: str) -> None:
    with pytest.raises(SourceContentError, match=message) as error:
        read(content)
    assert error.value.calendar == "a.ics"
    assert error.value.hint


def test_an_empty_calendar_is_whole() -> None:
    assert read(calendar()) == ((), ())
