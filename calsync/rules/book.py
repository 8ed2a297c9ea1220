"""The rule book: every pack that is in force, compiled, with what it has judged before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.people import Partnership
from calsync.model.problem import Problem
from calsync.rules.language.folding import CLAUSE_BREAK, PHRASE_BREAK, QUESTION_MARK
from calsync.rules.language.lexicon import Lexicon
from calsync.rules.language.memo import Memo
from calsync.rules.organisations import Directory, Organisation
from calsync.rules.packs.models import Example

if TYPE_CHECKING:
    from calsync.rules.rule_index import RuleIndex
    from calsync.rules.text_scan import TextScan

InvitationKey = tuple[str, tuple[str, ...], tuple[str, ...]]
"""The domains of the organizer, of the invited people and of our own organisation."""

ClassificationKey = tuple[
    str, str, str, tuple[str, ...], tuple[str, ...], int, tuple[str, ...], bool, tuple[str, ...]
]
"""All that a verdict depends on, as `judge` remembers it."""

EVIDENCE_STAGE = "weigh"  # the stage at which the evidence of the cues is weighed


@dataclass(frozen=True, slots=True)
class Conditions:
    """A rule's conditions, compiled: lists as bits, 0 or None where nothing is asked."""

    any: int = 0
    title_any: int = 0
    title_first: int = 0
    description_any: int = 0
    all: tuple[int, ...] = ()
    none: int = 0
    title_none: int = 0
    title_only: int = 0
    agencies_at_least: int | None = None
    agencies_at_most: int | None = None
    sectors_any: frozenset[str] = frozenset()
    sectors_none: frozenset[str] = frozenset()
    domains_any: re.Pattern[str] | None = None
    others_named: bool | None = None
    partnerships: frozenset[str] = frozenset()
    partnership: bool | None = None
    partnership_titled: bool | None = None
    invited: bool | None = None
    described: bool | None = None

    @property
    def trigger_lists(self) -> int:
        """Bits of which the row must show one, or the rule need not be asked; 0 if it always must."""
        return self.any or self.title_any or self.title_first or self.description_any or self.title_only


@dataclass(frozen=True, slots=True)
class Rule:
    """One judgement, compiled. partnership: "keep", "" to drop it, or the id it sets."""

    id: str
    stage: str
    why: str
    weight: int
    own: bool
    trigger_lists: int
    conditions: Conditions
    scope: Scope
    activity: Activity
    label: str
    partnership: str
    kind: MeetingKind
    example: tuple[Example, ...] = ()
    leaves: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """A piece of evidence for a side, compiled: bits asked of a clause and of the whole row."""

    id: str
    why: str
    side: str
    weight: int
    own: bool
    any: int
    with_any: int
    none: int
    segment_any: int
    row_any: int
    row_none: int
    partnerships: frozenset[str]
    partnership: bool | None
    example: tuple[Example, ...] = ()
    leaves: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class PartnershipMention:
    """How a list names a partnership: which one, as what (names, short, groups, belongs, hints)."""

    partnership: str
    form: str


class PartnershipMatch(NamedTuple):
    """A partnership, how strongly the row shows it, and by which words.

    in_title: the title shows it; hints alone do not.
    """

    partnership: str
    strength: float
    words: str
    start: int
    end: int
    in_title: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is on an invitation. agencies: of the partners, each once; shared: the one shared domain, or "".

    one_sector: several agencies, all of one sector; networks (associations) do not count. claims:
    partnerships whose own teams organize or are invited; home_partnerships: those in whose nation we are.
    bars: the index's bits of the rules that ask for other organisations.
    """

    organisations: tuple[Organisation, ...]
    sectors: frozenset[str]
    agencies: tuple[str, ...]
    shared_domain: str
    one_sector: bool
    partnership_matches: tuple[PartnershipMatch, ...]
    home_partnerships: frozenset[str]
    barred_rules: int


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A regular expression that puts a list's bit into a row.

    literal: what every match holds. letters: of these, one lies in some word of every match; empty
    where none can be told.
    """

    bit: int
    literal: str
    letters: frozenset[str]
    required_lists: int
    regex: re.Pattern[str]
    title: bool
    description: bool


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """How the packs' languages read: phrases, and lists with a part of their own.

    said: lists whose words name no service; small: words that say nothing; content: the bit of a
    clause with a word that is neither; telling: whether a word is not small. joiners: words between
    two clauses. bare_name: what a title looks like that is only a name. cut_after: where meeting
    software's text begins, by those texts in lower case. opened: by word, the patterns
    (bits: 1 << place) that it makes worth trying; always: those that any text does; title_patterns,
    description_patterns: those meant for such a text; tried: by such bits the patterns, each with its own.
    """

    lexicon: Lexicon
    patterns: Sequence[TextPattern]
    patterns_by_word: Memo[str, int]
    always_tried: int
    title_patterns: int
    description_patterns: int
    patterns_of_bits: Memo[int, list[tuple[int, TextPattern]]]
    conjunctions: frozenset[str]
    conjunctions_before: Mapping[str, frozenset[str]]
    stop_words: frozenset[str]
    filler: int
    meets: int
    standing_items: int
    no_service_lists: int
    content: int
    is_content_word: Memo[str, bool]
    bare_name: Conditions
    cut_after: Mapping[str, re.Pattern[str]]

    @cached_property
    def clause_ends(self) -> frozenset[str]:
        """The words and marks at which a clause may end, numbers apart."""
        return frozenset(
            {PHRASE_BREAK, CLAUSE_BREAK, QUESTION_MARK, *self.conjunctions, *self.conjunctions_before}
        )


@dataclass(frozen=True, eq=False)
class PartnershipIndex:
    """What shows a partnership. traces: by bit, which list shows which; traced: all their bits.

    name_bits: the bits of full names; otherwise: those of an abbreviation's local meanings.
    mailboxes: by the local part of a mailing list. team_domains: by its own team's mail domains;
    homes: by those of its nation. one_sector: hints count only among agencies of one sector.
    """

    mentions: Mapping[int, PartnershipMention]
    mention_bits: int
    name_bits: Mapping[str, int]
    local_meaning_bits: Mapping[str, int]
    mailboxes: Mapping[str, str]
    team_domains: Sequence[tuple[str, re.Pattern[str]]]
    home_domains: Mapping[str, re.Pattern[str]]
    one_sector: frozenset[str]


@dataclass(frozen=True, eq=False)
class OrganisationIndex:
    """Organisations that texts name. sectors, ids: by the bit of their names; bits: all of them.

    shared: by shared domain, the bits of those that may sit behind it.
    """

    sectors: Mapping[int, str]
    ids: Mapping[int, str]
    bits: int
    shared_domains: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class RuleBook:
    """Everything needed to judge a meeting.

    version: a digest of all rules and of the engine; equal versions judge alike. labels: a pack's
    own activities and what they count as. index: what finds which of them. oddities: what `rules check`
    shows and no night is stopped by. verdicts, scans,
    seen, agendas, halves, invitations: what was looked at before.
    """

    version: str
    packs: tuple[str, ...]
    partnerships: Mapping[str, Partnership]
    directory: Directory
    vocabulary: Vocabulary
    partnership_index: PartnershipIndex
    organisation_index: OrganisationIndex
    labels: Mapping[str, Activity]
    stages: tuple[str, ...]
    rules: Mapping[str, Sequence[Rule]]
    own_rules: Sequence[Rule]
    cues: Sequence[Cue]
    index: "RuleIndex"
    lint_problems: tuple[Problem, ...] = ()
    classification_cache: dict["ClassificationKey", Classification] = field(default_factory=dict, repr=False)
    scan_cache: dict[tuple[str, str], "TextScan"] = field(default_factory=dict, repr=False)
    seen_texts: set[int] = field(default_factory=set, repr=False)
    agenda_cache: dict[tuple[str, int], list[tuple[str, int | None]]] = field(
        default_factory=dict, repr=False
    )
    agenda_line_cache: dict[tuple[str, int], int | None] = field(default_factory=dict, repr=False)
    invitation_cache: dict["InvitationKey", Invitation] = field(default_factory=dict, repr=False)

    def names_counted_as(self, activity: Activity) -> frozenset[str]:
        """The activity's name and those of the packs' own activities that count as it."""
        own = (label for label, counted_as in self.labels.items() if counted_as is activity)
        return frozenset((activity.value, *own))
