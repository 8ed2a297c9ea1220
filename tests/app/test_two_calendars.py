"""Several calendars of one manager: a meeting counts once, and a CANCEL in one file cancels it in all.

Nights read only what changed, so the tests run several nights.
"""

import sqlite3
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.builders import span
from support.hypothesis_profiles import examples
from support.night_council import NIGHT, run_test_night, stored_tables, vcalendar, vevent, write_council

from calsync.model.problem import Severity
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

OWNER = "ana@brynfelin.gov.wales.example"
MONDAY = ("20261109T100000Z", "20261109T110000Z")
TUESDAY = ("20261110T100000Z", "20261110T110000Z")
WEEKLY = vevent("psb", *MONDAY, "SUMMARY:PSB: terms of reference", "RRULE:FREQ=WEEKLY;COUNT=3", "SEQUENCE:1")
HOUR = 60.0


def message(method, uid="psb", *lines):
    """A scheduling message without a time."""
    event = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261102T000000Z", *lines, "END:VEVENT", ""]
    return (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:"
        + method.encode()
        + b"\r\n"
        + ("\r\n".join(event).encode() + b"END:VCALENDAR\r\n")
    )


def with_method(method, *events):
    return vcalendar(*events).replace(
        b"VERSION:2.0\r\n", b"VERSION:2.0\r\nMETHOD:" + method.encode() + b"\r\n"
    )


def write_folder_council(folder):
    """Write a council of one manager who has the calendars of a folder."""
    config = write_council(folder, {"ana": vcalendar()}, summary="none")
    roster = folder / "managers.csv"
    roster.write_text(roster.read_text(encoding="utf-8").replace("ana.ics", "ana"), encoding="utf-8")
    (folder / "calendars" / "ana").mkdir()
    return config


def write_files(config, **files):
    """Write the manager's files; None deletes one."""
    for name, content in files.items():
        file = config.parent / "calendars" / "ana" / f"{name}.ics"
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)


def stored_minutes(config):
    with sqlite3.connect(config.parent / "calsync.db") as base:
        return dict(base.execute("select day, sum(minutes) from allocations group by day order by day"))


def count_meetings(config):
    with sqlite3.connect(config.parent / "calsync.db") as base:
        return base.execute("select count(distinct meeting_id) from allocations").fetchone()[0]


def run_night_with(config, **files):
    write_files(config, **files)
    run_test_night(config, accept_empty=["ana"])
    return stored_minutes(config)


DAYS = {"2026-11-09": HOUR, "2026-11-16": HOUR, "2026-11-23": HOUR}


def test_a_meeting_in_two_files_counts_once(tmp_path):
    config = write_folder_council(tmp_path)
    assert run_night_with(config, work=vcalendar(WEEKLY), shared=vcalendar(WEEKLY)) == DAYS
    assert count_meetings(config) == 3


@pytest.mark.parametrize("first", ["a", "z"])
@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (("SEQUENCE:1",), {}),
        (("SEQUENCE:2",), {}),
        (("SEQUENCE:0",), DAYS),
        (("SEQUENCE:1", "RECURRENCE-ID:20261116T100000Z"), {"2026-11-09": HOUR, "2026-11-23": HOUR}),
        (("SEQUENCE:1", "RECURRENCE-ID;RANGE=THISANDFUTURE:20261116T100000Z"), {"2026-11-09": HOUR}),
    ],
)
def test_a_cancel_in_another_file_cancels_the_copy_until_it_is_gone(tmp_path, lines, left, first):
    config = write_folder_council(tmp_path)
    assert run_night_with(config, m=vcalendar(WEEKLY)) == DAYS
    assert run_night_with(config, **{first: message("CANCEL", "psb", *lines)}) == left
    assert run_night_with(config) == left
    assert run_night_with(config, **{first: None}) == DAYS


def test_a_cancel_that_was_there_first_cancels_a_later_copy(tmp_path):
    config = write_folder_council(tmp_path)
    assert run_night_with(config, a=message("CANCEL", "psb", "SEQUENCE:1"), b=vcalendar()) == {}
    assert run_night_with(config, b=vcalendar(WEEKLY)) == {}


def test_a_later_request_with_a_higher_sequence_revives(tmp_path):
    config = write_folder_council(tmp_path)
    cancelled = run_night_with(config, a=vcalendar(WEEKLY), b=message("CANCEL", "psb", "SEQUENCE:1"))
    assert cancelled == {}
    again = with_method("REQUEST", WEEKLY.replace("SEQUENCE:1", "SEQUENCE:2"))
    assert run_night_with(config, a=again) == DAYS


def test_of_equal_sequences_the_later_message_decides(tmp_path):
    config = write_folder_council(tmp_path)
    request = with_method("REQUEST", WEEKLY)
    assert run_night_with(config, a=request, b=message("CANCEL", "psb", "SEQUENCE:1")) == {}
    later = request.replace(b"DTSTAMP:20261101", b"DTSTAMP:20261103")
    assert run_night_with(config, a=later) == DAYS


def test_a_cancel_is_for_its_own_manager(tmp_path):
    config = write_folder_council(tmp_path)
    with (tmp_path / "managers.csv").open("a", encoding="utf-8") as roster:
        roster.write("bob,bob@brynfelin.gov.wales.example,Bob,Social care,calendars/bob.ics,none\n")
    (tmp_path / "calendars" / "bob.ics").write_bytes(vcalendar(WEEKLY))
    assert run_night_with(config, a=vcalendar(WEEKLY), b=message("CANCEL")) == DAYS


def test_the_answer_in_one_calendar_holds_for_the_copy_in_the_other(tmp_path):
    config = write_folder_council(tmp_path)
    plain = vevent("psb", *MONDAY, "SUMMARY:PSB")
    declined = vevent("psb", *MONDAY, "SUMMARY:PSB", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{OWNER}")
    assert run_night_with(config, work=vcalendar(plain), shared=vcalendar(plain)) == {"2026-11-09": HOUR}
    assert run_night_with(config, work=vcalendar(declined)) == {}
    assert run_night_with(config, work=vcalendar(plain)) == {"2026-11-09": HOUR}


def test_an_outdated_copy_at_another_time_does_not_count_and_counts_again_when_it_is_the_only_one(tmp_path):
    config = write_folder_council(tmp_path)
    old = vcalendar(vevent("psb", *MONDAY, "SUMMARY:PSB", "SEQUENCE:0"))
    new = vcalendar(vevent("psb", *TUESDAY, "SUMMARY:PSB", "SEQUENCE:1"))
    assert run_night_with(config, shared=old) == {"2026-11-09": HOUR}
    assert run_night_with(config, work=new) == {"2026-11-10": HOUR}
    assert run_night_with(config, work=None) == {"2026-11-09": HOUR}


def test_a_summary_asks_about_a_meeting_in_two_calendars_once(tmp_path):
    config = write_folder_council(tmp_path)
    unclear = vevent(
        "psb", *MONDAY, "SUMMARY:Public Services Board", "ORGANIZER:mailto:bo@health.nhs.wales.example"
    )
    run_night_with(config, work=vcalendar(unclear), shared=vcalendar(unclear))
    with open_store(f"sqlite:///{tmp_path / 'calsync.db'}") as store:
        assert len(store.meetings.of_manager("ana", span("00:00-24:00", NIGHT - timedelta(days=7)))) == 1
        assert len(store.meetings.find_by_uid("psb")) == 1
        assert len(store.meetings.find_uncorrected("psb")) == 2


variants = st.sampled_from(
    [
        None,
        vcalendar(),
        vcalendar(WEEKLY),
        vcalendar(WEEKLY.replace("SEQUENCE:1", "SEQUENCE:2")),
        vcalendar(vevent("psb", *TUESDAY, "SUMMARY:PSB", "SEQUENCE:2")),
        vcalendar(vevent("psb", *MONDAY, "SUMMARY:PSB", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{OWNER}")),
        with_method("REQUEST", vevent("psb", *MONDAY, "SUMMARY:PSB", "SEQUENCE:1")),
        message("CANCEL", "psb", "SEQUENCE:1"),
        message("CANCEL", "psb", "SEQUENCE:1", "RECURRENCE-ID:20261116T100000Z"),
        with_method("CANCEL", WEEKLY),
    ]
)


@examples(15, suppress_health_check=list(HealthCheck))
@given(st.lists(st.fixed_dictionaries({"a": variants, "b": variants, "c": variants}), min_size=1, max_size=3))
def test_after_any_nights_the_minutes_are_those_of_a_first_night(tmp_path_factory, nights):
    config = write_folder_council(tmp_path_factory.mktemp("nights"))
    write_files(config, always=vcalendar(vevent("smt", *TUESDAY, "SUMMARY:SMT")))
    for files in nights:
        there = {name: content for name, content in files.items() if content is not None}
        for name in files.keys() - there.keys():
            (config.parent / "calendars" / "ana" / f"{name}.ics").unlink(missing_ok=True)
        run_night_with(config, **there)
    fresh = write_folder_council(tmp_path_factory.mktemp("fresh"))
    write_files(fresh, always=vcalendar(vevent("smt", *TUESDAY, "SUMMARY:SMT")))
    run_night_with(fresh, **there)
    assert stored_tables(config, ("allocations",)) == stored_tables(fresh, ("allocations",))


def left_out(report):
    return [problem for problem in report.problems if "does not count" in problem.what]


def test_a_uid_used_for_two_meetings_in_two_files_is_in_the_report_of_every_night(tmp_path):
    config = write_folder_council(tmp_path)
    write_files(config, a=vcalendar(vevent("x", *MONDAY, "SUMMARY:PSB")), b=vcalendar(vevent("x", *TUESDAY)))
    for later in (0, 1):
        (note,) = left_out(run_test_night(config, NIGHT + timedelta(days=later)))
        assert note.severity is Severity.NOTE
        assert note.where == "ana (calendars/ana/a.ics), meeting of 2026-11-09 with uid x"
        assert "2026-11-10 10:00, in ana (calendars/ana/b.ics)" in note.what
        assert stored_minutes(config) == {"2026-11-10": HOUR}


def test_a_uid_used_again_months_later_is_in_the_report(tmp_path):
    config = write_folder_council(tmp_path)
    later = ("20270609T090000Z", "20270609T100000Z")
    write_files(config, a=vcalendar(vevent("x", *MONDAY)), b=vcalendar(vevent("x", *later)))
    run_test_night(config)
    assert stored_minutes(config) == {"2026-11-09": HOUR}


def test_copies_that_agree_and_meetings_that_are_cancelled_are_not_reported_as_left_out(tmp_path):
    config = write_folder_council(tmp_path)
    cancelled = vevent("x", *TUESDAY, "STATUS:CANCELLED")
    write_files(config, a=vcalendar(WEEKLY, vevent("x", *MONDAY)), b=vcalendar(WEEKLY, cancelled))
    assert left_out(run_test_night(config)) == []


def test_thousands_of_meetings_of_reused_uids_are_named_in_part_and_counted(tmp_path):
    config = write_folder_council(tmp_path)
    uids = [f"x{number}" for number in range(25)]
    write_files(config, a=vcalendar(*(vevent(uid, *MONDAY) for uid in uids)))
    write_files(config, b=vcalendar(*(vevent(uid, *TUESDAY) for uid in uids)))
    report = run_test_night(config)
    assert len(left_out(report)) == 20
    assert [p.what for p in report.problems if p.where == "ana"] == [
        "5 more meetings left out, whose uids count at other times"
    ]


def test_a_category_that_is_not_understood_is_noted_once_for_all_copies(tmp_path):
    config = write_folder_council(tmp_path)
    dated = "040000008200E00074C5B7101A82E008{}80D2B1C5A5F0DC01000000000000000010000000" + "AB" * 16
    for name, date in (("a", "00000000"), ("b", "07EA0B09")):
        write_files(
            config, **{name: vcalendar(vevent(dated.format(date), *MONDAY, "CATEGORIES:calsync: bananas"))}
        )
    assert len([p for p in run_test_night(config).problems if "bananas" in p.what]) == 1


def test_a_correction_in_one_calendar_holds_though_the_other_has_a_category_that_is_not_understood(tmp_path):
    config = write_folder_council(tmp_path)
    answered = f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{OWNER}"
    unread = vevent("x", *MONDAY, "SUMMARY:Lunch", "CATEGORIES:calsync: bananas", answered)
    correction = vevent("x", *MONDAY, "SUMMARY:Lunch", "CATEGORIES:calsync: service improvement")
    write_files(config, a=vcalendar(unread), b=vcalendar(correction))
    run_test_night(config)
    with sqlite3.connect(config.parent / "calsync.db") as base:
        assert base.execute("select activity from allocations").fetchall() == [("service_improvement",)]


def test_two_meetings_without_uid_in_two_files_and_two_rooms_both_count(tmp_path):
    config = write_folder_council(tmp_path)
    write_files(
        config, a=vcalendar(vevent("", *MONDAY, "SUMMARY:Hearing", "LOCATION:1").replace("UID:\r\n", ""))
    )
    write_files(
        config, b=vcalendar(vevent("", *MONDAY, "SUMMARY:Hearing", "LOCATION:2").replace("UID:\r\n", ""))
    )
    run_test_night(config)
    assert (count_meetings(config), stored_minutes(config)) == (2, {"2026-11-09": HOUR})
