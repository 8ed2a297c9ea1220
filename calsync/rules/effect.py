"""What a proposed cue would do to rows that people have coded."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from calsync.model.classification import Activity
from calsync.rules.fold import words
from calsync.rules.suggest import Suggestion


@dataclass(frozen=True, slots=True)
class Effect:
    """Coded rows that a proposal would take out of the unclear ones.

    changed: rows unclear today that hold its phrase; right: those of them coded as it says; wrong:
    the rest. A proposal without a side has neither right nor wrong rows.
    """

    changed: int
    right: int
    wrong: int

    def __str__(self) -> str:
        if self.right + self.wrong < self.changed:
            return f"# effect: {self.changed} coded rows change; choose a side to see how many are right"
        return f"# effect: {self.changed} coded rows change, {self.right} right, {self.wrong} wrong"


def effects(proposals: Iterable[Suggestion], coded: pd.DataFrame, judged: pd.DataFrame) -> list[Effect]:
    """The effect of each proposal alone.

    coded: columns title, activity, and description if there is one. judged: the same rows as
    `classify_table` gives them. Only rows that are unclear today count: a weightier rule or cue
    that has spoken already goes on speaking.
    """
    open_rows = coded[(judged["activity"] == str(Activity.UNCLEAR)).to_numpy()]
    described = open_rows["description"] if "description" in open_rows else [""] * len(open_rows)
    texts = [
        (f" {' '.join(words(f'{title} {text}'))} ", str(activity))
        for title, text, activity in zip(open_rows["title"], described, open_rows["activity"], strict=True)
    ]
    return [_effect(proposal, texts) for proposal in proposals]


def _effect(proposal: Suggestion, texts: Iterable[tuple[str, str]]) -> Effect:
    held = [activity for text, activity in texts if f" {proposal.phrase} " in text]
    right = held.count(proposal.side) if proposal.side else 0
    return Effect(len(held), right, len(held) - right if proposal.side else 0)
