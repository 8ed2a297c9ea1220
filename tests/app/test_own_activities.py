"""Activities that a pack of one's own defines reach every table, mail and export under their own name."""

import json
import re
from email import message_from_bytes, policy
from html import unescape

import openpyxl
import pandas as pd
import pytest
from support.night_council import mail_files, run_test_night, vcalendar, vevent, write_council
from typer.testing import CliRunner

from calsync.cli import app
from calsync.cli.terminal import PIPE_WIDTH, out

pytestmark = pytest.mark.slow

PACK = """
[pack]
title = "Brynfelin's own"
extends = ["manual"]

[activity."site visit"]
counts_as = "service_improvement"
[activity."round table"]
counts_as = "process"
[activity."first contact"]
counts_as = "unclear"
[activity.speech]
counts_as = "none"
[activity."open day"]
counts_as = "mixed"
"""
RULE = """
[[rule]]
id = "own/{id}"
stage = "operational"
why = "We call it so."
when.title_any = ["{words}"]
scope = "{scope}"
activity = "{name}"
example = [{{ title = "{words} in the harbour", expect = "{name}" }}]
"""
TITLES = {
    "site visit": "quay inspection",
    "round table": "lamplight evening",
    "first contact": "hello circle",
    "speech": "ribbon address",
    "open day": "barn open",
}
COUNTED = {
    "site visit": "service_improvement",
    "round table": "process",
    "first contact": "unclear",
    "speech": "none",
}
NAMES = ["ana", "bob", "cai", "dai", "eve", "fay"]
INVITED = [
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:{}@brynfelin.gov.wales.example",
    "ATTENDEE:mailto:x@wales.nhs.uk",
]


def calendar(name: str) -> bytes:
    invited = [line.format(name) for line in INVITED]
    events = []
    for day, (own, words) in enumerate(TITLES.items(), start=9):
        start, end = f"202611{day:02}T100000Z", f"202611{day:02}T120000Z"
        events.append(vevent(own, start, end, f"SUMMARY:{words} in the harbour", *invited))
    return vcalendar(*events)


def run(*words: object):
    # The console takes its width from COLUMNS when it is imported; here no cell of a table may be cut.
    out.width = PIPE_WIDTH
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code in (0, 1), done.output
    return done


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    more = '[rules]\npacks = ["wales"]\nfolder = "our-rules"\n'
    config = write_council(folder, {name: calendar(name) for name in NAMES}, more)
    (folder / "our-rules").mkdir()
    rules = [
        RULE.format(
            id=name.replace(" ", "-"),
            words=words,
            name=name,
            scope="internal" if name == "speech" else "inter_agency",
        )
        for name, words in TITLES.items()
    ]
    (folder / "our-rules" / "own.toml").write_text(PACK + "".join(rules), encoding="utf-8")
    run_test_night(config)
    return config


@pytest.fixture
def export(config, tmp_path):
    def exported(table: str, suffix: str = "csv"):
        file = tmp_path / f"{table}.{suffix}"
        run("export", table, "--period", "2026-11-09..2026-11-16", "-o", file, "--config", config)
        return file

    return exported


def test_allocations_name_the_activity_and_what_it_counts_as(export):
    frame = pd.read_csv(export("allocations"), keep_default_na=False)
    of_ana = frame[(frame["manager_id"] == "ana") & (frame["kind"] == "meeting")]
    found = of_ana.set_index("label")["activity"].to_dict()
    assert {name: found[name] for name in COUNTED} == COUNTED
    assert found["open day"] == "mixed"
    assert of_ana["minutes"].tolist() == [120.0] * 5


def test_the_split_has_a_row_for_each_under_what_it_counts_as(export):
    frame = pd.read_csv(export("split"), keep_default_na=False)
    rows = {(row.label, row.activity): row.hours for row in frame.itertuples()}
    for name, activity in COUNTED.items():
        assert rows[name, activity] == 12.0
    assert (rows["open day", "process"], rows["open day", "service_improvement"]) == (6.0, 6.0)
    by_activity = frame.groupby("activity")["hours"].sum().to_dict()
    assert (by_activity["process"], by_activity["service_improvement"]) == (18.0, 18.0)


def test_every_format_has_the_names(export):
    workbook = openpyxl.load_workbook(export("split", "xlsx"))["split"]
    head, *lines = workbook.iter_rows(values_only=True)
    found = {"xlsx": {line[head.index("label")] for line in lines}}
    found["parquet"] = set(pd.read_parquet(export("split", "parquet"))["label"])
    rows = json.loads(export("split", "json").read_text(encoding="utf-8"))
    found["json"] = {row["label"] for row in rows}
    for names in found.values():
        assert names >= set(TITLES)
    meanings = pd.read_csv(export("split").with_name("split.columns.csv")).set_index("column")["meaning"]
    assert "pack of rules" in meanings["label"]


@pytest.mark.parametrize("part", ["plain", "html"])
def test_a_mail_names_them_within_what_they_count_as(config, part):
    mail = message_from_bytes(mail_files(config)[0].read_bytes(), policy=policy.default)
    content = unescape(re.sub(r"<[^>]*>", " ", mail.get_body((part,)).get_content()))
    text = " ".join(content.replace("\xa0", " ").split())
    for name in ("site visit", "round table", "first contact", "open day"):
        assert f"of this, {name}: 2 h" in text
    assert re.search("not counted as partnership time speech:? 2 h", text, re.IGNORECASE)
    if part == "plain":
        assert "Service improvement: 2 h (25%) of this, site visit: 2 h" in text
        assert "Process: 2 h (25%) of this, round table: 2 h" in text


def test_explain_names_them_and_what_they_count_as(config):
    given = run("explain", "Quay inspection", "--config", config).stdout
    assert "site visit, counted as service_improvement" in given
    kept = run("explain", "--uid", "site visit", "--config", config).stdout
    assert "stored as no partnership, site visit, counted as service_improvement:" in kept


def test_classify_names_them_and_counts_unclear_ones_as_unclear(config, tmp_path):
    (tmp_path / "in.csv").write_text("title\nQuay inspection\nHello circle\n", encoding="utf-8")
    given = run("classify", tmp_path / "in.csv", tmp_path / "out.csv", "--config", config)
    assert pd.read_csv(tmp_path / "out.csv")["activity"].tolist() == ["site visit", "first contact"]
    assert "2 meetings labelled, 1 of them unclear" in given.stderr


def test_a_correction_brings_one_into_the_tables_at_once(config, export):
    words = ["correct", "--uid", "round table", "--activity", "site visit", "--by", "Alys Puw"]
    shown = run(*words, "--manager", "ana", "--config", config).stdout
    assert "round table" in shown and "site visit" in shown
    frame = pd.read_csv(export("allocations"), keep_default_na=False)
    frame = frame[frame["manager_id"] == "ana"]
    assert frame.groupby("label")["minutes"].sum()["site visit"] == 240.0
    run("correct", "--withdraw", "1", "--by", "Alys Puw", "--config", config)


def test_the_same_night_again_changes_nothing(config):
    before = [path.read_bytes() for path in mail_files(config)]
    report = run_test_night(config)
    assert [path.read_bytes() for path in mail_files(config)] == before
    assert report.counts["reckoned"] == 0
