"""The rule book: all packs in force, compiled. `packs.load` makes it, `classify` applies it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calsync.model.classification import Activity, Classification
from calsync.model.correction import CorrectionFields
from calsync.model.people import Partnership
from calsync.model.problem import Problem
from calsync.rules.compiled import (
    Cue,
    Invitation,
    OrganisationIndex,
    PartnershipIndex,
    Rule,
    Vocabulary,
)
from calsync.rules.language.memo import Cache
from calsync.rules.organisations import Directory
from calsync.rules.text_scan import TextScan

InvitationKey = tuple[str, tuple[str, ...], tuple[str, ...]]
"""The mail domains of the organizer, of the invited people and of our own organisation."""

ClassificationKey = tuple[
    str, str, str, tuple[str, ...], tuple[str, ...], int, tuple[str, ...], bool, tuple[str, ...]
]
"""Everything that a classification depends on, as `classify.classify` compares it."""


class Caches:
    """What was computed before with one book.

    The gains are shares of the CPU of a first night of 200 managers (`benchmarks.whole_night`), each with
    the other caches in place. There is no cache that gained less than the runs differ by.
    """

    def __init__(self) -> None:
        # 14 %: the meetings of a series and of a team have the same organisations.
        self.invitations: Cache[InvitationKey, Invitation] = Cache(50_000)
        # 6 %: many calendars have the same title with the same agenda or none. `scanned_once`: hashes of
        # texts that came once; a scan is stored when its text comes again.
        self.scans: Cache[tuple[str, str], TextScan] = Cache(10_000)
        self.scanned_once: Cache[int, bool] = Cache(10_000)
        # 3 %: how many halves of an agenda line are process; many lines are standing items.
        self.halves: Cache[tuple[str, int], int | None] = Cache(50_000)
        # Half a per cent, since these managers have few meetings in common; where the same meetings come
        # again (`benchmarks.classify_speed`, "the same again"), it saves nine tenths.
        self.classifications: Cache[ClassificationKey, Classification] = Cache(100_000)


@dataclass(frozen=True, eq=False)
class RuleBook:
    """Everything that is needed to classify a meeting.

    version: a digest of all rules and of the engine; books of equal versions classify alike. labels: the
    packs' own activities and what each counts as. quotes: the words of the coding manual, by the number of
    its rule. category_phrases: what each folded phrase after `calsync:` means (see `categories`). stages:
    in the order in which they are tried. rules: the shipped rules by stage. precedence: the stage, the rule
    and its trigger lists, the rule that wins first; None where the cues are weighed. lists_of_rows: the
    lists that cues require of the whole text. lint_problems: what `rules check` reports and a night
    ignores.
    """

    version: str
    packs: tuple[str, ...]
    partnerships: Mapping[str, Partnership]
    directory: Directory
    vocabulary: Vocabulary
    partnership_index: PartnershipIndex
    organisation_index: OrganisationIndex
    labels: Mapping[str, Activity]
    quotes: Mapping[str, str]
    category_phrases: Mapping[str, CorrectionFields]
    stages: tuple[str, ...]
    rules: Mapping[str, Sequence[Rule]]
    own_rules: Sequence[Rule]
    cues: Sequence[Cue]
    precedence: Sequence[tuple[str, Rule | None, int]]
    lists_of_rows: int
    lint_problems: tuple[Problem, ...] = ()
    caches: Caches = field(default_factory=Caches, repr=False)

    def names_counted_as(self, activity: Activity) -> frozenset[str]:
        """The activity's name and those of the packs' own activities that count as it."""
        own = (label for label, counted_as in self.labels.items() if counted_as is activity)
        return frozenset((activity.value, *own))
