"""Stored meetings stay while a folder, a file or a mailbox lists them and does not return them."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from support.night_council import LONDON, NIGHT, run_test_night, vcalendar, vevent, write_council

from calsync.model.problem import Severity
from calsync.sources.m365.events import find_unreadable_uids

pytestmark = pytest.mark.slow

GOOD = vevent("good", "20261117T090000Z", "20261117T100000Z", "SUMMARY:PSB")
BROKEN = vevent("bad", "rubbish", "20261118T100000Z", "SUMMARY:Forum")


def stored_uids(config: Path) -> list[str]:
    with sqlite3.connect(config.parent / "calsync.db") as base:
        return [uid for (uid,) in base.execute("select uid from meetings order by uid")]


@pytest.mark.parametrize("changes", [False, True])
def test_an_event_that_cannot_be_read_is_reported_every_night_whether_its_file_changes_or_not(
    tmp_path: Path, changes: bool
) -> None:
    config = write_council(tmp_path, {"ana": vcalendar(GOOD, BROKEN)})
    for night in range(3):
        if changes:
            other = vevent(f"other{night}", "20261119T090000Z", "20261119T100000Z")
            (tmp_path / "calendars" / "ana.ics").write_bytes(vcalendar(GOOD, BROKEN, other))
        report = run_test_night(config, NIGHT + timedelta(days=night))
        assert [problem.severity for problem in report.faults] == [Severity.FAULT]
        assert "uid bad" in report.faults[0].where


@pytest.mark.parametrize(
    "broken", [BROKEN, BROKEN.replace("END:VEVENT", "X-END:VEVENT")], ids=["times", "no END"]
)
def test_stored_meetings_of_an_event_that_became_unreadable_stay_and_deleted_ones_go(
    tmp_path: Path, broken: str
) -> None:
    sound = vevent("bad", "20261118T090000Z", "20261118T100000Z", "SUMMARY:Forum")
    gone = vevent("gone", "20261119T090000Z", "20261119T100000Z")
    config = write_council(tmp_path, {"ana": vcalendar(GOOD, sound, gone)})
    run_test_night(config)
    (tmp_path / "calendars" / "ana.ics").write_bytes(vcalendar(broken, GOOD))
    for night in (1, 2):
        assert len(run_test_night(config, NIGHT + timedelta(days=night)).faults) == 1
        assert stored_uids(config) == ["bad", "good"]
    (tmp_path / "calendars" / "ana.ics").write_bytes(vcalendar(GOOD))
    run_test_night(config, NIGHT + timedelta(days=3))
    assert stored_uids(config) == ["good"]


def test_a_link_in_a_folder_that_leads_nowhere_is_a_failed_calendar_and_its_meetings_stay(
    tmp_path: Path,
) -> None:
    config = write_council(tmp_path, {})
    share, folder = tmp_path / "share", tmp_path / "ana"
    share.mkdir()
    folder.mkdir()
    (share / "work.ics").write_bytes(vcalendar(GOOD))
    (folder / "work.ics").symlink_to(share / "work.ics")
    (folder / "home.ics").write_bytes(vcalendar(vevent("home", "20261117T120000Z", "20261117T130000Z")))
    with (tmp_path / "managers.csv").open("a") as rows:
        rows.write("ana,ana@brynfelin.gov.wales.example,Ana,Social care,ana/,none\n")
    run_test_night(config)
    share.rename(tmp_path / "away")
    report = run_test_night(config, NIGHT + timedelta(days=1))
    assert stored_uids(config) == ["good", "home"]
    assert ["work.ics" in fault.where for fault in report.faults] == [True]


def test_the_uids_of_graph_events_that_cannot_be_read_are_known() -> None:
    times = {"start": {"dateTime": "2026-11-17T09:00:00", "timeZone": "UTC"}}
    good = {"iCalUId": "good", **times, "end": {"dateTime": "2026-11-17T10:00:00", "timeZone": "UTC"}}
    events = [good, {"iCalUId": "bad", "start": None}, {"id": "AAMk", **times}, {"start": 3}, "rubbish"]
    assert find_unreadable_uids(json.loads(json.dumps(events)), LONDON) == {"bad", "AAMk"}
