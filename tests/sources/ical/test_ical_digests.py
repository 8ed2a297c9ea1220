"""The digest of a calendar: the same for two downloads that differ in DTSTAMP only."""

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
def test_a_calendar_digest_does_not_depend_on_dtstamp(stamp: bytes) -> None:
    assert calendar_digest(BEFORE + stamp + AFTER) == calendar_digest(PLAIN)


def test_a_calendar_digest_does_not_depend_on_a_dtstamp_at_the_end_of_the_file() -> None:
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
def test_a_calendar_digest_depends_on_every_other_line(line: bytes) -> None:
    assert calendar_digest(BEFORE + line + AFTER) != calendar_digest(PLAIN)
