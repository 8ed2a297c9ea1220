"""Meetings that no author of rules has read: the rules must not get worse on them unnoticed."""

from pathlib import Path

import pandas as pd
import pytest

from calsync.rules.authoring.score import score_rules
from calsync.rules.packs.load import load_rules

BLIND = Path(__file__).parent / "blind"


@pytest.mark.parametrize(
    ("name", "everywhere", "between_agencies"), [("third", 0.90, 0.83), ("twelfth", 0.90, 0.83)]
)
def test_unread_meetings_are_judged_as_well_as_at_first_contact(name, everywhere, between_agencies):
    book, _ = load_rules(["uk"])
    frame = pd.read_csv(BLIND / f"{name}.csv", dtype=str, keep_default_na=False)
    result = score_rules(frame, book)
    assert result.accuracy["scope"] >= 0.94
    assert result.accuracy["partnership"] >= 0.96
    assert result.kappa.value >= everywhere
    assert result.kappa_inter.value >= between_agencies
