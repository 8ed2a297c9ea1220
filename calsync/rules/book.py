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
from calsync.rules.language.memo import Cache, Memo
from calsync.rules.organisations import Directory, Organisation
from calsync.rules.packs.models import Example

if TYPE_CHECKING:
    from calsync.rules.text_scan import TextScan

InvitationKey = tuple[str, tuple[str, ...], tuple[str, ...]]
"""The domains of the organizer, of the invited people and of our own organisation."""

ClassificationKey = tuple[
    str, str, str, tuple[str, ...], tuple[str, ...], int, tuple[str, ...], bool, tuple[str, ...]
]
"""All that a verdict depends on, as `judge` remembers it."""

OWN_STAGE = "own"  # our own rules, before every stage of the shipped ones
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
    """One judgement, compiled.

    manual: the rules of the coding manual that it applies. partnership: "keep", "" to drop it, or the
    id it sets.
    """

    id: str
    stage: str
    why: str
    manual: tuple[str, ...]
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
    """A piece of evidence for a side, compiled: bits asked of a clause and of the whole row.

    manual: the rules of the coding manual that it applies.
    """

    id: str
    why: str
    manual: tuple[str, ...]
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
    domains: all mail domains on it, sorted.
    """

    organisations: tuple[Organisation, ...]
    sectors: frozenset[str]
    agencies: tuple[str, ...]
    shared_domain: str
    one_sector: bool
    partnership_matches: tuple[PartnershipMatch, ...]
    home_partnerships: frozenset[str]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A regular expression that puts the bits of its lists into a row.

    literal: what every match holds. letters: of these, one lies in some word of every match; empty
    where none can be told.
    """

    bits: int
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


class Caches:
    """What was computed with one book before.

    The gains are shares of the CPU of a first night of 200 managers (`benchmarks.whole_night`), each with
    the other caches in place. What gained less than the spread of the runs is not kept.
    """

    def __init__(self) -> None:
        # 14 %: a series and a team invite the same organisations again and again.
        self.invitations: Cache[InvitationKey, Invitation] = Cache(50_000)
        # 6 %: one title, with one agenda or none, stands in many calendars. `seen`: hashes of texts that came
        # once; only what comes again is kept.
        self.scans: Cache[tuple[str, str], TextScan] = Cache(10_000)
        self.seen: Cache[int, bool] = Cache(10_000)
        # 3 %: the halves of agenda lines, of which many are standing items.
        self.halves: Cache[tuple[str, int], int | None] = Cache(50_000)
        # Half a per cent, since these managers have few meetings in common; where the same meetings come
        # again (`benchmarks.classify_speed`, "the same again"), it saves nine tenths.
        self.verdicts: Cache[ClassificationKey, Classification] = Cache(100_000)


@dataclass(frozen=True, eq=False)
class RuleBook:
    """Everything needed to judge a meeting.

    version: a digest of all rules and of the engine; equal versions judge alike. labels: a pack's
    own activities and what they count as. quotes: what the coding manual says, by its rule.
    lint_problems: what `rules check` shows and no night stops for. precedence: every rule with its stage and
    its trigger lists, the first to match first; None where the cues are weighed. lists_of_rows: the lists
    that cues require of the whole row. caches: what was computed before.
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
