"""Two downloads are one calendar where only time stamps differ, however they are written."""

import pytest

from calsync.sources.ical.digests import calendar_digest

BEFORE, AFTER = b"BEGIN:VEVENT\r\nUID:a", b"\r\nSUMMARY:Board\r\nEND:VEVENT\r\n"
PLAIN = BEFORE + b"\r\nDTSTAMP:20260101T000000Z" + AFTER


@pytest.mark.parametrize(
    "stamp",
    [
        b"",
        b"\r\nDTSTAMP:20271231T235959Z",
        b"\r\nDTSTAMP;X-OWN=1:20271231T235959Z",
        b"\r\nDTSTAMP:20271231\r\n T235959Z",
        b"\r\nDTSTAMP;X-OWN=1\r\n\t:20271231\r\n T235959Z",
        b"\r\nDTSTAMP:20271231T235959Z\r\nDTSTAMP:20271231T000000Z",
    ],
)
def test_a_time_stamp_makes_no_difference(stamp: bytes) -> None:
    assert calendar_digest(BEFORE + stamp + AFTER) == calendar_digest(PLAIN)


def test_nor_does_one_that_ends_the_file() -> None:
    assert calendar_digest(BEFORE + b"\r\nDTSTAMP:20260101T000000Z\r\n 00") == calendar_digest(BEFORE + b"\r")


@pytest.mark.parametrize(
    "line",
    [
        b"\r\nDTSTAMPED:20260101T000000Z",
        b"\r\nX-DTSTAMP:20260101T000000Z",
        b"\r\nDTSTAMP",
        b"\r\nDESCRIPTION:said\r\n DTSTAMP:20260101T000000Z",
        b"\r\nLAST-MODIFIED:20260101T000000Z",
        b"\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:1",
    ],
)
def test_every_other_line_does(line: bytes) -> None:
    assert calendar_digest(BEFORE + line + AFTER) != calendar_digest(PLAIN)
