"""The Python API gives the figures of the commands, loads nothing before it is used, and names faults."""

import io
import subprocess
import sys
from datetime import date

import pandas as pd
import pytest
from support.night_council import run_test_night, vcalendar, vevent, write_council
from typer.testing import CliRunner

import calsync
from calsync.cli import app
from calsync.errors import CalsyncWarning, ConfigError, SourceError

WEEK = "2026-11-09..2026-11-16"
WIDER = "2026-11-08..2026-11-17"
NHS = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:x@wales.nhs.uk.example"
COUNCIL = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:y@dyffryncaled.gov.wales.example"
DIARY = vcalendar(
    vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference", COUNCIL),
    vevent("smt", "20261109T110000Z", "20261109T130000Z", "SUMMARY:SMT"),
    vevent("travel", "20261109T093000Z", "20261109T100000Z", "SUMMARY:Travel to PSB"),
    vevent("agenda", "20261111T140000Z", "20261111T160000Z", "SUMMARY:RPB", NHS, COUNCIL,
           "DESCRIPTION:1. Terms of reference\\n2. Reablement: agree extra hours to reduce waits"),
    vevent("maybe", "20261112T100000Z", "20261112T110000Z", "SUMMARY:MARAC steering: protocol",
           "STATUS:TENTATIVE", COUNCIL),
    vevent("secret", "20261113T110000Z", "20261113T113000Z", "SUMMARY:Oncology", "CLASS:PRIVATE"),
    vevent("weekly", "20261110T090000Z", "20261110T100000Z", "SUMMARY:CSP: partner updates", COUNCIL,
           "RRULE:FREQ=DAILY;COUNT=3"),
)  # fmt: skip
NAMES = ("ana", "bob", "cai", "dai", "eli")


@pytest.fixture(scope="module")
def council(tmp_path_factory):
    """The settings of a council of five managers, after a night."""
    config = write_council(tmp_path_factory.mktemp("council"), dict.fromkeys(NAMES, DIARY))
    run_test_night(config)
    return config


def exported(table: str, config, *options: str) -> pd.DataFrame:
    """The table as the command writes it."""
    words = ["export", table, "--period", WEEK, "--config", str(config), *options]
    return pd.read_csv(io.StringIO(CliRunner().invoke(app, words).stdout), keep_default_na=False)


def as_csv(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as it comes back from CSV."""
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)), keep_default_na=False)


def test_importing_calsync_imports_no_pandas_and_no_api():
    code = "import sys, calsync; print(sorted({'pandas', 'pydantic', 'calsync.api'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_every_public_name_is_listed_documented_and_loaded_on_demand():
    for name in calsync.__all__:
        assert name in dir(calsync)
        assert getattr(calsync, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'clasify'"):
        calsync.clasify  # noqa: B018


def test_reading_classifying_and_allocating_gives_the_minutes_that_a_night_stores(council):
    meetings = calsync.classify(calsync.read_calendar("ana", WIDER, config=council), config=council)
    minutes = calsync.allocate(meetings, WEEK, config=council)
    with calsync.open_store(council) as store:
        stored = store.allocations(WEEK, ["ana"])[list(minutes.columns)]
    keys = [name for name in minutes.columns if name != "minutes"]
    pd.testing.assert_frame_equal(
        minutes.sort_values(keys, ignore_index=True), stored.sort_values(keys, ignore_index=True)
    )
    assert set(minutes["activity"]) >= {"process", "service_improvement", "none"}


def test_stored_meetings_are_allocated_to_the_stored_minutes(council):
    with calsync.open_store(council) as store:
        minutes = calsync.allocate(store.meetings(WIDER), WEEK, config=council)
        stored = store.allocations(WEEK)
    assert minutes["minutes"].sum() == pytest.approx(stored["minutes"].sum())
    assert set(minutes["manager_id"]) == set(NAMES)


def test_calendars_are_read_as_the_command_reads_them(council):
    words = ["occurrences", "ana", "--from", "2026-11-09", "--to", "2026-11-16", "--format", "csv"]
    printed = CliRunner().invoke(app, [*words, "--config", str(council)]).stdout
    expected = pd.read_csv(io.StringIO(printed), keep_default_na=False)
    frame = calsync.read_calendar("ana", WEEK, config=council)
    for column in ("uid", "status", "response", "show_as", "sensitivity", "summary", "attendee_domains"):
        assert list(frame[column]) == list(expected[column]), column
    assert list(frame["start"]) == list(pd.to_datetime(expected["start"], utc=True))
    assert str(frame["start"].dtype) == "datetime64[us, Europe/London]"


def test_titles_are_classified_as_the_command_classifies_them(tmp_path):
    titles = pd.DataFrame(
        {"title": ["PSB: terms of reference", "Dentist", "RPB"], "attendee_domains": ["wales.nhs.uk", "", ""]}
    )
    titles.to_csv(tmp_path / "in.csv", index=False)
    CliRunner().invoke(app, ["classify", str(tmp_path / "in.csv"), str(tmp_path / "out.csv")])
    expected = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    labelled = calsync.classify(titles)
    for column in ("scope", "partnership", "activity", "rule", "evidence"):
        assert list(labelled[column]) == list(expected[column]), column


def test_the_split_is_the_table_that_the_command_writes(council):
    with calsync.open_store(council) as store:
        frame = calsync.export(store, "split", WEEK, by=["department"], every="week")
    expected = exported("split", council, "--by", "department", "--every", "week")
    pd.testing.assert_frame_equal(as_csv(frame), expected)
    assert len(expected)


def test_the_split_of_few_people_shows_no_partnership(tmp_path):
    config = write_council(tmp_path, {"ana": DIARY, "bob": DIARY})
    run_test_night(config)
    with calsync.open_store(config) as store:
        frame = calsync.export(store, "split", WEEK, by="department")
    assert "psb" not in set(frame["partnership"])


def test_allocations_are_the_commands_and_warn_that_they_name_managers(council, tmp_path):
    file = tmp_path / "allocations.csv"
    with calsync.open_store(council) as store, pytest.warns(CalsyncWarning, match="never for HR"):
        frame = calsync.export(store, "allocations", WEEK, output=file)
    pd.testing.assert_frame_equal(as_csv(frame), exported("allocations", council))
    pd.testing.assert_frame_equal(pd.read_csv(file, keep_default_na=False), exported("allocations", council))


def test_private_meetings_have_no_content_and_are_not_classified_by_it(council):
    frame = calsync.classify(calsync.read_calendar("ana", WEEK, config=council))
    (secret,) = frame[frame["sensitivity"] == "private"].to_dict("records")
    assert (secret["summary"], secret["description"], secret["attendees"]) == ("", "", "")
    assert (secret["scope"], secret["activity"]) == ("personal", "none")


def test_a_broken_event_is_a_warning_and_the_others_are_read(tmp_path):
    file = tmp_path / "diary.ics"
    file.write_bytes(vcalendar(
        vevent("good", "20261109T100000Z", "20261109T110000Z", "SUMMARY:PSB"),
        vevent("bad", "nonsense", "20261109T110000Z", "SUMMARY:RPB"),
    ))  # fmt: skip
    with pytest.warns(CalsyncWarning, match="event with uid bad"):
        frame = calsync.read_calendar(file, WEEK)
    assert list(frame["uid"]) == ["good"]


def test_a_file_that_is_no_calendar_raises_source_error(tmp_path):
    file = tmp_path / "page.ics"
    file.write_text("<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(SourceError, match=r"page\.ics"):
        calsync.read_calendar(file, WEEK)


def test_the_owners_answer_is_found_by_their_address(tmp_path):
    file = tmp_path / "diary.ics"
    file.write_bytes(vcalendar(vevent(
        "1", "20261109T100000Z", "20261109T110000Z", "SUMMARY:PSB",
        "ORGANIZER:mailto:y@dyffryncaled.gov.wales.example",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:ana@brynfelin.example",
    )))  # fmt: skip
    (response,) = calsync.read_calendar(file, WEEK, owners=["Ana@brynfelin.example"])["response"]
    assert response == "declined"


def test_a_frame_made_by_hand_needs_five_columns():
    start = pd.to_datetime(["2026-11-09 10:00", "2026-11-09 11:00"]).tz_localize("Europe/London")
    meetings = pd.DataFrame({
        "start": start,
        "end": start + pd.Timedelta(hours=2),
        "scope": "inter_agency",
        "partnership": ["psb", "rpb"],
        "activity": ["process", "service_improvement"],
    })  # fmt: skip
    minutes = calsync.allocate(meetings, (date(2026, 11, 9), date(2026, 11, 10)))
    assert dict(zip(minutes["partnership"], minutes["minutes"], strict=True)) == {"psb": 90, "rpb": 90}


def test_an_empty_frame_gives_an_empty_frame(tmp_path):
    file = tmp_path / "diary.ics"
    file.write_bytes(vcalendar())
    minutes = calsync.allocate(calsync.classify(calsync.read_calendar(file, WEEK)), WEEK)
    assert len(minutes) == 0
    assert list(minutes)[:2] == ["manager_id", "day"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"activity": "proces"}, "process"),
        ({"start": pd.Timestamp("2026-11-09 10:00")}, "tz_localize"),
        ({"scope": None}, "scope"),
    ],
)
def test_faults_of_a_frame_name_the_column_and_what_to_do(changes, named):
    start = pd.Timestamp("2026-11-09 10:00", tz="Europe/London")
    row = {
        "start": start,
        "end": start + pd.Timedelta(hours=1),
        "scope": "inter_agency",
        "partnership": "psb",
        "activity": "process",
        **changes,
    }
    with pytest.raises(ConfigError, match=named):
        calsync.allocate(pd.DataFrame([row]), WEEK)


@pytest.mark.parametrize("period", ["2026-13", "yesterday", (date(2026, 11, 2), date(2026, 11, 2))])
def test_a_period_that_is_none_is_a_config_error(period):
    with pytest.raises(ConfigError, match="2026-Q3"):
        calsync.read_calendar("diary.ics", period)


def test_managers_that_are_not_listed_are_named(council):
    frame = calsync.classify(calsync.read_calendar("ana", WEEK, config=council)).assign(manager_id="ann")
    with pytest.raises(ConfigError, match="ann"):
        calsync.allocate(frame, WEEK, config=council)
