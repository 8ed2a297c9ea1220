"""Meetings that no author of rules has read: their score must not fall."""

from pathlib import Path

import pandas as pd
import pytest

from calsync.rules.authoring.score import score_rules
from calsync.rules.packs.load import load_rules

BLIND = Path(__file__).parent / "blind"


@pytest.mark.parametrize(
    ("name", "least_kappa", "least_kappa_inter"), [("third", 0.90, 0.83), ("twelfth", 0.90, 0.83)]
)
def test_unread_meetings_are_scored_as_well_as_at_first(name, least_kappa, least_kappa_inter):
    book, _ = load_rules(["uk"])
    frame = pd.read_csv(BLIND / f"{name}.csv", dtype=str, keep_default_na=False)
    result = score_rules(frame, book)
    assert result.accuracy["scope"] >= 0.94
    assert result.accuracy["partnership"] >= 0.96
    assert result.kappa.value >= least_kappa
    assert result.kappa_inter.value >= least_kappa_inter
