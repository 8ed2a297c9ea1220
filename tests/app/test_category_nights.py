"""A category that is not understood is reported every night, and to its owner, until it is corrected."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from support.night_council import NIGHT, run_test_night, vcalendar, vevent, write_council

from calsync.model.problem import Severity

pytestmark = pytest.mark.slow


def tagged(category: str) -> bytes:
    return vcalendar(
        vevent("w", "20261110T090000Z", "20261110T100000Z", "SUMMARY:PSB", f"CATEGORIES:{category}"),
        vevent("other", "20261111T090000Z", "20261111T100000Z", "SUMMARY:PSB"),
    )


def notes(report) -> list[str]:
    return [p.what for p in report.problems if "category" in p.what]


def mails(folder: Path) -> list[str]:
    paths = sorted((folder / "outbox").rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    messages = (message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths)
    return [mail.get_body(("plain",)).get_content() for mail in messages]


def test_a_category_that_is_not_understood_is_in_the_report_and_in_the_next_mail(tmp_path):
    config = write_council(tmp_path, {"ana": tagged("calsync: bananas")})
    report = run_test_night(config)
    (note,) = [p for p in report.problems if "bananas" in p.what]
    assert (note.where, note.severity) == ("ana, meeting of 2026-11-10", Severity.NOTE)
    (mail,) = mails(tmp_path)
    assert "calsync: bananas - PSB, Tuesday 10 November" in mail


def test_it_is_reported_while_the_calendar_is_unchanged_and_while_other_meetings_change(tmp_path):
    config = write_council(tmp_path, {"ana": tagged("calsync: bananas")})
    run_test_night(config)
    assert len(notes(run_test_night(config, NIGHT + timedelta(days=1)))) == 1
    write_council(tmp_path, {"ana": tagged("calsync: bananas").replace(b"20261111T1", b"20261111T2")})
    assert len(notes(run_test_night(config, NIGHT + timedelta(days=2)))) == 1


def test_a_corrected_category_is_not_reported_any_more(tmp_path):
    config = write_council(tmp_path, {"ana": tagged("calsync: bananas")})
    run_test_night(config)
    write_council(tmp_path, {"ana": tagged("calsync: gwella gwasanaethau")})
    assert notes(run_test_night(config, NIGHT + timedelta(days=7))) == []
    assert "bananas" not in mails(tmp_path)[-1]
