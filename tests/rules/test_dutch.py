"""A pack in another language with activities of its own needs no Python code."""

from pathlib import Path

import pandas as pd

from calsync.model.classification import Activity
from calsync.rules.authoring.check import check_rules
from calsync.rules.authoring.score import score_rules
from calsync.rules.classify import classify
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

FOLDER = Path(__file__).parent / "dutch"
BOOK, PROBLEMS = load_rules([], FOLDER)


def test_the_dutch_pack_has_no_problems():
    assert [str(problem) for problem in (*PROBLEMS, *check_rules(BOOK))] == []


def test_its_own_activities_are_scored_by_their_own_names():
    result = score_rules(pd.read_csv(FOLDER / "meetings.csv", keep_default_na=False), BOOK)
    assert result.accuracy["activity"] == 1.0
    assert set(result.classes.index) == {*BOOK.labels}


def test_its_own_activities_count_as_one_of_the_manual():
    classification = classify(Facts(title="Werkbezoek aan de haven"), BOOK)
    assert (classification.label, classification.activity) == ("werkbezoek", Activity.SERVICE_IMPROVEMENT)


def test_a_category_may_name_one_of_its_own_activities():
    classification = classify(Facts(title="Blok", categories=("calsync: Bestuurlijk overleg",)), BOOK)
    assert (classification.label, classification.activity, classification.rule) == (
        "bestuurlijk overleg",
        Activity.PROCESS,
        "correction/category",
    )
