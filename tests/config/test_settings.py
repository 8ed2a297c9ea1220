"""Reading settings and managers: defaults, and every fault at once with its location."""

from datetime import time
from pathlib import Path

import pytest

from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.errors import ConfigError
from calsync.model.people import Frequency, Language

GOOD = """
[organisation]
name = "Cyngor Brynfelin Council"
domains = ["brynfelin.gov.wales.example", "@Brynfelin.llyw.cymru.example"]
language = "both"
[sources.exported]
type = "ics"
"""


def write_files(
    folder: Path, text: str = GOOD, managers: str = "id,email\nm1,Ana@brynfelin.gov.wales.example\n"
):
    (folder / "calsync.toml").write_text(text, encoding="utf-8")
    (folder / "managers.csv").write_text(managers, encoding="utf-8")
    return folder / "calsync.toml"


def faults(call) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


def test_defaults_are_those_of_the_design(tmp_path):
    settings = load_settings(write_files(tmp_path))
    assert (settings.window.weeks_back, settings.window.weeks_ahead) == (13, 4)
    assert settings.store.url == "sqlite:///calsync.db"
    assert settings.schedule.nightly == time(4, 15)
    assert settings.organisation.domains[1] == "brynfelin.llyw.cymru.example"


def test_all_faults_are_reported_at_once_with_their_locations(tmp_path):
    text = GOOD.replace('language = "both"', 'nation = "cornwall"\nzone = "x"') + "[window]\nweeks_bak = 3\n"
    messages = faults(lambda: load_settings(write_files(tmp_path, text)))
    assert len(messages) == 3
    assert any("[organisation] nation" in line and "cornwall" in line for line in messages)
    assert any("[window] weeks_bak" in line and "'weeks_back'" in line for line in messages)


def test_the_message_for_a_missing_file_mentions_calsync_init(tmp_path):
    (message,) = faults(lambda: load_settings(tmp_path / "calsync.toml"))
    assert "calsync init" in message


def test_the_message_for_invalid_toml_contains_the_line(tmp_path):
    (message,) = faults(lambda: load_settings(write_files(tmp_path, "[organisation\n")))
    assert "line 1" in message


@pytest.mark.parametrize("hour", ["01:00", "02:30", "02:59"])
def test_a_nightly_hour_at_which_clocks_change_is_a_fault(tmp_path, hour):
    (message,) = faults(
        lambda: load_settings(write_files(tmp_path, GOOD + f'[schedule]\nnightly = "{hour}"\n'))
    )
    assert "clocks change" in message


def test_the_least_group_can_be_raised_but_not_lowered(tmp_path):
    assert (
        load_settings(write_files(tmp_path, GOOD + "[privacy]\nleast_group = 8\n")).privacy.least_group == 8
    )
    assert faults(lambda: load_settings(write_files(tmp_path, GOOD + "[privacy]\nleast_group = 4\n")))


def test_language_and_source_of_a_manager_default_to_the_organisations_and_the_first(tmp_path):
    (ana,) = load_managers(load_settings(write_files(tmp_path)))
    assert (ana.language, ana.source, ana.summary) == (Language.BOTH, "exported", Frequency.NONE)
    assert ana.email == "ana@brynfelin.gov.wales.example"


def test_hours_per_day_are_weekly_hours_times_fte_divided_by_working_days(tmp_path):
    rows = "id,email,fte,hours_per_week,working_days\nm1,a@b.example,0.6,37,Mon Tue Wednesday\n"
    (ana,) = load_managers(load_settings(write_files(tmp_path, managers=rows)))
    assert ana.working_days == (0, 1, 2)
    assert ana.hours_per_day == pytest.approx(7.4)


def test_faults_in_the_list_of_managers_are_located_by_line(tmp_path):
    rows = (
        "id,email,fte,source\nm1,nobody,1,\nm2,b@b.example,2,\nm3,c@b.example,1,exportd\nm3,d@b.example,1,\n"
    )
    messages = faults(lambda: load_managers(load_settings(write_files(tmp_path, managers=rows))))
    assert [line.split(":")[0] for line in messages] == [
        "managers.csv line 2 email",
        "managers.csv line 3 fte",
        "managers.csv line 4 source",
        "managers.csv",
    ]


def test_semicolons_and_a_byte_order_mark_of_excel_are_accepted(tmp_path):
    rows = "\ufeffid;email;name\nm1;a@b.example;Siân, Ann\n"
    (ana,) = load_managers(load_settings(write_files(tmp_path, managers=rows)))
    assert ana.name == "Siân, Ann"


def test_managers_are_also_read_from_a_workbook(tmp_path):
    import pandas

    config = write_files(tmp_path, GOOD + '[managers]\nfile = "managers.xlsx"\n')
    frame = pandas.DataFrame({"id": ["m1"], "email": ["a@b.example"], "fte": [0.8]})
    frame.to_excel(tmp_path / "managers.xlsx", index=False)
    (ana,) = load_managers(load_settings(config))
    assert (ana.id, ana.fte) == ("m1", 0.8)
