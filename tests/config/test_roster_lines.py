"""B10: a line with a fault in the list of managers is reported and omitted; wrong headings stop the night."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples

from calsync.config.load import load_settings
from calsync.config.roster import read_roster
from calsync.errors import ConfigError

SETTINGS = """
[organisation]
name = "Brynfelin"
domains = ["brynfelin.example"]
[sources.exported]
type = "ics"
[managers]
file = "{file}"
"""
HEAD = "id,email,name,department,fte,working_days,source,calendar,summary,language,started,left"
GOOD = "{id},{id}@b.example,Siân,Care,1,mon tue,,{id}.ics,none,en,,"
TERMS = (
    "pattern",
    "regular",
    "pydantic",
    "Input should",
    "String should",
    "valid",
    "parse",
    "Traceback",
    "^",
)


def read_test_roster(folder, text: str | bytes, file: str = "managers.csv"):
    (folder / "calsync.toml").write_text(SETTINGS.format(file=file), encoding="utf-8")
    (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(load_settings(folder / "calsync.toml"))


def with_line(bad: str | bytes) -> bytes:
    bad = bad if isinstance(bad, bytes) else bad.encode()
    lines = [HEAD, GOOD.format(id="m1"), GOOD.format(id="m2"), GOOD.format(id="m4")]
    before, after = "\n".join(lines[:3]).encode(), lines[3].encode()
    return b"\n".join([before, bad, after, b""])


LINES_WITH_FAULTS = {
    "address": ("m3,nobody,,,,,,,,,,", "is not a mail address"),
    "two addresses": ("m3,a@b.example;c@d.example,,,,,,,,,,", "is not a mail address"),
    "no address": ("m3,,,,,,,,,,,", "is missing"),
    "no id": (",c@b.example,,,,,,,,,,", "is missing"),
    "source": ("m3,c@b.example,,,,,exportd,,,,,", "no source is called 'exportd'"),
    "number": ("m3,c@b.example,,,full,,,,,,,", "must be a number"),
    "number too large": ("m3,c@b.example,,,2,,,,,,,", "must be 1.5 or less"),
    "no part of full time": ("m3,c@b.example,,,0,,,,,,,", "must be more than 0"),
    "no number at all": ("m3,c@b.example,,,nan,,,,,,,", "must be"),
    "weekdays": ("m3,c@b.example,,,,llun mawrth,,,,,,", "'llun' is not a weekday"),
    "summary": ("m3,c@b.example,,,,,,,daily,,,", "must be 'none', 'weekly' or 'monthly'"),
    "language": ("m3,c@b.example,,,,,,,,fr,,", "must be 'en', 'cy' or 'both'"),
    "date": ("m3,c@b.example,,,,,,,,,30/11/2026,", "is not a date; write it as 2026-11-30"),
    "impossible date": ("m3,c@b.example,,,,,,,,,2026-02-30,", "is not a date"),
    "left before started": ("m3,c@b.example,,,,,,,,,2026-05-01,2026-04-01", "before started"),
    "too few cells": ("m3,c@b.example,,", "has 4 cells, and there are 12 headings"),
    "too many cells": ("m3,c@b.example,Puw, Ana,,,,,,,,,", "has 13 cells"),
    "a comma too many": ("m3,c@b.example,Puw, Ana,Care,1,mon,,m3.ics,none,en,,", "has 13 cells"),
    "Latin-1": ("m3,c@b.example,Siân,,,,,,,,,".encode("latin-1"), "not UTF-8"),
    "NUL": ("m3,c@b.example,A\0na,,,,,,,,,", "U+0000"),
    "open quotation mark": ('m3,c@b.example,"Ana,,,,,,,,,', "quotation mark is not closed"),
    "stray quotation mark": ('m3,"c"@b.example,Ana,,,,,,,,,', ""),
    "spreadsheet's error": ("m3,c@b.example,#REF!,,,,,,,,,", "#REF!"),
}


@pytest.mark.parametrize(("line", "what"), LINES_WITH_FAULTS.values(), ids=LINES_WITH_FAULTS)
def test_a_line_with_a_fault_is_reported_with_its_number_and_only_its_manager_is_omitted(
    tmp_path, line, what
):
    roster = read_test_roster(tmp_path, with_line(line))
    assert [manager.id for manager in roster.managers] == ["m1", "m2", "m4"]
    (problem,) = roster.problems
    assert "managers.csv line 4" in problem.where
    assert what in problem.what
    assert problem.hint
    assert not [term for term in TERMS if term in str(problem)]


def test_an_id_on_two_lines_omits_both(tmp_path):
    roster = read_test_roster(tmp_path, with_line("M2,c@b.example,,,,,,,,,,"))
    assert [manager.id for manager in roster.managers] == ["m1", "m4"]
    (problem,) = roster.problems
    assert "lines 3 and 4" in problem.what and "'m2'" in problem.what


def test_an_id_on_two_lines_one_of_them_with_a_fault_omits_both(tmp_path):
    roster = read_test_roster(tmp_path, with_line("m2,nobody,,,,,,,,,,"))
    assert [manager.id for manager in roster.managers] == ["m1", "m4"]
    assert len(roster.problems) == 2


def test_rows_of_a_workbook_are_validated_like_lines_of_a_csv_file(tmp_path):
    import pandas

    rows = [["m1", "a@b.example", "1", "2026-11-30"], ["m2", "b", "1", ""], ["NA", "c@b.example", "0.5", ""],
            ["m4", "d@b.example", "#N/A", ""], ["m5", "e@b.example", "x", ""]]  # fmt: skip
    (tmp_path / "calsync.toml").write_text(SETTINGS.format(file="managers.xlsx"), encoding="utf-8")
    frame = pandas.DataFrame(rows, columns=["id", "email", "fte", "left"])
    frame["left"] = pandas.to_datetime(frame["left"])
    frame.to_excel(tmp_path / "managers.xlsx", index=False)
    roster = read_roster(load_settings(tmp_path / "calsync.toml"))
    assert [manager.id for manager in roster.managers] == ["m1", "NA"]
    assert str(roster.managers[0].left) == "2026-11-30"
    assert [problem.where.split(" (")[0] for problem in roster.problems] == [
        "managers.xlsx line 3 email", "managers.xlsx line 5", "managers.xlsx line 6 fte",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ("id,mail", "there is no column 'email'"),
        ("name,email", "there is no column 'id'"),
        ("id,email,email", "'email' is there 2 times"),
        ("id,email,calender", "no such column: 'calender'"),
        ("id,e-mail", "there is no column 'email'"),
    ],
)
def test_wrong_headings_raise(tmp_path, head, what):
    with pytest.raises(ConfigError) as caught:
        read_test_roster(tmp_path, f"{head}\nm1,a@b.example\n")
    assert any(what in problem.what for problem in caught.value.problems)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"id,email\n", b"\xff\xfe", b"PK\x03\x04 no workbook"])
@pytest.mark.parametrize("file", ["managers.csv", "managers.xlsx"])
def test_a_file_without_managers_raises(tmp_path, content, file):
    with pytest.raises(ConfigError):
        read_test_roster(tmp_path, content, file)


def test_a_list_without_a_usable_line_raises_with_a_problem_for_each_line(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_test_roster(tmp_path, "id,email\nm1,a\nm2,b\n")
    assert len(caught.value.problems) == 2


def test_a_cell_with_line_breaks_is_one_cell(tmp_path):
    roster = read_test_roster(tmp_path, 'id,email,name\nm1,a@b.example,"Ana\nPuw"\nm2,b@b.example,Bob\n')
    assert [manager.name for manager in roster.managers] == ["Ana\nPuw", "Bob"]
    assert roster.lines == {"m1": 2, "m2": 4}


def test_own_columns_are_read_and_empty_cells_at_the_end_of_a_line_are_allowed(tmp_path):
    roster = read_test_roster(tmp_path, "id,email,Team,,\nm1,a@b.example,North,,\nm2,b@b.example,South\n")
    assert roster.managers[0].own_columns == (("team", "North"),)


cells = st.text(st.characters(codec="utf-8"), max_size=12)


@examples(60, suppress_health_check=list(HealthCheck))
@given(st.lists(cells, max_size=14))
def test_any_text_on_one_line_leaves_the_other_lines_readable(tmp_path_factory, junk):
    folder = tmp_path_factory.mktemp("roster")
    line = ",".join(junk).replace("\n", " ").replace("\r", " ")
    roster = read_test_roster(folder, with_line(line))
    assert {"m1", "m2", "m4"} - {manager.id for manager in roster.managers} <= {
        cell.strip().lower() for cell in junk
    }


def test_faults_of_settings_are_reported_without_terms_of_pydantic(tmp_path):
    (tmp_path / "calsync.toml").write_text(
        SETTINGS.format(file="managers.csv").replace('["brynfelin.example"]', "3")
        + '[window]\nweeks_back = "many"\n[mail]\nport = 0\ntransport = "pigeon"\n'
        '[schedule]\nnightly = "late"\n'
        "[privacy]\nleast_group = 2\n[engine]\nworkers = 1.5\n[doubt]\nmeetings_lost = 2\n[organisation2]\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "calsync.toml")
    messages = [str(problem) for problem in caught.value.problems]
    assert len(messages) == 9
    assert not [line for line in messages for term in TERMS if term in line]


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("Monday-Friday", (0, 1, 2, 3, 4)),
        ("mon - fri", (0, 1, 2, 3, 4)),
        ("Mon to Thurs", (0, 1, 2, 3)),
        ("tues–thur", (1, 2, 3)),
        ("fri-mon", (0, 4, 5, 6)),
        ("mon/wed", (0, 2)),
        ("Mondays and Wednesdays", (0, 2)),
        ("mon-tue thu.", (0, 1, 3)),
    ],
)
def test_weekdays_may_be_ranges_and_full_names(tmp_path, cell, days):
    roster = read_test_roster(tmp_path, with_line(f"m3,c@b.example,,,,{cell},,,,,,"))
    assert {manager.id: manager.working_days for manager in roster.managers}["m3"] == days


@pytest.mark.parametrize("cell", ["monkey", "mon-", "mon-wed-fri", "Mo Di Mi", "money", "mon-xyz"])
def test_text_that_only_begins_like_a_weekday_is_a_fault(tmp_path, cell):
    roster = read_test_roster(tmp_path, with_line(f"m3,c@b.example,,,,{cell},,,,,,"))
    assert [manager.id for manager in roster.managers] == ["m1", "m2", "m4"]
    assert "is not a weekday" in roster.problems[0].what


@pytest.mark.parametrize("line", ["m\u200b3,c@b.example,,,,,,,,,,", "m3\x1b[31m,c@b.example,,,,,,,,,,"])
def test_an_id_with_an_invisible_character_omits_its_manager(tmp_path, line):
    roster = read_test_roster(tmp_path, with_line(line))
    assert [manager.id for manager in roster.managers] == ["m1", "m2", "m4"]
    assert "invisible character (U+" in roster.problems[0].what


def test_an_address_is_read_without_its_invisible_characters(tmp_path):
    roster = read_test_roster(tmp_path, with_line("m3,\u202dc\u200b@b.example\u202c,,,,,,,,,,"))
    assert {manager.id: manager.email for manager in roster.managers}["m3"] == "c@b.example"


def test_the_separator_line_of_excel_is_not_a_heading(tmp_path):
    text = "sep=;\r\n" + "\r\n".join([HEAD, GOOD.format(id="m1")]).replace(",", ";")
    roster = read_test_roster(tmp_path, text)
    assert [(manager.id, roster.lines[manager.id]) for manager in roster.managers] == [("m1", 3)]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"{HEAD}\n{GOOD}\n".encode("utf-16-le"), "it is not text in UTF-8"),
        (f"{HEAD}\n{GOOD}\n".encode("utf-32"), "it is not text in UTF-8"),
        (f"{HEAD},gr\u00eap\n{GOOD},x\n".encode("latin-1"), "contains bytes that are not UTF-8"),
    ],
)
def test_a_list_in_another_encoding_is_reported_as_such(tmp_path, content, what):
    with pytest.raises(ConfigError) as caught:
        read_test_roster(tmp_path, content)
    (problem,) = caught.value.problems
    assert what in problem.what and "\0" not in str(problem)


def test_byte_order_marks_do_not_belong_to_the_first_heading(tmp_path):
    text = "\n".join([HEAD, GOOD.format(id="m1")])
    assert [
        manager.id for manager in read_test_roster(tmp_path, b"\xef\xbb\xbf" * 2 + text.encode()).managers
    ] == ["m1"]


def workbook(folder, *rows) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "managers.xlsx")


def roster_of_workbook(folder, *rows):
    (folder / "calsync.toml").write_text(SETTINGS.format(file="managers.xlsx"), encoding="utf-8")
    workbook(folder, ["id", "email", "name", "fte", "left"], *rows)
    return read_roster(load_settings(folder / "calsync.toml"))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (["m2", "b@b.example", "B", "=1/2", None], "a formula without a result in cell D3"),
        (["m2", "b@b.example", "B", 1, "=TODAY()-1"], "a formula without a result in cell E3"),
        (["m2", "b@b.example", "#DIV/0!", 1, None], "#DIV/0!"),
        (["m2", "b@b.example", "B", 1, "#N/A"], "#N/A"),
    ],
)
def test_a_workbook_cell_without_a_value_is_a_fault_and_gets_no_default(tmp_path, row, what):
    roster = roster_of_workbook(tmp_path, ["m1", "a@b.example", "A", 1, None], row)
    assert [manager.id for manager in roster.managers] == ["m1"]
    assert what in roster.problems[0].what and "line 3" in roster.problems[0].where


def test_numbers_dates_and_empty_rows_of_a_workbook_are_read_as_displayed(tmp_path):
    from datetime import date

    day = date(2026, 11, 30)
    roster = roster_of_workbook(tmp_path, [1001.0, "a@b.example", None, 0.8, day], [], [7, "b@b.example"])
    assert [
        (manager.id, manager.fte, manager.left, roster.lines[manager.id]) for manager in roster.managers
    ] == [
        ("1001", 0.8, day, 2),
        ("7", 1.0, None, 4),
    ]


def test_an_id_that_looks_like_a_line_keeps_its_own_line_number(tmp_path):
    good = GOOD.format(id="line 3").replace(",line 3@", ",c@")
    roster = read_test_roster(tmp_path, "\n".join([HEAD, good, "m2,nobody,,,,,,m2.ics,,,,", ""]))
    assert roster.lines["line 3"] == 2
    assert {manager.id for manager in roster.unusable_managers}.isdisjoint(
        manager.id for manager in roster.managers
    )
