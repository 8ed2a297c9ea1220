"""A correction applies in every later night, and a series has one classification."""

from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from support.night_council import (
    LONDON,
    NIGHT,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)

from calsync.app import corrections
from calsync.app.plan import worktime_of
from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.model.classification import Activity
from calsync.model.correction import Correction, CorrectionFields
from calsync.model.problem import Severity
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

WEEKLY = ("RRULE:FREQ=WEEKLY;COUNT=30", "SUMMARY:PSB")
SERIES = vevent("w", "20260907T090000Z", "20260907T100000Z", *WEEKLY)
CALENDAR = vcalendar(SERIES)
CORRECTED_AT = datetime(2026, 11, 16, 12, 0, tzinfo=LONDON)
NEXT = NIGHT + timedelta(days=1)


@contextmanager
def opened_store(config):
    with open_store(store_url(load_settings(config))) as store:
        yield store


def correct(config, fields=CorrectionFields(activity=Activity.PROCESS), **changes):  # noqa: B008 - frozen
    settings = load_settings(config)
    correction = Correction("w", fields, "Alys Puw", CORRECTED_AT, **changes)
    with opened_store(config) as store:
        return corrections.add_correction(store, correction, load_managers(settings), worktime_of(settings))


def withdraw(config, number):
    settings = load_settings(config)
    with opened_store(config) as store:
        return corrections.withdraw_correction(
            store, number, "Alys Puw", CORRECTED_AT, load_managers(settings), worktime_of(settings)
        )


def minutes(config, name="ana") -> dict[str, float]:
    """A manager's minutes by activity, as they are exported."""
    with opened_store(config) as store:
        frame = store.allocations.frame(date(2026, 1, 1), date(2028, 1, 1), [name])
    return {str(a): float(m) for a, m in frame.groupby("activity")["minutes"].sum().items()}


def classifications(config, uid="w") -> dict[str, str]:
    with opened_store(config) as store:
        found = store.meetings.find_by_uid(uid)
    return {
        f"{m.manager_id} {m.start:%m-%d %H}": f"{m.classification.activity} by {m.classification.rule}"
        for m in found
    }


def test_a_correction_counts_at_once_and_after_a_night_that_finds_nothing_changed(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    before = minutes(config)
    assert set(before) == {"unclear"}
    _, effects = correct(config)
    assert {(str(e.before.activity), str(e.after.activity)) for e in effects} == {("unclear", "process")}
    assert minutes(config) == {"process": before["unclear"]}
    report = run_test_night(config)
    assert report.counts["unchanged"] == 1
    assert minutes(config) == {"process": before["unclear"]}


def test_a_correction_whose_command_was_killed_counts_after_the_next_night(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR, "bob": CALENDAR})
    run_test_night(config)
    run_test_night(config)
    with opened_store(config) as store:
        store.corrections.add(
            Correction("w", CorrectionFields(activity=Activity.PROCESS), "Alys Puw", CORRECTED_AT)
        )
    assert set(minutes(config)) == {"unclear"}
    report = run_test_night(config)
    assert report.counts["unchanged"] == 2
    assert set(minutes(config)) == set(minutes(config, "bob")) == {"process"}
    with opened_store(config) as store:
        store.corrections.withdraw(1, "Alys Puw", CORRECTED_AT)
    run_test_night(config)
    assert set(minutes(config)) == {"unclear"}


def test_a_correction_survives_a_changed_calendar_other_rules_and_new_meetings_of_the_series(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    _, effects = correct(config)
    (tmp_path / "our-rules").mkdir()
    (tmp_path / "our-rules" / "own.toml").write_text('[pack]\ntitle = "Own"\nextends = ["manual"]\n')
    moved = SERIES.replace("SUMMARY:PSB", "SUMMARY:PSB: draft well-being plan for prevention")
    write_council(
        tmp_path, {"ana": vcalendar(moved)}, more='[rules]\npacks = ["wales"]\nfolder = "our-rules"\n'
    )
    run_test_night(config, NIGHT + timedelta(weeks=5))
    assert set(classifications(config).values()) == {"process by correction/series"}
    assert len(classifications(config)) > len(effects)
    assert set(minutes(config)) == {"process"}


def test_a_withdrawal_leaves_the_store_as_before_the_correction(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    before = stored_tables(config, ("meetings", "allocations"))
    correction, _ = correct(config)
    run_test_night(config, NEXT)
    withdraw(config, correction.number)
    assert stored_tables(config, ("meetings", "allocations")) == before
    run_test_night(config, NEXT)
    assert stored_tables(config, ("meetings", "allocations")) == before


def test_minutes_calculated_at_once_are_those_of_the_next_night(tmp_path):
    travel = vevent("t", "20261109T081500Z", "20261109T090000Z", "SUMMARY:Travel to PSB")
    clash = vevent("c", "20261109T093000Z", "20261109T110000Z", "SUMMARY:SMT")
    config = write_council(tmp_path, {"ana": vcalendar(SERIES, travel, clash)})
    run_test_night(config)
    correct(config)
    at_once = stored_tables(config, ("allocations",))
    run_test_night(config, NEXT)
    assert stored_tables(config, ("allocations",)) == at_once


def test_a_correction_of_one_meeting_leaves_the_rest_of_the_series(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    with opened_store(config) as store:
        recurrence_id = corrections.find_recurrence_id(store.meetings.find_by_uid("w"), date(2026, 11, 9))
    correct(config, recurrence_id=recurrence_id)
    run_test_night(config, NEXT)
    assert minutes(config)["process"] == 60
    assert classifications(config)["ana 11-09 09"] == "process by correction/meeting"
    assert classifications(config)["ana 11-16 09"] == "unclear by bare/name"


def test_a_meeting_that_moves_keeps_its_correction(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    with opened_store(config) as store:
        recurrence_id = corrections.find_recurrence_id(store.meetings.find_by_uid("w"), date(2026, 11, 9))
    correct(config, recurrence_id=recurrence_id)
    moved = vevent(
        "w", "20261110T140000Z", "20261110T150000Z", "RECURRENCE-ID:20261109T090000Z", "SUMMARY:PSB"
    )
    write_council(tmp_path, {"ana": vcalendar(SERIES, moved)})
    run_test_night(config, NEXT)
    assert classifications(config)["ana 11-10 14"] == "process by correction/meeting"


def test_a_correction_applies_to_all_managers_unless_one_is_named(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR, "bob": CALENDAR})
    run_test_night(config)
    correction, _ = correct(config, manager_id="bob")
    assert (set(minutes(config)), set(minutes(config, "bob"))) == ({"unclear"}, {"process"})
    withdraw(config, correction.number)
    correct(config)
    assert (set(minutes(config)), set(minutes(config, "bob"))) == ({"process"}, {"process"})


def test_a_correction_overrides_a_category_and_a_category_the_rules(tmp_path):
    tagged = vevent("w", "20261109T090000Z", "20261109T100000Z", "SUMMARY:PSB", "CATEGORIES:calsync: mixed")
    config = write_council(tmp_path, {"ana": vcalendar(tagged)})
    run_test_night(config)
    assert classifications(config) == {"ana 11-09 09": "mixed by correction/category"}
    correct(config)
    run_test_night(config, NEXT)
    assert classifications(config) == {"ana 11-09 09": "process by correction/series"}


def test_a_night_after_which_a_correction_was_made_sends_nothing_again(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    outbox = stored_tables(config, ("outbox",))
    correct(config)
    run_test_night(config)
    assert stored_tables(config, ("outbox",)) == outbox


def test_a_night_names_a_partnership_that_no_rules_define_any_more(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    correct(config, CorrectionFields(partnerships=("moor_hub",)))
    report = run_test_night(config, NEXT)
    (note,) = [problem for problem in report.problems if "moor_hub" in problem.what]
    assert note.severity is Severity.NOTE and "--withdraw" in note.hint


# One classification for a series, unless an override differs in its content.


def override(start, end, *lines):
    return vevent("w", start, end, "RECURRENCE-ID:20261109T090000Z", *lines)


def test_all_meetings_of_a_series_get_one_classification(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR, "bob": CALENDAR})
    run_test_night(config)
    assert set(classifications(config).values()) == {"unclear by bare/name"}


@pytest.mark.parametrize("end", ["20261110T150000Z", "20261110T163000Z"], ids=["moved", "moved, longer"])
def test_an_override_with_another_time_only_keeps_the_classification_of_the_series(tmp_path, end):
    config = write_council(
        tmp_path, {"ana": vcalendar(SERIES, override("20261110T140000Z", end, "SUMMARY:PSB"))}
    )
    run_test_night(config)
    assert (
        classifications(config)["ana 11-10 14"]
        == classifications(config)["ana 11-16 09"]
        == "unclear by bare/name"
    )


@pytest.mark.parametrize(
    "lines",
    [
        ("SUMMARY:PSB: terms of reference and membership",),
        ("SUMMARY:PSB", "DESCRIPTION:Agenda: 1. Terms of reference 2. Membership"),
    ],
    ids=["title", "agenda"],
)
def test_an_override_with_another_title_or_agenda_gets_its_own(tmp_path, lines):
    special = override("20261109T090000Z", "20261109T100000Z", *lines)
    config = write_council(tmp_path, {"ana": vcalendar(SERIES, special)})
    run_test_night(config)
    assert classifications(config)["ana 11-09 09"].startswith("process by")
    assert classifications(config)["ana 11-16 09"] == "unclear by bare/name"


def test_a_later_override_is_classified_and_its_removal_restores_the_series(tmp_path):
    config = write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    before = stored_tables(config, ("meetings", "allocations"))
    special = override("20261109T090000Z", "20261109T100000Z", "SUMMARY:PSB: terms of reference")
    write_council(tmp_path, {"ana": vcalendar(SERIES, special)})
    run_test_night(config)
    assert minutes(config)["process"] == 60
    write_council(tmp_path, {"ana": CALENDAR})
    run_test_night(config)
    assert stored_tables(config, ("meetings", "allocations")) == before
