"""Changes of the list of managers, and calendars that lose most of their meetings."""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.builders import LONDON
from support.night_council import (
    NIGHT,
    SETTINGS,
    mail_files,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
)

from calsync.app import corrections
from calsync.app.plan import worktime_of
from calsync.app.wiring import store_url
from calsync.cli.system_status import find_failing_calendars, list_open_mails
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.errors import ConfigError
from calsync.model.classification import Activity
from calsync.model.correction import Correction, CorrectionFields
from calsync.store.database import open_store
from calsync.store.records import RunState

pytestmark = pytest.mark.slow

DOMAIN = "brynfelin.gov.wales.example"
DAY = timedelta(days=1)
NO_SERVER = '[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\n'


def events(count: int, name: str = "e", series: bool = False) -> bytes:
    """So many meetings before the night; as one daily series, or each with a uid of its own."""
    if series:
        return vcalendar(
            vevent(name, "20260901T090000Z", "20260901T100000Z", f"RRULE:FREQ=DAILY;COUNT={count}")
        )
    days = [date(2026, 9, 1) + timedelta(days=n // 8) for n in range(count)]
    return vcalendar(
        *(vevent(f"{name}{n}", f"{day:%Y%m%d}T{8 + n % 8:02}0000Z", f"{day:%Y%m%d}T{8 + n % 8:02}3000Z",
                 "SUMMARY:PSB: terms of reference") for n, day in enumerate(days))
    )  # fmt: skip


def write(folder: Path, rows: dict[str, dict[str, str]], more: str = "", lines: str = "") -> Path:
    """The list of managers, whose calendars are there already or get three meetings."""
    (folder / "calendars").mkdir(parents=True, exist_ok=True)
    (folder / "calsync.toml").write_text(SETTINGS + more, encoding="utf-8")
    names = ["id", "email", "calendar", "summary", "fte", "started", "left"]
    with (folder / "managers.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, restval="", lineterminator="\n")
        table.writeheader()
        for name, row in rows.items():
            calendar = folder / "calendars" / f"{row.get('file', name)}.ics"
            if not calendar.exists():
                calendar.write_bytes(events(3, name))
            own = {"id": name, "email": f"{name}@{DOMAIN}", "calendar": str(calendar), "summary": "weekly"}
            table.writerow(own | {key: cell for key, cell in row.items() if key != "file"})
        file.write(lines)
    return folder / "calsync.toml"


def managers_with_meetings(config: Path) -> set[str]:
    return {row[2] for row in stored_tables(config)["meetings"]}


def wrong_now(config: Path, today: date) -> tuple[set[str], int]:
    """The managers who fail, and how many faults the list of managers has, as `status` shows them."""
    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        failing, problems = find_failing_calendars(settings, store, today)
    return {state.manager_id for state in failing}, len(problems)


# Bad lines


def test_a_bad_line_costs_its_manager_and_not_the_night(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {"fte": "lots"}, "cai": {}}, lines="x\n")
    report = run_test_night(config)
    assert report.outcome is RunState.PROBLEMS
    assert [fault.where for fault in report.faults] == ["managers.csv line 3 fte", "managers.csv line 5"]
    assert managers_with_meetings(config) == {"ana", "cai"} and len(mail_files(config)) == 2
    assert wrong_now(config, NIGHT) == (set(), 2)


def test_stored_meetings_of_a_manager_with_a_bad_line_stay(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    run_test_night(config)
    before = stored_tables(config)
    write(tmp_path, {"ana": {}, "bob": {"fte": "lots"}})
    run_test_night(config)
    assert stored_tables(config) == before


def test_wrong_headings_stop_the_night_before_anything_is_changed(tmp_path):
    config = write(tmp_path, {"ana": {}})
    text = (tmp_path / "managers.csv").read_text()
    (tmp_path / "managers.csv").write_text(text.replace("calendar,", "calender,"))
    with pytest.raises(ConfigError):
        run_test_night(config)
    assert not (tmp_path / "calsync.db").exists()


# New ids


def test_a_new_id_with_the_same_address_continues_and_gets_no_second_mail(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    run_test_night(config)
    fresh = write(tmp_path / "fresh", {"m7": {"email": f"ana@{DOMAIN}", "file": "ana"}, "bob": {}})
    write(tmp_path, {"m7": {"email": f"ANA@{DOMAIN}", "file": "ana"}, "bob": {}})
    report = run_test_night(config)
    assert report.outcome is RunState.GOOD
    assert any("m7 was ana until now" in problem.what for problem in report.problems)
    assert report.counts["mails"] == report.counts["added"] == 0
    assert managers_with_meetings(config) == {"m7", "bob"}
    assert len(mail_files(config)) == 2
    assert {row[0] for row in stored_tables(config)["outbox"]} == {
        f"summary/{name}/weekly/2026-11-09" for name in ("m7", "bob")
    }
    # The store has what a first night would store.
    (tmp_path / "fresh" / "calendars" / "ana.ics").write_bytes(events(3, "ana"))
    run_test_night(fresh)
    after, first = (
        {row[2:] for row in stored_tables(council)["meetings"] if row[2] == "m7"}
        for council in (config, fresh)
    )
    assert after == first


def test_meeting_ids_after_a_new_id_are_those_of_a_first_night(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    config = write(here, {"ana": {}})
    (here / "managers.csv").write_text(f"id,email,calendar\nana,ana@{DOMAIN},calendars/ana.ics\n")
    run_test_night(config)
    (here / "managers.csv").write_text(f"id,email,calendar\nm7,ana@{DOMAIN},calendars/ana.ics\n")
    run_test_night(config)
    fresh = write(there, {"ana": {}})
    (there / "managers.csv").write_text(f"id,email,calendar\nm7,ana@{DOMAIN},calendars/ana.ics\n")
    run_test_night(fresh)
    names = ("meetings", "allocations")
    assert stored_tables(config, names) == stored_tables(fresh, names)


def test_corrections_go_along_with_a_new_id(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    run_test_night(config)
    settings = load_settings(config)
    fields = CorrectionFields(activity=Activity.SERVICE_IMPROVEMENT)
    correction = Correction("ana0", fields, "Ana", the_time(), None, "ana", "")
    with open_store(store_url(settings)) as store:
        corrections.add_correction(store, correction, load_managers(settings), worktime_of(settings))
    write(tmp_path, {"m7": {"email": f"ana@{DOMAIN}", "file": "ana"}, "bob": {}})
    run_test_night(config)
    with open_store(store_url(settings)) as store:
        (stored,) = store.corrections.list_all()
        (meeting,) = store.meetings.find_by_uid("ana0")
    assert stored.manager_id == "m7"
    assert meeting.classification.activity is Activity.SERVICE_IMPROVEMENT


def the_time():
    from datetime import datetime

    return datetime(2026, 11, 16, 12, tzinfo=LONDON)


def test_two_managers_can_exchange_their_ids(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    run_test_night(config)
    uids = {(row[2], row[3]) for row in stored_tables(config)["meetings"]}
    write(tmp_path, {"bob": {"email": f"ana@{DOMAIN}", "file": "ana"},
                     "ana": {"email": f"bob@{DOMAIN}", "file": "bob"}})  # fmt: skip
    report = run_test_night(config)
    other = {"ana": "bob", "bob": "ana"}
    assert {(row[2], row[3]) for row in stored_tables(config)["meetings"]} == {
        (other[who], uid) for who, uid in uids
    }
    assert report.counts["mails"] == 0 and report.outcome is RunState.GOOD


def test_an_id_that_was_another_persons_is_held_back(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    run_test_night(config)
    before = stored_tables(config)
    write(tmp_path, {"bob": {"email": f"ana@{DOMAIN}", "file": "ana"}})
    for day in (NIGHT, NIGHT + 7 * DAY):
        (fault,) = run_test_night(config, day).faults
        assert "the id bob was another person's" in fault.what
    assert stored_tables(config) == before
    write(tmp_path, {"m7": {"email": f"ana@{DOMAIN}", "file": "ana"}})
    assert run_test_night(config).outcome is RunState.GOOD
    assert managers_with_meetings(config) == {"m7", "bob"}


def test_both_ids_of_one_address_are_held_back_and_the_new_one_continues_when_the_old_is_gone(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    run_test_night(config)
    new = {"m7": {"email": f"ana@{DOMAIN}", "file": "ana"}}
    write(tmp_path, {"ana": {}, "bob": {}} | new)
    assert run_test_night(config).faults
    write(tmp_path, {"bob": {}} | new)
    report = run_test_night(config)
    assert report.outcome is RunState.GOOD and report.counts["mails"] == 0
    assert managers_with_meetings(config) == {"m7", "bob"}


# Who has left, who has not begun


def test_a_manager_who_has_left_is_neither_read_nor_mailed_nor_a_failure_in_status(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    run_test_night(config)
    (tmp_path / "calendars" / "bob.ics").unlink()
    run_test_night(config, NIGHT + DAY)
    assert wrong_now(config, NIGHT + DAY) == ({"bob"}, 0)
    (tmp_path / "managers.csv").write_text(
        f"id,email,calendar,summary,left\nana,ana@{DOMAIN},{tmp_path}/calendars/ana.ics,weekly,\n"
        f"bob,bob@{DOMAIN},{tmp_path}/calendars/bob.ics,weekly,2026-11-17\n"
    )
    assert run_test_night(config, NIGHT + DAY).faults, "the last day in service"
    assert run_test_night(config, NIGHT + 2 * DAY).outcome is RunState.GOOD
    assert wrong_now(config, NIGHT + 2 * DAY) == (set(), 0)
    assert managers_with_meetings(config) == {"ana", "bob"}, "stored meetings stay"


def test_a_manager_missing_from_the_list_is_no_failure_in_status(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}, "cai": {}})
    run_test_night(config)
    (tmp_path / "calendars" / "bob.ics").unlink()
    run_test_night(config)
    text = (tmp_path / "managers.csv").read_text().splitlines(keepends=True)
    (tmp_path / "managers.csv").write_text("".join(line for line in text if not line.startswith("bob")))
    assert run_test_night(config).outcome is RunState.GOOD
    assert wrong_now(config, NIGHT) == (set(), 0)
    assert managers_with_meetings(config) == {"ana", "bob", "cai"}


def test_a_waiting_mail_for_a_manager_who_has_left_is_withdrawn(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}}, NO_SERVER)
    run_test_night(config)
    write(tmp_path, {"ana": {}, "bob": {"left": "2026-11-16"}})
    report = run_test_night(config, NIGHT + DAY)
    assert any("bob has left" in problem.what for problem in report.problems)
    assert [row[0] for row in stored_tables(config)["outbox"]] == ["summary/ana/weekly/2026-11-09"]


def test_failed_mails_for_a_manager_who_has_left_are_no_failure(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {}}, NO_SERVER)
    run_test_night(config)
    settings = load_settings(config)
    with open_store(store_url(settings)) as store:
        while mail := store.outbox.claim(the_time() + DAY, timedelta(minutes=1)):
            store.outbox.mark_failed(mail.mail_id, "no such mailbox")
        assert len(list_open_mails(settings, store, NIGHT)) == 2
        write(tmp_path, {"ana": {}, "bob": {"left": "2026-11-15"}})
        (mail,) = list_open_mails(load_settings(config), store, NIGHT)
        assert mail.mail_id.startswith("summary/ana/")


def test_nothing_counts_before_a_manager_started_and_after_they_left(tmp_path):
    row = {"started": "2026-09-02", "left": "2026-11-30"}
    config = write(tmp_path, {"ana": {}}, more="")
    (tmp_path / "calendars" / "ana.ics").write_bytes(
        vcalendar(
            vevent("d", "20260831T090000Z", "20260831T100000Z", "RRULE:FREQ=DAILY;COUNT=120", "SUMMARY:PSB")
        )
    )
    run_test_night(config)
    write(tmp_path, {"ana": row})
    run_test_night(config)
    days = {row[1] for row in stored_tables(config)["allocations"]}
    assert (min(days), max(days)) == ("2026-09-02", "2026-11-30")


def test_a_manager_who_has_not_started_is_not_read(tmp_path):
    config = write(tmp_path, {"ana": {}, "bob": {"started": "2026-11-17"}})
    assert run_test_night(config).outcome is RunState.GOOD
    assert managers_with_meetings(config) == {"ana"}
    run_test_night(config, NIGHT + DAY)
    assert managers_with_meetings(config) == {"ana", "bob"}


# Half a list


def people(count: int) -> dict[str, dict[str, str]]:
    return {f"m{n}": {} for n in range(count)}


def test_a_list_that_lost_half_is_a_fault_until_it_is_accepted(tmp_path):
    config = write(tmp_path, people(6))
    run_test_night(config)
    write(tmp_path, people(3))
    for day in (NIGHT, NIGHT + DAY):
        report = run_test_night(config, day)
        (fault,) = report.faults
        assert "3 of the 6 managers" in fault.what and "m3, m4 and m5" in fault.what
        assert "--accept-roster" in fault.hint
        assert report.counts["calendars"] == 3, "those on the list are read"
        assert wrong_now(config, day)[1] == 1
    assert managers_with_meetings(config) == set(people(6))
    assert run_test_night(config, NIGHT + DAY, accept_roster=True).outcome is RunState.GOOD
    assert run_test_night(config, NIGHT + 2 * DAY).outcome is RunState.GOOD
    assert wrong_now(config, NIGHT + 2 * DAY) == (set(), 0)


def test_a_loss_of_less_than_half_or_of_half_of_a_few_is_accepted(tmp_path):
    for place, (before, after) in enumerate(((6, 4), (3, 1))):
        config = write(tmp_path / str(place), people(before))
        run_test_night(config)
        write(tmp_path / str(place), people(after))
        assert run_test_night(config).outcome is RunState.GOOD


def test_what_part_of_the_list_may_go_is_a_setting(tmp_path):
    config = write(tmp_path, people(6))
    run_test_night(config)
    write(tmp_path, people(5), "[doubt]\nmanagers_gone = 0.1\n")
    assert run_test_night(config).faults


def test_new_ids_and_bad_lines_are_not_gone(tmp_path):
    config = write(tmp_path, people(4))
    run_test_night(config)
    rows = {"m0": {}, "m1": {"fte": "x"}, "n2": {"email": f"m2@{DOMAIN}", "file": "m2"}, "m3": {}}
    write(tmp_path, rows)
    (fault,) = run_test_night(config).faults
    assert "fte" in fault.where


# Calendars that lose most of their meetings


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize("left", [0, 1, 9])
def test_a_calendar_that_loses_most_of_its_meetings_is_a_fault_until_it_is_accepted(tmp_path, series, left):
    config = write(tmp_path, {"ana": {}, "bob": {}})
    file = tmp_path / "calendars" / "ana.ics"
    file.write_bytes(events(60, "s", series))
    run_test_night(config)
    before = stored_tables(config)
    file.write_bytes(events(left, "s", series) if left else vcalendar())
    for _ in range(2):
        (fault,) = run_test_night(config).faults
        assert "had 60 meetings and now shows" in fault.what and "--accept-empty ana" in fault.hint
        assert stored_tables(config) == before
    assert run_test_night(config, accept_empty=["ana"]).outcome is RunState.GOOD
    assert sum(row[2] == "ana" for row in stored_tables(config)["meetings"]) == left


def test_meetings_that_are_as_they_were_and_not_read_again_are_not_lost(tmp_path):
    config = write(tmp_path, {"ana": {}})
    file = tmp_path / "calendars" / "ana.ics"
    file.write_bytes(events(60, "s"))
    run_test_night(config)
    file.write_bytes(events(60, "s").replace(b"SUMMARY:PSB: terms of reference", b"SUMMARY:Budget", 1))
    report = run_test_night(config)
    assert report.outcome is RunState.GOOD and report.counts["changed"] == 1


def test_a_window_that_moves_on_loses_nothing(tmp_path):
    config = write(tmp_path, {"ana": {"summary": "none"}})
    (tmp_path / "calendars" / "ana.ics").write_bytes(events(60, "s", series=True))
    for weeks in (0, 1, 6, 9, 20):
        assert run_test_night(config, NIGHT + weeks * 7 * DAY).outcome is RunState.GOOD


def test_a_loss_below_the_setting_is_accepted(tmp_path):
    config = write(tmp_path, {"ana": {}}, "[doubt]\nmeetings_lost = 0.9\n")
    file = tmp_path / "calendars" / "ana.ics"
    file.write_bytes(events(60, "s"))
    run_test_night(config)
    file.write_bytes(events(10, "s"))
    assert run_test_night(config).outcome is RunState.GOOD


def test_a_calendar_with_few_meetings_may_lose_most(tmp_path):
    config = write(tmp_path, {"ana": {}})
    file = tmp_path / "calendars" / "ana.ics"
    file.write_bytes(events(20, "s"))
    run_test_night(config)
    file.write_bytes(events(1, "s"))
    assert run_test_night(config).outcome is RunState.GOOD


def test_a_calendar_that_moved_to_one_with_hardly_any_meeting_is_a_fault(tmp_path):
    config = write(tmp_path, {"ana": {}})
    (tmp_path / "calendars" / "ana.ics").write_bytes(events(60, "s"))
    run_test_night(config)
    (tmp_path / "calendars" / "new.ics").write_bytes(events(1, "n"))
    write(tmp_path, {"ana": {"file": "new"}})
    (fault,) = run_test_night(config).faults
    assert "had 60 meetings and now shows only 1" in fault.what
    assert len(stored_tables(config)["meetings"]) == 61
    assert run_test_night(config, accept_empty=["ana"]).outcome is RunState.GOOD
    assert len(stored_tables(config)["meetings"]) == 1


def test_a_new_id_continues_though_the_old_one_is_listed_as_having_left(tmp_path):
    config = write(tmp_path, {"old": {"file": "c"}, "m2": {}})
    run_test_night(config)
    new = {"email": f"old@{DOMAIN}", "file": "c"}
    write(tmp_path, {"old": {"file": "c", "left": str(NIGHT)}, "new": new, "m2": {}})
    for day in (NIGHT + DAY, NIGHT + 2 * DAY):
        run_test_night(config, day)
        assert managers_with_meetings(config) == {"new", "m2"}
    assert len(mail_files(config)) == 2


def test_a_successor_does_not_continue_the_predecessors_meetings(tmp_path):
    config = write(tmp_path, {"old": {"file": "c"}, "m2": {}})
    run_test_night(config)
    new = {"email": f"old@{DOMAIN}", "file": "c", "started": str(NIGHT + DAY)}
    write(tmp_path, {"old": {"file": "c", "left": str(NIGHT)}, "new": new, "m2": {}})
    report = run_test_night(config, NIGHT + DAY)
    assert "new was old" not in str(report.problems)
    assert "old" in managers_with_meetings(config)
    minutes = {row[0] for row in stored_tables(config)["allocations"]}
    assert "old" in minutes and "new" not in minutes


def test_no_summary_of_a_week_before_the_manager_started_is_sent(tmp_path):
    declined = vevent(
        "d", "20261110T090000Z", "20261110T100000Z", "CATEGORIES:calsync: nonsense", "STATUS:CANCELLED"
    )
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "new.ics").write_bytes(vcalendar(declined))
    config = write(tmp_path, {"new": {"started": "2026-11-16"}, "m2": {}})
    run_test_night(config)
    assert [path.name.split(" ")[1] for path in mail_files(config)] == ["m2"]
    run_test_night(config, NIGHT + 7 * DAY)
    texts = [path.read_text() for path in mail_files(config) if " new " in path.name]
    assert len(texts) == 1
    assert "nonsense" not in texts[0] and "cancelled" not in texts[0].lower()
